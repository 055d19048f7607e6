"""Settling a batch: once, on the right day of the ledger, whatever fails in between."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from devices.codecs import CODECS
from devices.message import Message, uplink
from ingest.backlog import SpoolLimits
from ingest.checks import Checks, ClockLimits
from ingest.directory import CurrentDirectory, Directory
from ingest.pipeline import DAY_MS, Outcome, Pipeline
from ingest.rates import Rate
from ingest.replay import Replayer
from ingest.settle import GIVEN_UP, SETTLED_AT_ONCE, Settled, Settlement
from ingest.sources import UPLINKS
from rurban.house import House, settle_left_behind
from rurban.settings import Settings
from telemetry import replay_request
from telemetry.errors import Reason, RegistryUnavailable, StoreUnavailable
from telemetry.instant import day_of
from telemetry.metrics import METRICS
from telemetry.model import Device, Measure, Profile, Quality, QuarantineCount, Quarantined, Reading
from telemetry.registry import Registry, Room, Settling, Standing, open_registry
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.ports import RawQuery, Refused
from tests import village
from tests.village import VILLAGE
from tests.workplace import settlement_on

MIDNIGHT = 1_795_392_000_000
"""2026-11-23T00:00Z."""
BEFORE, AFTER = day_of(MIDNIGHT - 1), day_of(MIDNIGHT)


class TroubledBook:
    """The registry, away for the first time it is asked; or its first answer is lost on the way."""

    def __init__(self, registry: Registry, *, answer_lost: bool = False) -> None:
        self._spools = registry.spools
        self._away = not answer_lost
        self._answer_lost = answer_lost

    def enter(self, spool: str, name: str, at: int) -> Standing:
        """See PositionBook."""
        return self._spools.enter(spool, name, at)

    def leave(self, spool: str) -> None:
        """See PositionBook."""
        self._spools.leave(spool)

    def standing(self, spool: str, at: int) -> Standing:
        """See PositionBook."""
        return self._spools.standing(spool, at)

    @contextlib.contextmanager
    def settling(self, spool: str, at: int) -> Iterator[Settling]:
        """See PositionBook."""
        if self._away:
            self._away = False
            raise RegistryUnavailable("away")
        with self._spools.settling(spool, at) as books:
            yield books
        if self._answer_lost:
            self._answer_lost = False
            raise RegistryUnavailable("no answer")


@pytest.fixture
def settlement(registry: Registry, store: EmbeddedStore, tmp_path: Path) -> Iterator[Settlement]:
    with settlement_on(registry, store, store, tmp_path) as made:
        yield made


class Registered:
    """Directories from a real registry."""

    def __init__(self, registry: Registry) -> None:
        self._devices = registry.devices

    def version(self) -> int:
        return self._devices.version()

    def directory(self) -> Directory:
        return Directory(self._devices.all(), self._devices.profiles(), codecs=CODECS, metrics=METRICS)


@pytest.fixture
def pipeline(registry: Registry) -> Pipeline:
    return Pipeline(CurrentDirectory(Registered(registry)), Checks(ClockLimits()))


def report(registry: Registry, first: int, *, readings: int = 1) -> Outcome:
    """Readings of station-1, one a second, from a worker that has just started."""
    fresh, outcome = Pipeline(CurrentDirectory(Registered(registry)), Checks(ClockLimits())), Outcome()
    for at in range(first, first + readings * 1000, 1000):
        fresh.process(Message(uplink("station-1"), native(at, air_temperature=20), MIDNIGHT), outcome)
    return outcome


def native(at: int, **values: float) -> bytes:
    return json.dumps({"at": at, "values": values}).encode()


def book(registry: Registry, device: str) -> list[tuple[int, int, int, int]]:
    """Received, stored, duplicate and quarantined of the two days."""
    lines = registry.ledger.find(devices=[device], start=BEFORE, stop=day_of(MIDNIGHT + DAY_MS), limit=10)
    return [(line.received, line.stored, line.duplicate, line.quarantined) for line in lines]


def test_a_late_reading_is_stored_once_though_the_registry_fails_first(
    pipeline: Pipeline, registry: Registry, store: EmbeddedStore, tmp_path: Path
) -> None:
    outcome = Outcome()
    for at in (MIDNIGHT + 5000, MIDNIGHT):
        pipeline.process(Message(uplink("station-1"), native(at, air_temperature=20), MIDNIGHT + 6000), outcome)
    with settlement_on(registry, store, store, tmp_path, positions=TroubledBook(registry)) as settlement:
        with pytest.raises(RegistryUnavailable):
            settlement.settle(outcome)
        settlement.settle_oldest()

    assert [(2, 2, 0, 0)] == book(registry, "station-1")


def test_what_the_registry_has_taken_is_not_counted_again_though_its_answer_was_lost(
    registry: Registry, store: EmbeddedStore, tmp_path: Path
) -> None:
    """Also where more has come since, which is then settled with it."""
    book_away = TroubledBook(registry, answer_lost=True)
    with settlement_on(registry, store, store, tmp_path, positions=book_away) as settlement:
        with pytest.raises(RegistryUnavailable):
            settlement.settle(report(registry, MIDNIGHT))
        settlement.show_in_flight()
        settlement.keep([report(registry, MIDNIGHT + 60_000)])
        while settlement.settle_oldest() is not None:
            pass

    assert [(2, 2, 0, 0)] == book(registry, "station-1")
    assert 0 == registry.ledger.total(start=BEFORE, stop=day_of(MIDNIGHT + DAY_MS)).in_flight


def test_what_waited_before_another_process_began_is_held_against_all_that_it_has_stored(
    registry: Registry, store: EmbeddedStore, tmp_path: Path
) -> None:
    """The first of what waits is settled after the other's claim, the last still needs it."""
    first = report(registry, MIDNIGHT - 30_000_000, readings=SETTLED_AT_ONCE)
    at = MIDNIGHT - 1000
    with settlement_on(registry, store, store, tmp_path, name="one") as one:
        one.keep([first, report(registry, at)])
        with settlement_on(registry, store, store, tmp_path, name="two") as two:
            two.settle(report(registry, at))
            while one.settle_oldest() is not None:
                pass

    assert [(SETTLED_AT_ONCE + 2, SETTLED_AT_ONCE + 1, 1, 0)] == book(registry, "station-1")


