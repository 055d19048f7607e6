"""Calibrations of devices: what holds, and what held before somebody entered something else."""

from dataclasses import fields
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, RowMapping, Select, insert, select, update

from telemetry.calibration import Calibration, Curve, current
from telemetry.registry import _changes
from telemetry.registry._database import Database
from telemetry.registry._tables import calibrations
from telemetry.registry._text import require_channel, require_id, require_storable, require_whole

_FIELDS: Final = tuple(field.name for field in fields(Calibration))
_COLUMNS: Final = tuple(calibrations.c[name] for name in _FIELDS)


class CalibrationBook:
    """By device. Thread-safe; raises `RegistryUnavailable` when the database cannot answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, calibration: Calibration) -> bool:
        """Keep it; the one of the same series and beginning is superseded. False = it says what held already.

        Raise `Invalid` for one that cannot be kept, `Conflict` for a device that there is not.
        """
        row = _row(calibration)
        with self._database.write() as connection:
            _changes.note(self._database, connection)
            same = [one for one in current(_of(connection, calibration.device)) if one.place == calibration.place]
            if any((one.curve, one.source) == (calibration.curve, calibration.source) for one in same):
                return False
            connection.execute(
                update(calibrations)
                .where(
                    calibrations.c.device == calibration.device,
                    calibrations.c.metric == calibration.metric,
                    calibrations.c.channel.is_not_distinct_from(calibration.channel),
                    calibrations.c.valid_from == calibration.valid_from,
                    calibrations.c.superseded_at.is_(None),
                )
                .values(superseded_at=calibration.entered_at)
            )
            connection.execute(insert(calibrations), row)
        return True

    def of(self, device: str) -> list[Calibration]:
        """All that were ever entered for this device, in that order."""
        with self._database.read() as connection:
            return _of(connection, device)

    def current(self) -> list[Calibration]:
        """Those that hold, of all devices."""
        with self._database.read() as connection:
            return _calibrations(connection, _ordered().where(calibrations.c.superseded_at.is_(None)))


def holding(connection: Connection, devices: ColumnElement[bool]) -> list[Calibration]:
    """Those that hold of some devices, in the midst of a change."""
    return _calibrations(connection, _ordered().where(calibrations.c.superseded_at.is_(None), devices))


def _of(connection: Connection, device: str) -> list[Calibration]:
    return _calibrations(connection, _ordered().where(calibrations.c.device == device))


def _ordered() -> Select[Any]:
    return select(*_COLUMNS).order_by(calibrations.c.id)


def _calibrations(connection: Connection, query: Select[Any]) -> list[Calibration]:
    return [_calibration(row) for row in connection.execute(query).mappings()]


def _row(calibration: Calibration) -> dict[str, object]:
    for name in ("device", "metric"):
        require_id(name, getattr(calibration, name))
    require_channel("channel", calibration.channel)
    require_whole("valid_from", calibration.valid_from)
    for name in ("source", "entered_by"):
        require_storable(name, getattr(calibration, name))
    return {name: getattr(calibration, name) for name in _FIELDS} | {"curve": msgspec.to_builtins(calibration.curve)}


def _calibration(row: RowMapping) -> Calibration:
    return Calibration(**{**row, "curve": msgspec.convert(row["curve"], Curve | None)})
