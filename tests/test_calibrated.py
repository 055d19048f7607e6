"""What is calibrated on its way into the store: by the worker's pipeline, by an import, in a whole house."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from devices.message import Message, uplink
from ingest.checks import Checks, ClockLimits
from ingest.directory import CurrentDirectory
from ingest.pipeline import Outcome, Pipeline
from rurban.house import House, RegistryDirectory
from telemetry.calibration import Calibration, Linear, Rating, Segment
from telemetry.errors import Conflict
from telemetry.instant import iso
from telemetry.model import Device, Measure, Profile, Quality, Reading
from telemetry.recount import Recounter
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.ports import RawQuery, ReadingReader
from tests import influxdb, village
from tests.history_files import NOW, csv_of, imported
from tests.houses import Running, house_on
from tests.mosquitto import Mosquitto
from tests.store_contract import HOUR, MINUTE
from tests.village import VILLAGE
from tests.workplace import client_of, eventually, publish, settlement_on

LEVEL, DISCHARGE = "river_level", "river_discharge"
ESTIMATED, STEP, LATE, RANGE = (int(flag) for flag in (Quality.ESTIMATED, Quality.STEP, Quality.LATE, Quality.RANGE))
T0 = NOW - HOUR // 2
DATUM = Calibration("gauge-1", LEVEL, Linear(1.0, 1000.0), T0 + 5 * MINUTE)
RATING = Calibration(
    "gauge-1", DISCHARGE, Rating((Segment(1000.9, 1003.0, 12.5, 1000.8, 1.62),)), T0 + 5 * MINUTE, computed_from=LEVEL
)
GAUGES = Profile("gauge", "Gauge", "native_json", (Measure(LEVEL, interval_s=60),))


@pytest.fixture
def gauge(registry: Registry) -> Registry:
    """From the fifth minute on the stage is told above a datum, and the discharge computed from it."""
    registry.devices.put_profiles([GAUGES])
    registry.devices.put([Device("gauge-1", "gauge", VILLAGE), Device("gauge-2", "gauge", VILLAGE)])
    for calibration in (DATUM, RATING):
        registry.calibrations.put(calibration)
    return registry


def pipeline_of(registry: Registry) -> Pipeline:
    return Pipeline(CurrentDirectory(RegistryDirectory(registry)), Checks(ClockLimits()))


def message(minute: int, level: float, device: str = "gauge-1") -> Message:
    payload = json.dumps({"at": T0 + minute * MINUTE, "values": {LEVEL: level}}).encode()
    return Message(uplink(device), payload, T0 + minute * MINUTE + 5)


LEVELS = [1.0, 1.01, 1.02, 1.03, 1.04, 1.55, 1.56, 9.0, 1.57, 0.85]


def outcome_of(pipeline: Pipeline, *messages: Message) -> Outcome:
    outcome = Outcome()
    for each in messages:
        pipeline.process(each, outcome)
    return outcome


def test_values_follow_the_calibration_of_their_time_and_a_new_datum_is_no_jump(gauge: Registry) -> None:
    outcome = outcome_of(pipeline_of(gauge), *(message(minute, level) for minute, level in enumerate(LEVELS)))
    levels = [reading for reading in outcome.readings if reading.metric == LEVEL]

    assert [*LEVELS[:5], *(1000 + level for level in LEVELS[5:])] == [reading.value for reading in levels]
    assert LEVELS == [reading.raw for reading in levels]
    # Nine metres within a minute are a jump on any datum; what follows is compared with the good one before.
    assert [0, 0, 0, 0, 0, 0, 0, STEP, 0, 0] == [reading.quality for reading in levels]


def test_what_is_computed_is_a_reading_of_its_own_with_the_doubts_of_its_source(gauge: Registry) -> None:
    outcome = outcome_of(pipeline_of(gauge), *(message(minute, level) for minute, level in enumerate(LEVELS)))
    flows = [reading for reading in outcome.readings if reading.metric == DISCHARGE]
    (tally,) = outcome.tallies.values()

    assert [(T0 + minute * MINUTE, LEVELS[minute]) for minute in range(5, 10)] == [(one.at, one.raw) for one in flows]
    assert pytest.approx(12.5 * 0.75**1.62) == flows[0].value
    assert [0, 0, STEP | ESTIMATED, 0, ESTIMATED] == [reading.quality for reading in flows]
    assert (15, 0) == (tally.received, tally.quarantined)
    assert len(outcome.readings) == len(outcome.owners) == len(outcome.regions) == len(outcome.sources)


def test_a_changed_registry_is_no_reason_to_forget_what_came_before(gauge: Registry) -> None:
    line = pipeline_of(gauge)
    outcome_of(line, *(message(minute, 1.5) for minute in range(5, 8)))
    gauge.devices.put([Device("gauge-3", "gauge", VILLAGE)])
    line.refresh()
    after = outcome_of(line, message(8, 9.0)).readings

    assert [STEP, STEP | ESTIMATED] == [reading.quality for reading in after]


def test_what_the_profile_reports_itself_is_not_computed_beside_it(gauge: Registry) -> None:
    """One reading of each identity, also where a profile was changed under the calibration."""
    both = (*GAUGES.measures, Measure(DISCHARGE, interval_s=60))
    gauge.devices.put_profiles([replace(GAUGES, measures=both), replace(GAUGES, id="flow", measures=both)])
    payload = json.dumps({"at": T0 + 6 * MINUTE, "values": {LEVEL: 1.5, DISCHARGE: 7.0}}).encode()
    sent = Message(uplink("gauge-1"), payload, T0 + 6 * MINUTE)

    assert [(LEVEL, 1001.5), (DISCHARGE, 7.0)] == [
        (one.metric, one.value) for one in outcome_of(pipeline_of(gauge), sent).readings
    ]
    gauge.devices.put([Device("gauge-1", "gauge", VILLAGE, name="renamed")])
    with pytest.raises(Conflict, match="calibration of river_discharge of device 'gauge-1' since"):
        gauge.devices.put([Device("gauge-1", "flow", VILLAGE)])
    gauge.calibrations.put(replace(RATING, curve=None, valid_from=T0 + 9 * MINUTE))
    gauge.devices.put([Device("gauge-1", "flow", VILLAGE)])


def test_a_device_without_calibration_is_as_ever(gauge: Registry) -> None:
    (reading,) = outcome_of(pipeline_of(gauge), message(6, 1.5, "gauge-2")).readings

    assert (LEVEL, 1.5) == (reading.metric, reading.value)


def test_a_redelivery_is_a_duplicate_also_of_what_is_computed(
    gauge: Registry, store: EmbeddedStore, tmp_path: Path
) -> None:
    line = pipeline_of(gauge)
    with settlement_on(gauge, store, store, tmp_path, clock=lambda: NOW) as settling:
        first = settling.settle(outcome_of(line, message(6, 1.5)))
        again = settling.settle(outcome_of(line, message(6, 1.5)))
        fresh = pipeline_of(gauge)
        fresh.remember(store.latest(None, None))
        restarted = settling.settle(outcome_of(fresh, message(6, 1.5), message(7, 1.6)))

    assert [(2, 0), (0, 2), (2, 2)] == [(one.readings, one.duplicates) for one in (first, again, restarted)]
    assert 4 == sum(gauge.ledger.stored_by_day("gauge-1").values())


def everything(store: ReadingReader, *metrics: str) -> list[Reading]:
    return store.raw(RawQuery(metrics, ("gauge-1",), 0, NOW, 1000))


def test_an_import_gives_the_readings_that_messages_would_have_given(gauge: Registry, store: EmbeddedStore) -> None:
    lines = [f"gauge-1,{LEVEL},{T0 + minute * MINUTE},{level}" for minute, level in enumerate(LEVELS)]
    found, heard = imported(csv_of("device,metric,at,value", *lines), gauge, store)
    outcome = outcome_of(pipeline_of(gauge), *(message(minute, level) for minute, level in enumerate(LEVELS)))
    again, _ = imported(csv_of("device,metric,at,value", *lines), gauge, store)
    expected = sorted(outcome.readings, key=lambda one: (one.at, one.metric))

    assert ([], 10, 15, {"step": 2, "estimated": 2}) == (heard.rows, found.readings, found.stored, found.flagged)
    assert [(one.metric, one.at, one.value, one.raw, one.quality) for one in expected] == [
        (one.metric, one.at, one.value, one.raw, one.quality) for one in everything(store, DISCHARGE, LEVEL)
    ]
    assert (0, 15) == (again.stored, again.duplicates)


def test_an_imported_value_that_is_calibrated_already_stays_and_goes_into_what_is_computed(
    gauge: Registry, store: EmbeddedStore
) -> None:
    rows = (f"gauge-1,{LEVEL},{T0 + 6 * MINUTE},1001.8,1.8", f"gauge-1,{LEVEL},{T0 + 7 * MINUTE},1.9,")
    imported(csv_of("device,metric,at,value,raw", *rows), gauge, store)

    assert [(1001.8, 1.8), (1001.9, 1.9)] == [(one.value, one.raw) for one in everything(store, LEVEL)]
    assert pytest.approx(12.5) == everything(store, DISCHARGE)[0].value


@pytest.fixture(params=["embedded", "influxdb"])
def running(request: pytest.FixtureRequest, broker: Mosquitto, tmp_path: Path) -> Iterator[Running]:
    def prepare(house: House) -> None:
        village.settle(house.registry)
        house.registry.devices.put_profiles([GAUGES])
        house.registry.devices.put([Device("gauge-1", "gauge", VILLAGE)])

    address = influxdb.shared().new_database() if request.param == "influxdb" else None
    with house_on(broker, tmp_path, prepare, address) as found:
        yield found


def entered(house: Running, **body: object) -> dict[str, Any]:
    address = f"http://{house.address}/api/v1/devices/gauge-1/calibrations"
    request = Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=30) as answer:  # noqa: S310 (http, two lines above)
        found: dict[str, Any] = json.load(answer)
    return found


def test_a_house_at_work_takes_a_calibration_up_and_computes_the_past_anew(running: Running, broker: Mosquitto) -> None:
    now = running.house.clock()
    segment = {"low": 1.0, "high": 2.5, "a": 12.5, "z0": 0.8, "b": 1.62}
    rating = {"kind": "rating", "segments": [segment]}

    def send(*instants: int) -> None:
        with client_of(broker) as sensor:
            payloads = (json.dumps({"at": at, "values": {LEVEL: 2.35}}).encode() for at in instants)
            publish(sensor, *((uplink("gauge-1"), payload) for payload in payloads))
        eventually(lambda: running.worker.progress.messages > 0 and not running.worker.progress.pending)

    def flows() -> list[float]:
        return [one.value for one in running.house.store.raw(RawQuery((DISCHARGE,), ("gauge-1",), 0, now, 10))]

    send(now - 3000, now - 2000)
    found = entered(
        running, metric=DISCHARGE, computed_from=LEVEL, valid_from=iso(now - HOUR), curve=rating, entered_by="Li"
    )
    send(now - 1000)
    eventually(lambda: len(flows()) == 3)
    known = [device.id for device in running.house.registry.devices.all()]
    counted = Recounter(running.house.registry.ledger, running.house.store.counter, known, pause=lambda _: None)
    series = running.json(f"/api/v1/series?metric={DISCHARGE}&device=gauge-1&start=-1d&every=1d")["series"]

    assert (2, 2, 0) == tuple(found["recalculated"][name] for name in ("readings", "added", "changed"))
    assert [pytest.approx(25.424, rel=1e-4)] * 3 == flows()
    assert 0 == counted.recount(running.house.clock).off_by
    assert 3 == sum(point["count"] for point in series[0]["points"])
