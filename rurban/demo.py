"""The demonstration: a sample county with its simulated fleet, days of history, three real records, live data.

A second start continues: the fleet's epoch and seed and how far the history reaches are kept in the data folder.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Self

import msgspec

from devices import county, replay
from devices.edge import EdgeNodes
from devices.faults import EVERYDAY
from devices.fleet import Fleet
from devices.message import STATIONS, Message
from devices.publisher import Publisher
from devices.sparkplug import NAMESPACE
from devices.stations.calling import call
from ingest.pipeline import Outcome, Pipeline
from ingest.settle import Settlement
from rurban import gateway
from rurban import house as composition
from rurban.house import House, now
from rurban.settings import HISTORY_DAYS, Settings
from telemetry.errors import BrokerUnavailable, Invalid
from telemetry.registry import Registry

logger = logging.getLogger(__name__)

DAY_MS = 86_400_000
_CITY = "3705"
"""The real records come from elsewhere, and from long ago."""
SEED = 20_261_123
CHUNK = 4000
"""Messages of history that are settled at once."""
RETRY_S = 1.0
LOOPBACK = "127.0.0.1"
SPOKEN = frozenset({"chirpstack", "sparkplug_b", "station"})
"""Families of topics on which the county speaks besides the native ones."""
FOREVER = 2**53


class Diary(msgspec.Struct):
    """What a second start must know."""

    seed: int
    epoch: int
    """Start of the simulated county, milliseconds."""
    filled_until: int
    """History and live data are complete before this instant."""
    replayed: bool = False
    """The real records have been published."""


def diary(folder: Path, now: int, days: int = HISTORY_DAYS) -> Diary:
    """The diary of this data folder; a new one starts so many whole days (UTC) before today."""
    path = folder / "demo.json"
    if path.exists():
        try:
            return msgspec.json.decode(path.read_bytes(), type=Diary)
        except msgspec.MsgspecError as error:
            raise Invalid(str(path), f"is no diary of a demonstration: {error}", "remove the data folder") from error
    epoch = (now // DAY_MS - days) * DAY_MS
    return Diary(seed=SEED, epoch=epoch, filled_until=epoch)


def note(folder: Path, current: Diary) -> None:
    """Write the diary so that a crash leaves the old one or the new one."""
    draft = folder / "demo.json.new"
    draft.write_bytes(msgspec.json.encode(current))
    draft.replace(folder / "demo.json")


def settle_county(registry: Registry, since: int | None = None) -> None:
    """Put the sample county's places and profiles into the registry; devices and declared numbers where there are none.

    Its simulated devices are in service from `since` on, so that nothing is due before: a county would else seem to
    have been silent, and to get better from night to night. A device that is there stays as it is: somebody may have
    moved, renamed or retired it.
    """
    registry.places.put(county.regions())
    registry.devices.put_profiles(county.profiles())
    there = {device.id for device in registry.devices.all()}
    devices = (replace(one, valid_from=since) if one.region.startswith(_CITY) else one for one in county.devices())
    registry.devices.put(device for device in devices if device.id not in there)
    known = {(one.region, one.id) for one in registry.statistics.find()}
    registry.statistics.put(one for one in county.statistics() if (one.region, one.id) not in known)


def fleet(current: Diary) -> Fleet:
    return Fleet(
        devices=county.devices(),
        profiles=county.profiles(),
        regions=county.regions(),
        seed=current.seed,
        epoch=current.epoch,
        faults=EVERYDAY,
    )


def fill_history(  # noqa: PLR0913, PLR0917 - a demonstration's parts, each once
    house: House, settlement: Settlement, simulated: Fleet, current: Diary, until: int, bar: Callable[[int], None]
) -> int:
    """Send the fleet's history through the same pipeline and store as live data; how many readings it had."""
    line = composition.pipeline(house)
    line.remember(house.store.latest(None, None))
    nodes, total = EdgeNodes(), 0
    while current.filled_until < until:
        stop = min(current.filled_until + DAY_MS, until)
        sent = chain.from_iterable(map(nodes.spoken, simulated.messages(current.filled_until, stop)))
        for chunk in _chunks(sent, CHUNK):
            total += _settled(line, settlement, chunk)
            bar(total)
        current.filled_until = stop
        note(house.settings.data_dir, current)
    return total


def _settled(line: Pipeline, settlement: Settlement, chunk: list[Message]) -> int:
    outcome = Outcome()
    for message in chunk:
        line.process(message, outcome, live=True)
    settlement.settle(outcome)
    return len(outcome.readings)


def _chunks(messages: Iterable[Message], size: int) -> Iterator[list[Message]]:
    iterator = iter(messages)
    while chunk := list(islice(iterator, size)):
        yield chunk


def record_messages() -> list[Message]:
    """The three real records as their devices send them, with their own times."""
    return list(chain.from_iterable(map(replay.messages, replay.records())))


@contextlib.contextmanager
def carrier(publisher: Publisher, settings: Settings, wanted: Mapping[str, int]) -> Iterator[Callable[[Message], None]]:
    """What brings the fleet's messages to the broker: as they are, or of stations through a gateway on these ports.

    It is the county's own and on loopback, wherever the one for real stations may be. What this gives returns when the
    broker has the message, and raises `BrokerUnavailable`. At the end edge nodes die.
    """
    nodes = EdgeNodes()
    publisher.hear(f"{NAMESPACE}/+/NCMD/+", nodes.ask)
    own = settings.model_copy(update={"gateway_host": LOOPBACK, "gateway_networks": ""})
    with gateway.beside(own, wanted) as ports:

        def carry(message: Message) -> None:
            kind, protocol = message.topic.split("/", 2)[:2]
            if kind == STATIONS:
                call(protocol, (LOOPBACK, ports[protocol]), message.payload)
            else:
                publisher.publish_all(nodes.spoken(message))

        yield carry
    try:
        publisher.publish_all(nodes.deaths(now()))
    except BrokerUnavailable as error:
        logger.warning("simulated fleet: edge nodes end without a word: %s", error)


class LiveFleet:
    """Sends the fleet's messages as their time comes, from a thread of its own; the diary says how far it got."""

    def __init__(
        self, simulated: Fleet, carry: Callable[[Message], None], current: Diary, clock: Callable[[], int]
    ) -> None:
        self._fleet = simulated
        self._carry = carry
        self._diary = current
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rurban-fleet")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        coming = self._fleet.messages(self._diary.filled_until, FOREVER)
        for message in replay.paced(coming, 1.0, self._clock, self._stopping.wait, origin=self._clock()):
            while not self._is_sent(message):
                if self._stopping.wait(RETRY_S):
                    return
            self._diary.filled_until = message.at

    def _is_sent(self, message: Message) -> bool:
        try:
            self._carry(message)
        except BrokerUnavailable as error:
            logger.warning("simulated fleet: %s; trying again", error)
            return False
        return True
