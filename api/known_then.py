"""What a question as of an instant cannot be told any more: values that were computed anew since."""

from collections.abc import Collection, Iterator

from api.atlas import Atlas
from telemetry.calibration import Calibration, end
from telemetry.errors import Invalid
from telemetry.instant import iso


def check_known(  # noqa: PLR0913, PLR0917 -- what is asked for
    atlas: Atlas, metrics: Collection[str], devices: Collection[str], start: int, stop: int, as_of: int | None
) -> None:
    """Raise `Invalid` where a calibration was entered after `as_of` for any of these readings.

    Readings that are computed anew keep when they were received, and what they were is not kept: they would give
    another number than the one of then, and nobody would see it.
    """
    if as_of is None:
        return
    for device in sorted(atlas.calibrations.keys() & set(devices)):
        for one in _touching(atlas.calibrations[device], metrics, start, stop):
            if one.entered_at > as_of:
                since, then = iso(one.valid_from), iso(one.entered_at)
                told = f"the calibration of {one.metric} of device {device!r} since {since} was entered later: {then}"
                allowed = f"{then} or later; or a time before {since}: what was computed anew was not kept as it was"
                raise Invalid("as_of", told, allowed)


def _touching(
    calibrations: Collection[Calibration], metrics: Collection[str], start: int, stop: int
) -> Iterator[Calibration]:
    """Those by which readings of these metrics in this time come about, also through what goes into them."""
    inputs = {(one.input, one.channel) for one in calibrations if one.metric in metrics}
    for one in calibrations:
        over = end(one, calibrations)
        concerned = one.metric in metrics or (one.metric, one.channel) in inputs
        if concerned and one.valid_from < stop and (over is None or over > start):
            yield one
