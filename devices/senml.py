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
from math import inf, isfinite
from operator import attrgetter
from typing import Any, Final

import msgspec

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
_UNKNOWN: Final[frozenset[type]] = frozenset()
_TEXT: Final = frozenset({str})
_NUMBER: Final = frozenset({int, float})
# type() and not isinstance(): True is an int to Python, but no number to SenML.
_TYPES: Final[Mapping[str, frozenset[type]]] = {
    "bn": _TEXT, "bt": _NUMBER, "bu": _TEXT, "bv": _NUMBER, "bs": _NUMBER, "bver": frozenset({int}),
    "n": _TEXT, "u": _TEXT, "v": _NUMBER, "vs": _TEXT, "vb": frozenset({bool}), "vd": frozenset({str, bytes}),
    "s": _NUMBER, "t": _NUMBER, "ut": _NUMBER,
}  # fmt: skip
_BASE: Final = frozenset({"bn", "bt", "bu", "bv", "bs", "bver"})
_OWN: Final = _TYPES.keys() - _BASE
_PLAIN: Final = frozenset({"n", "u", "t", "v"})
"""Nearly all records hold these and nothing beside them: then there is nothing more to look for in them."""
_OTHER_VALUES: Final = frozenset({"vb", "vs", "vd"})
# SenML -> UCUM, where the spelling or, worse, the meaning differs; the last of each meaning is what is written.
_TO_UCUM: Final = {
    "%": "1", "/": "1", "/100": "%", "count": "{count}", "pH": "[pH]", "NTU": "[NTU]", "ppm": "[ppm]", "l": "L",
    "l/s": "L/s", "kWh": "kW.h", "kvar": "kV.A{reactive}",
}  # fmt: skip
_FROM_UCUM: Final = {ucum: senml for senml, ucum in _TO_UCUM.items()}
_POSITIONS: Final = frozenset({"lat", "lon"})
_SHOWN: Final = 64


class Record(msgspec.Struct, frozen=True, gc=False):
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
    base = _Base()
    records = []
    types_of = _TYPES.get
    for fields in pack:
        for label, content in fields.items():
            if type(content) not in types_of(label, _UNKNOWN):
                _check_unknown(label, content)
        plain = _PLAIN.issuperset(fields)
        if not plain:
            base.take(fields, first=fields is pack[0])
        if not _OWN.isdisjoint(fields):
            records.append(_record(fields, base, received_at, plain=plain))
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


class _Base:
    """The base fields as of one record of a pack."""

    __slots__ = ("name", "seconds", "sum", "unit", "value", "version")

    def __init__(self) -> None:
        self.name = ""
        self.seconds = 0.0
        self.unit: str | None = None
        self.value: float | None = None
        self.sum: float | None = None
        self.version: int | None = None
        """None = no record has named one: it is the default."""

    def take(self, fields: Mapping[str, Any], *, first: bool) -> None:
        """Take over those that this record holds, whose types are right."""
        if "bver" in fields:
            _check_version(fields["bver"], fields["bver"] if first else self.version or VERSION)
            self.version = fields["bver"]
        self.name = fields.get("bn", self.name)
        self.unit = fields.get("bu", self.unit)
        if "bt" in fields:
            self.seconds = _sum(fields["bt"], 0.0)
        if "bv" in fields:
            self.value = _sum(fields["bv"], 0.0)
        if "bs" in fields:
            self.sum = _sum(fields["bs"], 0.0)


def _record(fields: Mapping[str, Any], base: _Base, received_at: int, *, plain: bool) -> Record:
    own = fields.get("t")
    seconds = base.seconds if own is None else _sum(own, base.seconds)
    if seconds == 0:
        at = received_at
    else:
        at = instant(seconds * 1000 if seconds >= RELATIVE_BELOW_S else received_at + seconds * 1000)
    value, total = fields.get("v"), None
    if not plain or type(value) is not float or base.value is not None or base.sum is not None:
        total = _total(fields.get("s"), base.sum)
        value = _value(fields, base.value, summed=total is not None)
        _check_finite(total)
    _check_finite(value)
    return Record(base.name + fields.get("n", ""), at, fields.get("u", base.unit), value, total, seconds != 0)


def _check_finite(number: float | None) -> None:
    if number is not None and not isfinite(number):
        raise Rejected(Reason.NOT_FINITE, "a value or a sum is NaN, infinite or beyond a double")


def _value(fields: Mapping[str, Any], base: float | None, *, summed: bool) -> float | None:
    if not _OTHER_VALUES.isdisjoint(fields):
        return _other_value(fields)
    if summed and "v" not in fields:
        return None
    # A value that is missing counts as zero on top of a base value (section 4.5.4).
    total = _total(fields.get("v"), base)
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


def _total(own: float | None, base: float | None) -> float | None:
    """The field on top of its base field; None = neither is there."""
    if own is None:
        return base
    # Minus zero is what changes no number: zero would take the sign off a minus zero.
    return _sum(own, -0.0 if base is None else base)


def _sum(own: float, base: float) -> float:
    try:
        return base + own
    except OverflowError:  # an integer beyond a double
        return inf if own > 0 else -inf


def _check_unknown(label: object, content: object) -> None:
    """Of a label that is not in the table, or not with content of this type."""
    if not isinstance(label, str):
        raise Rejected(Reason.MALFORMED, f"a label is {type(label).__name__}")
    if label in _TYPES:
        raise Rejected(Reason.MALFORMED, f"{label!r} holds {type(content).__name__}")
    if label.endswith("_"):
        raise Rejected(Reason.UNSUPPORTED, f"the label {label[:_SHOWN]!r} must be understood, and is not")


def _check_version(version: int, known: int) -> None:
    # The default counts from the first record on: a version that comes later must be the same.
    if version < 1:
        raise Rejected(Reason.MALFORMED, "the version is not a positive number")
    if version > VERSION:
        raise Rejected(Reason.UNSUPPORTED, f"the version is newer than {VERSION}")
    if version != known:
        raise Rejected(Reason.MALFORMED, f"version {version} after version {known} in one pack")


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
