"""What a region has of what a standard asks for, what is missing, what is double, and what nobody uses.

Pure: no clock, no network, no store. Checks against duplication and borrowed city templates after Huang, Luo and Liao
(SEED); all their limits are defaults, unverified.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from insight.standards.sets import Clause, Need, Proof, StandardSet, Status, needs, standard_sets

LOW_USE: Final = 0.2
"""A device of whose due readings fewer came is hardly in use."""
UNWATCHED_DAYS: Final = 90
"""A device that nobody has asked for so long is nobody's."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """A device that stands in a region, and what is known of its use; None = not known, so nothing is said of it."""

    device: str
    town: str
    """Code of the town it stands in: double is what is double in one town."""
    metrics: tuple[str, ...]
    project: str | None = None
    """Who put it there."""
    use: float | None = None
    """Share of its due readings that came, 0 to 1."""
    unwatched_days: float | None = None
    """Since somebody last asked for its readings, or since it could have been known."""


@dataclass(frozen=True, slots=True)
class Project:
    """A row of the planning register."""

    id: str
    urban_template: bool
    """Copied from a city's."""
    rural_indicators: int
    """How many of its indicators concern what only the country has."""


class Verdict(StrEnum):
    """How a clause stands."""

    MET = "met"
    PARTLY = "partly met"
    MISSING = "missing"
    DOCUMENT = "needs a document"
    UNKNOWN = "contents unknown"


@dataclass(frozen=True, slots=True)
class Covered:
    """A function that a clause needs, and who has it here."""

    need: Need
    devices: tuple[str, ...]

    @property
    def enough(self) -> bool:
        """Whether as many devices have it as are needed."""
        return len(self.devices) >= self.need.devices


@dataclass(frozen=True, slots=True)
class ClauseResult:
    """A clause, and what there is for it."""

    clause: Clause
    verdict: Verdict
    covered: tuple[Covered, ...]

    @property
    def missing(self) -> tuple[Need, ...]:
        """What would be needed."""
        return tuple(one.need for one in self.covered if not one.enough)


class Flaw(StrEnum):
    """What the planning register should look at."""

    DOUBLE = "double"
    """One function in one town by more than one project."""
    LOW_USE = "low_use"
    UNWATCHED = "unwatched"
    CITY_TEMPLATE = "city_template"
    """A project copied from a city without a single rural indicator."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One flaw, where, and the devices or project it concerns."""

    flaw: Flaw
    subject: str
    """The function and town, the device, or the project."""
    devices: tuple[str, ...]
    detail: str


@dataclass(frozen=True, slots=True)
class Conformity:
    """A region held against a standard."""

    set: str
    status: Status
    """`unverified` = nobody has read the standard; the answer is a draft."""
    source: str
    region: str
    clauses: tuple[ClauseResult, ...]
    findings: tuple[Finding, ...]

    @property
    def met(self) -> tuple[int, int]:
        """How many of the clauses that devices can show are met, and how many such clauses there are."""
        shown = [one for one in self.clauses if one.verdict in {Verdict.MET, Verdict.PARTLY, Verdict.MISSING}]
        return sum(one.verdict is Verdict.MET for one in shown), len(shown)


def conformity(  # noqa: PLR0913 -- one question, each part of it named
    one: StandardSet,
    region: str,
    deployed: Sequence[Deployed],
    projects: Sequence[Project] = (),
    *,
    known: Mapping[str, StandardSet] | None = None,
    around: Sequence[Deployed] = (),
) -> Conformity:
    """What a region has and lacks of a standard, and what is double or unused among its devices.

    Args:
        one: The standard.
        region: The region's code.
        deployed: Its devices.
        projects: The planning register, as far as known.
        known: The sets that it may be based on; None = those of this package.
        around: The other devices of its town, with which one of its own may be double.

    Raises:
        Unknown: for a set or clause that a clause follows and that there is not.
        Invalid: for a followed clause that follows another.
    """
    sets = standard_sets() if known is None else known
    asked = [(clause, needs(one, clause, sets)) for clause in one.clauses]
    functions = {need.function: need for _, wanted in asked for need in wanted}
    findings = (*_double(functions.values(), deployed, around), *_unused(deployed), *_templates(projects, deployed))
    clauses = tuple(_result(clause, wanted, deployed) for clause, wanted in asked)
    return Conformity(one.id, one.status, one.source, region, clauses, findings)


def _result(clause: Clause, wanted: Sequence[Need], deployed: Sequence[Deployed]) -> ClauseResult:
    covered = tuple(Covered(need, tuple(sorted(_having(need, deployed)))) for need in wanted)
    if not covered:
        return ClauseResult(clause, Verdict.DOCUMENT if clause.evidence is Proof.DOCUMENT else Verdict.UNKNOWN, ())
    enough = sum(one.enough for one in covered)
    some = any(one.devices for one in covered)
    verdict = Verdict.MET if enough == len(covered) else Verdict.PARTLY if some else Verdict.MISSING
    return ClauseResult(clause, verdict, covered)


def _having(need: Need, deployed: Iterable[Deployed]) -> Iterator[str]:
    wanted = frozenset(need.any_of)
    return (one.device for one in deployed if not wanted.isdisjoint(one.metrics))


def _double(functions: Iterable[Need], deployed: Sequence[Deployed], around: Sequence[Deployed]) -> Iterator[Finding]:
    own = {one.device for one in deployed}
    for need in functions:
        wanted = frozenset(need.any_of)
        by_town: dict[str, dict[str, list[str]]] = {}
        for one in (*deployed, *around):
            if one.project is not None and not wanted.isdisjoint(one.metrics):
                by_town.setdefault(one.town, {}).setdefault(one.project, []).append(one.device)
        for town, projects in sorted(by_town.items()):
            devices = tuple(sorted(device for names in projects.values() for device in names))
            if len(projects) > 1 and not own.isdisjoint(devices):
                detail = f"projects {', '.join(sorted(projects))} all measure {need.function}"
                yield Finding(Flaw.DOUBLE, f"{need.function} in {town}", devices, detail)


def _unused(deployed: Sequence[Deployed]) -> Iterator[Finding]:
    for one in deployed:
        if one.use is not None and one.use < LOW_USE:
            detail = f"{one.use:.0%} of its due readings came; below {LOW_USE:.0%} it is hardly in use"
            yield Finding(Flaw.LOW_USE, one.device, (one.device,), detail)
        if one.unwatched_days is not None and one.unwatched_days >= UNWATCHED_DAYS:
            detail = f"nobody has asked this house for its readings for {one.unwatched_days:.0f} days"
            yield Finding(Flaw.UNWATCHED, one.device, (one.device,), detail)


def _templates(projects: Sequence[Project], deployed: Sequence[Deployed]) -> Iterator[Finding]:
    for project in projects:
        if project.urban_template and project.rural_indicators == 0:
            devices = tuple(sorted(one.device for one in deployed if one.project == project.id))
            detail = "copied from a city, without an indicator of what only the country has"
            yield Finding(Flaw.CITY_TEMPLATE, project.id, devices, detail)
