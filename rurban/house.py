"""The composition root: opens what the settings name and wires the parts together.

What serves people is in `rurban/serving.py`, what imports files in `rurban/historian.py`: a worker loads neither.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from urllib.parse import unquote

from devices.codecs import CODECS
from ingest import settle
from ingest.backlog import SpoolLimits
from ingest.checks import Checks, ClockLimits
from ingest.directory import CurrentDirectory, Directory
from ingest.edge_nodes import EdgeNodes
from ingest.mqtt import Broker, Bus, Subscription
from ingest.pipeline import Pipeline
from ingest.rates import Rate
from ingest.replay import Replayer
from ingest.settle import Books, Settlement
from ingest.settling import Progress
from ingest.sources import filters, former, subscribed
from ingest.worker import Limits, Worker
from rurban.nights import Hours
from rurban.place_tags import PlaceTags
from rurban.recounting import Counting, nightly
from rurban.settings import Settings
from telemetry import replay_request
from telemetry import store as stores
from telemetry.errors import Conflict, Invalid, RegistryUnavailable, SpoolUnavailable, StoreUnavailable
from telemetry.metrics import METRICS
from telemetry.registry import Registry, open_registry
from telemetry.store import Store

logger = logging.getLogger(__name__)


def now() -> int:
    """The wall clock, milliseconds UTC."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class House:
    """The open parts that every command shares."""

    settings: Settings
    registry: Registry
    store: Store
    clock: Callable[[], int] = now


