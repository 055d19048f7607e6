"""A process that writes batches to a store until it is killed, and tells of each when `write` has returned.

`python -m tests.store_writer <file> <first batch>`
"""

import itertools
import sys
from pathlib import Path

from telemetry.model import Reading
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.embedded_merge import MergeLimits
from tests.store_contract import AIR, CATALOGUE, MINUTE, SHANGHAI, START

ROWS = 50
MERGE_ROWS = 400
"""Small, so that a merge is on its way most of the time."""


def batch(number: int) -> list[Reading]:
    """In order of time but for every third one, which brings late readings."""
    first = number * ROWS if number % 3 else -number * ROWS
    instants = [START + (first + row) * MINUTE for row in range(ROWS)]
    return [Reading("station-1", AIR.id, at, float(number), float(number), 0, at + 1) for at in instants]


def main() -> None:
    path, first = Path(sys.argv[1]), int(sys.argv[2])
    store = EmbeddedStore.open(path, zone=SHANGHAI, metrics=CATALOGUE, limits=MergeLimits(merge_rows=MERGE_ROWS))
    for number in itertools.count(first):
        store.write(batch(number))
        print(number, flush=True)  # noqa: T201 (the point of this process)


if __name__ == "__main__":
    main()
