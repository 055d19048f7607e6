"""One measure of one place in one period: a number with all that it rests on, or the reason why there is none.

Pure: no clock, no network, no store. Equation numbers are those of `docs/comparison.md`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from insight.arrays import Numbers
from insight.declared import Declared, Place
from insight.gate import Gate, Lack, Refusal, Tally
from insight.measures import EVERY_METRIC, Comparable, Weight
from insight.measures.grid import Evidence
from insight.measures.parts import Parts, divisor, parts
from insight.spread import DRAWS, SEED, Drawn, Interval, Spread, interval, replicates, spread
from telemetry.errors import Invalid
from telemetry.series import Folded, Line

GATE: Final = Gate()


@dataclass(frozen=True, slots=True)
class Stratum:
    """One place's quotient, and what it counts by."""

    place: str
    weight: float
    parts: Parts


@dataclass(frozen=True, slots=True)
class Assessment:
    """A value with its ingredients, or a refusal; never both, never neither."""

    place: str
    measure: Comparable
    """Definition, unit, formula, source and version of the number."""
    start: int
    stop: int
    """The whole buckets that were looked at, half-open, milliseconds."""
    tally: Tally
    value: float | None = None
    spread: Spread | None = None
    interval: Interval | None = None
    refusal: Refusal | None = None
    strata: tuple[Stratum, ...] = ()
    """What the value is made of: one for a place, one for each place of a group.

    A public explanation of a group shows only those of places that may be told alone.
    """
    divided_by: Declared | None = None
    """The declared number behind it, with year and source."""
    missing: tuple[str, ...] = ()
    """Of a group: the places that have no value."""
    declared: Declared | None = None
    """The number itself, where nobody measures it and somebody declared it for this one place."""

    def __post_init__(self) -> None:
        """Raise `Invalid` for a number beside a refusal, or neither."""
        if (self.value is None) == (self.refusal is None):
            raise Invalid(f"{self.measure.id} of {self.place}", "a value and a refusal, or neither", "one of the two")


def assessed(  # noqa: PLR0913 -- one question, each part of it named
    measure: Comparable,
    evidence: Evidence,
    place: Place,
    *,
    gate: Gate = GATE,
    public: bool = False,
    seed: int = SEED,
) -> Assessment:
    """The measure of a place, if gate and ingredients allow.

    Args:
        measure: What is asked.
        evidence: By metric, the readings folded in the measure's buckets, one line for each device of the place that is
            due to report it, silent ones included.
        place: Its declared numbers.
        gate: The limits.
        public: Whether people see it who may not know a single household's figures.
        seed: Of the interval.

    Raises:
        Invalid: for no evidence at all, or metrics in different buckets.
    """
    if not evidence:
        raise Invalid("evidence", "none", "at least one metric, be it without any line")
    edges = next(iter(evidence.values())).edges
    tally = counted(measure, evidence)
    refusal = gate.refusal(measure, place, tally, public=public)
    quotient = Parts((), ()) if refusal else parts(measure, evidence, place)
    value = quotient.value
    if refusal is None and value is None:
        refusal = Refusal(Lack.ZERO_DENOMINATOR, f"more than nothing to divide by: {measure.formula}", 0.0)
    if refusal is not None:
        return Assessment(place.code, measure, edges[0], edges[-1], tally, refusal=refusal)
    return Assessment(
        place.code,
        measure,
        edges[0],
        edges[-1],
        tally,
        value,
        spread(quotient.days),
        interval(replicates(quotient, seed=seed)),
        strata=(Stratum(place.code, 1.0, quotient),),
        divided_by=divisor(measure, place),
    )


def counted(measure: Comparable, evidence: Evidence) -> Tally:
    """What takes part: devices, readings, and the coverage, of what is divided or what it is divided by: the worse."""
    lines = list(_lines(measure, evidence))
    first = lines if measure.metrics == EVERY_METRIC else _of(evidence, measure.metrics[0])
    covered = [_coverage(first, evidence)]
    by = next((metric for metric in measure.divided_by if _of(evidence, metric)), None)
    if by is not None:
        covered.append(_coverage(_of(evidence, by), evidence))
    known = [share for share in covered if share is not None]
    speaking = {line.buckets.group for line in lines if any(line.buckets.count)}
    return Tally(
        devices=len(speaking),
        due=len({line.buckets.group for line in first}),
        readings=sum(sum(line.buckets.count) for line in lines),
        excluded=sum(sum(line.buckets.excluded) for line in lines),
        coverage=min(known) if len(known) == len(covered) else None,
    )


def _lines(measure: Comparable, evidence: Evidence) -> Iterator[Line]:
    """Of a measure of several metrics, those of the devices that report the first one."""
    if measure.metrics == EVERY_METRIC:
        for folded in evidence.values():
            yield from folded.lines
        return
    first = _of(evidence, measure.metrics[0])
    yield from first
    speaking = {line.buckets.group for line in first if any(line.buckets.count)}
    for metric in measure.metrics[1:]:
        yield from (line for line in _of(evidence, metric) if line.buckets.group in speaking)


def _of(evidence: Evidence, metric: str) -> Sequence[Line]:
    found: Folded | None = evidence.get(metric)
    return found.lines if found else ()


def _coverage(lines: Sequence[Line], evidence: Evidence) -> float | None:
    """Every series counts the same for the time in which it was due."""
    if not lines:
        return None
    hours = np.diff(np.asarray(next(iter(evidence.values())).edges, np.float64))
    share = np.array([line.coverage for line in lines], np.float64)
    known = ~np.isnan(share) * hours
    return float((np.nan_to_num(share) * hours).sum() / known.sum()) if known.sum() else None


