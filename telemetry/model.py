"""The vocabulary: what is measured, by which device, where, and how far it can be trusted.

Pure: no clock, no network, no store. Instants inside the system are integers, milliseconds since
1970-01-01T00:00Z; text and `datetime` exist at the edges only.
"""

import datetime as dt
from dataclasses import dataclass
from enum import IntFlag, StrEnum, auto

import msgspec

from telemetry.errors import Reason


class Quality(IntFlag):
    """Why a reading is in doubt; GOOD is the absence of every flag. Bits are stored: never renumber them."""

    GOOD = 0
    RANGE = auto()
    """Outside the plausible range of the metric or the profile."""
    STEP = auto()
    """Jumped further from the last good reading than is plausible for the time between."""
    STUCK = auto()
    """Unchanged for longer than the quantity can be."""
    CLOCK = auto()
    """The device's clock cannot be right: in the future, or before telemetry existed."""
    DEVICE = auto()
    """The device itself reported the value as bad."""
    ESTIMATED = auto()
    """Computed by a fallback, not measured."""
    LATE = auto()
    """Arrived long after it was measured. A note: the value itself is not in doubt."""
    DUPLICATE_TIME = auto()
    """Replaced a different value, or one that a wrong clock had put there, with the same identity.

    A note: the value itself is not in doubt.
    """


SUSPECT = Quality.RANGE | Quality.STEP | Quality.STUCK | Quality.CLOCK | Quality.DEVICE | Quality.ESTIMATED
"""The flags that keep a reading out of folds unless asked for; LATE and DUPLICATE_TIME do not."""


class Setting(StrEnum):
    """Urban or rural, by the first digit of the urban-rural class code, never by a place's name."""

    URBAN = "urban"
    RURAL = "rural"


class Level(StrEnum):
    """The levels of the statistical division codes, from the top."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWN = "town"
    VILLAGE = "village"


class Kind(StrEnum):
    """How a metric's values relate to time."""

    GAUGE = "gauge"
    COUNTER = "counter"
    """A meter that only grows, but for reset and rollover; the amount is the increase between readings."""
    STATE = "state"
    INTERVAL_SUM = "interval_sum"
    """The amount since the reading before."""

    @property
    def accumulates(self) -> bool:
        """A reading tells about the time that ends at `at`: at a bucket's edge it belongs to the bucket before."""
        return self in (Kind.COUNTER, Kind.INTERVAL_SUM)


class Fold(StrEnum):
    """How many values become one."""

    MEAN = "mean"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    FIRST = "first"
    LAST = "last"
    INCREASE = "increase"
    """What a counter counted, over resets and rollovers; never negative."""
    DIRECTION = "direction"
    """Mean of angles in degrees, by unit vectors."""


class Better(StrEnum):
    """Which way a comparison between places points."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the catalogue: a quantity in one unit, with its plausibility limits and its ways to fold."""

    id: str
    unit: str
    """UCUM, case-sensitive: `Cel`, `m3/h`, `1` for a plain number."""
    low: float
    high: float
    kind: Kind
    fold: Fold
    """Over time, within one device."""
    across: Fold
    """Over devices, within one bucket; never the same question as `fold`."""
    domain: str
    name_en: str
    name_zh: str
    step: float | None = None
    """Largest plausible change within one expected interval, in the metric's unit; None = no limit."""
    stuck_after_s: float | None = None
    """How long an exactly unchanged value is plausible; None = for ever."""
    comparable: Better | None = None
    """None = not comparable between places."""
    interval_s: float | None = None
    """Typical reporting interval; None = on event."""
    per_device: bool = False
    """Values of several devices have no common one (a position): never folded across devices."""
    source: str = "default, unverified"


@dataclass(frozen=True, slots=True)
class Region:
    """A node of the administrative tree (GB/T 2260 and the statistical division codes)."""

    code: str
    """12 digits."""
    level: Level
    name: str
    name_en: str = ""
    parent: str | None = None
    """From the division table; a code's digits do not tell (domain: directly administered counties)."""
    setting: Setting | None = None
    urban_rural_class: str | None = None
    """3 digits: 111 main city .. 220 village; None above village level."""
    latitude: float | None = None
    """WGS84 degrees of the centroid."""
    longitude: float | None = None
    population: int | None = None
    households: int | None = None
    sample: bool = False
    """Invented for the demonstration, not an official unit."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where in what a device sends one series of a measure stands: for formats that do not name our metrics."""

    path: str
    """JSONPath (RFC 9535) of the value, or of several. Each format says in which document."""
    channel: str | None = None
    """Of the series, `<device>:<channel>`; None = the device's own."""
    at: str | None = None
    """JSONPath of the time, or of as many times as there are values; None = the format's own, or that of receipt."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric that a device model reports, and what this model knows better than the catalogue."""

    metric: str
    unit: str | None = None
    """The unit the device sends when its payload names none; None = the catalogue's."""
    interval_s: float | None = None
    """Expected seconds between readings; None = on event, so coverage is unknown."""
    low: float | None = None
    high: float | None = None
    step: float | None = None
    stuck_after_s: float | None = None
    """Limits that replace the catalogue's; None = the catalogue's."""
    gain: float = 1.0
    offset: float = 0.0
    """Calibration: value = gain * raw + offset, in the catalogue's unit."""
    rollover_at: float | None = None
    """The count at which a counter starts again from zero, in the catalogue's unit; None = unknown."""
    origins: tuple[Origin, ...] = ()
    """Where its values stand in what the device sends; none where the format names metrics itself."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A device model: how it speaks and what it reports."""

    id: str
    name: str
    codec: str
    measures: tuple[Measure, ...]
    open: bool = False
    """Accepts every catalogued metric, not only its own: for probes and experiments."""


