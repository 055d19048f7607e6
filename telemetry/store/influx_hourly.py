"""The rollups in InfluxDB: one point per series and UTC hour, in a database of their own that outlives the readings.

    <metric>,device=<series>,<place tags> n=6i,excluded=0i,total=..,low=..,high=..,opening=..,closing=..,
        steps=5i,growth=..,drops=0i,amount=..,sines=..,cosines=.. <start of the hour>
    rurban_late,device=..,metric=.. hour=491803i,done=0i <unique, ns>           a closed hour was written to again
    rurban_rollups rolled_until=..i,late_since=..i 0                            how far the rollups reach
    rurban_traits,metric=.. back=0i,counts=0i,turns=0i 0                        by which rules they were made

Hours before `rolled_until` are answered from here, but for the late ones that nobody has folded again yet: those are
read from the readings. So an answer never depends on what is rolled up.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from telemetry.errors import StoreUnavailable
from telemetry.store.influx_lines import escaped
from telemetry.store.influx_server import InfluxServer, Rows
from telemetry.store.influxql import Bound, among
from telemetry.store.traits import Traits

MARKS = "rurban_late"
STATE = "rurban_rollups"
RULES = "rurban_traits"


class LateHour(NamedTuple):
    """A mark that a closed hour of a series was written to again."""

    metric: str
    device: str
    hour: int
    """UTC hours since 1970."""
    at_ns: int
    """Its own time, in nanoseconds: two marks of one series must not meet."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the rollups reach, in milliseconds."""

    rolled_until: int
    """Every hour before it has been rolled up once."""
    late_since: int
    """Marks before it are all done."""


NOWHERE = Reach(-(2**62), 0)


class Hourly:
    """The database of the rollups; thread-safe."""

    def __init__(self, server: InfluxServer, kept_since: Callable[[], int], *, fresh_s: float = 5.0) -> None:
        """What `known` says may be `fresh_s` old. Before `kept_since` readings may be gone, and nothing is late."""
        self.server = server
        self.kept_since = kept_since
        self._fresh_s = fresh_s
        self._known = NOWHERE
        self._rules: dict[str, Traits] = {}
        self._asked = -inf

    def known(self) -> Reach:
        """How far the rollups reach, or reached a moment ago: what is older tells less and never wrong."""
        if time.monotonic() - self._asked > self._fresh_s:
            self.reach()
        return self._known

    def reach(self) -> Reach | None:
        """How far they reach now; None = nothing was ever rolled up."""
        asked = time.monotonic()
        state, rules = self.server.query(
            [
                f'SELECT "rolled_until", "late_since" FROM "{STATE}"',  # noqa: S608 (names above)
                f'SELECT "back", "counts", "turns" FROM "{RULES}" GROUP BY "metric"',  # noqa: S608 (likewise)
            ],
            {},
        )
        for rows in state:
            for _, rolled_until, late_since in rows.values:
                self._known = Reach(rolled_until, late_since)
        for rows in rules:
            for _, back, counts, turns in rows.values:
                self._rules[rows.tags["metric"]] = Traits(back, bool(counts), bool(turns))
        self._asked = asked
        return None if self._known == NOWHERE else self._known

    def rules(self, metric: str) -> Traits | None:
        """By which the rollups of a metric were made, as `known`; None = there are none."""
        self.known()
        return self._rules.get(metric)

    def rule(self, metric: str, traits: Traits) -> None:
        """From now on the rollups of this metric are made so."""
        fields = f"back={traits.back}i,counts={int(traits.counts)}i,turns={int(traits.turns)}i"
        self._write([f"{RULES},metric={escaped(metric)} {fields} 0"])
        self._rules[metric] = traits

    def note(self, reach: Reach) -> None:
        self._write([f"{STATE} rolled_until={reach.rolled_until}i,late_since={reach.late_since}i 0"])
        self._known = reach

    def mark(self, late: Iterable[LateHour], *, done: bool) -> None:
        """Durable when it returns."""
        self._write(
            [
                f"{MARKS},device={escaped(one.device)},metric={escaped(one.metric)} "
                f"hour={one.hour}i,done={int(done)}i {one.at_ns}"
                for one in late
            ],
            nanoseconds=True,
        )

    def undone(self, since: int) -> list[LateHour]:
        """The marks from an instant on whose hours nobody has folded again."""
        bound = Bound()
        statement = (
            f'SELECT "hour" FROM "{MARKS}" WHERE "done" = 0 AND time >= {bound(since * 1_000_000)} '  # noqa: S608
            'GROUP BY "metric", "device"'
        )
        (answer,) = self.server.query([statement], bound.values, nanoseconds=True)
        return [
            LateHour(rows.tags["metric"], rows.tags["device"], hour, at) for rows in answer for at, hour in rows.values
        ]

    def put(self, lines: Sequence[str]) -> None:
        """Rollups as line protocol."""
        self._write(lines)

    def _write(self, lines: Sequence[str], *, nanoseconds: bool = False) -> None:
        for first in range(0, len(lines), 5000):
            refusal = self.server.write(lines[first : first + 5000], nanoseconds=nanoseconds)
            if refusal is not None:
                raise StoreUnavailable(f"InfluxDB refuses rollups ({self.server.address.bucket}): {refusal.detail}")


def late_statement(bound: Bound, metric: str, devices: Collection[str], since: int) -> str:
    """The late hours of these series."""
    return (
        f'SELECT "hour" FROM "{MARKS}" WHERE "done" = 0 AND "metric" = {bound(metric)} '  # noqa: S608
        f'AND {among(bound, "device", devices)} AND time >= {bound(since * 1_000_000)} GROUP BY "device"'
    )


def late_of(answer: Sequence[Rows]) -> Mapping[str, set[int]]:
    """By series, the hours."""
    return {rows.tags["device"]: {hour for _, hour in rows.values} for rows in answer}
