"""`make chaos`: every fault against the house that runs, and what became of each reading.

    python -m bench.chaos [fault ...] [--rate 5000] [--seconds 60] [--times 20] [--reference]

Ends with 1 when anything was lost or doubled, or the ledger is not exact.
"""

import argparse
import sys
import time
from dataclasses import asdict, replace

from rich.table import Table

from bench import machine, report
from bench.chaos.faults import FAULTS, Scale
from bench.chaos.run import Verdict, known, verdicts
from telemetry.errors import Unknown

_HEADINGS = (
    "fault",
    "store",
    "msg/s",
    "sent",
    "stored",
    "dupl.",
    "lost",
    "doubled",
    "ledger",
    "standstill",
    "caught up",
    "worker MB",
    "",
)


def _options() -> argparse.Namespace:
    asked = argparse.ArgumentParser(
        prog="python -m bench.chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("faults", nargs="*", metavar="fault", help=", ".join(FAULTS))
    asked.add_argument("--rate", type=int, help="messages per second, in the place of each fault's own")
    asked.add_argument("--seconds", type=float, help="length of one blow, likewise")
    asked.add_argument("--times", type=int, help="how many blows, likewise")
    asked.add_argument("--reference", action="store_true", help="this run is the one to be committed")
    chosen = asked.parse_args()
    try:
        known(chosen.faults)
    except Unknown as wrong:
        asked.error(str(wrong))
    return chosen


def main() -> None:
    """Tables, JSON, and the exit code."""
    chosen = _options()
    console = report.console()
    described = machine.described()
    console.print(machine.line(described), machine.busy(described))
    own = {name: getattr(chosen, name) for name in ("rate", "seconds", "times")}
    given = {name: value for name, value in own.items() if value is not None}

    def scaled(scale: Scale) -> Scale:
        return replace(scale, **given)

    began = time.monotonic()
    rows = []
    for verdict in verdicts(chosen.faults, scaled, console.print):
        rows.append(verdict)
        console.print(f"  {_summary(verdict)}")
    console.print(_table(rows))
    took = time.monotonic() - began
    found = {"seconds": round(took, 1), "faults": [_as_json(verdict) for verdict in rows]}
    file = report.written("chaos", described, found, reference=chosen.reference)
    console.print(f"{took:.0f} s; written to bench/results/{file.name}")
    sys.exit(0 if all(verdict.kept for verdict in rows) else 1)


def _summary(verdict: Verdict) -> str:
    account, played = verdict.played.account, verdict.played
    drained = "" if played.drained else ", NOT ALL SETTLED in four minutes"
    return (
        f"sent {account.sent:,}, stored {account.stored:,}, lost {account.lost:,}, doubled {account.doubled:,}, "
        f"ledger {account.ledger_off:+,}, {played.seconds:.0f} s{drained}"
    )


def _table(rows: list[Verdict]) -> Table:
    table = Table(title="Readings sent and acknowledged by the broker, against what the store gives back")
    for heading in _HEADINGS:
        table.add_column(heading, justify="left" if heading in {"fault", "store", ""} else "right")
    for verdict in rows:
        table.add_row(*_cells(verdict))
    return table


def _cells(verdict: Verdict) -> list[str]:
    account, played, scale = verdict.played.account, verdict.played, verdict.scale
    times = f" {scale.times} x" if scale.times > 1 else ""
    caught_up = "never" if played.recovery_s is None else f"{played.recovery_s:.1f} s"
    lost = f"{account.lost:,}" + (f", {account.forgotten:,} by the broker" if account.forgotten else "")
    return [
        f"{verdict.fault.title}{times}, {scale.seconds:g} s",
        "InfluxDB" if verdict.fault.influx else "DuckDB",
        f"{played.rate:,.0f}",
        f"{account.sent:,}",
        f"{account.stored:,}",
        f"{account.duplicates:,}",
        lost,
        f"{account.doubled:,}",
        "exact" if not account.ledger_off else f"{account.ledger_off:+,}",
        f"{played.standstill_s:.1f} s",
        caught_up,
        f"{played.mb_before:.0f} / {played.mb_during:.0f} / {played.mb_after:.0f}",
        "kept" if verdict.kept else "BROKEN",
    ]


def _as_json(verdict: Verdict) -> dict[str, object]:
    played = asdict(verdict.played)
    return {
        "fault": verdict.name,
        "title": verdict.fault.title,
        "store": "influxdb" if verdict.fault.influx else "embedded",
        "scale": asdict(verdict.scale),
        "kept": verdict.kept,
        **played.pop("account"),
        **played,
    }


if __name__ == "__main__":
    main()
