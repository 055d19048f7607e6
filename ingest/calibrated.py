"""Calibrated values on their way to the checks, and the readings that are computed from them.

Most devices have no calibration of their own: nothing here runs for them.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from ingest.checks import Checks, SeriesState
from ingest.directory import Curves, Derivation
from telemetry.calibration import Curve
from telemetry.model import SUSPECT, Quality, Reading

ESTIMATED = int(Quality.ESTIMATED)
_SUSPECT = int(SUSPECT)

_Used = tuple[Curve | None, Curve | None]
"""The curve of the metric itself, and the one of what is computed from it."""


class Calibrating:
    """Computes values series by series, in the order of receipt. Not thread-safe."""

    def __init__(self, checks: Checks) -> None:
        self._checks = checks
        self._used: dict[tuple[str, str], _Used] = {}

    def value(  # noqa: PLR0913, PLR0917 - plain numbers, as in the checks
        self, curves: Curves, series: str, metric: str, state: SeriesState, at: int, value: float
    ) -> tuple[float, int]:
        """The calibrated value, and the flag that it gets by it."""
        if curves.own is None:
            return value, 0
        self._step_over(series, metric, state, at, (curves.own.at(at), None))
        found, estimated = curves.computed(at, value)
        return found, ESTIMATED if estimated else 0

    def derived(self, curves: Curves, source: Reading) -> Iterator[tuple[Reading, bool]]:
        """What is computed from a reading, and whether that may be stored already: it is not newer than the newest."""
        own = None if curves.own is None else curves.own.at(source.at)
        for derivation in curves.derivations:
            found = computed(derivation, source)
            if found is None:
                continue
            state = self._checks.state(found.device, found.metric)
            self._step_over(found.device, found.metric, state, found.at, (own, derivation.course.at(found.at)))
            repeated = found.at <= state.at
            quality = self._checks.flags(
                derivation.channel, state, found.at, found.value, found.received_at, reported=found.quality
            )
            yield replace(found, quality=quality), repeated

    def _step_over(self, series: str, metric: str, state: SeriesState, at: int, used: _Used) -> None:
        """Where another curve begins, the value jumps and nothing is wrong: it is not compared with the one before."""
        before = self._used.get((series, metric))
        if at <= state.at or (before is not None and before[0] is used[0] and before[1] is used[1]):
            return
        self._used[series, metric] = used
        # A changed registry brings the same curve as another object.
        if before != used:
            state.forget_values()


def computed(derivation: Derivation, source: Reading) -> Reading | None:
    """What is computed from a reading, without checks against its own past; None = no calibration holds then.

    A doubt about the one is a doubt about the other.
    """
    curve = derivation.course.at(source.at)
    if curve is None:
        return None
    channel = derivation.channel
    value, estimated = curve.computed(source.value)
    quality = source.quality & _SUSPECT | (ESTIMATED if estimated else 0)
    return Reading(source.device, channel.metric, source.at, value, source.raw, quality, source.received_at)
