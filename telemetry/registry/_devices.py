"""Device models and devices."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, fields, replace
from itertools import groupby
from operator import attrgetter
from sys import intern
from typing import cast

from sqlalchemy import Column, Connection, RowMapping, Select, func, or_, select

from telemetry import json_path
from telemetry.calibration_rules import check_profile
from telemetry.errors import Conflict, Invalid, Unknown
from telemetry.instant import iso
from telemetry.model import Device, Measure, Origin, Profile
from telemetry.registry import _changes
from telemetry.registry._calibrations import holding
from telemetry.registry._database import Database
from telemetry.registry._tables import calibrations, devices, profiles, regions, stays
from telemetry.registry._text import (
    is_id,
    is_storable,
    require_channel,
    require_finite,
    require_id,
    require_limit,
    require_position,
    require_storable,
    require_whole,
)

_FIELDS = tuple(field.name for field in fields(Device))


class Devices:
    """Profiles and devices by id. Thread-safe; raises `RegistryUnavailable` when the database cannot answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_profiles(self, given: Iterable[Profile]) -> None:
        """Add profiles or replace them, all or none. Raise `Invalid` naming the profile and the field."""
        rows = [_profile_row(profile) for profile in _profile_batch(given)]
        if rows:
            with self._database.write() as connection:
                _changes.note(self._database, connection)
                connection.execute(self._database.upsert(profiles), rows)

    def profiles(self) -> list[Profile]:
        """By id."""
        with self._database.read() as connection:
            return [_profile(row) for row in connection.execute(select(profiles).order_by(profiles.c.id)).mappings()]

    def profile(self, profile_id: str) -> Profile:
        """Raise `Unknown` where there is none."""
        if is_id(profile_id):
            with self._database.read() as connection:
                query = select(profiles).where(profiles.c.id == profile_id)
                for row in connection.execute(query).mappings():
                    return _profile(row)
        raise Unknown("profile", profile_id)

    def put(self, given: Iterable[Device]) -> None:
        """Add devices or replace them, all or none; a gateway is here already or comes in the same call.

        Raise `Invalid` naming the device and the field, also where profile, region or gateway do not exist; `Conflict`
        for a device that stands in another region (that is changed by `Stays.move` alone), and for another profile with
        which a calibration of the device cannot stay.
        """
        batch = _batch(given)
        if not batch:
            return
        with self._database.write() as connection:
            _changes.note(self._database, connection)
            _check_names(self._database, connection, batch)
            _check_channels(self._database, connection, batch)
            _check_places(self._database, connection, batch)
            _check_stays(self._database, connection, batch)
            _check_calibrations(self._database, connection, batch)
            rows = [{name: getattr(device, name) for name in _FIELDS} for device in batch.values()]
            connection.execute(self._database.upsert(devices), rows)

    def one(self, device_id: str) -> Device:
        """Raise `Unknown` where there is none."""
        found = self._devices(select(devices).where(devices.c.id == device_id)) if is_id(device_id) else []
        if not found:
            raise Unknown("device", device_id)
        return found[0]

    def all(self) -> list[Device]:
        """By id."""
        return self._devices(select(devices).order_by(devices.c.id))

    def find(
        self,
        *,
        regions: Collection[str] | None = None,
        profile: str | None = None,
        text: str | None = None,
        limit: int,
        after: str | None = None,
    ) -> list[Device]:
        """At most `limit` devices by id, after the id `after`; None = any.

        `regions` are the devices' own (`Places.beneath` gives those of a county); `text` is part of id or name,
        whatever the case of its ASCII letters.
        """
        require_limit(limit)
        given = [*(regions or ()), profile or "", text or "", after or ""]
        if not all(map(is_storable, given)):
            return []
        query = select(devices).order_by(devices.c.id).limit(limit)
        if regions is not None:
            query = query.where(self._database.among(devices.c.region, regions))
        if profile is not None:
            query = query.where(devices.c.profile == profile)
        if text is not None:
            parts = [column.icontains(text, autoescape=True) for column in (devices.c.id, devices.c.name)]
            query = query.where(or_(*parts))
        if after is not None:
            query = query.where(devices.c.id > after)
        return self._devices(query)

    def count_by_region(self) -> Mapping[str, int]:
        """By region code, how many devices stand there; regions without one are left out."""
        query = select(devices.c.region, func.count()).group_by(devices.c.region).order_by(devices.c.region)
        with self._database.read() as connection:
            return {region: count for region, count in connection.execute(query)}  # noqa: C416 (rows are no pairs to mypy)

    def version(self) -> int:
        """A number that grows with every change of devices, profiles or regions; cheap to ask.

        Ask before reading what it stands for: then it can be too old, which costs one more look, but never too new.
        """
        with self._database.read() as connection:
            return _changes.version(connection)

    def _devices(self, query: Select[*tuple[object, ...]]) -> list[Device]:
        with self._database.read() as connection:
            rows = connection.execute(query).mappings()
            return [_shared(Device(**row)) for row in rows]


