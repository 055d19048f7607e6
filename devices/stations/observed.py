"""From what a station says, in the words of its standard, to samples.

Each standard has a name for everything that can be observed (`w01018-Rtd`, `Z`). Without origins in the profile, a
table of the codec says which metric a name is, and what has no metric is a sample of its own name: the worker refuses
that by name, and nothing is passed over unseen. With origins, `$.Z` or `$['w01018-Rtd']`, the profile alone says what
is read.
"""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from msgspec.structs import replace

from devices.bounds import check_count
from devices.codecs.port import Context
from devices.origins import mapped, nothing
from telemetry.errors import Reason, Rejected
from telemetry.model import Quality, Sample


class Use(Enum):
    """When an observation becomes a sample, where the profile has no origins."""

    ALWAYS = "always"
    REPORTED = "where the profile reports the metric"
    """What is beside the measurement: the station's own voltage, its pumps and doors."""
    ASKED = "where an origin names it"
    """What is told already in another form: rain that the counter counts, the extremes of a mean."""


class Observation(NamedTuple):
    """One value in the words of its standard."""

    name: str
    value: float
    at: int | None
    metric: str | None = None
    """None = the catalogue has none."""
    unit: str | None = None
    channel: str | None = None
    use: Use = Use.ALWAYS
    quality: Quality = Quality.GOOD
    device: str | None = None
    """Whose it is, where the station speaks for another one."""
    seq: int | None = None


def samples_of(observations: Sequence[Observation], context: Context) -> list[Sample]:
    """At least one sample, or `Rejected(EMPTY)`, which names what there is; `Rejected(TOO_LARGE)`."""
    check_count(len(observations))
    origins = context.speech.origins
    samples: list[Sample] = []
    for one in observations:
        if origins:
            units: dict[tuple[str | int, ...], str] = {} if one.unit is None else {(one.name,): one.unit}
            found = mapped({one.name: one.value}, origins, at=one.at, seq=one.seq, units=units)
            samples += [replace(sample, quality=one.quality, device=one.device) for sample in found]
        elif _is_used(one, context):
            metric = one.name if one.metric is None else one.metric
            samples.append(Sample(metric, one.value, one.at, one.unit, one.channel, one.device, one.quality, one.seq))
    if not samples:
        names = ", ".join(dict.fromkeys(one.name for one in observations))
        raise nothing(origins, names) if names else Rejected(Reason.EMPTY, "the frame holds no value")
    check_count(len(samples))
    return samples


def _is_used(one: Observation, context: Context) -> bool:
    if one.use is Use.REPORTED:
        return one.metric is not None and context.speech.reports(one.metric)
    return one.use is Use.ALWAYS
