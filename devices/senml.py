"""SenML (RFC 8428): what a pack of records says, whatever the form it came in.

Both forms, JSON and CBOR, hand over records with the JSON labels as keys; `resolve` applies the base fields and makes
times absolute, `to_samples` reads names and units, `to_pack` is the way back.

* **Names.** What stands after the last `:` or `/` is `<metric>` or `<metric>.<channel>` (a metric has no dot); what
  stands before, without its separators, is the device: `urn:dev:ow:10e2073a01080063:soil_temperature.10cm` is the
  channel `10cm` of `soil_temperature` of the device `urn:dev:ow:10e2073a01080063`. A bare `soil_temperature` is of the
  topic's device. Positions with the units `lat` and `lon` are channels of these names.
* **Units.** Samples carry UCUM codes where the two differ. The `%` of SenML is "NOT a percentage, but the absolute
  ratio" (RFC 8428 section 12.1); a percentage is `/100`, or `%RH` and `%EL`.
* **Times** below 2**28 s are relative to the receipt, so a message delivered again becomes a second reading; 0 or none
  means "about now".
* **Sums.** A sum is the integral of the value over time, in its unit times seconds: it becomes a second sample of the
  same metric, channel `sum` (`<channel>.sum`), unit `<unit>.s`: the sum of watts is energy in `W.s`. Units decide
  whether the metric can hold it; the sum of a record without unit cannot be known and has `1.s`, which nothing takes.
* **Strings and data** are legal but no readings: they are passed over. Booleans are 1 and 0.

Pure: no clock, no network, no store.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import isfinite
from operator import attrgetter
from typing import Final, NamedTuple

from devices.bounds import channel, check_count, instant
from telemetry.errors import Invalid, Reason, Rejected
from telemetry.model import Quality, Sample

__all__ = ["Record", "resolve", "to_pack", "to_samples"]

VERSION: Final = 10
"""The version of RFC 8428: the default, and the newest understood."""
RELATIVE_BELOW_S: Final = 2**28
"""Times below are relative to the receipt."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9:./_-]{0,511}", re.ASCII)
_DATA: Final = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
_TEXT: Final = frozenset({str})
_NUMBER: Final = frozenset({int, float})
# type() and not isinstance(): True is an int to Python, but no number to SenML.
_TYPES: Final[Mapping[str, frozenset[type]]] = {
    "bn": _TEXT, "bt": _NUMBER, "bu": _TEXT, "bv": _NUMBER, "bs": _NUMBER, "bver": frozenset({int}),
    "n": _TEXT, "u": _TEXT, "v": _NUMBER, "vs": _TEXT, "vb": frozenset({bool}), "vd": frozenset({str, bytes}),
    "s": _NUMBER, "t": _NUMBER, "ut": _NUMBER,
}  # fmt: skip
_BASE: Final = frozenset({"bn", "bt", "bu", "bv", "bs", "bver"})
_OTHER_VALUES: Final = frozenset({"vb", "vs", "vd"})
# SenML -> UCUM, where the spelling or, worse, the meaning differs; the last of each meaning is what is written.
_TO_UCUM: Final = {
    "%": "1", "/": "1", "/100": "%", "count": "{count}", "pH": "[pH]", "NTU": "[NTU]", "ppm": "[ppm]", "l": "L",
    "l/s": "L/s", "kWh": "kW.h", "kvar": "kV.A{reactive}",
}  # fmt: skip
_FROM_UCUM: Final = {ucum: senml for senml, ucum in _TO_UCUM.items()}
_POSITIONS: Final = frozenset({"lat", "lon"})
_SHOWN: Final = 64


class Record(NamedTuple):
    """One resolved record: no base fields, absolute time, the unit applied."""

    name: str
    at: int
    """Milliseconds UTC."""
    unit: str | None = None
    """As written."""
    value: float | None = None
    """Booleans are 1.0 and 0.0; None = no number: a string, data, or a sum alone."""
    sum: float | None = None
    timed: bool = True
    """False = the sender knows no time, and `at` is that of the receipt."""