def _shared(device: Device) -> Device:
    """With one text for all devices of a place and profile: of fifty thousand, each kept its own."""
    return replace(device, profile=intern(device.profile), region=intern(device.region))


def _batch(given: Iterable[Device]) -> dict[str, Device]:
    batch: dict[str, Device] = {}
    for device in given:
        where = f"device {device.id!r}"
        require_id(f"{where}, id", device.id)
        if device.id in batch:
            raise Invalid(where, "comes twice in one call", "each device once")
        require_storable(f"{where}, name", device.name)
        for field in ("profile", "region", "gateway", "project"):
            require_storable(f"{where}, {field}", getattr(device, field) or "")
        require_position(where, device.latitude, device.longitude)
        require_whole(f"{where}, valid_from", device.valid_from)
        require_whole(f"{where}, valid_to", device.valid_to)
        if device.valid_from is not None and device.valid_to is not None and device.valid_from >= device.valid_to:
            raise Invalid(f"{where}, valid_to", f"{device.valid_to} is not after valid_from {device.valid_from}")
        batch[device.id] = device
    return batch


def _check_names(database: Database, connection: Connection, batch: dict[str, Device]) -> None:
    def existing(column: Column[str], names: Collection[str]) -> set[str]:
        return set(connection.scalars(select(column).where(database.among(column, names))))

    gateways = {device.gateway for device in batch.values() if device.gateway is not None}
    known = {
        "profile": existing(profiles.c.id, {device.profile for device in batch.values()}),
        "region": existing(regions.c.code, {device.region for device in batch.values()}),
        "gateway": existing(devices.c.id, gateways - batch.keys()) | batch.keys(),
    }
    for device in batch.values():
        for field, name in (("profile", device.profile), ("region", device.region), ("gateway", device.gateway)):
            if name is not None and name not in known[field]:
                unknown = "device" if field == "gateway" else field
                raise Invalid(f"device {device.id!r}, {field}", f"unknown {unknown} {name!r}")


def _check_channels(database: Database, connection: Connection, batch: Collection[str]) -> None:
    """No device's id is another's and a channel: both would write the series `<device>:<channel>`."""
    spelled = select(devices.c.id).where(devices.c.id.contains(":"))
    parents = {name.rpartition(":")[0]: name for name in (*connection.scalars(spelled), *batch) if ":" in name}
    standing = connection.scalars(select(devices.c.id).where(database.among(devices.c.id, parents)))
    for parent in sorted({*standing, *batch} & parents.keys()):
        raise Invalid(
            f"device {parent!r}, id",
            f"the series of its channels would be named like the device {parents[parent]!r}",
            "ids of which none is another one, a colon and a word",
        )


def _check_places(database: Database, connection: Connection, batch: Mapping[str, Device]) -> None:
    """Whoever read a device before it was moved does not take it back."""
    standing = select(devices.c.id, devices.c.region).where(database.among(devices.c.id, batch))
    for device_id, region in connection.execute(standing):
        if batch[device_id].region != region:
            told = f"device {device_id!r} stands in region {region}, not in {batch[device_id].region}"
            raise Conflict(f"{told}; a move changes that: POST /api/v1/devices/{device_id}/move, rurban devices move")


