"""What the house may cost, and whether it was met. Pure.

The limits are those of the design for two cores that broker, worker and store share.
"""

from dataclasses import asdict, dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Budget:
    """One limit."""

    what: str
    limit: float
    unit: str
    at_least: bool = False
    """False = at most."""

    def __str__(self) -> str:
        return f"{'at least' if self.at_least else 'at most'} {_number(self.limit)} {self.unit}".strip()


@dataclass(frozen=True, slots=True)
class Row:
    """A limit and what was measured."""

    budget: Budget
    measured: float | None
    """None = it cannot be measured yet; `note` says why."""
    note: str = ""

    @property
    def missed_by(self) -> float | None:
        """Share of the limit: 0.1 = ten per cent beyond it; 0 = met; None = not measured."""
        if self.measured is None:
            return None
        beyond = (self.measured - self.budget.limit) / self.budget.limit
        return max(0.0, -beyond if self.budget.at_least else beyond)

    @property
    def verdict(self) -> str:
        missed = self.missed_by
        if missed is None:
            return "not measured"
        return f"missed by {missed:.0%}" if missed > 0 else "met"

    def cells(self) -> tuple[str, str, str, str, str]:
        """For the table: what, budget, measured, verdict, note."""
        measured = "" if self.measured is None else f"{_number(self.measured)} {self.budget.unit}".strip()
        return self.budget.what, str(self.budget), measured, self.verdict, self.note

    def as_json(self) -> dict[str, object]:
        return {
            **asdict(self.budget),
            "measured": None if self.measured is None else round(self.measured, 3),
            "missed_by": None if self.missed_by is None else round(self.missed_by, 4),
            "verdict": self.verdict,
            "note": self.note,
        }


def _number(value: float) -> str:
    """Three digits at least."""
    whole = 100
    return f"{value:,.0f}" if abs(value) >= whole else f"{value:.3g}"


RATIO_DUCKDB: Final = Budget("three readings into DuckDB, of the bare loop", 0.5, "", at_least=True)
RATIO_INFLUXDB: Final = Budget("three readings into InfluxDB, of the bare loop", 0.5, "", at_least=True)
MESSAGES_DUCKDB: Final = Budget("three readings into DuckDB", 10_000, "msg/s", at_least=True)
MESSAGES_INFLUXDB: Final = Budget("three readings into InfluxDB", 10_000, "msg/s", at_least=True)
PACKS_DUCKDB: Final = Budget("SenML packs of 50 into DuckDB", 100_000, "readings/s", at_least=True)
PACKS_INFLUXDB: Final = Budget("SenML packs of 50 into InfluxDB", 100_000, "readings/s", at_least=True)
LIVE: Final = Budget("publish to live event, p99", 300, "ms")
READABLE: Final = Budget("publish to readable in the API, p99", 1000, "ms")
AUDIENCE: Final = Budget("publish to event on 200 open pages, p99", 1000, "ms")
AUDIENCE_MEMORY: Final = Budget("growth of the house meanwhile", 10, "MB")
"""The design says flat."""
MEMORY: Final = Budget("worker's memory, 50,000 devices, InfluxDB", 200, "MB")
MEMORY_DUCKDB: Final = Budget("worker's memory, 50,000 devices, DuckDB within", 200, "MB")
GROWTH: Final = Budget("worker's growth while the store is away", 20, "MB")
"""The design says flat; a tenth of the memory is what flat means here."""
SERIES: Final = Budget("/series, a device's year by the hour, p99", 50, "ms")
LATEST: Final = Budget("/latest of a village, p99", 20, "ms")
PAGE: Final = Budget("live page, gzipped", 300, "kB")
PAINT: Final = Budget("live page, first useful paint at 400 kbit/s", 2000, "ms")
HISTORY: Final = Budget("history import, long CSV into DuckDB", 200_000, "readings/s", at_least=True)
HISTORY_PARQUET: Final = Budget("history import, Parquet into DuckDB", 200_000, "readings/s", at_least=True)
INDEX: Final = Budget("index of 690,000 villages, 60 indicators each", 60, "s")
INDEX_MEMORY: Final = Budget("memory of that", 4000, "MB")