def resolve(pack: Sequence[Mapping[str, object]], received_at: int) -> list[Record]:
    """The measurements of a pack, in chronological order, those of one instant in the order of the pack.

    A record of base fields alone is no measurement.

    Raises:
        Rejected: MALFORMED, UNSUPPORTED (a newer version, or a label ending in `_` that must be understood),
            NOT_FINITE, BAD_TIME, TOO_LARGE.
    """
    check_count(len(pack))
    base: dict[str, object] = {}
    records = []
    for fields in pack:
        measures = False
        for label, content in fields.items():
            types = _TYPES.get(label)
            if types is None:
                _check_unknown(label)
            elif type(content) not in types:
                raise Rejected(Reason.MALFORMED, f"{label!r} holds {type(content).__name__}")
            elif label not in _BASE:
                measures = True
            elif label == "bver":
                _check_version(content, base, first=fields is pack[0])
            else:
                base[label] = content
        if measures:
            records.append(_record(fields, base, received_at))
    records.sort(key=attrgetter("at"))
    return records


def to_samples(records: Sequence[Record]) -> list[Sample]:
    """The numbers of resolved records: one sample for the value, one for the sum.

    Raises:
        Rejected: EMPTY where no record holds a number; MALFORMED for a name without a metric.
    """
    samples = []
    for record in records:
        device, metric, probe = _parts(record.name)
        unit = None if record.unit is None else _TO_UCUM.get(record.unit, record.unit)
        if probe is None and record.unit in _POSITIONS:
            probe = record.unit
        at = record.at if record.timed else None
        if record.value is not None:
            samples.append(Sample(metric, record.value, at, unit, probe, device))
        if record.sum is not None:
            integral = "sum" if probe is None else f"{probe}.sum"
            samples.append(Sample(metric, record.sum, at, f"{unit or 1}.s", channel(integral), device))
    if not samples:
        raise Rejected(Reason.EMPTY, "no record holds a number")
    check_count(len(samples))
    return samples


def to_pack(samples: Sequence[Sample]) -> list[dict[str, object]]:
    """A pack that resolves to these samples, with a base name where all are of one device; keys are JSON labels.

    Raises:
        Invalid: The sample says what SenML has no words for.
    """
    devices = {sample.device for sample in samples}
    base = f"{samples[0].device}:" if len(devices) == 1 and None not in devices else ""
    pack: list[dict[str, object]] = []
    for sample in samples:
        fields: dict[str, object] = {}
        if base and not pack:
            fields["bn"] = base
        fields["n"] = _name(sample)[len(base) :]
        if sample.unit is not None:
            fields["u"] = _FROM_UCUM.get(sample.unit, sample.unit)
        if sample.at is not None:
            fields["t"] = _seconds(sample.at)
        fields["v"] = sample.value
        pack.append(fields)
    return pack


def _record(fields: Mapping[str, object], base: Mapping[str, object], received_at: int) -> Record:
    unit = fields.get("u", base.get("bu"))
    total = _total(fields.get("s"), base.get("bs"))
    seconds = _total(fields.get("t"), base.get("bt")) or 0.0
    if not isfinite(seconds):
        raise Rejected(Reason.BAD_TIME, "the time is not finite")
    at = seconds * 1000 if seconds >= RELATIVE_BELOW_S else received_at + seconds * 1000
    value = fields.get("v")
    # Nearly all records hold a number of their own and nothing beside it.
    if type(value) is not float or "bv" in base or not _OTHER_VALUES.isdisjoint(fields):
        value = _value(fields, base, summed=total is not None)
    return Record(
        f"{base.get('bn', '')}{fields.get('n', '')}",
        received_at if seconds == 0 else instant(at),
        unit if isinstance(unit, str) else None,
        _finite(value),
        total if total is None else _finite(total),
        seconds != 0,
    )


def _value(fields: Mapping[str, object], base: Mapping[str, object], *, summed: bool) -> float | None:
    if not _OTHER_VALUES.isdisjoint(fields):
        return _other_value(fields)
    if summed and "v" not in fields:
        return None
    # A value that is missing counts as zero on top of a base value (section 4.5.4).
    total = _total(fields.get("v"), base.get("bv"))
    if total is None:
        raise Rejected(Reason.MALFORMED, "a record holds neither a value nor a sum")
    return total


