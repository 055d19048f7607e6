"""Ten thousand bad payloads among good ones, through a real broker: each gets its own fate."""

import datetime as dt
import random
from collections import Counter

import pytest

from devices.codecs import CODECS
from devices.codecs.port import Context
from ingest.pipeline import EXCERPT
from telemetry.errors import Reason, Rejected
from telemetry.instant import day_of
from telemetry.model import Device, Measure, Profile
from telemetry.registry import Registry
from telemetry.registry._text import key
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.ports import RawQuery
from tests.mosquitto import Mosquitto
from tests.poison import CBOR, JSON, MAX_PAYLOAD, NATIVE, SOUND, T0, Poison, poison
from tests.village import VILLAGE
from tests.workplace import at_work, booked, client_of, eventually, publish, wall_clock, worker_on

GOOD = 1000
"""Of each codec."""
SERIES = {
    NATIVE: ("probe-1", "air_temperature"),
    JSON: ("soil-1", "soil_temperature"),
    CBOR: ("cbor-1", "soil_temperature"),
}


@pytest.fixture
def registry(registry: Registry) -> Registry:
    """With a device that speaks CBOR."""
    registry.devices.put_profiles([Profile("cbor", "CBOR node", "senml_cbor", (Measure("soil_temperature"),))])
    registry.devices.put([Device("cbor-1", "cbor", VILLAGE)])
    return registry


def kept(registry: Registry) -> Counter[Poison]:
    """What is in quarantine, of long topics and payloads what is kept of them."""
    return Counter(Poison(item.topic, item.payload, item.reason) for item in registry.quarantine.find(limit=100_000))


def as_kept(bad: Poison) -> Poison:
    whole = len(bad.payload) <= MAX_PAYLOAD
    return Poison(key(bad.topic), bad.payload if whole else bad.payload[:EXCERPT], bad.reason)


def test_every_good_message_is_stored_and_every_bad_one_is_quarantined_with_its_reason(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    bad = poison()
    at = {topic: [T0 + 1000 * number for number in range(GOOD)] for topic in SERIES}
    good = [(topic, SOUND[topic](instant)) for topic, instants in at.items() for instant in instants]
    mixed = [*good, *((item.topic, item.payload) for item in bad)]
    random.Random(6).shuffle(mixed)  # noqa: S311 - no secret
    with at_work(worker_on(broker, registry, store, store)) as worker, client_of(broker) as client:
        publish(client, *mixed)
        eventually(lambda: booked(registry, len(mixed)) and not worker.progress.pending)
    stored = {
        topic: sorted(reading.at for reading in store.raw(RawQuery((metric,), (device,), 0, 2**62, limit=100_000)))
        for topic, (device, metric) in SERIES.items()
    }
    today = day_of(wall_clock())
    total = registry.ledger.total(start=today - dt.timedelta(days=1), stop=today + dt.timedelta(days=1))

    assert len(bad) >= 10_000
    assert at == stored
    assert Counter(map(as_kept, bad)) == kept(registry)
    assert (len(mixed), len(good), 0, len(bad), 0) == (
        total.received,
        total.stored,
        total.duplicate,
        total.quarantined,
        total.in_flight,
    )


def test_no_reason_is_so_long_that_it_fills_the_quarantine() -> None:
    lengths = []
    for item in poison():
        codec = {NATIVE: "native_json", JSON: "senml_json", CBOR: "senml_cbor"}.get(item.topic)
        if codec is not None and item.reason in (Reason.MALFORMED, Reason.BAD_TIME, Reason.NOT_FINITE):
            with pytest.raises(Rejected) as refused:
                CODECS[codec].decode(item.payload, Context("a", T0))
            lengths.append(len(refused.value.detail))

    assert max(lengths) < 500