@contextlib.contextmanager
def opened(settings: Settings, clock: Callable[[], int] = now) -> Iterator[House]:
    """The registry, migrated, and the store; both closed at the end."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        wrong = f"{settings.data_dir} cannot be made: {error.strerror}"
        raise Invalid("RURBAN_DATA_DIR", wrong, "a folder that this user may write to") from error
    with contextlib.ExitStack() as stack:
        registry = stack.enter_context(open_registry(settings.registry, settings.room))
        store = stores.opened(
            settings.store_place, zone=settings.zone, metrics=METRICS, places_of=PlaceTags(registry), clock=clock
        )
        stack.callback(store.close)
        yield House(settings, registry, store, clock)


@dataclass(frozen=True, slots=True)
class RegistryDirectory:
    """Directories for the pipeline, from the registry."""

    registry: Registry

    def version(self) -> int:
        return self.registry.devices.version()

    def directory(self) -> Directory:
        devices, calibrations = self.registry.devices, self.registry.calibrations.current()
        return Directory(devices.all(), devices.profiles(), calibrations, codecs=CODECS, metrics=METRICS)


def pipeline(house: House, tell: Callable[[str, bytes], None] | None = None) -> Pipeline:
    """A pipeline whose checks know nothing yet: `remember` tells them. Without `tell` it asks nothing of devices."""
    settings = house.settings
    checks = Checks(clock_limits(settings))
    for device, heard in house.registry.heard.find().items():
        if heard.ahead_until:
            checks.doubt(device, heard.ahead_until)
    return Pipeline(
        CurrentDirectory(RegistryDirectory(house.registry), house.clock),
        checks,
        max_payload=settings.max_payload_kb * 1024,
        rate=Rate(settings.device_rate, settings.device_burst) if settings.device_rate else None,
        edge_nodes=EdgeNodes(tell, whole=not settings.mqtt_group),
    )


def settlement(
    house: House, name: str, announce: Callable[[str, bytes], None] | None = None
) -> contextlib.AbstractContextManager[Settlement]:
    """What settles under this name, with its spool in the data folder."""
    registry = house.registry
    return settle.opened(
        house.settings.data_dir,
        name,
        writer=house.store,
        reader=house.store,
        books=Books(registry.spools, registry.quarantine, registry.ledger),
        clock=house.clock,
        limits=_spool_limits(house.settings),
        announce=announce,
    )


def settle_left_behind(house: House, own: str) -> None:
    """Settle what waits in the spools of this data folder under other names: of a killed import, a renamed worker."""
    for folder in sorted((house.settings.data_dir / "spool").glob("*")):
        name = unquote(folder.name)
        if name == own or not any(folder.glob("*.spool")):
            continue
        try:
            with settlement(house, name) as left:
                left.show_in_flight()
                while left.settle_oldest() is not None:
                    pass
                left.show_in_flight()
        except Conflict:
            # Whoever has it open settles it.
            continue
        except (StoreUnavailable, RegistryUnavailable, SpoolUnavailable) as error:
            logger.warning("what waits in %s is settled at the next start: %s", folder, error)


def drained(settling: Settlement) -> Settlement:
    """With what one that was killed had left settled first, so that it is not counted with what comes next."""
    while settling.settle_oldest() is not None:
        pass
    return settling


def _spool_limits(settings: Settings) -> SpoolLimits:
    return SpoolLimits(
        most_bytes=settings.spool_mb << 20,
        most_age_ms=settings.spool_hours * 3_600_000,
        drop_oldest=settings.spool_when_full == "drop_oldest",
    )


def clock_limits(settings: Settings) -> ClockLimits:
    return ClockLimits(ahead_ms=settings.clock_ahead_s * 1000, late_ms=settings.late_after_s * 1000)


def broker(settings: Settings) -> Broker:
    """How to reach the MQTT broker."""
    password = settings.mqtt_password
    return Broker(
        settings.mqtt_host,
        settings.mqtt_port,
        username=settings.mqtt_username,
        password=None if password is None else password.get_secret_value(),
        tls=settings.mqtt_tls,
        mqtt5=settings.mqtt_version == "5",
    )


@contextlib.contextmanager
def bus(house: House, name: str) -> Iterator[Bus]:
    """On which the parts of the house talk; its caller starts it."""
    found = Bus(broker(house.settings), f"{house.settings.mqtt_client_id}-{name}", clock=house.clock)
    try:
        yield found
    finally:
        found.close()


def worker(
    house: House,
    settling: Settlement,
    tell: Callable[[str, bytes], None],
    beat: Callable[[Progress], None] | None = None,
) -> Worker:
    """The ingest worker on this house's store and registry; `tell` publishes what it asks of devices."""
    settings = house.settings
    share = f"$share/{settings.mqtt_group}/" if settings.mqtt_group else ""
    native, *foreign = (subscribed(topic, share) for topic in filters(settings.mqtt_sources))
    others = [subscribed(topic, share) for topic in former(settings.mqtt_sources)]
    line = pipeline(house, tell)
    return Worker(
        subscription=Subscription(
            broker(settings),
            settings.mqtt_client_id,
            [native, share + replay_request.TOPIC],
            clock=house.clock,
            optional=foreign,
            former=others,
        ),
        pipeline=line,
        settlement=settling,
        replayer=Replayer(house.registry.quarantine, line),
        newest=partial(house.store.latest, None, None),
        clock=house.clock,
        limits=Limits(
            settings.batch_messages,
            settings.batch_readings,
            settings.batch_age_ms / 1000,
            settings.pending_messages,
            settings.pending_mb * 1024 * 1024,
        ),
        beat=beat,
    )


def reporting_on(house: House, worker: Worker) -> contextlib.AbstractContextManager[None]:
    """Keep in InfluxDB what boards show of this house; nothing on the embedded store."""
    settings, place = house.settings, house.settings.store_place
    if not isinstance(place, stores.Address):
        return contextlib.nullcontext()
    from rurban.self_report import reporting  # noqa: PLC0415 - brings InfluxDB's client

    return reporting(place, house.registry, worker.progress, settings.mqtt_client_id, house.clock)


def counting(house: House) -> Counting:
    """What counts this house's store and holds it against the ledger."""
    settings = house.settings
    return Counting(
        house.registry, house.store, settings.mqtt_client_id, keep_days=settings.keep_days, clock=house.clock
    )


def counted_nightly(house: House) -> contextlib.AbstractContextManager[None]:
    """Count the store once a night, unless another worker of this registry does."""
    settings = house.settings
    return nightly(counting(house), Hours(settings.recount_at, settings.zone, house.clock))
