"""Every panel of every board, asked of a real InfluxDB that the worker's pipeline has filled with the sample county."""

import re
from collections.abc import Iterator, Mapping
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from dashboards import words
from dashboards.queries import PLACES, by_device, windows_by_place
from insight import scores
from telemetry import own, series
from telemetry.catalogue.marks import MARKS
from telemetry.metrics import METRICS
from telemetry.model import Fold, Metric
from telemetry.window import parse
from tests.filled_county import HOUR, MINUTE, REFUSED, SAID, SILENT, START, Filled, filled_county
from tests.fleets import instruments
from tests.grafana import Json, Range, Value, all_boards, asked, expanded, panels, records, transformed

BOARDS: Final = all_boards()
PANELS: Final = [(uid, panel) for uid, board in BOARDS.items() for panel in panels(board)]
NAMES: Final = [f"{uid}-{panel['id']}-{panel['title']}" for uid, panel in PANELS]
ANNOTATIONS: Final = [(uid, note) for uid, board in BOARDS.items() for note in board["annotations"].get("list", [])]
PICKED: Final = Range(START + 2 * HOUR + 7 * MINUTE, START + 10 * HOUR + 7 * MINUTE)
"""Eight hours that begin and end inside an hour, as a picker's do."""
VILLAGE: Final = "370522101201"
ONE: Final[Mapping[str, Value]] = {
    "county": "370522",
    "town": ".*",
    "village": VILLAGE,
    "city": "3705",
    "device": ".*",
    "probes": ["demo-probe"],
    "unscheduled": ["demo-probe"],
    "window": "1h",
}
ALL: Final[Mapping[str, Value]] = {**ONE, "village": ".*"}
SEVERAL: Final[Mapping[str, Value]] = {
    **ONE,
    "town": ["370522101", "370522102"],
    "village": [VILLAGE, "370522101202", "370522102201"],
}


@pytest.fixture(scope="module")
def county() -> Iterator[Filled]:
    with filled_county() as filled:
        yield filled


def choices(board: Json) -> list[Mapping[str, Value]]:
    """What a reader of this board may have chosen: one village, or all of them, or some."""
    villages = [variable for variable in board["templating"]["list"] if variable["name"] == "village"]
    return [ALL, SEVERAL] if villages and villages[0].get("multi") else [ONE]


def answers(county: Filled, panel: Json, chosen: Mapping[str, Value]) -> dict[str, list[Json]]:
    """What each query of the panel gets."""
    picked = PICKED.earlier(panel.get("timeShift"))
    return {
        target["refId"]: asked(county.server, county.databases, target, expanded(target["query"], chosen, picked))
        for target in panel["targets"]
    }


def metric_of(panel: Json) -> Metric | None:
    """The metric of the catalogue that the panel shows; None = its numbers are of another kind."""
    measured = {name for target in panel["targets"] for name in re.findall(r'FROM "(\w+)"', target["query"])}
    known = measured & METRICS.keys()
    return METRICS[known.pop()] if len(known) == len(measured) == 1 else None


@pytest.mark.parametrize(("uid", "panel"), PANELS, ids=NAMES)
def test_every_query_of_every_panel_finds_rows(county: Filled, uid: str, panel: Json) -> None:
    for chosen in choices(BOARDS[uid]):
        empty = [ref for ref, found in answers(county, panel, chosen).items() if not records(found)]

        assert [] == empty


@pytest.mark.parametrize("length", ["3h", "6h", "12h", "1d"])
def test_windows_of_every_length_find_rows(county: Filled, length: str) -> None:
    """From the local midnight before the readings on: a window that begins before the range is not shown."""
    asking = [(uid, panel) for uid, panel in PANELS if any("$window" in target["query"] for target in panel["targets"])]
    picked = Range(START - 10 * HOUR, START + 12 * HOUR)
    empty = [
        f"{uid} {panel['title']}"
        for uid, panel in asking
        for target in panel["targets"]
        if not asked(
            county.server,
            county.databases,
            target,
            expanded(target["query"], {**choices(BOARDS[uid])[0], "window": length}, picked),
        )
    ]

    assert len(asking) > 50
    assert [] == empty


@pytest.mark.parametrize(("uid", "panel"), PANELS, ids=NAMES)
def test_the_numbers_of_every_panel_are_plausible(county: Filled, uid: str, panel: Json) -> None:
    metric = metric_of(panel)
    for chosen in choices(BOARDS[uid]):
        for found in answers(county, panel, chosen).values():
            numbers = [
                value
                for row in records(found)
                for name, value in row.items()
                if name != "Time" and isinstance(value, int | float)
            ]

            assert [] != numbers
            low, high = (-1e13, 1e13) if metric is None else plausible(metric)
            assert [] == [value for value in numbers if not low <= value <= high]