@dataclass(frozen=True, slots=True)
class Device:
    """One sensor or station; its channels write series of their own, `<id>:<channel>`."""

    id: str
    profile: str
    region: str
    name: str = ""
    latitude: float | None = None
    longitude: float | None = None
    valid_from: int | None = None
    valid_to: int | None = None
    """Milliseconds; None = open. Half-open: valid_from <= at < valid_to."""
    gateway: str | None = None
    """The device under whose topic this one's payloads may arrive; None = its own topic only."""
    project: str | None = None
    """The project that put it there, by the name it has in the planning register; None = not known."""


class Sample(msgspec.Struct, frozen=True, gc=False):
    """What a codec read: a value in the payload's own terms, before registry, units and checks."""

    metric: str
    value: float
    at: int | None = None
    """Milliseconds; None = the payload has no time."""
    unit: str | None = None
    """As the payload names it; None = it names none."""
    channel: str | None = None
    device: str | None = None
    """The device the payload itself names; None = the topic's."""
    quality: Quality = Quality.GOOD
    seq: int | None = None
    """The sender's number of the message that this came in, 0 or more; None = it has none."""


class Reading(msgspec.Struct, frozen=True, gc=False):
    """A value with its history and its doubts. Identity: (device, metric, at); written twice = kept once."""

    device: str
    """Series name: `<device>` or `<device>:<channel>`."""
    metric: str
    at: int
    """The device's own time, milliseconds UTC."""
    value: float
    """In the catalogue's unit, calibrated."""
    raw: float
    """As sent."""
    quality: int
    """Bits of Quality."""
    received_at: int


class Fate(StrEnum):
    """What became of one received reading or undecodable message: exactly one of these."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    IN_FLIGHT = "in_flight"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A message that could not become readings, or not all of them; kept so that it can be replayed."""

    topic: str
    payload: bytes
    reason: Reason
    detail: str
    received_at: int
    device: str | None = None
    """Whose it is in the ledger: the device that the topic names, known or not. None = the topic names none.

    Of names that nobody has registered and of which there are too many it is the filter of their topics.
    """
    readings: int = 1
    """How many readings were refused; an undecodable message counts as one."""
    id: int | None = None
    """Given by the registry."""
    replayed_at: int | None = None
    outcome: str = ""
    """What the last replay came to, in words."""
    size: int | None = None
    """Bytes of the payload as it came, where only its beginning or nothing is here; None = it is whole."""
    trimmed_at: int | None = None
    """When the payload was let go to make room."""

    @property
    def hindrance(self) -> str:
        """Why it cannot be replayed, in words; empty = it can."""
        if self.size is None:
            return ""
        if self.trimmed_at is not None:
            return f"its payload of {self.size} bytes was let go to make room for newer messages"
        return f"only the first {len(self.payload)} of its {self.size} bytes were kept"


@dataclass(frozen=True, slots=True)
class QuarantineCount:
    """Quarantined messages of which no more is known."""

    day: dt.date
    """UTC day of receipt."""
    device: str
    """The device, or for messages of none the topic."""
    reason: Reason
    messages: int
    readings: int


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """The fates of one device's readings on one UTC day of receipt.

    received = stored + duplicate + quarantined + in_flight, always.
    """

    day: dt.date
    device: str
    """The device, or for messages of none the topic."""
    received: int = 0
    stored: int = 0
    duplicate: int = 0
    quarantined: int = 0
    in_flight: int = 0


@dataclass(frozen=True, slots=True)
class Statistic:
    """A number of a region that no sensor measures: somebody counted it, and somebody put it in."""

    region: str
    id: str
    """`persons`, `mu`, `internet_users`."""
    year: int
    """Of which it tells."""
    value: float
    source: str
    """Where it can be looked up."""
    entered_by: str
    entered_at: int = 0
    """Milliseconds."""


@dataclass(frozen=True, slots=True)
class Heard:
    """When a device was last heard, and what its messages tell of its clock."""

    device: str
    at: int
    """When its newest message was received, whatever became of it."""
    numbered: bool = False
    """Its messages carry sequence numbers."""
    skew_ms: int | None = None
    """How far its clock is ahead, less the time its messages take; negative = behind; None = they carry no time."""
    skew_at: int = 0
    """When the newest message that told of the clock was received; 0 = none did."""
    skew_spread_ms: int = 0
    """How far those messages are apart about the clock."""
    skew_samples: int = 0
    """How many of them the estimate is made of."""
    ahead_until: int = 0
    """The newest time of a message that was from the future; 0 = none."""
    gone_at: int | None = None
    """When it was said to be gone, as nothing was heard of it since; None = it was not."""


@dataclass(frozen=True, slots=True)
class HeardDay:
    """What was heard of one device on one UTC day of receipt."""

    day: dt.date
    device: str
    readings: int = 0
    """Stored, or waiting for the store; each once, however often it came."""
    messages: int = 0
    """Of those that carry a number; each once, however often it came."""
    lost: int = 0
    """Messages whose numbers are missing; a late one is taken off the day on which its gap was seen."""