def _check_stays(database: Database, connection: Connection, batch: Mapping[str, Device]) -> None:
    """A device that was moved was there before its first move, and is there after its last."""
    query = select(stays.c.device, func.min(stays.c.until), func.max(stays.c.until)).group_by(stays.c.device)
    for device_id, first, last in connection.execute(query.where(database.among(stays.c.device, batch))):
        device = batch[device_id]
        if device.valid_from is not None and device.valid_from >= first:
            wrong = f"{iso(device.valid_from)} is not before its first move"
            raise Invalid(f"device {device_id!r}, valid_from", wrong, f"before {iso(first)}")
        if device.valid_to is not None and device.valid_to <= last:
            wrong = f"{iso(device.valid_to)} is not after its last move"
            raise Invalid(f"device {device_id!r}, valid_to", wrong, f"after {iso(last)}")


def _check_calibrations(database: Database, connection: Connection, batch: Mapping[str, Device]) -> None:
    """What is computed of a device is not what its new profile reports."""
    query = select(devices.c.id, devices.c.profile).where(database.among(devices.c.id, batch))
    changed = [name for name, profile in connection.execute(query) if batch[name].profile != profile]
    held = sorted(holding(connection, database.among(calibrations.c.device, changed)), key=attrgetter("device"))
    entered = {name: list(mine) for name, mine in groupby(held, key=attrgetter("device"))}
    wanted = {batch[name].profile for name in entered}
    rows = connection.execute(select(profiles).where(database.among(profiles.c.id, wanted))).mappings()
    found = {row["id"]: _profile(row) for row in rows}
    for name, mine in entered.items():
        check_profile(found[batch[name].profile], mine)


def _profile_batch(given: Iterable[Profile]) -> list[Profile]:
    batch: dict[str, Profile] = {}
    for profile in given:
        where = f"profile {profile.id!r}"
        require_id(f"{where}, id", profile.id)
        if profile.id in batch:
            raise Invalid(where, "comes twice in one call", "each profile once")
        require_storable(f"{where}, name", profile.name)
        require_storable(f"{where}, codec", profile.codec)
        metrics = [measure.metric for measure in profile.measures]
        for measure in profile.measures:
            _check_measure(f"{where}, measure {measure.metric!r}", measure)
            if metrics.count(measure.metric) > 1:
                raise Invalid(f"{where}, measure {measure.metric!r}", "comes twice", "each metric once")
        batch[profile.id] = profile
    return list(batch.values())


def _check_measure(where: str, measure: Measure) -> None:
    require_storable(where, measure.metric)
    require_storable(f"{where}, unit", measure.unit or "")
    for name in ("low", "high", "gain", "offset"):
        require_finite(f"{where}, {name}", getattr(measure, name))
    for name in ("interval_s", "step", "stuck_after_s", "rollover_at"):
        number = getattr(measure, name)
        require_finite(f"{where}, {name}", number)
        if number is not None and number <= 0:
            raise Invalid(f"{where}, {name}", f"{number} is out of range", "more than 0")
    if measure.gain == 0:
        raise Invalid(f"{where}, gain", "0 would make every reading alike", "any other number")
    if measure.low is not None and measure.high is not None and measure.low > measure.high:
        raise Invalid(f"{where}, low", f"{measure.low} is above high {measure.high}")
    for number, origin in enumerate(measure.origins, 1):
        _check_origin(f"{where}, origin {number}", origin)


def _check_origin(where: str, origin: Origin) -> None:
    json_path.compiled(f"{where}, path", origin.path)
    if origin.at is not None:
        json_path.compiled(f"{where}, at", origin.at)
    require_channel(f"{where}, channel", origin.channel)


def _profile_row(profile: Profile) -> dict[str, object]:
    measures = [asdict(measure) for measure in profile.measures]
    return {name: getattr(profile, name) for name in ("id", "name", "codec", "open")} | {"measures": measures}


def _profile(row: RowMapping) -> Profile:
    return Profile(**{**row, "measures": tuple(_measure(measure) for measure in row["measures"])})


def _measure(kept: Mapping[str, object]) -> Measure:
    # What was written before origins were known has none.
    origins = cast("list[dict[str, str | None]]", kept.get("origins", []))
    return Measure(**{**kept, "origins": tuple(Origin(**origin) for origin in origins)})  # type: ignore[arg-type]  # as it was written