def plausible(metric: Metric) -> tuple[float, float]:
    """What one place may show: where the values of devices or times add up, that of a hundred of them."""
    many = 100.0 if Fold.SUM in (metric.fold, metric.across) else 1.0
    low = 0.0 if metric.fold is Fold.INCREASE else metric.low
    return many * low, many * metric.high


@pytest.mark.parametrize(("uid", "panel"), PANELS, ids=NAMES)
def test_a_panel_of_a_metric_is_dressed_by_the_catalogue(uid: str, panel: Json) -> None:
    metric = metric_of(panel)
    shown = panel["fieldConfig"]["defaults"]
    if metric is None:
        assert panel["title"], uid
        return

    assert words.title(metric) == panel["title"]
    assert words.unit(metric) == shown["unit"]
    assert metric.name_zh in panel["description"]
    steps = [step["value"] for step in shown["thresholds"]["steps"]]
    marks = MARKS.get(metric.id)
    given = () if marks is None else (marks.act_below, marks.watch_below, marks.watch_from, marks.act_from)
    assert [None, *(mark for mark in given if mark is not None)] == steps


@pytest.mark.parametrize(("uid", "panel"), PANELS, ids=NAMES)
def test_a_panel_is_of_the_source_of_its_questions(uid: str, panel: Json) -> None:
    """Grafana asks all questions of the panel's source, unless that is the mixed one."""
    sources = {target["datasource"]["uid"] for target in panel["targets"]}
    refs = [target["refId"] for target in panel["targets"]]

    assert ({"-- Mixed --"} if len(sources) > 1 else sources) == {panel["datasource"]["uid"]}, uid
    assert sorted(set(refs)) == sorted(refs)


@pytest.mark.parametrize(("uid", "note"), ANNOTATIONS, ids=[f"{uid}-{note['name']}" for uid, note in ANNOTATIONS])
def test_every_annotation_finds_what_happened(county: Filled, uid: str, note: Json) -> None:
    target = {**note["target"], "datasource": note["datasource"]}
    for chosen in choices(BOARDS[uid]):
        found = records(asked(county.server, county.databases, target, expanded(target["query"], chosen, PICKED)))

        assert [] != found
        assert {"Time", target["textColumn"], target["tagsColumn"]} == found[0].keys()


def test_a_silent_device_is_noted_where_it_speaks_again(county: Filled) -> None:
    (note,) = (note for uid, note in ANNOTATIONS if uid == "village" and "Silent" in note["name"])
    target = {**note["target"], "datasource": note["datasource"]}
    found = records(asked(county.server, county.databases, target, expanded(target["query"], ONE, PICKED)))

    assert [SILENT] == [row["device"] for row in found]
    assert 240 <= found[0]["silent minutes"] <= 280
    assert START + 7 * HOUR <= found[0]["Time"] < START + 7 * HOUR + 40 * MINUTE


def test_a_burst_of_refusals_is_noted_with_its_size(county: Filled) -> None:
    (note,) = (note for uid, note in ANNOTATIONS if uid == "platform")
    target = {**note["target"], "datasource": note["datasource"]}
    found = records(asked(county.server, county.databases, target, expanded(target["query"], {}, PICKED)))

    assert [(START + 5 * HOUR, REFUSED)] == [(row["Time"], row["refused"]) for row in found]


@pytest.mark.parametrize("uid", BOARDS)
def test_every_variable_offers_names_and_takes_codes(county: Filled, uid: str) -> None:
    digits = {"county": 6, "town": 9, "village": 12, "city": 4}
    for variable in BOARDS[uid]["templating"]["list"]:
        if variable["type"] != "query":
            continue
        target = {"datasource": variable["datasource"]}
        statement = expanded(variable["query"], ALL, PICKED)
        offered = {
            value for one in asked(county.server, county.databases, target, statement) for _, value in one["values"]
        }
        pattern = re.compile(variable.get("regex", "").strip("/").replace("(?<", "(?P<") or "(?P<text>(?P<value>.+))")
        matches = [pattern.search(value) for value in offered]

        assert matches
        assert all(match and match["text"] for match in matches)
        assert {digits.get(variable["name"], 0)} <= {0} or {digits[variable["name"]]} == {
            len(match["value"]) for match in matches if match
        }


def test_the_county_is_chosen_by_its_name(county: Filled) -> None:
    (variable,) = (item for item in BOARDS["county"]["templating"]["list"] if item["name"] == "county")
    statement = expanded(variable["query"], {}, PICKED)
    (found,) = asked(county.server, county.databases, {"datasource": variable["datasource"]}, statement)

    assert "利津县 Lijin County 370522000000" in {value for _, value in found["values"]}