def _other_value(fields: Mapping[str, object]) -> float | None:
    """Of a boolean; None = a string or data, which is no number."""
    present = [label for label in fields if label == "v" or label in _OTHER_VALUES]
    if len(present) > 1:
        raise Rejected(Reason.MALFORMED, f"one record holds both {present[0]!r} and {present[1]!r}")
    content = fields[present[0]]
    if isinstance(content, bool):
        return 1.0 if content else 0.0
    if present == ["vd"]:
        _check_data(content)
    return None


def _total(own: object, base: object) -> float | None:
    """The field on top of its base field; None = neither is there."""
    try:
        if base is None:
            return None if own is None else float(own)  # type: ignore[arg-type]  # a number, by the table of types
        return float(own or 0) + float(base)  # type: ignore[arg-type]  # likewise
    except OverflowError:
        return float("inf")


def _finite(number: float | None) -> float | None:
    if number is not None and not isfinite(number):
        raise Rejected(Reason.NOT_FINITE, "a value or a sum is NaN, infinite or beyond a double")
    return number


def _check_unknown(label: object) -> None:
    if not isinstance(label, str):
        raise Rejected(Reason.MALFORMED, f"a label is {type(label).__name__}")
    if label.endswith("_"):
        raise Rejected(Reason.UNSUPPORTED, f"the label {label[:_SHOWN]!r} must be understood, and is not")


def _check_version(content: object, base: dict[str, object], *, first: bool) -> None:
    # The default counts from the first record on: a version that comes later must be the same.
    known = content if first else base.get("bver", VERSION)
    if not isinstance(content, int) or content < 1:
        raise Rejected(Reason.MALFORMED, "the version is not a positive number")
    if content > VERSION:
        raise Rejected(Reason.UNSUPPORTED, f"the version is newer than {VERSION}")
    if content != known:
        raise Rejected(Reason.MALFORMED, f"version {content} after version {known} in one pack")
    base["bver"] = content


def _check_data(content: object) -> None:
    # Base64 leaves no single character over; its length is one of 4n, 4n + 2 and 4n + 3.
    if isinstance(content, str) and (_DATA.fullmatch(content) is None or len(content) % 4 == 1):
        raise Rejected(Reason.MALFORMED, "'vd' is not base64url without padding")


@lru_cache(maxsize=8192)
def _parts(name: str) -> tuple[str | None, str, str | None]:
    """Device, metric and channel."""
    if _NAME.fullmatch(name) is None:
        raise Rejected(Reason.MALFORMED, f"the name {name[:_SHOWN]!r} is empty, too long or of other characters")
    cut = max(name.rfind(":"), name.rfind("/")) + 1
    metric, dot, probe = name[cut:].partition(".")
    if not metric:
        raise Rejected(Reason.MALFORMED, f"the name {name[:_SHOWN]!r} ends without a metric")
    return name[:cut].rstrip(":/") or None, metric, channel(probe) if dot else None


def _name(sample: Sample) -> str:
    name = sample.metric if sample.channel is None else f"{sample.metric}.{sample.channel}"
    if sample.device is not None:
        name = f"{sample.device}:{name}"
    parts = (sample.device, sample.metric, sample.channel)
    if _NAME.fullmatch(name) is None or _parts(name) != parts or (parts[2] is None and sample.unit in _POSITIONS):
        raise Invalid("sample", f"{parts!r} cannot be named in SenML", "letters, digits and - : . / _ of ASCII")
    if sample.quality != Quality.GOOD or sample.seq is not None or not isfinite(sample.value):
        raise Invalid("sample", f"{sample!r} cannot be said", "a finite, good value of a message without number")
    return name


def _seconds(at: int) -> float:
    if instant(at) < RELATIVE_BELOW_S * 1000:
        raise Invalid("at", f"{at} ms would be read as relative", f"instants from {RELATIVE_BELOW_S} s on")
    return at // 1000 if at % 1000 == 0 else at / 1000
