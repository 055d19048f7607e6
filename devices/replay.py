"""Real station records as devices: every row of a file one message, with the row's own time or a shifted one.

Numbers go out exactly as they stand in the file. Bounded memory: rows are read as they are sent.
"""

import csv
import datetime as dt
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType

from devices.message import Message, uplink
from telemetry.errors import Invalid, Unknown
from telemetry.instant import iso

DAY_MS = 86_400_000
_TIME = "time"


@dataclass(frozen=True, slots=True)
class Column:
    """What a column of a record holds."""

    metric: str
    unit: str
    """The file's unit, which is also the catalogue's."""


@dataclass(frozen=True, slots=True)
class Record:
    """A file of `devices/records/` and the device that its rows are replayed as."""

    name: str
    device: str
    profile: str
    file: str
    columns: Mapping[str, Column]
    """Column -> what it holds; columns that are not named here are not replayed."""


_RECORDS = (
    Record(
        name="alamosa",
        device="alamosa-surfrad",
        profile="surfrad_station",
        file="weather_alamosa_2016-01-01.csv",
        # `par_W_m2` is an energy flux, the catalogue's `par` a photon flux: left out (records/README.md).
        columns=MappingProxyType(
            {
                "air_temperature_Cel": Column("air_temperature", "Cel"),
                "relative_humidity_pct": Column("air_relative_humidity", "%"),
                "wind_speed_m_s": Column("wind_speed", "m/s"),
                "wind_direction_deg": Column("wind_direction", "deg"),
                "air_pressure_hPa": Column("air_pressure", "hPa"),
                "global_radiation_W_m2": Column("solar_irradiance", "W/m2"),
            }
        ),
    ),
    Record(
        name="vlissingen",
        device="vlissingen-rain",
        profile="knmi_rain_gauge",
        file="rainfall_vlissingen_hourly_2019-2022.csv",
        columns=MappingProxyType({"rainfall_1h_mm": Column("rainfall_interval", "mm")}),
    ),
    Record(
        name="nb5",
        device="nb5-well",
        profile="monitoring_well",
        file="groundwater_level_nb5_2000-2020.csv",
        columns=MappingProxyType({"groundwater_level_m": Column("groundwater_level", "m")}),
    ),
)


def records() -> tuple[Record, ...]:
    """All records that come with the project."""
    return _RECORDS


def record(name: str) -> Record:
    """The record of this name.

    Raises:
        Unknown: No such record; the message names those there are.
    """
    for candidate in _RECORDS:
        if candidate.name == name:
            return candidate
    raise Unknown("record", f"{name} (there are: {', '.join(each.name for each in _RECORDS)})")


def messages(record: Record, *, shift_ms: int = 0) -> Iterator[Message]:
    """The record's rows in the file's order, in native JSON, `shift_ms` later than they were measured.

    A row without any number sends nothing. `Message.at` is the shifted time of the row.

    Raises:
        Invalid: The file holds what is not a time or a number; while iterating, with the row's time.
    """
    topic = uplink(record.device)
    for row in _rows(record):
        values = ",".join(
            f'"{column.metric}":{_number(record, row, name)}' for name, column in record.columns.items() if row[name]
        )
        if values:
            at = _instant(record, row[_TIME]) + shift_ms
            yield Message(topic, f'{{"at":"{iso(at)}","values":{{{values}}}}}'.encode(), at)


def shift_to_end(record: Record, stop: int, *, step_ms: int = DAY_MS) -> int:
    """The largest shift of whole steps with which the record's last row is measured at `stop` or before.

    Whole days by default, so that noon stays noon and hours stay whole.
    """
    last = deque(_rows(record), maxlen=1)[0]
    return (stop - _instant(record, last[_TIME])) // step_ms * step_ms


def paced(
    messages: Iterable[Message],
    speed: float | None,
    clock: Callable[[], int],
    wait: Callable[[float], bool],
    *,
    origin: int | None = None,
) -> Iterator[Message]:
    """The same messages, each handed out when its time has come.

    Args:
        messages: In order of their times.
        speed: Simulated seconds per second; None = as fast as possible.
        clock: Milliseconds, now.
        wait: Sleeps that many seconds; True ends the iteration. `threading.Event.wait` is one.
        origin: The simulated instant that is now; None = the first message's.

    Raises:
        Invalid: The speed is not positive.
    """
    if speed is None:
        yield from messages
        return
    if not speed > 0:
        raise Invalid("speed", str(speed), "a positive number, or none for as fast as possible")
    began = clock()
    for message in messages:
        origin = message.at if origin is None else origin
        pause_s = (began + (message.at - origin) / speed - clock()) / 1000
        if pause_s > 0 and wait(pause_s):
            return
        yield message


def _rows(record: Record) -> Iterator[dict[str, str]]:
    with files("devices.records").joinpath(record.file).open(encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def _instant(record: Record, text: str) -> int:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"{record.file}, column {_TIME}", repr(text), "ISO 8601") from error
    return round(moment.timestamp() * 1000)


def _number(record: Record, row: Mapping[str, str], column: str) -> str:
    """The text itself, once it is known to be a number; nothing is parsed and printed again."""
    text = row[column]
    try:
        sound = math.isfinite(float(text))
    except ValueError:
        sound = False
    if not sound:
        raise Invalid(f"{record.file}, row {row[_TIME]}, column {column}", repr(text), "a finite number")
    return text
