"""`rurban doctor`: reaches each part once and says what it found, or what to do."""

import datetime as dt
import http.client
import queue
from collections.abc import Callable

import msgspec

from api.atlas import CurrentAtlas
from api.presence import away, roll
from devices.message import Message
from devices.tls import Tls
from ingest.mqtt import Bus, Subscription
from rurban import house as composition
from rurban import sign_of_life
from rurban.certificate_check import checked
from rurban.house import now
from rurban.settings import Settings
from telemetry.errors import BrokerUnavailable, Conflict, Invalid, RurbanFault, StoreUnavailable
from telemetry.metrics import METRICS
from telemetry.registry import open_registry
from telemetry.store import Address
from telemetry.store.influx import InfluxStore

_TIMEOUT_S = 3.0
_HOUR_MS = 3_600_000
_DROPPED = "$SYS/broker/publish/messages/dropped"
_RETAINED_WITHIN_S = 0.5


class _Part(msgspec.Struct):
    ready: bool
    detail: str


class _Readiness(msgspec.Struct):
    ready: bool
    parts: dict[str, _Part]


def diagnose(settings: Settings, tell: Callable[[str], None]) -> int:
    """One line per part; 0 = all well, 1 = something is wrong."""
    tell(f"data folder  {settings.data_dir.resolve()}")
    wrong = not _well("broker", lambda: _broker(settings), tell)
    if (tls := settings.mqtt_tls) is not None:
        wrong |= not _well("certificates", lambda: _certificates(settings, tls), tell)
    place = settings.store_place
    if isinstance(place, Address):
        wrong |= not _well("influxdb", lambda: _influxdb(place), tell)
    if settings.data_dir.exists():
        wrong |= not _well("devices", lambda: _devices(settings), tell)
    alive = sign_of_life.path(settings.data_dir)
    if alive.exists():
        wrong |= not _well("ingest", lambda: sign_of_life.seen(alive), tell)
    if settings.data_dir.exists():
        wrong |= not _well("ledger", lambda: _recounted(settings), tell)
    running = _running(settings)
    if running is None:
        tell(f"{'api':12} not running at {_address(settings)}; `rurban up` or `rurban api` starts it")
        wrong |= not _well("house", lambda: _opens(settings), tell)
        return int(wrong)
    tell(f"{'api':12} answers at {_address(settings)}")
    for name, part in running.parts.items():
        tell(f"{name:12} {part.detail if part.ready else f'PROBLEM: {part.detail}'}")
    return int(wrong or not running.ready)


def _well(name: str, check: Callable[[], str], tell: Callable[[str], None]) -> bool:
    try:
        tell(f"{name:12} {check()}")
    except RurbanFault as fault:
        tell(f"{name:12} PROBLEM: {fault}")
        return False
    return True


def _address(settings: Settings) -> str:
    return f"{settings.http_host}:{settings.http_port}"


def _broker(settings: Settings) -> str:
    probe = Subscription(composition.broker(settings), "rurban-doctor", ["rurban/v1/doctor"], clock=now)
    try:
        probe.connect(timeout_s=_TIMEOUT_S)
    except BrokerUnavailable as error:
        raise BrokerUnavailable(f"{error}; `rurban up` starts one, or start Mosquitto (docs/mosquitto.conf)") from error
    probe.close()
    return f"accepts connections at {settings.mqtt_host}:{settings.mqtt_port}{_dropped(settings)}"


def _dropped(settings: Settings) -> str:
    """What the broker says of messages that it has acknowledged and dropped; Mosquitto does, others say nothing."""
    heard = queue.SimpleQueue[Message]()
    bus = Bus(composition.broker(settings), "rurban-doctor", clock=now)
    bus.listen(_DROPPED, heard.put)
    bus.start()
    try:
        number = heard.get(timeout=_RETAINED_WITHIN_S).payload.decode(errors="replace")
    except queue.Empty:
        return ""
    finally:
        bus.close()
    if number == "0":
        return "; it has dropped no message since its start"
    return (
        f"; it has dropped {number} messages since its start, for subscribers that were away or behind: "
        "`max_queued_messages` bounds what it keeps (docs/mosquitto.conf)"
    )


def _certificates(settings: Settings, tls: Tls) -> str:
    return checked(tls, settings.mqtt_host, settings.mqtt_port, dt.datetime.now(dt.UTC))


def _influxdb(address: Address) -> str:
    with InfluxStore(address, lambda _: {}, metrics=METRICS, clock=now) as store:
        return store.prepared()


def _recounted(settings: Settings) -> str:
    """What the last recount of the store came to."""
    with open_registry(settings.registry) as registry:
        newest = registry.recounts.newest()
    if not newest:
        return f"not yet held against the store; a worker does it at RURBAN_RECOUNT_AT={settings.recount_at}"
    (recount,) = newest
    words = f"{(now() - recount.at) / _HOUR_MS:.1f} hours ago: {recount}"
    if recount.differing:
        raise Conflict(f"{words}; `rurban ledger check` and docs/ledger.md say what to do")
    return words


def _devices(settings: Settings) -> str:
    """Who is offline, and what is likely to be the cause: nothing that is wrong with the house itself."""
    with open_registry(settings.registry) as registry:
        return away(roll(CurrentAtlas(registry).now(), registry, None, now()))


def _running(settings: Settings) -> _Readiness | None:
    """What a running API says of its parts; None = nothing listens there, or something that is no Rurban."""
    connection = http.client.HTTPConnection(settings.http_host, settings.http_port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/ready")
        return msgspec.json.decode(connection.getresponse().read(), type=_Readiness)
    except (OSError, http.client.HTTPException, msgspec.MsgspecError):
        return None
    finally:
        connection.close()


def _opens(settings: Settings) -> str:
    if not settings.data_dir.exists():
        raise Invalid("RURBAN_DATA_DIR", f"{settings.data_dir} does not exist yet", "`rurban up` makes it")
    try:
        with composition.opened(settings) as house:
            return f"registry with {len(house.registry.devices.all())} devices"
    except OSError as error:
        raise StoreUnavailable(f"{settings.data_dir} cannot be used: {error}") from error
