"""`make bench`: every table, on this machine, now. Quote ratios of one run; rates only with the machine."""

import argparse
import os
import platform
from statistics import median

from rich.console import Console
from rich.table import Table

from bench import history, influx, ingest, insight, live, store

BUDGETS = {
    "ordered": "300 000 upserts/s, 12 bytes",
    "random": "50 000 upserts/s, 12 bytes",
}


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"


def _ingest_table(console: Console, messages: int, rounds: int) -> None:
    rates = ingest.measure(messages, rounds, console.print)
    table = Table(title="Messages of three readings, QoS 1, acknowledged after the write into DuckDB")
    for heading in ("", "msg/s (median)", "of the bare loop", "budget"):
        table.add_column(heading)
    table.add_row("bare paho loop", f"{median(rates.bare):,.0f}", "1.00", "")
    table.add_row("worker", f"{median(rates.worker):,.0f}", f"{rates.ratio:.2f}", "10,000 and 0.50")
    console.print(table)


def _influx_tables(console: Console, messages: int, rounds: int) -> None:
    three, packs = influx.worker_rates(messages, rounds, console.print)
    table = Table(title="QoS 1, acknowledged after the write into InfluxDB 1.6.7")
    for heading in ("", "msg/s (median)", "readings/s", "of the bare loop", "budget"):
        table.add_column(heading)
    for name, rates, readings, budget in (
        ("three readings", three, 3, "10,000 msg/s"),
        (f"SenML packs of {ingest.PACK}", packs, ingest.PACK, "100,000 readings/s"),
    ):
        rate = median(rates.worker)
        table.add_row(name, f"{rate:,.0f}", f"{rate * readings:,.0f}", f"{rates.ratio:.2f}", budget)
    console.print(table)
    table = Table(title="A fold beside the same InfluxQL sent by hand (median)")
    for heading in ("", "by hand", "store", "ratio", "budget"):
        table.add_column(heading)
    for row in influx.query_times():
        table.add_row(row.question, f"{row.by_hand:.1f} ms", f"{row.store:.1f} ms", f"{row.ratio:.2f}", "1.5")
    console.print(table)


def _live_table(console: Console) -> None:
    delays = live.measure()
    table = Table(title=f"From the publish to the event of the live stream, {delays.rate:,} messages/s")
    for heading in ("p50", "p99", "worst", "budget"):
        table.add_column(heading)
    table.add_row(f"{delays.p50:.0f} ms", f"{delays.p99:.0f} ms", f"{delays.worst:.0f} ms", "p99 300 ms")
    console.print(table)


def _store_table(console: Console, readings: int) -> None:
    table = Table(title=f"Embedded store, {readings:,} readings in batches of {store.BATCH:,}")
    headings = ("order", "upserts/s", "bytes", "peak MB", "year hourly p99", "village latest p99", "budget")
    for heading in headings:
        table.add_column(heading)
    for row in store.run(readings):
        table.add_row(
            row.order,
            f"{row.upserts_per_s:,.0f}",
            f"{row.bytes_per_reading:.1f}",
            f"{row.peak_rss_mb:.0f}",
            f"{row.year_hourly_p99_ms:.1f} ms",
            f"{row.village_latest_p99_ms:.2f} ms",
            f"{BUDGETS[row.order]}, 500 MB, 50 ms, 20 ms",
        )
    console.print(table)


def _insight_table(console: Console, villages: int) -> None:
    row = insight.run(villages)
    table = Table(title=f"Index of {row.villages:,} villages, {insight.INDICATORS} indicators each")
    for heading in ("scored and ranked", "peak MB", "rank intervals of a county", "budget"):
        table.add_column(heading)
    county = f"{row.county_intervals_ms:.0f} ms"
    table.add_row(f"{row.scored_s:.1f} s", f"{row.peak_rss_mb:,.0f}", county, "60 s, 4,000 MB")
    console.print(table)


def _history_table(console: Console, readings: int) -> None:
    bare, *imports = history.measure(readings)
    table = Table(title=f"Import of history, {readings:,} readings of {history.DEVICES} devices into DuckDB")
    for heading in ("", "readings/s", "of the bare append", "budget"):
        table.add_column(heading)
    table.add_row(bare.what, f"{bare.readings_per_s:,.0f}", "1.00", "")
    for rate in imports:
        ratio = rate.readings_per_s / bare.readings_per_s
        table.add_row(rate.what, f"{rate.readings_per_s:,.0f}", f"{ratio:.2f}", "200,000" if rate.stored else "")
    console.print(table)


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    asked.add_argument("--messages", type=int, default=60_000, help="per round of the ingest table")
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--readings", type=int, default=20_000_000, help="of the store table")
    asked.add_argument("--villages", type=int, default=690_000, help="of the index; 0 leaves it out")
    asked.add_argument("--history", type=int, default=1_000_000, help="readings of the history table")
    chosen = asked.parse_args()
    console = Console()
    console.print(_machine())
    _ingest_table(console, chosen.messages, chosen.rounds)
    _influx_tables(console, chosen.messages // 2, chosen.rounds)
    _live_table(console)
    _store_table(console, chosen.readings)
    if chosen.villages:
        _insight_table(console, chosen.villages)
    _history_table(console, chosen.history)


main()