@pytest.mark.parametrize("title", ["Villages: freshness", "Villages on the map"])
def test_the_villages_have_names_places_and_coverage(county: Filled, title: str) -> None:
    (panel,) = (panel for uid, panel in PANELS if uid == "county" and panel["title"].startswith(title))
    frames = {ref: records(found) for ref, found in answers(county, panel, ALL).items()}
    rows = transformed(frames, panel["transformations"])

    assert 15 == len(rows)
    assert all(re.search(r"\D \d{12}$", row["Village 村"]) for row in rows)
    assert [] == [row for row in rows if not 0.8 <= row["Coverage 完整率"] <= 1.02]
    assert all(START <= row["Newest 最新"] for row in rows)
    if "map" in title:
        assert all(37 < row["latitude"] < 38 and 118 < row["longitude"] < 119 for row in rows)


def test_the_devices_show_last_seen_coverage_battery_and_signal(county: Filled) -> None:
    (panel,) = (panel for uid, panel in PANELS if uid == "devices" and panel["type"] == "table")
    frames = {ref: records(found) for ref, found in answers(county, panel, ALL).items()}
    rows = {row["Device 设备"]: row for row in transformed(frames, panel["transformations"])}

    assert 0.3 < rows[SILENT]["Coverage 完整率"] < 0.7
    assert 0.8 < rows["bs01-soil-1"]["Coverage 完整率"] <= 1.13
    assert 0 < rows["bs01-soil-1"]["Battery 电量"] <= 100
    assert -150 <= rows[instruments("bs01", "barn_node")[0]]["Signal 信号"] <= 0
    assert all("Newest 最新" in row for name, row in rows.items() if name != own.HOUSE)


SAME: Final = [
    ("air_temperature", "3h"),
    ("rainfall_total", "1h"),
    ("supply_volume", "3h"),
    ("energy_import", "6h"),
    ("outage_state", "1h"),
    ("gate_opening", "3h"),
    ("barn_co2", "1h"),
    ("reservoir_storage", "3h"),
]


@pytest.mark.parametrize(("metric_id", "every"), SAME)
def test_a_panel_in_windows_shows_what_the_api_answers(county: Filled, metric_id: str, every: str) -> None:
    metric = METRICS[metric_id]
    question = windows_by_place(metric, PLACES)
    picked = Range(START, START + 12 * HOUR)
    statement = expanded(question.statement, {**ALL, "window": every}, picked)
    shown = {
        (one["tags"]["region"], at): value
        for one in asked(county.server, county.databases, {"datasource": {"uid": question.source.uid}}, statement)
        for at, value in one["values"]
    }
    told = by_the_api(county, metric, every)

    assert told
    assert told == pytest.approx({key: shown[key] for key in told if key in shown}, rel=1e-9)


def by_the_api(county: Filled, metric: Metric, every: str) -> dict[tuple[str, int], float]:
    """Whole windows of each village, as `/series` folds them: without the probes for experiments."""
    registry = county.house.registry.devices
    sources = [
        series.Source(device.id, device.region, None)
        for device in registry.all()
        if device.region.startswith("370522") and not registry.profile(device.profile).open
    ]
    window = parse(every, ZoneInfo("Asia/Shanghai"))
    found = series.folded(county.house.store, metric, sources, window, START, START + 12 * HOUR, now=START + 12 * HOUR)
    return {
        (line.buckets.group, at): value
        for line in found.lines
        for at, value in zip(found.edges, line.buckets.value, strict=False)
        if value is not None
    }


def test_a_fine_curve_shows_what_the_api_answers(county: Filled) -> None:
    metric = METRICS["air_temperature"]
    question = by_device(metric, PLACES)
    picked = Range(START, START + 12 * HOUR - 1, "20m")
    statement = expanded(question.statement, ALL, picked)
    shown = {
        (one["tags"]["device"], at): value
        for one in asked(county.server, county.databases, {"datasource": {"uid": question.source.uid}}, statement)
        for at, value in one["values"]
    }
    sources = [series.Source(device, device, None) for device in {device for device, _ in shown}]
    window = parse("20m", ZoneInfo("UTC"))
    found = series.folded(county.house.store, metric, sources, window, START, START + 12 * HOUR, now=START + 12 * HOUR)
    told = {
        (line.buckets.group, at): value
        for line in found.lines
        for at, value in zip(found.edges, line.buckets.value, strict=False)
        if value is not None
    }

    assert told == pytest.approx(shown)


def test_two_gauges_do_not_double_the_rain_of_a_village(county: Filled) -> None:
    metric = METRICS["rainfall_total"]
    question = windows_by_place(metric, PLACES)
    target = {"datasource": {"uid": question.source.uid}}
    picked = Range(START, START + 12 * HOUR)
    by_place = records(asked(county.server, county.databases, target, expanded(question.statement, ONE, picked)))
    each = (
        f'SELECT sum("amount") AS "rain" FROM "rainfall_total" WHERE "region" = \'{VILLAGE}\' '  # noqa: S608
        f'AND time >= {START}ms AND time <= {START + 12 * HOUR}ms GROUP BY "device"'
    )
    gauges = [row["rain"] for row in records(asked(county.server, county.databases, target, each))]

    assert 2 == len(gauges)
    assert min(gauges) > 0
    assert 0.9 * min(gauges) <= sum(row["value"] for row in by_place) <= 1.1 * max(gauges)