def test_a_batch_over_midnight_stands_on_both_days(
    pipeline: Pipeline, registry: Registry, settlement: Settlement
) -> None:
    outcome = Outcome()
    pipeline.process(Message(uplink("station-1"), native(MIDNIGHT - 9, air_temperature=20), MIDNIGHT - 5), outcome)
    pipeline.process(Message(uplink("station-1"), b"{broken", MIDNIGHT - 4), outcome)
    pipeline.process(Message(uplink("station-1"), native(MIDNIGHT + 9, air_temperature=20), MIDNIGHT + 10), outcome)
    settlement.settle(outcome)

    assert [(2, 1, 0, 1), (1, 1, 0, 0)] == book(registry, "station-1")


def test_the_same_value_once_more_is_not_written_again(
    registry: Registry, store: EmbeddedStore, settlement: Settlement
) -> None:
    flagged = Reading("station-1", "air_temperature", MIDNIGHT, 20.0, 20.0, int(Quality.STEP), MIDNIGHT)
    store.write([flagged])
    fresh = Pipeline(CurrentDirectory(Registered(registry)), Checks(ClockLimits()))
    outcome = Outcome()
    fresh.process(Message(uplink("station-1"), native(MIDNIGHT + 60_000, air_temperature=20.1), MIDNIGHT), outcome)
    fresh.process(Message(uplink("station-1"), native(MIDNIGHT, air_temperature=20), MIDNIGHT + 1), outcome)
    settlement.settle(outcome)

    query = RawQuery(("air_temperature",), ("station-1",), 0, 2**62, 9)
    assert flagged == store.raw(query)[0]
    assert [(2, 1, 1, 0)] == book(registry, "station-1")


class ChoosyStore:
    """A writer in front of the real one that can never keep negative values."""

    def __init__(self, store: EmbeddedStore) -> None:
        self._store = store

    def write(self, batch: Sequence[Reading]) -> Sequence[Refused]:
        """See ReadingWriter."""
        self._store.write([reading for reading in batch if reading.value >= 0])
        return [Refused(place, "is below zero") for place, reading in enumerate(batch) if reading.value < 0]


