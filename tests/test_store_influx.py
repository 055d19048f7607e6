"""What only InfluxDB can do wrong: names in its two languages, its refusals, tags that would double a reading."""

import json
from collections.abc import Collection, Iterator
from dataclasses import replace

import pytest

from telemetry.errors import StoreUnavailable
from telemetry.model import Reading
from telemetry.store.influx import InfluxStore
from telemetry.store.influx_address import Address
from telemetry.store.ports import Identity, RawQuery
from tests import influxdb
from tests.mosquitto import HOST, free_port
from tests.store_contract import (
    AIR,
    CATALOGUE,
    DAY,
    HOUR,
    METER,
    MINUTE,
    START,
    VALVE,
    buckets,
    every,
    metric,
    on_influx,
    places_of,
    reading,
)
from tests.workplace import wall_clock

HOSTILE = (
    "'; DROP MEASUREMENT air; --",
    'a"b',
    "a\\b",
    "a\\\\b",
    "\\a",
    "$p0",
    "a b,c=d",
    "/.*/",
    "a\\'b",
    "村庄-1",
    "#comment",
    "a;b",
    "{}",
)
UNWRITABLE = ("a\nb", "a\\", "a\\,b", "a\\ b", "a\\=b", "a\rb", "a\x00b", "", "\\\\ x")


@pytest.fixture
def address() -> Address:
    return influxdb.shared().new_database()


@pytest.fixture
def store(address: Address) -> Iterator[InfluxStore]:
    with on_influx(address) as opened:
        yield opened


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_of_a_series_comes_back_unharmed(store: InfluxStore, name: str) -> None:
    written, other = reading(START, 1.0, device=name), reading(START, 2.0, device="other")

    assert [] == store.write([written, other])
    assert [written] == store.raw(RawQuery((AIR.id,), (name,), START, START + 1, 10))
    assert sorted([name, "other"]) == store.names(AIR.id)
    assert [written] == store.latest([name], [AIR.id])
    identity = Identity(name, AIR.id, START)
    assert {identity: 1.0} == store.existing([identity])
    assert [1.0] == buckets(store, AIR, [START, START + HOUR], devices=[name]).value


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "#comment"])
def test_any_name_of_a_metric_comes_back_unharmed(store: InfluxStore, name: str) -> None:
    strange = metric(name, AIR.kind, AIR.fold, AIR.across)
    written = reading(START, 1.0, strange)

    assert [] == store.write([written, reading(START, 2.0)])
    assert [written] == store.raw(RawQuery((name,), ("station-1",), START, START + 1, 10))
    assert ["station-1"] == store.names(name)
    assert [written] == store.latest(None, [name])
    assert [1.0] == buckets(store, strange, [START, START + HOUR]).value


@pytest.mark.parametrize("name", UNWRITABLE)
def test_a_name_that_line_protocol_cannot_carry_is_refused_and_its_neighbours_are_stored(
    store: InfluxStore, name: str
) -> None:
    good = reading(START, 1.0)
    batch = [reading(START, 5.0, device=name), good, reading(START, 5.0, metric(name, AIR.kind, AIR.fold, AIR.across))]
    refused = store.write(batch)

    assert [0, 2] == [item.position for item in refused]
    assert all("line protocol" in item.detail or "empty" in item.detail for item in refused)
    assert [good] == store.latest(None, None)


@pytest.mark.parametrize("name", [*HOSTILE, *UNWRITABLE])
def test_a_question_with_any_name_is_answered_with_nothing(store: InfluxStore, name: str) -> None:
    written = reading(START, 1.0)
    store.write([written])

    assert [] == store.raw(RawQuery((AIR.id, name), (name,), START, START + 1, 10))
    assert [] == store.latest([name], None)
    assert [] == store.latest(None, [name])
    assert {} == store.existing([Identity(name, AIR.id, START), Identity("station-1", name, START)])
    assert [] == store.names(name)
    assert [None] == buckets(store, AIR, [START, START + HOUR], devices=[name]).value
    assert [written] == store.latest(None, None)


@pytest.mark.parametrize("code", ["3705", "a b", "x,y=z", "村", 'say "x"'])
def test_every_place_tag_is_kept(address: Address, code: str) -> None:
    tags = {"city": code, "county": "c", "region": "r", "setting": "rural", "town": "t"}
    with on_influx(address, lambda devices: dict.fromkeys(devices, tags)) as store:
        store.write([reading(START, 1.0)])
    told = json.loads(influxdb.shared().ask('SELECT last("value") FROM air GROUP BY *', address.bucket))

    assert tags | {"device": "station-1"} == told["results"][0]["series"][0]["tags"]


