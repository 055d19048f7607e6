"""`make bench`: every table, on this machine, now. Quote ratios of one run; rates only with the machine.

    python -m bench [part ...] [--full] [--reference]

Without `--full` it takes under six minutes.
"""

import argparse
import time
from dataclasses import asdict

from rich.table import Table

from bench import machine, report
from bench.budgets import Row
from bench.parts import FULL, PARTS, USUAL, Found


def _options() -> argparse.Namespace:
    asked = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("parts", nargs="*", metavar="part", help=f"all unless named: {', '.join(PARTS)}")
    asked.add_argument("--full", action="store_true", help="more rounds, longer outages, 20 million readings")
    asked.add_argument("--reference", action="store_true", help="this run is the one to be committed")
    chosen = asked.parse_args()
    unknown = set(chosen.parts) - set(PARTS)
    if unknown:
        asked.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    return chosen


def _verdicts(rows: list[Row]) -> Table:
    table = Table(title="Budgets")
    for heading in ("", "budget", "measured", "verdict", "note"):
        table.add_column(heading, justify="right" if heading == "measured" else "left")
    for row in rows:
        table.add_row(*row.cells())
    return table


def main() -> None:
    """Tables, then the budgets, and all of it as JSON."""
    chosen = _options()
    size = FULL if chosen.full else USUAL
    console = report.console()
    described = machine.described()
    console.print(machine.line(described), machine.busy(described))
    began = time.monotonic()
    rows: list[Row] = []
    figures: dict[str, object] = {}
    for name in chosen.parts or PARTS:
        started = time.monotonic()
        found: Found = PARTS[name](console, size)
        took = round(time.monotonic() - started, 1)
        console.print(f"{name}: {took:.0f} s")
        rows += found.rows
        figures[name] = {"seconds": took, **found.figures}
    console.print(_verdicts(rows))
    took = round(time.monotonic() - began, 1)
    document = {"seconds": took, "size": asdict(size), "budgets": [row.as_json() for row in rows], "parts": figures}
    file = report.written("bench", described, document, reference=chosen.reference)
    console.print(f"{took:.0f} s; written to bench/results/{file.name}")


if __name__ == "__main__":
    main()