def weight(measure: Comparable, place: Place) -> Declared | None:
    """What a place counts by in a group; None = nobody has declared it."""
    match measure.weigh_by:
        case Weight.PERSONS:
            return place.persons
        case Weight.HOUSEHOLDS:
            return place.households
        case Weight.MU:
            return place.mu
        case Weight.FARMS:
            return place.farms


def combined(
    name: str,
    members: Sequence[tuple[Assessment, Place]],
    *,
    gate: Gate = GATE,
    public: bool = False,
    seed: int = SEED,
) -> Assessment:
    """The same measure of a group: a town of its villages, a county of its towns, a city of its streets.

    Equation (23): value = sum(w v) / sum(w) over the places that have a value, with w what the measure is per: persons,
    households or mu. Places that were refused are named in `missing`; with less than the gate's share of the weight
    in places that have a value, the group is refused, too.

    Of a public answer, assess the places without `public`, and only the group with it: what is too small to be told
    alone may still be counted.

    Raises:
        Invalid: for no members, or members of different measures or periods.
    """
    first, *others = _comparable(name, members)
    weights = [weight(first.measure, place) for _, place in members]
    tally = _together([one for one, _ in members], [declared.value if declared else 0.0 for declared in weights])
    refusal = _group_refusal(name, members, gate, public=public)
    missing = tuple(one.place for one in (first, *others) if one.value is None)
    made: list[Stratum] = []
    for (one, _), declared in zip(members, weights, strict=True):
        held = sum(stratum.weight for stratum in one.strata)
        made.extend(
            Stratum(stratum.place, (declared.value if declared else 0.0) * stratum.weight / held, stratum.parts)
            for stratum in one.strata
        )
    if refusal is not None:
        return Assessment(name, first.measure, first.start, first.stop, tally, refusal=refusal, missing=missing)
    values = [one.value for one in (first, *others) if one.value is not None]
    value = _mean(made, np.array([[stratum.parts.value or 0.0] for stratum in made]))
    return Assessment(
        name,
        first.measure,
        first.start,
        first.stop,
        tally,
        float(value[0]),
        spread(values),
        interval(drawn(tuple(made), seed=seed)),
        strata=tuple(made),
        missing=missing,
    )


def drawn(strata: Sequence[Stratum], *, draws: int = DRAWS, seed: int = SEED) -> Drawn | None:
    """The value of a place or group in so many draws of the same days; None = too few days somewhere."""
    each = [replicates(stratum.parts, draws=draws, seed=seed) for stratum in strata]
    known = [one for one in each if one is not None]
    if not known or len(known) < len(each):
        return None
    return Drawn(_mean(strata, np.array([one.values for one in known])), min(one.days for one in known))


def _mean(strata: Sequence[Stratum], values: Numbers) -> Numbers:
    weights = np.array([stratum.weight for stratum in strata])
    return np.asarray(weights @ values / weights.sum(), np.float64)


def _comparable(name: str, members: Sequence[tuple[Assessment, Place]]) -> list[Assessment]:
    if not members:
        raise Invalid(f"group {name!r}", "no places", "one or more")
    asked = {(one.measure.id, one.measure.version, one.start, one.stop) for one, _ in members}
    if len(asked) > 1:
        raise Invalid(f"group {name!r}", "different measures, versions or periods", "the same of all places")
    return [one for one, _ in members]


def _together(members: Sequence[Assessment], weights: Sequence[float]) -> Tally:
    known = [
        (one.tally.coverage, by) for one, by in zip(members, weights, strict=True) if one.tally.coverage is not None
    ]
    held = sum(by for _, by in known)
    return Tally(
        sum(one.tally.devices for one in members),
        sum(one.tally.due for one in members),
        sum(one.tally.readings for one in members),
        sum(one.tally.excluded for one in members),
        sum(share * by for share, by in known) / held if held else None,
    )


def _group_refusal(
    name: str, members: Sequence[tuple[Assessment, Place]], gate: Gate, *, public: bool
) -> Refusal | None:
    measure = members[0][0].measure
    if public and (refusal := gate.suppressed(measure, whole(name, [place for _, place in members]))):
        return refusal
    lacks = Counter(one.refusal.lack for one, _ in members if one.refusal is not None)
    if lacks.total() == len(members):
        needed = f"places with a value; none of {len(members)} has one, most often for {lacks.most_common(1)[0][0]}"
        return Refusal(Lack.FEW_PLACES, needed, 0.0, gate.places)
    unknown = [place.code for _, place in members if weight(measure, place) is None]
    if unknown:
        first = ", ".join(unknown[:3]) + (" and others" if len(unknown) > 3 else "")  # noqa: PLR2004 -- three are read
        return Refusal(Lack.NO_DENOMINATOR, f"declared {measure.weigh_by} of {first}", None, None)
    held = [(one, declared.value) for one, place in members if (declared := weight(measure, place))]
    total = sum(value for _, value in held)
    share = sum(value for one, value in held if one.value is not None) / total if total else 0.0
    if share == 0 or share < gate.places:
        needed = f"places with a value that hold {gate.places:.0%} of the {measure.weigh_by}; {share:.0%} do"
        return Refusal(Lack.FEW_PLACES, needed, share, gate.places)
    return None


def whole(name: str, places: Sequence[Place]) -> Place:
    """A group's declared households and farms: sums of what is known."""
    households = [place.households.value for place in places if place.households]
    farms = [place.farms.value for place in places if place.farms]
    return Place(
        name,
        households=Declared(sum(households)) if households else None,
        farms=Declared(sum(farms)) if farms else None,
    )
