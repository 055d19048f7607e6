"""What each command does: opens the parts it needs, runs, and closes them."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from devices import replay as records
from devices.fleet import Fleet
from devices.publisher import Publisher
from ingest.mqtt import Bus, Subscription
from ingest.worker import Worker
from rurban import demo as demonstration
from rurban import house as composition
from rurban.broker import embedded_broker
from rurban.house import House, now
from rurban.running import Server, in_background, until_stopped
from rurban.settings import Settings, is_loopback
from telemetry.errors import Invalid, RurbanFault, Unknown


@contextlib.contextmanager
def _bus(house: House, name: str) -> Iterator[Bus]:
    bus = Bus(composition.broker(house.settings), f"{house.settings.mqtt_client_id}-{name}", clock=house.clock)
    try:
        yield bus
    finally:
        bus.close()


def _publisher(settings: Settings, client_id: str) -> Publisher:
    password = settings.mqtt_password
    return Publisher(
        settings.mqtt_host,
        settings.mqtt_port,
        client_id=client_id,
        username=settings.mqtt_username,
        password=None if password is None else password.get_secret_value(),
    )


@contextlib.contextmanager
def _embedded(
    settings: Settings, prepare: Callable[[House], None] | None = None
) -> Iterator[tuple[House, Worker, Server]]:
    """Broker, registry, store, worker and API in one process, the API not yet serving.

    `prepare` runs on the open house before the worker reads it.
    """
    if not is_loopback(settings.mqtt_host) and settings.mqtt_username is None:
        raise Invalid(
            "RURBAN_MQTT_HOST",
            f"{settings.mqtt_host} is reachable from outside and the broker would let anybody in",
            "set RURBAN_MQTT_USERNAME and RURBAN_MQTT_PASSWORD, or use 127.0.0.1",
        )
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    password = settings.mqtt_password
    with contextlib.ExitStack() as stack:
        house = stack.enter_context(composition.opened(settings))
        stack.enter_context(
            embedded_broker(
                settings.data_dir,
                settings.mqtt_host,
                settings.mqtt_port,
                username=settings.mqtt_username,
                password=None if password is None else password.get_secret_value(),
            )
        )
        if prepare is not None:
            prepare(house)
        bus = stack.enter_context(_bus(house, "bus"))
        worker = composition.worker(house, bus)
        server = Server(composition.web(house, bus, worker), settings)
        bus.start()
        yield house, worker, server


def up(settings: Settings) -> None:
    with _embedded(settings) as (_, worker, server), in_background(worker):
        server.run()


def ingest(settings: Settings) -> None:
    with composition.opened(settings) as house, _bus(house, "bus") as bus:
        worker = composition.worker(house, bus)
        bus.start()
        until_stopped(worker)


def api(settings: Settings) -> None:
    with composition.opened(settings) as house, _bus(house, "api") as bus:
        server = Server(composition.web(house, bus, None), settings)
        bus.start()
        server.run()


def demo(settings: Settings, console: Console) -> None:
    current = demonstration.diary(settings.data_dir, now())
    fleet = demonstration.fleet(current)

    def prepare(house: House) -> None:
        demonstration.settle_county(house)
        _show_history(house, fleet, current, console)

    with contextlib.ExitStack() as stack:
        house, worker, server = stack.enter_context(_embedded(settings, prepare))
        stack.enter_context(in_background(worker))
        if not current.replayed:
            _show_records(settings, current, console)
        publisher = stack.enter_context(_publisher(settings, "rurban-demo-fleet"))
        stack.callback(demonstration.note, settings.data_dir, current)
        stack.enter_context(demonstration.LiveFleet(fleet, publisher, current, house.clock))
        console.print(_welcome(settings), highlight=False)
        server.run()


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def _show_history(house: House, fleet: Fleet, current: demonstration.Diary, console: Console) -> None:
    until = house.clock()
    expected = fleet.readings_expected(current.filled_until, until)
    with _bars(console) as bars:
        bar = bars.add_task("History of the sample county (readings)", total=expected)
        total = demonstration.fill_history(house, fleet, current, until, lambda done: bars.advance(bar, done))
        bars.update(bar, completed=total, total=total)


def _show_records(settings: Settings, current: demonstration.Diary, console: Console) -> None:
    with _publisher(settings, "rurban-demo-records") as publisher, _bars(console) as bars:
        bar = bars.add_task("Real station records over MQTT (messages)", total=None)
        total = demonstration.publish_records(publisher, lambda done: bars.advance(bar, done))
        bars.update(bar, completed=total, total=total)
    current.replayed = True
    demonstration.note(settings.data_dir, current)


def _welcome(settings: Settings) -> str:
    address = f"http://{settings.http_host}:{settings.http_port}"
    broker = f"-h {settings.mqtt_host} -p {settings.mqtt_port}"
    return f"""
Rurban is running.
  API and its documentation  {address}/docs
  MQTT broker                {settings.mqtt_host}:{settings.mqtt_port}

Try it from another terminal: publish a reading, then ask for it.
  mosquitto_pub {broker} -q 1 -t rurban/v1/demo-probe/up -m '{{"values": {{"air_temperature": 21.5}}}}'
  curl '{address}/api/v1/latest?device=demo-probe'

Ctrl-C ends it; the data stays in {settings.data_dir.resolve()}.
"""


def simulate(settings: Settings, seconds: float | None) -> None:
    """Live data of the sample county, from now on."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    current = demonstration.diary(settings.data_dir, now())
    current.filled_until = now()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    with (
        _publisher(settings, "rurban-simulate") as publisher,
        demonstration.LiveFleet(demonstration.fleet(current), publisher, current, now),
    ):
        stopping.wait(seconds)


def replay(settings: Settings, name: str, speed: float | None, *, shift_to_now: bool) -> None:
    """One record, or with `list` the names of all."""
    known = {record.name: record for record in records.records()}
    if name == "list":
        for record in known.values():
            print(f"{record.name}\t{record.device}\t{record.profile}")  # noqa: T201 - this is the command's output
        return
    if name not in known:
        raise Unknown("record", f"{name}; known: {', '.join(known)}")
    shift_ms = records.shift_to_end_at(known[name], now()) if shift_to_now else 0
    messages = records.paced(
        records.messages(known[name], shift_ms=shift_ms), speed, clock=time.monotonic, wait=time.sleep
    )
    with _publisher(settings, f"rurban-replay-{name}") as publisher:
        total = publisher.publish_all(messages)
    print(f"{total} messages of {name} published as {known[name].device}")  # noqa: T201 - the command's output


def doctor(settings: Settings) -> int:
    """Reach each part once; 0 = all well."""
    print(f"data folder  {settings.data_dir.resolve()}")  # noqa: T201 - the command's output
    checks: dict[str, Callable[[], str]] = {
        "broker": lambda: _broker_answers(settings),
        "house": lambda: _opens(settings),
    }
    wrong = 0
    for name, check in checks.items():
        try:
            print(f"{name:12} {check()}")  # noqa: T201 - the command's output
        except RurbanFault as fault:
            wrong = 1
            print(f"{name:12} PROBLEM: {fault}")  # noqa: T201 - the command's output
    return wrong


def _broker_answers(settings: Settings) -> str:
    probe = Subscription(composition.broker(settings), "rurban-doctor", ["rurban/v1/doctor"], clock=now)
    probe.connect(timeout_s=3.0)
    probe.close()
    return f"accepts connections at {settings.mqtt_host}:{settings.mqtt_port}"


def _opens(settings: Settings) -> str:
    with composition.opened(settings) as house:
        return f"registry with {len(house.registry.devices.all())} devices, store {settings.store_path}"
