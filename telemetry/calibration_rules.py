"""What a calibration must be to be kept. Each refusal names the field, what is wrong with it and what would be right.

Pure: no clock, no network, no store.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from telemetry.calibration import Calibration, Curve, Linear, Polynomial, Rating, Segment, Table, current, lasting
from telemetry.errors import Conflict, Invalid
from telemetry.instant import iso
from telemetry.metrics import metric
from telemetry.model import Kind, Metric, Profile

MOST_COEFFICIENTS = 8
"""A polynomial of a higher degree than seven swings between its points: use a table."""
MOST_POINTS = 2000
MOST_SEGMENTS = 20
LARGEST_JUMP = 0.05
"""Where two segments of a rating meet, their discharges may differ by this share of the larger: default, unverified."""


def check(calibration: Calibration, profile: Profile, others: Iterable[Calibration]) -> None:
    """Raise `Invalid`, `Unknown` or `Conflict` where it is none for a device of this profile beside the others it has.

    Args:
        calibration: The new one.
        profile: Of its device.
        others: Of the same device; superseded ones do not count.
    """
    given, taken = metric(calibration.metric), metric(calibration.input)
    beside = [other for other in current(others) if other.channel == calibration.channel]
    if calibration.curve is not None:
        _check_reported(calibration, profile)
        _check_kinds(given, taken, calibration)
    for other in beside:
        _check_beside(calibration, other)
    if calibration.curve is None:
        _check_end(calibration, beside)
    else:
        check_curve(calibration.curve)


def _check_end(calibration: Calibration, beside: Iterable[Calibration]) -> None:
    """It may be one that the device's profile would not allow any more: that is why it ends."""
    if not any(one.metric == calibration.metric and one.valid_from <= calibration.valid_from for one in beside):
        told = f"no calibration of {calibration.metric!r} holds then that could end"
        raise Invalid("curve", told, "a curve, or null from an instant on at which one holds")


def check_profile(profile: Profile, calibrations: Iterable[Calibration]) -> None:
    """Raise `Conflict` where a device with these calibrations cannot be of this profile: end them first."""
    for one in lasting(calibrations):
        try:
            _check_reported(one, profile)
        except Invalid as wrong:
            raise Conflict(
                f"the calibration of {one.metric} of device {one.device!r} since {iso(one.valid_from)} is none for "
                f"profile {profile.id!r}: {wrong.wrong}; end it first, by one whose curve is null"
            ) from wrong


def _check_kinds(given: Metric, taken: Metric, calibration: Calibration) -> None:
    if calibration.computed_from is None:
        if given.kind is not Kind.GAUGE and not isinstance(calibration.curve, Linear):
            raise Invalid("curve", f"{given.id} is a {given.kind}: its increases must keep their proportions", "linear")
        return
    for field, one in (("metric", given), ("computed_from", taken)):
        if one.kind is not Kind.GAUGE:
            raise Invalid(field, f"{one.id} is a {one.kind}", "a gauge, computed from a gauge")


def _check_reported(calibration: Calibration, profile: Profile) -> None:
    reported = {measure.metric for measure in profile.measures}
    known = ", ".join(sorted(reported)) or "nothing"
    if calibration.input not in reported and not profile.open:
        field = "metric" if calibration.computed_from is None else "computed_from"
        raise Invalid(field, f"profile {profile.id!r} does not report {calibration.input!r}", f"one of {known}")
    if calibration.computed_from == calibration.metric:
        raise Invalid("computed_from", "is the metric itself", "another metric, or none to calibrate the metric itself")
    if calibration.computed_from is not None and calibration.metric in reported:
        raise Invalid("metric", f"the device reports {calibration.metric!r} itself", "a metric that it does not report")


def _check_beside(calibration: Calibration, other: Calibration) -> None:
    name = calibration.metric
    if other.metric == name and other.computed_from != calibration.computed_from:
        raise Conflict(f"{name} of this device comes from {other.input} already, not from {calibration.input}")
    if calibration.computed_from is not None and other.metric == calibration.computed_from and other.computed_from:
        raise Conflict(f"{other.metric} is itself computed from {other.computed_from}: begin with that one")
    if calibration.computed_from is not None and other.computed_from == name:
        raise Conflict(f"{other.metric} is computed from {name}: compute it from {calibration.computed_from} first")