def test_a_device_that_moves_keeps_its_tags_so_that_a_correction_replaces(address: Address) -> None:
    """Other tags would make another point: the same identity twice, and both in the fold."""

    def elsewhere(devices: Collection[str]) -> dict[str, dict[str, str]]:
        return {device: {"region": "370522999999"} for device in devices}

    with on_influx(address) as before:
        before.write([reading(START, 1.0)])
    with on_influx(address, elsewhere) as after:
        after.write([reading(START, 7.0), reading(START + MINUTE, 9.0), reading(START, 5.0, device="new")])
        hour = buckets(after, AIR, [START, START + HOUR])

        assert ([8.0], [2]) == (hour.value, hour.count)
        assert [7.0, 9.0] == [row.value for row in after.raw(RawQuery((AIR.id,), ("station-1",), 0, 2**62, 9))]
    regions = influxdb.shared().ask('SHOW TAG VALUES FROM air WITH KEY = "region"', address.bucket)
    assert "370522999999" in regions


def test_a_channel_stands_where_its_device_stands(address: Address) -> None:
    asked: set[str] = set()

    def places(devices: Collection[str]) -> dict[str, dict[str, str]]:
        asked.update(devices)
        return {}

    with on_influx(address, places) as store:
        store.write([reading(START, 1.0, device=name) for name in ("soil-1:10cm", "soil-1:20cm", "soil-1")])

    assert {"soil-1:10cm", "soil-1:20cm", "soil-1"} == asked


def test_a_field_of_another_type_is_refused_point_by_point_and_the_rest_is_stored_once(
    address: Address, store: InfluxStore
) -> None:
    """Somebody else wrote whole numbers into `meter`: the server drops ours there, and tells only how many."""
    influxdb.shared().write(f"meter,device=other value=1i {START}", address.bucket)
    batch = [
        row
        for minute in range(20)
        for row in (reading(START + minute * MINUTE, 1.0), reading(START + minute * MINUTE, 2.0, METER))
    ]
    refused = store.write(batch)

    assert [place for place, row in enumerate(batch) if row.metric == "meter"] == [item.position for item in refused]
    assert all("field type conflict" in item.detail for item in refused)
    assert [20] == buckets(store, AIR, [START, START + HOUR]).count
    assert [] == store.write([row for row in batch if row.metric == "air"])
    assert [20] == buckets(store, AIR, [START, START + HOUR]).count


def test_a_metric_that_would_be_a_comment_is_refused(store: InfluxStore) -> None:
    (refused,) = store.write([reading(START, 1.0, metric("#comment", AIR.kind, AIR.fold, AIR.across))])

    assert (0, True) == (refused.position, "begins with '#'" in refused.detail)


def test_any_number_of_series_is_asked_for_at_once(store: InfluxStore) -> None:
    names = [*HOSTILE, *(f"urn:dev:ow:{number}.+" for number in range(400))]
    written = [reading(START, float(number), device=name) for number, name in enumerate(names)]
    store.write([*written, reading(START, 1e6, device="urn:dev:ow:1x+"), reading(START, 1e6, device="other")])
    for _ in range(2):
        found = buckets(store, AIR, [START, START + HOUR], devices=names)
        assert (len(names), float(len(names) - 1)) == (found.devices[0], found.high[0])
        assert len(names) == len(store.raw(RawQuery((AIR.id,), tuple(names), START, START + 1, 10_000)))
        assert len(names) == len(store.latest(names, [AIR.id]))
        store.merge()


def test_a_bucket_of_rollups_that_is_lost_is_made_anew_from_the_readings(address: Address) -> None:
    days = [START, START + DAY, START + 2 * DAY]
    with on_influx(address) as store:
        store.write(every(HOUR, [1.0] * 48))
        store.merge()
        before = buckets(store, AIR, days)
    for statement in ("DROP", "CREATE"):
        influxdb.shared().ask(f"{statement} DATABASE {address.hourly.bucket}")
    with on_influx(address) as store:
        store.write([reading(START + 2 * DAY, 5.0)])
        unrolled = buckets(store, AIR, days)
        store.merge()

        assert (before, before) == (unrolled, buckets(store, AIR, days))
    told = json.loads(influxdb.shared().ask("SELECT count(n) FROM air", address.hourly.bucket))
    assert 49 == told["results"][0]["series"][0]["values"][0][1]