def test_what_the_store_can_never_keep_goes_to_quarantine_and_the_rest_is_stored_once(
    pipeline: Pipeline, registry: Registry, store: EmbeddedStore, tmp_path: Path
) -> None:
    """Also where the registry fails in between, and where the refused one would have been a correction."""
    store.write([Reading("station-1", "air_temperature", MIDNIGHT, 3.0, 3.0, 0, MIDNIGHT)])
    outcome = Outcome()
    mixed = native(MIDNIGHT + 60_000, air_temperature=-2, air_relative_humidity=60)
    for at, payload in enumerate((native(MIDNIGHT + 30_000, air_temperature=2), mixed)):
        pipeline.process(Message(uplink("station-1"), payload, MIDNIGHT + at), outcome)
    pipeline.process(Message(uplink("station-1"), native(MIDNIGHT, air_temperature=-1), MIDNIGHT + 9), outcome)
    book_away, choosy = TroubledBook(registry), ChoosyStore(store)
    with settlement_on(registry, choosy, store, tmp_path, positions=book_away) as settlement:
        with pytest.raises(RegistryUnavailable):
            settlement.settle(outcome)
        settled = settlement.settle_oldest()

    assert Settled(settled.last if settled else 0, readings=2, duplicates=0, quarantined=2) == settled
    assert [(4, 2, 0, 2)] == book(registry, "station-1")
    kept = {(item.payload, item.reason, item.detail, item.readings) for item in registry.quarantine.find(limit=9)}
    why = (Reason.STORE_REFUSED, "is below zero", 1)
    assert {(mixed, *why), (native(MIDNIGHT, air_temperature=-1), *why)} == kept
    query = RawQuery(("air_temperature", "air_relative_humidity"), ("station-1",), 0, 2**62, 9)
    assert [3.0, 2.0, 60.0] == [reading.value for reading in store.raw(query)]


def test_a_refused_reading_and_its_refused_correction_in_one_batch_are_two_quarantined(
    pipeline: Pipeline, registry: Registry, store: EmbeddedStore, tmp_path: Path
) -> None:
    outcome = Outcome()
    for value in (-1, -2):
        pipeline.process(Message(uplink("station-1"), native(MIDNIGHT, air_temperature=value), MIDNIGHT), outcome)
    with settlement_on(registry, ChoosyStore(store), store, tmp_path) as settlement:
        settled = settlement.settle(outcome)

    assert (0, 2) == (settled.duplicates, settled.quarantined)
    assert [(2, 0, 0, 2)] == book(registry, "station-1")


def replayed(pipeline: Pipeline, registry: Registry, settlement: Settlement, kept: Quarantined) -> str:
    """The outcome in words."""
    request = Message(replay_request.TOPIC, replay_request.encode(kept.id or 0), MIDNIGHT)
    outcome = Replayer(registry.quarantine, pipeline).outcome(request)
    if outcome is not None:
        settlement.settle(outcome)
    return registry.quarantine.one(kept.id or 0).outcome


def test_replaying_what_was_sent_again_meanwhile_is_a_duplicate(
    pipeline: Pipeline, registry: Registry, settlement: Settlement
) -> None:
    message = Message(uplink("late-1"), native(MIDNIGHT, air_temperature=20), MIDNIGHT + 1)
    refused, stored = Outcome(), Outcome()
    pipeline.process(message, refused)
    settlement.settle(refused)
    registry.devices.put([Device("late-1", "probe", VILLAGE)])
    pipeline.process(message, stored)
    settlement.settle(stored)
    (kept,) = registry.quarantine.find(limit=9)
    words = replayed(pipeline, registry, settlement, kept)

    assert ("0 readings stored, 1 were stored already", [(2, 1, 1, 0)]) == (words, book(registry, "late-1"))