def check_curve(curve: Curve) -> None:
    """Raise `Invalid`, naming the part of the curve that is wrong."""
    match curve:
        case Linear():
            _finite("curve.gain", (curve.gain,))
            _finite("curve.offset", (curve.offset,))
            if curve.gain == 0:
                raise Invalid("curve.gain", "0 would make every reading alike", "any other number")
        case Polynomial():
            _check_polynomial(curve)
        case Table():
            _check_table(curve)
        case Rating():
            _check_rating(curve)


def _check_polynomial(curve: Polynomial) -> None:
    where, count = "curve.coefficients", len(curve.coefficients)
    if not 2 <= count <= MOST_COEFFICIENTS:  # noqa: PLR2004 -- a constant and what x is multiplied by
        raise Invalid(where, f"are {count}", f"2 to {MOST_COEFFICIENTS}, that of x^0 first; for more use a table")
    _finite(where, curve.coefficients)
    if not any(curve.coefficients[1:]):
        raise Invalid(where, "would make every reading alike", "one beyond the first that is not 0")


def _check_table(curve: Table) -> None:
    where, points = "curve.points", curve.points
    if not 2 <= len(points) <= MOST_POINTS:  # noqa: PLR2004 -- a line has two ends
        raise Invalid(where, f"are {len(points)}", f"2 to {MOST_POINTS}")
    for place, point in enumerate(points, 1):
        _finite(f"{where}, point {place}", point)
    for place, ((before, _), (after, _)) in enumerate(pairwise(points), 2):
        if after <= before:
            raise Invalid(f"{where}, point {place}", f"{after} does not come after {before}", "inputs that ascend")
    values = [value for _, value in points]
    rises = values[-1] > values[0]
    if values[-1] == values[0]:
        raise Invalid(where, "begin and end with the same value", "values that rise, or that fall")
    for place, (before, after) in enumerate(pairwise(values), 2):
        if after < before if rises else after > before:
            told = f"{after} after {before}, where the table {'rises' if rises else 'falls'} from end to end"
            raise Invalid(f"{where}, point {place}", told, "values that go one way")


def _check_rating(curve: Rating) -> None:
    where, segments = "curve.segments", curve.segments
    if not 1 <= len(segments) <= MOST_SEGMENTS:
        raise Invalid(where, f"are {len(segments)}", f"1 to {MOST_SEGMENTS}")
    for place, segment in enumerate(segments, 1):
        _check_segment(f"{where}, segment {place}", segment)
        _check_size(f"{where}, segment {place}", segment, curve.reach)
    _check_joints(where, segments)


def _check_segment(where: str, segment: Segment) -> None:
    _finite(where, (segment.low, segment.high, segment.a, segment.z0, segment.b))
    if segment.low >= segment.high:
        raise Invalid(f"{where}, high", f"{segment.high} is not above low, {segment.low}")
    for name in ("a", "b"):
        if getattr(segment, name) <= 0:
            raise Invalid(f"{where}, {name}", f"{getattr(segment, name)} is out of range", "more than 0")
    if segment.z0 > segment.low:
        raise Invalid(f"{where}, z0", f"{segment.z0} is above low, {segment.low}", "at most low")


def _check_size(where: str, segment: Segment, z: float) -> None:
    try:
        finite = math.isfinite(segment.discharge(z))
    except OverflowError:
        finite = False
    if not finite:
        raise Invalid(f"{where}, b", f"{segment.b} makes its discharge at {z} too large", "a smaller one")


def _check_joints(where: str, segments: Sequence[Segment]) -> None:
    for place, (lower, upper) in enumerate(pairwise(segments), 2):
        if upper.low != lower.high:
            wrong = f"{upper.low} is not the high of the segment before, {lower.high}"
            raise Invalid(f"{where}, segment {place}, low", wrong, "segments in ascending order, without gaps")
        below, above = lower.discharge(lower.high), upper.discharge(upper.low)
        if abs(above - below) > LARGEST_JUMP * max(above, below):
            wrong = f"at {upper.low} the discharge jumps from {below:.6g} to {above:.6g}"
            raise Invalid(f"{where}, segment {place}", wrong, f"a step of at most {LARGEST_JUMP:.0%}")


def _finite(where: str, numbers: Iterable[float]) -> None:
    for number in numbers:
        if not math.isfinite(number):
            raise Invalid(where, f"{number} is no number to calculate with", "a finite number")
