"""The simulated county in a real InfluxDB, written by the worker's pipeline: twelve hours of a rainy summer's day."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from devices import county
from devices.codecs import WRITERS, senml_json
from devices.faults import EVERYDAY
from devices.fleet import Fleet
from devices.message import Message, uplink
from ingest.pipeline import Outcome, Pipeline
from ingest.settle import Settlement
from ingest.settling import Progress
from rurban import demo, scoring
from rurban import house as composition
from rurban.house import House
from rurban.self_report import SelfReport
from rurban.settings import Settings
from telemetry import own
from telemetry.metrics import METRICS
from telemetry.model import Device, Measure, Metric, Profile, Sample
from telemetry.store import Address
from telemetry.store.influx import InfluxStore
from telemetry.store.influx_server import InfluxServer
from tests.influxdb import InfluxDb, shared

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
EPOCH: Final = 1_782_864_000_000
START: Final = EPOCH + 24 * HOUR
"""2026-07-02T00:00Z, 08:00 in the county."""
HOURS: Final = 12
STOP: Final = START + HOURS * HOUR
SILENT: Final = "bs01-weather-1"
"""Says nothing from START + 3 h to START + 7 h."""
UNSEEN: Final = (("bs01-else-1", "370522101201", 0.4), ("wh01-else-1", "370502001001", 0.5))
"""Device, place, and where in the range of each metric its values lie."""
REFUSED: Final = 40
SCORED: Final = "370522101201"
SAID: Final = {
    ("standing", "pm25"): -1.0,
    ("standing", "voltage_in_band"): 1.0,
    ("parity", "pm25"): 0.68,
    ("parity", "voltage_in_band"): 1.04,
    ("peer_parity", "pm25"): 0.9,
    ("gap_change", "pm25"): -2.5,
    ("score_coverage", "pm25"): 91.0,
    ("refusal", "pm25"): 0.0,
    ("refusal", "voltage_in_band"): 0.0,
    ("refusal", "water_samples_met"): 7.0,
    ("village_index", None): 0.61,
    ("village_index", "service"): 0.7,
}
"""By metric and channel: what the house says of a village."""


@dataclass(frozen=True)
class Filled:
    """The server, the house on it, and where the readings are."""

    server: InfluxDb
    house: House
    address: Address

    @property
    def databases(self) -> dict[str, str]:
        """By the uid of Grafana's data source."""
        return {"rurban": self.address.bucket, "rurban-hourly": self.address.hourly.bucket}


@contextmanager
def filled_county() -> Iterator[Filled]:
    """Filled once; nothing is written to it by those who look."""
    server = shared()
    address = server.new_database()
    with tempfile.TemporaryDirectory(prefix="rurban-county-") as folder:
        settings = Settings(
            data_dir=Path(folder), store="influxdb", influxdb_url=address.url, influxdb_bucket=address.bucket
        )
        with composition.opened(settings) as house:
            demo.settle_county(house.registry)
            _add_the_unseen(house)
            scoring.settle(house.registry, house.registry.places.one(SCORED))
            _fill(house)
            _tell(house, address)
            yield Filled(server, house, address)


def _fill(house: House) -> None:
    fleet = Fleet(county.devices(), county.profiles(), county.regions(), seed=7, epoch=EPOCH, faults=EVERYDAY)
    line = composition.pipeline(house)
    messages = (message for message in fleet.messages(START, STOP) if not _silenced(message))
    with composition.settlement(house, "filling") as settlement:
        while chunk := list(islice(messages, 4000)):
            _settle(line, settlement, chunk)
        _settle(line, settlement, [*_of_the_unseen(), *_of_the_visitor(), *_of_the_house()])
    assert isinstance(house.store, InfluxStore)
    house.store.merge()


def _settle(line: Pipeline, settlement: Settlement, messages: list[Message]) -> None:
    outcome = Outcome()
    for message in messages:
        line.process(message, outcome)
    settlement.settle(outcome)


def _silenced(message: Message) -> bool:
    return message.topic == uplink(SILENT) and START + 3 * HOUR <= message.at < START + 7 * HOUR


def _add_the_unseen(house: House) -> None:
    """A device in a village and one in the city for the metrics that no simulated device there reports."""
    for device, place, _ in UNSEEN:
        measures = tuple(Measure(metric.id, interval_s=20 * 60) for metric in _unseen(place))
        house.registry.devices.put_profiles([Profile(device, "All else", "native_json", measures)])
        house.registry.devices.put([Device(device, device, place, "All else")])


def _of_the_unseen() -> Iterator[Message]:
    """Every twenty minutes; the village's values lie below the city's."""
    for device, place, share in UNSEEN:
        for at in range(START, STOP, 20 * MINUTE):
            part = share + 0.001 * (at - START) / HOUR
            samples = [
                Sample(metric.id, metric.low + part * (metric.high - metric.low), at) for metric in _unseen(place)
            ]
            yield Message(uplink(device), WRITERS["native_json"].encode(samples), at)


def _of_the_visitor() -> Iterator[Message]:
    """Somebody breathes on a probe."""
    for at in range(START, STOP, 20 * MINUTE):
        samples = [Sample("air_temperature", 59.0, at), Sample("barn_co2", 9000.0, at)]
        yield Message(uplink(county.PROBE), WRITERS["native_json"].encode(samples), at)


def _of_the_house() -> Iterator[Message]:
    """Three times what it might say of the first village."""
    for hour in (3, 6, 9):
        told = [
            Sample(name, value, START + hour * HOUR, channel=channel, device=own.scores_of(SCORED))
            for (name, channel), value in SAID.items()
        ]
        yield Message(scoring.TOPIC, senml_json.encode(told), START + hour * HOUR)


def _unseen(place: str) -> list[Metric]:
    reported = _reported(place[:6])
    return [metric for metric in METRICS.values() if metric.id not in reported and not metric.per_device]


def _reported(places: str) -> set[str]:
    """The metrics of all devices in the places whose codes begin so."""
    profiles = {profile.id: profile for profile in county.profiles()}
    devices = [device for device in county.devices() if device.region.startswith(places)]
    return {measure.metric for device in devices for measure in profiles[device.profile].measures}


def _tell(house: House, address: Address) -> None:
    """What a worker would have told of itself while these hours passed, once a minute; once it refused a burst."""
    progress = Progress(running=True, connected=True)
    now = START
    server = InfluxServer(address)
    report = SelfReport(server, house.registry, progress, "rurban-ingest", lambda: now)
    for minute in range(HOURS * 60):
        now = START + minute * MINUTE
        progress.messages += 500
        progress.readings += 1500
        progress.batches += 12
        progress.pending = minute % 7
        progress.duplicates += minute % 3
        progress.quarantined += REFUSED if minute == 5 * 60 else 0
        report.tell()
    server.close()
