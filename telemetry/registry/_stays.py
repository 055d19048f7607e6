"""Where devices stood before they were moved."""

from sqlalchemy import Connection, insert, select, update

from telemetry.errors import Invalid, Unknown
from telemetry.instant import iso
from telemetry.model import Device
from telemetry.registry import _changes
from telemetry.registry._database import Database
from telemetry.registry._tables import devices, stays
from telemetry.stays import Stay, pieces


class Stays:
    """Former places by device. Thread-safe; raises `RegistryUnavailable` when the database cannot answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Stay]:
        """By device, the oldest first."""
        query = select(stays).order_by(stays.c.device, stays.c.until)
        with self._database.read() as connection:
            return [Stay(**row) for row in connection.execute(query).mappings()]

    def move(self, device_id: str, region: str, latitude: float | None, longitude: float | None, *, at: int) -> Device:
        """From this instant on the device stands there, before it where it stood; the device as it is now.

        At the instant at which its present stay began, it corrects that stay. Raise `Unknown` for a device that there
        is not, `Invalid` for an instant outside of its present stay, `Conflict` for a region that there is not.
        """
        with self._database.write() as connection:
            _changes.note(self._database, connection)
            here = _standing(connection, device_id)
            _check(here, at)
            if at != here.valid_from:
                row = {name: getattr(here, name) for name in ("region", "latitude", "longitude")}
                connection.execute(insert(stays), row | {"device": device_id, "until": at})
            there = {"region": region, "latitude": latitude, "longitude": longitude}
            connection.execute(update(devices).where(devices.c.id == device_id).values(there))
            return _device(connection, device_id)


def _device(connection: Connection, device_id: str) -> Device:
    for row in connection.execute(select(devices).where(devices.c.id == device_id)).mappings():
        return Device(**row)
    raise Unknown("device", device_id)


def _standing(connection: Connection, device_id: str) -> Device:
    """Its present stay."""
    device = _device(connection, device_id)
    query = select(stays).where(stays.c.device == device_id).order_by(stays.c.until)
    return pieces(device, [Stay(**row) for row in connection.execute(query).mappings()])[-1]


def _check(here: Device, at: int) -> None:
    began, ended = here.valid_from, here.valid_to
    if began is not None and at < began:
        allowed = f"{iso(began)}, which corrects where it stands, or later"
        raise Invalid("at", f"{iso(at)} is before {iso(began)}, since when it stands in {here.region}", allowed)
    if ended is not None and at >= ended:
        raise Invalid("at", f"{iso(at)} is after its end", f"before {iso(ended)}")