def test_each_row_of_a_pack_is_replayed_for_itself(
    pipeline: Pipeline, registry: Registry, settlement: Settlement
) -> None:
    """The gateway's own metric and its neighbour's are both unknown at first; each is mended on its own."""
    pack = json.dumps(
        [
            {"bn": "gateway-1:", "n": "rssi", "v": 1, "t": MIDNIGHT // 1000},
            {"n": "soil_temperature", "v": 9, "t": MIDNIGHT // 1000},
            {"bn": "soil-2:", "n": "rssi", "v": 2, "t": MIDNIGHT // 1000},
        ]
    ).encode()
    outcome = Outcome()
    pipeline.process(Message(uplink("gateway-1"), pack, MIDNIGHT), outcome)
    settlement.settle(outcome)
    rows = {item.device: item for item in registry.quarantine.find(limit=9)}
    assert {"gateway-1", "soil-2"} == rows.keys(), [item.detail for item in rows.values()]
    measures = (Measure("soil_temperature", interval_s=600), Measure("rssi"))
    registry.devices.put_profiles([Profile("senml", "SenML node", "senml_json", measures)])
    words = [replayed(pipeline, registry, settlement, rows[device]) for device in ("soil-2", "gateway-1")]

    assert ["1 readings stored", "1 readings stored"] == [word.partition(",")[0] for word in words]
    assert ([(2, 2, 0, 0)], [(1, 1, 0, 0)]) == (book(registry, "gateway-1"), book(registry, "soil-2"))


def test_what_a_clock_ahead_of_its_time_has_left_behind_gives_way_when_its_time_comes(
    pipeline: Pipeline, registry: Registry, store: EmbeddedStore, settlement: Settlement
) -> None:
    """Also where the value is the same, and over a restart."""

    def settled(line: Pipeline, at: int, received_at: int, value: float) -> None:
        outcome = Outcome()
        line.process(Message(uplink("station-1"), native(at, air_temperature=value), received_at), outcome)
        settlement.settle(outcome)

    hours = [MIDNIGHT + i * 3_600_000 for i in range(4)]
    for at in hours[1:]:
        settled(pipeline, at, MIDNIGHT, 20.0)
    settled(pipeline, hours[1], hours[1], 20.0)
    checks = Checks(ClockLimits())
    checks.doubt("station-1", registry.heard.find()["station-1"].ahead_until)
    restarted = Pipeline(CurrentDirectory(Registered(registry)), checks)
    settled(restarted, hours[2], hours[2], 20.0)
    settled(restarted, hours[3], hours[3], 21.0)

    kept = store.raw(RawQuery(("air_temperature",), ("station-1",), MIDNIGHT, hours[3] + 1, 9))
    assert [(value, Quality.DUPLICATE_TIME) for value in (20.0, 20.0, 21.0)] == [
        (row.value, row.quality) for row in kept
    ]
    assert [(6, 3, 3, 0)] == book(registry, "station-1")


def test_a_message_that_is_not_whole_any_more_is_not_replayed(
    pipeline: Pipeline, registry: Registry, settlement: Settlement
) -> None:
    registry.quarantine.add([Quarantined(uplink("station-1"), b"{", Reason.TOO_LARGE, "", MIDNIGHT, size=300_000)])
    words = replayed(pipeline, registry, settlement, registry.quarantine.one(1))

    assert "cannot be replayed: only the first 1 of its 300000 bytes were kept" == words
    assert registry.quarantine.one(1).replayed_at is None


def test_what_became_of_a_replayed_message_that_had_to_make_room_meanwhile_counts_as_received_again(
    store: EmbeddedStore, tmp_path: Path
) -> None:
    with open_registry(f"sqlite:///{tmp_path / 'small.sqlite'}", Room(messages=1)) as small:
        village.settle(small)
        pipeline = Pipeline(CurrentDirectory(Registered(small)), Checks(ClockLimits()))
        refused, newer = Outcome(), Outcome()
        pipeline.process(Message(uplink("late-1"), native(MIDNIGHT, air_temperature=20), MIDNIGHT + 1), refused)
        pipeline.process(Message(uplink("late-2"), b"{}", MIDNIGHT + 2), newer)
        with settlement_on(small, store, store, tmp_path) as settlement:
            settlement.settle(refused)
            small.devices.put([Device("late-1", "probe", VILLAGE)])
            request = Message(replay_request.TOPIC, replay_request.encode(1), MIDNIGHT + 3)
            replay = Replayer(small.quarantine, pipeline).outcome(request)
            settlement.settle(newer)
            settlement.settle(replay or Outcome())

        assert [(2, 1, 0, 1)] == book(small, "late-1")
        assert [QuarantineCount(AFTER, "late-1", Reason.UNKNOWN_DEVICE, 1, 1)] == small.quarantine.counted(limit=9)
    assert [MIDNIGHT] == [reading.at for reading in store.raw(RawQuery(("air_temperature",), ("late-1",), 0, 2**62, 9))]


def test_a_name_that_shares_a_line_with_others_is_replayed_from_there(
    registry: Registry, settlement: Settlement
) -> None:
    """First while it is still unknown, by a worker that has room for its name; then as a device."""
    directory = CurrentDirectory(Registered(registry))
    crowded = Pipeline(directory, Checks(ClockLimits()), named_strangers=0)
    roomy = Pipeline(directory, Checks(ClockLimits()))
    outcome = Outcome()
    crowded.process(Message(uplink("late-1"), native(MIDNIGHT, air_temperature=20), MIDNIGHT + 1), outcome)
    settlement.settle(outcome)
    (kept,) = registry.quarantine.find(limit=9)
    early = replayed(roomy, registry, settlement, kept)
    registry.devices.put([Device("late-1", "probe", VILLAGE)])
    between = book(registry, UPLINKS)
    late = replayed(crowded, registry, settlement, kept)

    assert ("0 readings stored; 1 still refused: unknown_device", [(1, 0, 0, 1)]) == (early[:50], between)
    assert ("1 readings stored", [(1, 1, 0, 0)]) == (late, book(registry, "late-1"))
    assert [] == [line for line in book(registry, UPLINKS) if any(line)]


class AwayStore:
    """A writer that is away."""

    def write(self, batch: Sequence[Reading]) -> Sequence[Refused]:
        """See ReadingWriter."""
        raise StoreUnavailable(f"away, with {len(batch)} readings")


def test_what_another_name_has_left_behind_is_settled_at_the_next_start(
    pipeline: Pipeline, registry: Registry, store: EmbeddedStore, tmp_path: Path
) -> None:
    """Its readings are in flight until then."""
    outcome = Outcome()
    pipeline.process(Message(uplink("station-1"), native(MIDNIGHT, air_temperature=20), MIDNIGHT), outcome)
    with settlement_on(registry, AwayStore(), store, tmp_path, name="old worker/1") as settlement:
        with pytest.raises(StoreUnavailable):
            settlement.settle(outcome)
        settlement.show_in_flight()
    waiting = registry.ledger.total(start=AFTER, stop=day_of(MIDNIGHT + DAY_MS))
    house = House(Settings(data_dir=tmp_path), registry, store)
    settle_left_behind(house, "new worker")
    settled = registry.ledger.total(start=AFTER, stop=day_of(MIDNIGHT + DAY_MS))

    assert ((1, 0, 1), (1, 1, 0)) == (
        (waiting.received, waiting.stored, waiting.in_flight),
        (settled.received, settled.stored, settled.in_flight),
    )


def test_what_is_given_up_is_counted_by_device_and_day_and_a_replay_stays_in_quarantine(
    pipeline: Pipeline, registry: Registry, store: EmbeddedStore, tmp_path: Path
) -> None:
    pack = native(MIDNIGHT, air_temperature=20, air_relative_humidity=60)
    first, second = Outcome(), Outcome()
    for number in range(3):
        pipeline.process(Message(uplink("station-1"), pack, MIDNIGHT + number), first)
    pipeline.process(Message(uplink("late-1"), pack, MIDNIGHT + 9), second)
    limits = SpoolLimits(most_bytes=1, drop_oldest=True)
    with settlement_on(registry, AwayStore(), store, tmp_path, limits=limits) as settlement:
        settlement.settle(second)
        registry.devices.put([Device("late-1", "probe", VILLAGE)])
        request = Message(replay_request.TOPIC, replay_request.encode(1), MIDNIGHT + 10)
        replay = Replayer(registry.quarantine, pipeline).outcome(request)
        for outcome in (first, replay or Outcome()):
            with pytest.raises(StoreUnavailable):
                settlement.settle(outcome)
            settlement.give_up_oldest()
    kept = registry.quarantine.one(1)

    assert ([(6, 0, 0, 6)], [(1, 0, 0, 1)]) == (book(registry, "station-1"), book(registry, "late-1"))
    assert [QuarantineCount(AFTER, "station-1", Reason.SPOOL_FULL, 3, 6)] == registry.quarantine.counted(limit=9)
    assert (None, GIVEN_UP, 1, pack) == (kept.replayed_at, kept.outcome, kept.readings, kept.payload)


def test_excess_is_counted_where_outcomes_are_settled_together(registry: Registry, settlement: Settlement) -> None:
    limited = Pipeline(CurrentDirectory(Registered(registry)), Checks(ClockLimits()), rate=Rate(per_s=1, burst=1))
    outcomes = [Outcome() for _ in range(3)]
    for number, outcome in enumerate(outcomes):
        for at in range(2):
            payload = native(MIDNIGHT + 2 * number + at, air_temperature=20)
            limited.receive(Message(uplink("station-1"), payload, MIDNIGHT), outcome)
    settlement.keep(outcomes)
    settled = settlement.settle_oldest() or Settled()

    assert (1, 5, 5) == (settled.readings, settled.quarantined, settled.rate_limited)
    assert [(6, 1, 0, 5)] == book(registry, "station-1")
    assert [QuarantineCount(AFTER, "station-1", Reason.RATE_LIMITED, 5, 5)] == registry.quarantine.counted(limit=9)
