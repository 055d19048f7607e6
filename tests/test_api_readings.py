"""`/latest` and `/series`: newest readings, readings as stored, and calendar buckets."""

import csv
import io
import json

import pyarrow.parquet as pq
import pytest

from telemetry.instant import iso
from tests.api_fixture import GAP, HOUR, MINUTE, NOW, SPIKE, START, TEMPERATURES, Served, house
from tests.village import STREET, VILLAGE

__all__ = ["house"]

RANGE = f"start={iso(START)}&stop={iso(NOW)}"
AIR = f"metric=air_temperature&{RANGE}"


def values(points: list[dict[str, object]]) -> list[object]:
    return [point["value"] for point in points]


def test_the_latest_reading_comes_with_age_quality_and_state(house: Served) -> None:
    (reading,) = house.get("/latest?device=station-1&metric=air_temperature")["readings"]

    assert reading == {
        "device": "station-1",
        "region": VILLAGE,
        "metric": "air_temperature",
        "unit": "Cel",
        "value": 21.19,
        "at": "2026-11-23T07:59:00Z",
        "received_at": "2026-11-23T07:59:00.900Z",
        "age_s": 60.0,
        "quality": [],
        "suspect": False,
        "experiment": False,
        "offline": False,
        "offline_since": None,
    }


def test_a_silent_device_is_offline_and_one_that_reports_on_event_is_unknown(house: Served) -> None:
    found = house.get("/latest?device=soil-1&device=probe-1")["readings"]

    assert [("probe-1", None), ("soil-1", True), ("soil-1:2", True)] == [
        (row["device"], row["offline"]) for row in found
    ]


@pytest.mark.parametrize(
    ("query", "devices"),
    [
        ("device=soil-1:2", {"soil-1:2"}),
        ("device=soil-1", {"soil-1", "soil-1:2"}),
        ("region=370522&metric=air_temperature", {"station-1"}),
        ("region=370502001&region=370522101201&metric=air_temperature", {"station-1", "station-2"}),
        ("device=station-1,station-2&region=370502&metric=air_temperature", {"station-2"}),
        ("device=silent-1", set()),
    ],
)
def test_the_latest_can_be_narrowed(query: str, devices: set[str], house: Served) -> None:
    assert devices == {row["device"] for row in house.get(f"/latest?{query}")["readings"]}


def test_readings_come_out_as_they_were_written(house: Served) -> None:
    (line,) = house.lines(f"{AIR}&device=station-1")

    assert ("air_temperature", "Cel", "station-1", VILLAGE) == tuple(
        line[name] for name in ("metric", "unit", "group", "region")
    )
    assert [
        (iso(reading.at), reading.value, reading.raw, iso(reading.received_at), ["range"] if reading.quality else [])
        for reading in TEMPERATURES
    ] == [tuple(point[name] for name in ("at", "value", "raw", "received_at", "quality")) for point in line["points"]]


def test_suspect_readings_can_be_left_out(house: Served) -> None:
    (line,) = house.lines(f"{AIR}&device=station-1&quality=good")

    assert [reading.value for reading in TEMPERATURES if not reading.quality] == values(line["points"])


@pytest.mark.parametrize("follow", ["next", "link"])
def test_pages_are_complete_and_without_repeats(follow: str, house: Served) -> None:
    query = f"/api/v1/series?metric=air_temperature,soil_temperature&{RANGE}&limit=17"
    path, seen = query, []
    while path:
        answer = house.client.get(path)
        body = answer.json()
        page = [(line["group"], point["at"], point["value"]) for line in body["series"] for point in line["points"]]
        assert len(page) == 17 or body["next"] is None
        seen += page
        cursor = body["next"]
        if follow == "next":
            path = "" if cursor is None else f"{query}&cursor={cursor}"
        else:
            path = answer.links["next"]["url"] if "next" in answer.links else ""
    whole = house.lines(f"metric=air_temperature,soil_temperature&{RANGE}")

    assert sorted((line["group"], point["at"], point["value"]) for line in whole for point in line["points"]) == sorted(
        seen
    )


def test_a_bucket_tells_value_count_coverage_and_what_it_left_out(house: Served) -> None:
    (line,) = house.lines(f"{AIR}&device=station-1&every=1h")
    good = [reading.value for reading in TEMPERATURES[:50] if not reading.quality]

    first, second = line["points"]
    assert first == {
        "at": iso(START),
        "value": pytest.approx(sum(good) / 49),
        "count": 49,
        "coverage": round(49 / 60, 4),
        "excluded": 1,
        "low": 20.0,
        "high": 20.59,
        "devices": 1,
    }
    assert (60, 1.0, 0) == (second["count"], second["coverage"], second["excluded"])


