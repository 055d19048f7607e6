"""Standard sets as data: what each clause asks for, and which metrics would show it. One JSON file each in this folder.

Pure: no clock, no network, no store; the files are part of the package.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import msgspec

from telemetry.errors import Invalid, Unknown
from telemetry.metrics import METRICS
from telemetry.regions import is_code


class Status(StrEnum):
    """Whether anybody has read the standard."""

    PUBLISHED = "published"
    UNVERIFIED = "unverified"


class Proof(StrEnum):
    """What shows that a clause is kept."""

    SENSORS = "sensors"
    DOCUMENT = "document"
    """Something written: no sensor can show it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the set."""

    number: int
    name_en: str
    name_zh: str


@dataclass(frozen=True, slots=True)
class Need:
    """A function that devices must have."""

    function: str
    """`rainfall`; two devices with the same function do the same thing."""
    name_zh: str
    any_of: tuple[str, ...]
    """Metrics of the catalogue; a device that reports one of them has the function."""
    devices: int = 1
    """At least so many in the region."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing that the standard asks for."""

    id: str
    name_en: str
    name_zh: str
    evidence: Proof
    needs: tuple[Need, ...] = ()
    follows: tuple[str, ...] = ()
    """Clauses of the set that this one is based on, whose needs it has as well: the crosswalk."""


@dataclass(frozen=True, slots=True)
class StandardSet:
    """A standard, its parts and clauses."""

    id: str
    name_en: str
    name_zh: str
    status: Status
    year: int | None
    region: str | None
    """Where it is in force; None = everywhere."""
    source: str
    parts: tuple[Part, ...]
    clauses: tuple[Clause, ...]
    based_on: str | None = None


@cache
def standard_sets() -> Mapping[str, StandardSet]:
    """The sets of this package, by id.

    Raises:
        Invalid: for a file that is no standard set.
    """
    folder = files(__package__)
    texts = {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.name.endswith(".json")}
    found = [standard_set(name, text) for name, text in sorted(texts.items())]
    return MappingProxyType({one.id: one for one in found})


def standard(set_id: str) -> StandardSet:
    """The set of this id.

    Raises:
        Unknown: No such set; the message names those that there are.
    """
    known = standard_sets()
    if set_id not in known:
        raise Unknown("standard set", f"{set_id} (there are {', '.join(known)})")
    return known[set_id]


def standard_set(where: str, text: bytes) -> StandardSet:
    """A set from its JSON, checked against the catalogue; also one that an operator writes.

    Raises:
        Invalid: naming the file and the clause.
    """
    try:
        found = msgspec.json.decode(text, type=StandardSet)
    except msgspec.MsgspecError as error:
        raise Invalid(where, str(error), "a standard set, as in insight/standards/") from error
    if found.region is not None and not is_code(found.region):
        raise Invalid(f"{where}, region", f"{found.region!r} is no division code", "12 digits")
    if len({clause.id for clause in found.clauses}) < len(found.clauses):
        raise Invalid(where, "a clause id stands twice", "each id once")
    for clause in found.clauses:
        for need in clause.needs:
            if not need.any_of or not set(need.any_of) <= set(METRICS) or need.devices < 1:
                raise Invalid(
                    f"{where}, clause {clause.id}, {need.function}", f"needs {need.any_of}", "catalogue metrics"
                )
        if clause.follows and found.based_on is None:
            raise Invalid(f"{where}, clause {clause.id}", "follows clauses of no set", "based_on")
    return found


def needs(one: StandardSet, clause: Clause, known: Mapping[str, StandardSet]) -> tuple[Need, ...]:
    """What a clause needs, with what it takes from the set it is based on.

    Raises:
        Unknown: for a set or a clause that it follows and that there is not.
        Invalid: for a followed clause that follows another.
    """
    if not clause.follows:
        return clause.needs
    base = known.get(one.based_on or "")
    if base is None:
        raise Unknown("standard set", str(one.based_on))
    clauses = {other.id: other for other in base.clauses}
    taken = list(clause.needs)
    for followed in clause.follows:
        if followed not in clauses:
            raise Unknown(f"clause of {base.id}", followed)
        if clauses[followed].follows:
            raise Invalid(
                f"{one.id}, clause {clause.id}", f"{base.id} {followed} follows others", "a clause with needs"
            )
        taken.extend(clauses[followed].needs)
    return tuple(taken)
