"""The parts of `make bench`: each measures one subject, shows a table, and says which budgets it met."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Final

from rich.console import Console
from rich.table import Table

from bench import audience, budgets, footprint, history, influx, ingest, insight, live, queries, store
from bench import page as live_page
from bench.budgets import Row

_UPSERTS: Final = {
    "ordered": "300,000 upserts/s, 12 bytes",
    "random": "50,000 upserts/s, 12 bytes",
}
VILLAGES: Final = 690_000
"""As many as the country has."""


@dataclass(frozen=True, slots=True)
class Size:
    """How long it is looked at; ratios want rounds, figures of the store want readings."""

    messages: int
    """Per round, of three readings each."""
    rounds: int
    readings: int
    """In the store that is filled."""
    live_s: int
    outage_s: float
    metrics: int
    """That each of the many devices reports, into InfluxDB."""
    history: int
    """Readings that are imported from each file."""


USUAL: Final = Size(messages=20_000, rounds=3, readings=2_000_000, live_s=5, outage_s=10, metrics=1, history=1_000_000)
FULL: Final = Size(messages=60_000, rounds=5, readings=20_000_000, live_s=20, outage_s=60, metrics=3, history=5_000_000)


@dataclass(frozen=True, slots=True)
class Found:
    """What a part measured."""

    rows: Sequence[Row]
    figures: Mapping[str, object]
    """Everything, for the JSON."""


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title)
    for heading in headings:
        table.add_column(heading, justify="left" if heading in {"", "order"} else "right")
    return table


def _rates(console: Console, title: str, three: ingest.Rates, packs: ingest.Rates) -> Mapping[str, object]:
    table = _table(title, "", "bare loop msg/s", "worker msg/s", "readings/s", "of the bare loop")
    for name, rates, readings in (("three readings", three, 3), (f"SenML packs of {ingest.PACK}", packs, ingest.PACK)):
        rate = median(rates.worker)
        table.add_row(
            name, f"{median(rates.bare):,.0f}", f"{rate:,.0f}", f"{rate * readings:,.0f}", f"{rates.ratio:.2f}"
        )
    console.print(table)
    return {"three_readings": asdict(three), "packs": asdict(packs)}


def into_duckdb(console: Console, size: Size) -> Found:
    """From the broker into the embedded store."""
    three = ingest.measure(size.messages, size.rounds, console.print)
    packs = ingest.measure(size.messages // 5, size.rounds, console.print, load=ingest.PACKS)
    figures = _rates(console, "QoS 1, acknowledged after the write into DuckDB (medians)", three, packs)
    return Found(
        [
            Row(budgets.RATIO_DUCKDB, three.ratio),
            Row(budgets.MESSAGES_DUCKDB, median(three.worker)),
            Row(budgets.PACKS_DUCKDB, median(packs.worker) * ingest.PACK),
        ],
        figures,
    )


def into_influxdb(console: Console, size: Size) -> Found:
    """From the broker into InfluxDB, and what its answers cost beside the same InfluxQL by hand."""
    three, packs = influx.worker_rates(size.messages, size.rounds, console.print)
    figures = _rates(console, "QoS 1, acknowledged after the write into InfluxDB 1.6.7 (medians)", three, packs)
    table = _table("A fold beside the same InfluxQL sent by hand (median)", "", "by hand", "store", "ratio")
    times = influx.query_times()
    for row in times:
        table.add_row(row.question, f"{row.by_hand:.1f} ms", f"{row.store:.1f} ms", f"{row.ratio:.2f}")
    console.print(table)
    return Found(
        [
            Row(budgets.RATIO_INFLUXDB, three.ratio),
            Row(budgets.MESSAGES_INFLUXDB, median(three.worker)),
            Row(budgets.PACKS_INFLUXDB, median(packs.worker) * ingest.PACK),
        ],
        {**figures, "folds": [asdict(row) for row in times]},
    )


def latency(console: Console, size: Size) -> Found:
    """From the publish to whoever looks."""
    event, readable = live.measure(seconds=size.live_s)
    table = _table(f"From the publish, {event.rate:,} messages/s", "", "p50", "p99", "p99.9", "worst")
    for name, delays in (("live event", event), ("readable in the API", readable)):
        spans = (delays.p50, delays.p99, delays.p999, delays.worst)
        table.add_row(name, *(f"{span:.0f} ms" for span in spans))
    console.print(table)
    rows = [Row(budgets.LIVE, event.p99), Row(budgets.READABLE, readable.p99)]
    return Found(rows, {"live_event": asdict(event), "readable": asdict(readable)})


def pages(console: Console, size: Size) -> Found:
    """Many people look at once."""
    found = audience.measure(size.live_s)
    table = _table(f"{found.pages} open pages, {found.rate} messages/s", "", "")
    table.add_row("events delivered", f"{found.events:,}")
    table.add_row("publish to event, p50 / p99 / worst", f"{found.p50:.0f} / {found.p99:.0f} / {found.worst:.0f} ms")
    table.add_row("memory of the house, before and after", f"{found.before_mb:.0f} / {found.after_mb:.0f} MB")
    console.print(table)
    rows = [Row(budgets.AUDIENCE, found.p99), Row(budgets.AUDIENCE_MEMORY, found.after_mb - found.before_mb)]
    return Found(rows, {"audience": asdict(found)})


def memory(console: Console, size: Size) -> Found:
    """Of the worker alone."""
    apart, within = footprint.on_influxdb(size.outage_s, size.metrics), footprint.on_duckdb()
    title = f"Highest resident memory of `rurban ingest`, {footprint.DEVICES:,} devices, MB"
    away = f"growth in {size.outage_s:g} s without store"
    table = _table(title, "", "metrics of each", "at rest", "all have spoken", away)
    for name, found in (("InfluxDB", apart), ("DuckDB within", within)):
        growth = "" if found.growth is None else f"{found.growth:+.0f}"
        table.add_row(name, str(found.metrics), f"{found.at_rest:.0f}", f"{found.spoken:.0f}", growth)
    console.print(table)
    return Found(
        [
            Row(budgets.MEMORY, apart.spoken, _spoken(apart)),
            Row(budgets.MEMORY_DUCKDB, within.spoken, _spoken(within)),
            Row(budgets.GROWTH, apart.growth, f"{size.outage_s:g} s; longer in `make chaos`"),
        ],
        {"influxdb": asdict(apart), "embedded": asdict(within)},
    )


def _spoken(found: footprint.Footprint) -> str:
    """How much of the house that is."""
    return f"{found.heard:,} devices of {found.metrics} metrics had spoken"


def embedded_store(console: Console, size: Size) -> Found:
    """The store by itself, and the two everyday questions over HTTP on what it then holds."""
    series = store.series_of(size.readings)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results = store.run(size.readings, folder)
        answers = queries.measure(folder / "ordered.duckdb", folder, size.readings, series)
    title = f"Embedded store, {size.readings:,} readings of {series} series in batches of {store.BATCH:,}"
    headings = ("order", "upserts/s", "bytes", "peak MB", "year hourly p99", "village latest p99", "budget")
    table = _table(title, *headings)
    for row in results:
        year, latest = f"{row.year_hourly_p99_ms:.1f} ms", f"{row.village_latest_p99_ms:.2f} ms"
        figures = (f"{row.upserts_per_s:,.0f}", f"{row.bytes_per_reading:.1f}", f"{row.peak_rss_mb:.0f}")
        table.add_row(row.order, *figures, year, latest, f"{_UPSERTS[row.order]}, 500 MB, 50 ms, 20 ms")
    console.print(table)
    table = _table(f"Over HTTP, {answers.devices} devices in one village", "", "p50", "p99")
    table.add_row("/series, a year by the hour", f"{answers.series_p50:.1f} ms", f"{answers.series_p99:.1f} ms")
    table.add_row("/latest of the village", f"{answers.latest_p50:.1f} ms", f"{answers.latest_p99:.1f} ms")
    console.print(table)
    note = f"over HTTP, {size.readings / 1e6:g} million readings; the budget is for 100 million"
    return Found(
        [Row(budgets.SERIES, answers.series_p99, note), Row(budgets.LATEST, answers.latest_p99, note)],
        {"store": [asdict(row) for row in results], "http": asdict(answers)},
    )


def history_import(console: Console, size: Size) -> Found:
    """Files into the embedded store, beside what DuckDB itself takes."""
    bare, *imports = history.measure(size.history)
    title = f"Import of history, {size.history:,} readings of {history.DEVICES} devices into DuckDB"
    table = _table(title, "", "readings/s", "of the bare append")
    for rate in (bare, *imports):
        table.add_row(rate.what, f"{rate.readings_per_s:,.0f}", f"{rate.readings_per_s / bare.readings_per_s:.2f}")
    console.print(table)
    found = {rate.what: rate.readings_per_s for rate in imports}
    rows = [Row(budgets.HISTORY, found["long CSV"]), Row(budgets.HISTORY_PARQUET, found["Parquet"])]
    return Found(rows, {"history": [asdict(rate) for rate in (bare, *imports)]})


def index(console: Console, _size: Size) -> Found:
    """What the whole country's villages take to score."""
    row = insight.run(VILLAGES)
    table = _table(
        f"Index of {row.villages:,} villages, {insight.INDICATORS} indicators each",
        *("scored and ranked", "peak MB", "rank intervals of a county"),
    )
    table.add_row(f"{row.scored_s:.1f} s", f"{row.peak_rss_mb:,.0f}", f"{row.county_intervals_ms:.0f} ms")
    console.print(table)
    rows = [Row(budgets.INDEX, row.scored_s), Row(budgets.INDEX_MEMORY, row.peak_rss_mb)]
    return Found(rows, asdict(row))


def page(console: Console, _size: Size) -> Found:
    """The live page, by a real browser on a thin link."""
    found = live_page.measure()
    table = _table("The live page for the first time on a phone at 400 kbit/s, processor 4 times slower", "", "")
    table.add_row("all of it, gzipped", f"{found.weight_kb:.0f} kB")
    table.add_row("first paint", f"{found.first_paint_ms:,.0f} ms")
    table.add_row("the places with their states", f"{found.useful_ms:,.0f} ms, at most {found.slowest_ms:,.0f}")
    console.print(table)
    note = f"the first paint after {found.first_paint_ms:,.0f} ms; a small house"
    rows = [Row(budgets.PAGE, found.weight_kb), Row(budgets.PAINT, found.useful_ms, note)]
    return Found(rows, {"page": asdict(found)})


PARTS: Final[Mapping[str, Callable[[Console, Size], Found]]] = {
    "duckdb": into_duckdb,
    "influxdb": into_influxdb,
    "latency": latency,
    "pages": pages,
    "memory": memory,
    "store": embedded_store,
    "history": history_import,
    "index": index,
    "page": page,
}