def test_suspect_readings_take_part_when_asked(house: Served) -> None:
    (line,) = house.lines(f"{AIR}&device=station-1&every=1h&quality=all")

    assert (50, 0, 99.0) == tuple(line["points"][0][name] for name in ("count", "excluded", "high"))


def test_a_device_that_never_spoke_has_no_value_and_no_coverage_but_a_line(house: Served) -> None:
    (line,) = house.lines(f"{AIR}&device=silent-1&every=1h")

    assert [(None, 0, 0.0)] * 2 == [(point["value"], point["count"], point["coverage"]) for point in line["points"]]


def test_several_metrics_and_devices_come_in_one_answer(house: Served) -> None:
    found = house.lines(f"metric=air_temperature,soil_temperature&{RANGE}&every=1d&device=station-1,soil-1")

    assert [
        ("air_temperature", "station-1"),
        ("soil_temperature", "soil-1"),
        ("soil_temperature", "soil-1:2"),
    ] == [(line["metric"], line["group"]) for line in found if any(point["count"] for point in line["points"])]


@pytest.mark.parametrize(
    ("grouping", "groups"),
    [
        ("by=region&region=370522&region=370502", {"370522000000": 1, "370502000000": 2}),
        ("by=region&region=370522&region=370522000000", {"370522000000": 1}),
        ("by=region&region=3705&region=370522101", {"370500000000": 3, "370522101000": 1}),
        ("by=region&region=3705&level=village", {VILLAGE: 1, STREET: 2}),
        ("by=region", {VILLAGE: 1, STREET: 2}),
        ("by=setting", {"rural": 1, "urban": 2}),
        ("by=device&region=370502", {"station-2": 1, "silent-1": 1}),
    ],
)
def test_devices_are_grouped_into_lines(grouping: str, groups: dict[str, int], house: Served) -> None:
    """In brackets, what was due: one reading a minute of each station; `silent-1` stands in the street."""
    found = house.lines(f"{AIR}&every=1h&{grouping}")
    second = {line["group"]: line["points"][1] for line in found}

    assert groups.keys() == second.keys()
    assert {
        group: round(point["count"] / 60 / due, 4)
        for (group, point), due in zip(sorted(second.items()), (due for _, due in sorted(groups.items())), strict=True)
    } == {group: point["coverage"] for group, point in second.items()}


def test_a_probe_for_experiments_is_no_part_of_a_place_unless_it_is_named(house: Served) -> None:
    question = f"metric=air_pressure&{RANGE}&every=1d"

    assert [] == house.lines(f"{question}&by=region&region={VILLAGE}")
    (own,) = house.lines(f"{question}&by=device&region={VILLAGE}")
    (named,) = house.lines(f"{question}&by=setting&device=probe-1")
    assert ("probe-1", "rural") == (own["group"], named["group"])


def test_two_gauges_do_not_double_the_rain(house: Served) -> None:
    (line,) = house.lines(f"metric=rainfall_interval&{RANGE}&every=1d&by=region&region=370522")

    assert [(10.0, 4, 2)] == [(day["value"], day["count"], day["devices"]) for day in line["points"]]


def test_a_counter_grows_over_its_rollover(house: Served) -> None:
    (line,) = house.lines(f"metric=rainfall_total&{RANGE}&every=1d&by=setting&device=station-1")

    assert [("rural", "increase", 610.0)] == [(line["group"], line["fold"], day["value"]) for day in line["points"]]


@pytest.mark.parametrize(
    ("every", "tz", "starts"),
    [
        ("1d", "UTC", ["2026-11-23T00:00:00Z"]),
        ("1d", "Asia/Shanghai", ["2026-11-22T16:00:00Z"]),
        ("1hd", "Asia/Shanghai", ["2026-11-23T00:00:00Z"]),
        ("1mo", "Asia/Shanghai", ["2026-10-31T16:00:00Z"]),
        ("1h", "Asia/Kolkata", ["2026-11-23T05:30:00Z", "2026-11-23T06:30:00Z", "2026-11-23T07:30:00Z"]),
    ],
)
def test_buckets_follow_the_calendar_of_the_zone(every: str, tz: str, starts: list[str], house: Served) -> None:
    answer = house.get(f"/series?{AIR}&device=station-2&every={every}&tz={tz}")

    assert starts == [point["at"] for point in answer["series"][0]["points"]]
    assert (starts[0], tz, every) == (answer["start"], answer["tz"], answer["every"])


