"""What a house keeps of itself in InfluxDB, for boards: its places, its devices and what its worker has done.

    rurban_place,city=,county=,label=,level=,region=,setting=,town=  latitude=,longitude=,population=,households=,due=
    rurban_device,city=,county=,device=,open=,profile=,region=,scheduled=,setting=,town=
        due=,latitude=,longitude=,name=""                                                       (on one line)
    rurban_worker,worker=  messages=i,readings=i,duplicates=i,quarantined=i,batches=i,pending=i,connected=i,failing=i

InfluxQL cannot join what the registry knows, and Grafana has no Prometheus here (docs/decisions/0013). None of these
has a field `value`: no question about metrics finds them. `due` is readings per hour by the devices' profiles,
and those that are computed from them.
"""

import contextlib
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Final

from ingest.settling import Progress
from rurban.place_tags import tags_of
from telemetry.calibration import lasting
from telemetry.errors import RegistryUnavailable, StoreUnavailable
from telemetry.model import Device, Measure, Profile, Region
from telemetry.registry import Registry
from telemetry.store import Address
from telemetry.store.influx_lines import escaped, unwritable
from telemetry.store.influx_server import InfluxServer

logger = logging.getLogger(__name__)

EVERY_S: Final = 10.0
ANEW_MS: Final = 86_400_000
"""Places and devices are told when the registry changes, and this often, lest the bucket's retention forget them."""
_AT_ONCE: Final = 1000
_HOUR_S: Final = 3600.0

Tags = Mapping[str, str]
Fields = Mapping[str, float | int | str | None]


class SelfReport:
    """Tells one database of one house; not thread-safe."""

    def __init__(
        self, server: InfluxServer, registry: Registry, progress: Progress, worker: str, clock: Callable[[], int]
    ) -> None:
        self._server = server
        self._registry = registry
        self._progress = progress
        self._worker = worker
        self._clock = clock
        self._told: tuple[int, int] | None = None
        """Version of the registry, and when."""

    def tell(self) -> None:
        """Write what there is to say now.

        Raises:
            StoreUnavailable: the database cannot take it.
            RegistryUnavailable: places and devices cannot be read.
        """
        now = self._clock()
        lines: Iterable[str] = [_worker_line(self._worker, self._progress, now)]
        version = self._registry.devices.version()
        anew = self._told is None or self._told[0] != version or now - self._told[1] >= ANEW_MS
        left = iter(chain(lines, registry_lines(self._registry, now)) if anew else lines)
        while part := list(islice(left, _AT_ONCE)):
            refusal = self._server.write(part)
            if refusal is not None:
                logger.warning("InfluxDB does not take what the boards need: %s", refusal.detail)
        if anew:
            self._told = (version, now)


def registry_lines(registry: Registry, at: int) -> Iterator[str]:
    """Every place and every device that is in use, as points of this instant."""
    # Devices first: where another process adds a place and its device in between, the place is then known.
    devices = [device for device in registry.devices.all() if device.valid_to is None or device.valid_to > at]
    profiles = {profile.id: profile for profile in registry.devices.profiles()}
    regions = {region.code: region for region in registry.places.all()}
    due = {device.id: _due_per_hour(profiles[device.profile].measures) for device in devices}
    for name, measures in _computed(registry, {device.id: profiles[device.profile] for device in devices}).items():
        due[name] += _due_per_hour(measures)
    due_in: dict[str, float] = defaultdict(float)
    for device in devices:
        due_in[device.region] += due[device.id]
    for region in regions.values():
        yield _place_line(region, tags_of(region, regions), due_in[region.code], at)
    for device in devices:
        yield _device_line(device, profiles[device.profile], due[device.id], regions, at)


def _due_per_hour(measures: Iterable[Measure]) -> float:
    return sum((_HOUR_S / measure.interval_s for measure in measures if measure.interval_s), 0.0)


def _computed(registry: Registry, profiles: Mapping[str, Profile]) -> Mapping[str, list[Measure]]:
    """By device, the measures that go into others: those are due as often. `profiles` are by device."""
    pairs = {(one.device, one.metric, one.computed_from) for one in lasting(registry.calibrations.current())}
    found: dict[str, list[Measure]] = defaultdict(list)
    for device, name, taken in pairs:
        measures = profiles[device].measures if device in profiles else ()
        if all(measure.metric != name for measure in measures):
            found[device] += [measure for measure in measures if measure.metric == taken]
    return found


def _place_line(region: Region, tags: Tags, due: float, at: int) -> str:
    told = {**tags, "label": _label(region), "level": region.level.value}
    fields: Fields = {
        "latitude": region.latitude,
        "longitude": region.longitude,
        "population": None if region.population is None else float(region.population),
        "households": None if region.households is None else float(region.households),
        "due": due,
    }
    return _line("rurban_place", told, fields, at)


def _label(region: Region) -> str:
    """The names and the code: what people choose by, and what a board then asks for."""
    label = " ".join(f"{region.name} {region.name_en} {region.code}".split())
    return label if unwritable(label) is None else f"{region.code} {region.code}"


def _device_line(device: Device, profile: Profile, due: float, regions: Mapping[str, Region], at: int) -> str:
    tags = {
        **tags_of(regions[device.region], regions),
        "device": device.id,
        "profile": device.profile,
        "open": "yes" if profile.open else "no",
        "scheduled": "yes" if due else "no",
    }
    fields: Fields = {"due": due, "latitude": device.latitude, "longitude": device.longitude, "name": device.name}
    return _line("rurban_device", tags, fields, at)


def _worker_line(worker: str, progress: Progress, at: int) -> str:
    fields: Fields = {
        "messages": progress.messages,
        "readings": progress.readings,
        "duplicates": progress.duplicates,
        "quarantined": progress.quarantined,
        "batches": progress.batches,
        "pending": progress.pending,
        "connected": int(progress.connected),
        "failing": int(progress.failing_since is not None),
    }
    return _line("rurban_worker", {"worker": worker}, fields, at)


def _line(measurement: str, tags: Tags, fields: Fields, at: int) -> str:
    head = "".join(f",{name}={escaped(tags[name])}" for name in sorted(tags) if tags[name])
    return f"{measurement}{head} {','.join(_written(fields))} {at}"


def _written(fields: Fields) -> Iterator[str]:
    for name, value in fields.items():
        match value:
            case None:
                continue
            case str():
                text = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
                yield f'{name}="{text}"'
            case int():
                yield f"{name}={value}i"
            case float():
                yield f"{name}={value!r}"


@contextlib.contextmanager
def reporting(
    where: Address, registry: Registry, progress: Progress, worker: str, clock: Callable[[], int]
) -> Iterator[None]:
    """Tell every ten seconds from a thread of its own."""
    server = InfluxServer(where)
    report = SelfReport(server, registry, progress, worker, clock)
    stopping = threading.Event()
    thread = threading.Thread(target=_go_on, args=(report, stopping), name="rurban-self-report")
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
        server.close()


def _go_on(report: SelfReport, stopping: threading.Event) -> None:
    while not stopping.is_set():
        try:
            report.tell()
        except (StoreUnavailable, RegistryUnavailable) as error:
            logger.warning("boards are not told of this house: %s; trying again", error)
        stopping.wait(EVERY_S)