def test_the_last_state_of_a_day_that_is_partly_rolled_up_is_its_last_though_an_hour_is_late(address: Address) -> None:
    """Rolled up until ten, the present in readings, and something late in the morning."""
    now = START + 12 * HOUR + 20 * MINUTE
    with InfluxStore(address, places_of, metrics=CATALOGUE, clock=lambda: now) as store:
        store.write(every(HOUR, [float(hour) for hour in range(13)], VALVE))
        store.merge()
        store.write([reading(START + 3 * HOUR + 5 * MINUTE, 99.0, VALVE)])
        late = buckets(store, VALVE, [START, START + DAY])
        store.merge()

        assert [12.0] == late.value
        assert late == buckets(store, VALVE, [START, START + DAY])


def test_a_metric_that_counts_now_is_not_answered_from_what_was_rolled_up_as_a_gauge(address: Address) -> None:
    as_gauge = {METER.id: replace(METER, kind=AIR.kind, fold=AIR.fold)}
    days = [START, START + DAY, START + 2 * DAY]
    with InfluxStore(address, places_of, metrics=as_gauge, clock=wall_clock) as store:
        store.write(every(HOUR, [10.0 * hour for hour in range(48)], METER, start=START + HOUR))
        store.merge()
    with on_influx(address) as store:
        before = buckets(store, METER, days)
        store.write([reading(START + 3 * DAY, 500.0, METER)])
        store.merge()
        after = buckets(store, METER, days)
    told = influxdb.shared().ask("SELECT sum(amount) FROM meter", address.hourly.bucket)

    assert ([230.0, 240.0], before) == (before.value, after)
    assert "500" in told


def test_every_late_hour_of_a_long_batch_has_a_mark_of_its_own(address: Address, store: InfluxStore) -> None:
    """Thousands of one series at once: two marks of one time would be one, and an hour would be forgotten."""
    store.write(every(HOUR, [1.0] * 5000))
    told = json.loads(influxdb.shared().ask("SELECT count(hour) FROM rurban_late", address.hourly.bucket))

    assert 5000 == told["results"][0]["series"][0]["values"][0][1]


def test_points_of_somebody_else_in_the_bucket_harm_nothing(address: Address, store: InfluxStore) -> None:
    strange = (f"cpu,host=a value=1.5 {START}", f'events value="x" {START}', f"air,device=probe value=3.5 {START}")
    store.write(every(HOUR, [1.0, 2.0]))
    for line in strange:
        influxdb.shared().write(line, address.bucket)
    store.merge()
    store.check()

    assert [1.5] == buckets(store, AIR, [START, START + DAY], devices=["station-1", "probe"]).value


def test_values_at_the_edge_of_what_a_number_can_be_come_back(store: InfluxStore) -> None:
    values = (1e300, -1e300, 5e-324, 0.1 + 0.2, -0.0, 1e16 + 2, 123456789.12345679)
    written = [
        Reading("station-1", AIR.id, START + at, value, value / 3, 2**31 - 1, START + 10**12)
        for at, value in enumerate(values)
    ]
    store.write(written)

    assert written == store.raw(RawQuery((AIR.id,), ("station-1",), 0, 2**62, 99))


@pytest.mark.parametrize(
    ("bucket", "away", "words"),
    [("nowhere", False, "database not found"), ("any", True, "cannot be")],
)
def test_a_server_or_database_that_is_not_there_is_named(address: Address, bucket: str, away: bool, words: str) -> None:
    url = f"http://{HOST}:{free_port()}" if away else address.url
    missing = replace(address, url=url, bucket=bucket)
    with on_influx(missing) as store:
        for call in (lambda: store.write([reading(START, 1.0)]), store.check, lambda: store.latest(None, None)):
            with pytest.raises(StoreUnavailable, match=words) as failed:
                call()
            assert missing.url in str(failed.value)


def test_no_message_shows_the_token(address: Address) -> None:
    secret = replace(address, bucket="nowhere", token="user:s3cret-word")
    with on_influx(secret) as store, pytest.raises(StoreUnavailable) as failed:
        store.check()

    assert "s3cret-word" not in str(failed.value)
    assert "s3cret-word" not in repr(replace(address, token="user:s3cret-word"))