@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        ("null", [None]),
        ("none", []),
        ("previous", [pytest.approx(20.245)]),
        ("linear", [pytest.approx((20.245 + 20.445) / 2)]),
    ],
)
def test_a_gap_is_filled_as_asked_and_marked(fill: str, expected: list[object], house: Served) -> None:
    (line,) = house.lines(f"{AIR}&device=station-1&every=10m&fill={fill}")
    gap = iso(START + GAP.start * MINUTE)

    assert expected == [point["value"] for point in line["points"] if point["at"] == gap]
    assert (fill in ("previous", "linear")) == any(point.get("filled") for point in line["points"])
    assert fill != "none" or len(line["points"]) == 11


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-23T14:00:00%2B08:00",
        "2026-11-23T14:00:00+08:00",
        "2026-11-23T06:00:00Z",
        "-2h",
        "2026-11-23T14:00:00&tz=Asia/Shanghai",
    ],
)
def test_an_instant_may_be_written_in_many_ways(written: str, house: Served) -> None:
    answer = house.get(f"/series?metric=air_temperature&device=station-2&start={written}")

    assert (iso(START), iso(NOW)) == (answer["start"], answer["stop"])


def test_a_date_is_the_beginning_of_its_day_in_the_zone(house: Served) -> None:
    answer = house.get("/series?metric=air_temperature&start=2026-11-23&stop=2026-11-24&tz=Asia/Shanghai")

    assert ("2026-11-22T16:00:00Z", "2026-11-23T16:00:00Z") == (answer["start"], answer["stop"])


@pytest.mark.parametrize("every", ["", "&every=1h"])
def test_every_format_tells_the_same(every: str, house: Served) -> None:
    query = f"/api/v1/series?{AIR}{every}&device=station-1,station-2&format="
    lines = house.client.get(f"{query}json").json()["series"]
    told = sorted((line["group"], point["at"], point["value"]) for line in lines for point in line["points"])
    name = "group" if every else "device"
    as_csv = csv.DictReader(io.StringIO(house.client.get(f"{query}csv").text))
    as_ndjson = [json.loads(row) for row in house.client.get(f"{query}ndjson").text.splitlines()]
    as_parquet = pq.read_table(io.BytesIO(house.client.get(f"{query}parquet").content))

    assert told == sorted((row[name], row["at"], float(row["value"])) for row in as_csv)
    assert told == sorted((row[name], row["at"], row["value"]) for row in as_ndjson)
    assert told == sorted(
        (row[name], iso(round(row["at"].timestamp() * 1000)), row["value"]) for row in as_parquet.to_pylist()
    )
    assert str(as_parquet.schema.field("at").type) == "timestamp[ms, tz=UTC]"


def test_a_quarter_of_minutes_has_as_many_points_in_json_as_in_csv(house: Served) -> None:
    minutes = 92 * 24 * 60
    start = iso(NOW - minutes * MINUTE)
    query = f"metric=air_temperature&device=station-1&start={start}&stop={iso(NOW)}&every=1m"
    answer = house.get(f"/series?{query}")
    (line,) = answer["series"]
    as_csv = house.client.get(f"/api/v1/series?{query}&format=csv").text.splitlines()

    assert (minutes, minutes) == (len(line["points"]), len(as_csv) - 1)
    assert (start, iso(NOW)) == (answer["start"], answer["stop"])


def test_a_suspect_reading_says_so_in_a_table(house: Served) -> None:
    rows = csv.DictReader(io.StringIO(house.client.get(f"/api/v1/series?{AIR}&device=station-1&format=csv").text))

    assert [("range", iso(START + SPIKE * MINUTE))] == [(row["quality"], row["at"]) for row in rows if row["quality"]]


def test_an_answer_has_no_dust_of_binary_addition(house: Served) -> None:
    (line,) = house.lines(f"{AIR}&device=station-2&every=1h")

    assert [10.0, 10.0] == values(line["points"])
    assert all(len(repr(value)) <= 14 for value in values(house.lines(f"{AIR}&every=1h&device=station-1")[0]["points"]))


def test_the_time_after_now_expects_nothing(house: Served) -> None:
    stop = iso(NOW + HOUR)
    (line,) = house.lines(f"metric=air_temperature&device=station-2&start={iso(NOW - HOUR)}&stop={stop}&every=1h")

    assert [1.0, None] == [point["coverage"] for point in line["points"]]
