"""Measures the index of a whole country: goalposts, composites, ranks within counties, coupling with the city.

    python -m bench.insight [--villages 690000]

In a process of its own, so that the memory figure is the index's; the table of values is made up and not counted in
the time. The rank intervals of one county (1 000 draws of all weights) are timed beside it.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

import numpy as np

from insight.coupling import degrees
from insight.index.composite import composites, ranks, scores
from insight.index.framework import Dimension, Framework, Indicator
from insight.index.sensitivity import rank_intervals

INDICATORS = 60
COUNTIES = 2800
MISSING = 0.2


@dataclass(frozen=True, slots=True)
class Result:
    """What one run measured."""

    villages: int
    scored_s: float
    """All of it: scores, composites, ranks, coupling."""
    peak_rss_mb: float
    published: float
    """Share of the villages with enough indicators."""
    county_intervals_ms: float


def measure(villages: int, seed: int = 1) -> Result:
    """Score so many made-up villages."""
    dimensions = tuple(Dimension)
    rows = tuple(
        Indicator(f"indicator-{number}", dimensions[number % len(dimensions)], 0, 100) for number in range(INDICATORS)
    )
    framework = Framework("bench", 1, rows, dict.fromkeys(dimensions, 1.0))
    rng = np.random.default_rng(seed)
    values = rng.uniform(0, 100, (villages, INDICATORS))
    values[rng.random(villages * INDICATORS).reshape(values.shape) < MISSING] = np.nan
    county = np.sort(rng.integers(0, COUNTIES, villages))
    began = time.perf_counter()
    scored = scores(values, framework)
    found = composites(scored, framework)
    ranks(found.overall, county)
    city = np.full(villages, np.nanmax(found.overall))
    degrees(np.column_stack((city, found.overall)))
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began = time.perf_counter()
    rank_intervals(scored[: villages // COUNTIES + 1], framework)
    return Result(villages, took, peak, float((~np.isnan(found.overall)).mean()), (time.perf_counter() - began) * 1e3)


def run(villages: int) -> Result:
    """Measure in a process of its own."""
    command = [sys.executable, "-m", "bench.insight", "--villages", str(villages)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Result(**json.loads(done.stdout))


def main() -> None:
    """Print one row as JSON."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--villages", type=int, default=690_000)
    print(json.dumps(asdict(measure(asked.parse_args().villages))))


if __name__ == "__main__":
    main()