def test_the_city_stands_as_a_band_around_its_mean(county: Filled) -> None:
    (panel,) = (
        panel for uid, panel in PANELS if uid == "village_and_city" and panel["title"].startswith("Air temperature")
    )
    rows = records(answers(county, panel, ONE)["B"])

    assert 7 <= len(rows)
    assert all(row["low"] < row["mean"] < row["high"] for row in rows)
    assert "$col" == panel["targets"][1]["alias"]


def test_the_scorecard_says_where_the_village_stands_or_why_nobody_can_say(county: Filled) -> None:
    (panel,) = (panel for uid, panel in PANELS if uid == "village_and_city" and panel["title"].startswith("Scorecard"))
    frames = {ref: records(found) for ref, found in answers(county, panel, ONE).items()}
    shown = shown_rows(panel, transformed(frames, panel["transformations"]))
    parity, standing, why = (
        "Parity 与城市之比",
        "Beside the city 与城市相比",
        "Why there is no comparison 不予对比的原因",
    )

    fine, voltage, samples = (shown[name] for name in ("细颗粒物(PM2.5)", "电压合格率", "生活饮用水水质达标率"))

    assert (SAID["parity", "pm25"], "behind 落后", "—") == (fine[parity], fine[standing], fine[why])
    assert (SAID["parity", "voltage_in_band"], "ahead 领先") == (voltage[parity], voltage[standing])
    assert "too much of the expected data is missing 数据完整率不足" == samples[why]
    assert samples.get(parity) is None


def shown_rows(panel: Json, rows: list[Json]) -> dict[str, Json]:
    """The rows as their overrides show them, by the Chinese name of the measure."""
    mapped = {
        override["matcher"]["options"]: setting["value"]
        for override in panel["fieldConfig"]["overrides"]
        for setting in override["properties"]
        if setting["id"] == "mappings"
    }
    found = {}
    for row in rows:
        shown = {name: in_words(value, mapped.get(name, [])) for name, value in row.items()}
        found[str(shown["Measure 指标"]).rpartition(" ")[2]] = shown
    return found


def in_words(value: object, mappings: list[Json]) -> object:
    """As Grafana's value mappings show it."""
    for one in mappings:
        options = one["options"]
        if one["type"] == "regex" and re.fullmatch(options["pattern"], str(value)):
            return options["result"]["text"]
        if one["type"] == "value" and isinstance(value, float | int) and f"{value:g}" in options:
            return options[f"{value:g}"]["text"]
    return value


def test_every_comparable_metric_stands_beside_the_city() -> None:
    shown = {metric.id for uid, panel in PANELS if uid == "village_and_city" and (metric := metric_of(panel))}

    assert {metric.id for metric in METRICS.values() if metric.comparable is not None} == shown - scores.METRICS


@pytest.mark.parametrize("name", ["probes", "unscheduled"])
def test_what_counts_for_no_place_is_known(county: Filled, name: str) -> None:
    (variable,) = (item for item in BOARDS["county"]["templating"]["list"] if item["name"] == name)
    statement = expanded(variable["query"], ALL, PICKED)
    (found,) = asked(county.server, county.databases, {"datasource": variable["datasource"]}, statement)

    house = {own.HOUSE, own.scores_of(VILLAGE)} if name == "unscheduled" else set()

    assert {"demo-probe", *house} == {value for _, value in found["values"]}


@pytest.mark.parametrize("nothing", ["", ()])
def test_without_probes_nothing_is_left_out(county: Filled, nothing: Value) -> None:
    question = windows_by_place(METRICS["air_temperature"], PLACES)
    statement = expanded(question.statement, {**ALL, "probes": nothing}, PICKED)
    found = asked(county.server, county.databases, {"datasource": {"uid": question.source.uid}}, statement)

    assert 15 == len(found)


@pytest.mark.parametrize("uid", BOARDS)
def test_a_board_has_the_variables_that_it_uses(uid: str) -> None:
    board = BOARDS[uid]
    asked_by = [
        *(target["query"] for panel in panels(board) for target in panel["targets"]),
        *(note["target"]["query"] for note in board["annotations"].get("list", [])),
        *(item["query"] for item in board["templating"]["list"] if item["type"] == "query"),
    ]
    used = {name for query in asked_by for name in re.findall(r"\$([a-z]\w*)", query)} - {"timeFilter"}

    assert used == {item["name"] for item in board["templating"]["list"]}
