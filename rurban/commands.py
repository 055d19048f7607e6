"""What each command does: opens the parts it needs, runs, and closes them."""

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from dashboards import upload
from devices import replay as records
from devices.fleet import Fleet
from devices.publisher import Publisher
from ingest.worker import Worker
from rurban import demo as demonstration
from rurban import gateway
from rurban import house as composition
from rurban.broker import embedded_broker
from rurban.house import House, now
from rurban.running import in_background, until_emptied, until_settled
from rurban.serving import Server, scored, web
from rurban.settings import Settings, is_loopback
from rurban.shelf import shelved
from telemetry.errors import Invalid
from telemetry.registry import Registry, open_registry
from telemetry.store import Address


def _publisher(settings: Settings, client_id: str) -> Publisher:
    password = settings.mqtt_password
    return Publisher(
        settings.mqtt_host,
        settings.mqtt_port,
        client_id=client_id,
        username=settings.mqtt_username,
        password=None if password is None else password.get_secret_value(),
        tls=settings.mqtt_tls,
    )


@contextlib.contextmanager
def _embedded(
    settings: Settings, prepare: Callable[[House], None] | None = None
) -> Iterator[tuple[House, Worker, Server]]:
    """Broker, registry, store, worker at work and API in one process, the API not yet serving.

    `prepare` runs on the open house before the worker reads it and before anybody can publish. The broker is last to
    start, and the worker subscribes the moment it listens: what it acknowledges before has no subscriber and is lost.
    """
    _check_port("RURBAN_HTTP_PORT", settings.http_host, settings.http_port)
    if settings.mqtt_embedded:
        _check_embedded(settings)
        _check_port("RURBAN_MQTT_PORT", settings.mqtt_host, settings.mqtt_port)
    with contextlib.ExitStack() as stack:
        house = stack.enter_context(composition.opened(settings))
        files = shelved(settings, house.registry)
        composition.settle_left_behind(house, settings.mqtt_client_id)
        if prepare is not None:
            prepare(house)
        bus = stack.enter_context(composition.bus(house, "bus"))
        settling = stack.enter_context(composition.settlement(house, settings.mqtt_client_id, bus.tell))
        worker = composition.worker(house, settling, bus.tell)
        server = Server(web(house, bus, worker, files), settings)
        if settings.mqtt_embedded:
            stack.enter_context(_broker_of_its_own(settings))
        stack.enter_context(in_background(worker))
        if settings.mqtt_embedded:
            stack.callback(until_emptied, worker, bus)
        stack.enter_context(composition.reporting_on(house, worker))
        stack.enter_context(composition.counted_nightly(house))
        bus.start()
        stack.enter_context(scored(house, bus))
        yield house, worker, server


def _check_port(setting: str, host: str, port: int) -> None:
    """A port that is taken is told at once, not after the history is written."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Invalid(setting, f"cannot listen on {host}:{port}: {error}", "a free port") from error


def _check_embedded(settings: Settings) -> None:
    password = settings.mqtt_password
    if not is_loopback(settings.mqtt_host) and (settings.mqtt_username is None or password is None):
        raise Invalid(
            "RURBAN_MQTT_HOST",
            f"{settings.mqtt_host} is reachable from outside and the broker would let anybody in",
            "set RURBAN_MQTT_USERNAME and RURBAN_MQTT_PASSWORD, or use 127.0.0.1",
        )
    if settings.mqtt_version != "3.1.1" or settings.mqtt_tls_ca is not None:
        raise Invalid(
            "RURBAN_MQTT_EMBEDDED",
            "the embedded broker speaks MQTT 3.1.1 without TLS",
            "leave out RURBAN_MQTT_VERSION and RURBAN_MQTT_TLS_CA, or set RURBAN_MQTT_EMBEDDED=false",
        )


def _broker_of_its_own(settings: Settings) -> contextlib.AbstractContextManager[object]:
    password = settings.mqtt_password
    return embedded_broker(
        settings.data_dir,
        settings.mqtt_host,
        settings.mqtt_port,
        username=settings.mqtt_username,
        password=None if password is None else password.get_secret_value(),
        decoded_bytes=settings.max_payload_kb * 1024,
    )


def up(settings: Settings) -> None:
    with _embedded(settings) as (_, _, server):
        server.run()


def api(settings: Settings) -> None:
    with composition.opened(settings) as house, composition.bus(house, "api") as bus:
        server = Server(web(house, bus, None, shelved(settings, house.registry)), settings)
        bus.start()
        with scored(house, bus):
            server.run()


def demo(settings: Settings, console: Console, days: int) -> None:
    """`days` of history, where there is none yet."""
    ports = gateway.configured(settings)
    _check_demo(settings, ports)
    current = demonstration.diary(settings.data_dir, now(), days)
    fleet = demonstration.fleet(current)

    def prepare(house: House) -> None:
        # A day earlier: clocks that are behind are among the everyday faults.
        demonstration.settle_county(house.registry, current.epoch - demonstration.DAY_MS)
        _show_history(house, fleet, current, console)

    with contextlib.ExitStack() as stack:
        house, worker, server = stack.enter_context(_embedded(settings, prepare))
        if not current.replayed:
            _show_records(settings, worker, current, console)
        publisher = stack.enter_context(_publisher(settings, "rurban-demo-fleet"))
        stack.callback(demonstration.note, settings.data_dir, current)
        carry = stack.enter_context(demonstration.carrier(publisher, settings, ports))
        stack.enter_context(demonstration.LiveFleet(fleet, carry, current, house.clock))
        console.print(_welcome(settings), highlight=False, soft_wrap=True)
        server.run()


def _check_demo(settings: Settings, ports: Mapping[str, int]) -> None:
    """What the county's own voices need, told before the history is written."""
    deaf = sorted(demonstration.SPOKEN - set(settings.mqtt_sources))
    if deaf:
        needed = ", ".join(sorted(demonstration.SPOKEN))
        raise Invalid(
            "RURBAN_MQTT_FAMILIES",
            f"leaves out {', '.join(deaf)}, which the sample county speaks",
            f"all of them, or at least {needed}",
        )
    for name, port in ports.items():
        _check_port(f"RURBAN_GATEWAY_{name.upper()}_PORT", demonstration.LOOPBACK, port)


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def _show_history(house: House, fleet: Fleet, current: demonstration.Diary, console: Console) -> None:
    until = house.clock()
    expected = fleet.readings_expected(current.filled_until, until)
    with composition.settlement(house, house.settings.mqtt_client_id) as settling, _bars(console) as bars:
        bar = bars.add_task("History (readings)", total=expected)
        total = demonstration.fill_history(
            house, settling, fleet, current, until, lambda done: bars.update(bar, completed=done)
        )
        bars.update(bar, completed=total, total=total)


def _show_records(settings: Settings, worker: Worker, current: demonstration.Diary, console: Console) -> None:
    """Publish the records; done when the worker has settled them."""
    messages = demonstration.record_messages()
    before = worker.progress.messages
    with _publisher(settings, "rurban-demo-records") as publisher, _bars(console) as bars:
        bar = bars.add_task("Real records (messages)", total=len(messages))

        def show(_: int) -> None:
            bars.update(bar, completed=worker.progress.messages - before)

        publisher.publish_all(messages, on_progress=show)
        until_settled(worker, before + len(messages), show)
    current.replayed = True
    demonstration.note(settings.data_dir, current)


def _welcome(settings: Settings) -> str:
    address = f"http://{settings.http_host}:{settings.http_port}"
    broker = f"-h {settings.mqtt_host} -p {settings.mqtt_port}"
    return f"""
Rurban is running.
  Look at it                 {address}
  API and its documentation  {address}/docs
  MQTT broker                {settings.mqtt_host}:{settings.mqtt_port}

Try it from another terminal: publish a reading, then ask for it.
  mosquitto_pub {broker} -q 1 -t rurban/v1/demo-probe/up -m '{{"values": {{"air_temperature": 21.5}}}}'
  curl '{address}/api/v1/latest?device=demo-probe'

Ctrl-C ends it; the data stays in {settings.data_dir.resolve()}.
"""


def simulate(settings: Settings, seconds: float | None, *, register: bool) -> None:
    """Live data of the sample county, from now on."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if register:
        with _registry(settings) as registry:
            demonstration.settle_county(registry)
    current = demonstration.diary(settings.data_dir, now())
    current.filled_until = now()
    stopping = _stopping()
    # Nobody else has to find this gateway, and the one for real stations may run here, too.
    free = dict.fromkeys(gateway.configured(settings), 0)
    with (
        _publisher(settings, "rurban-simulate") as publisher,
        demonstration.carrier(publisher, settings, free) as carry,
        demonstration.LiveFleet(demonstration.fleet(current), carry, current, now),
    ):
        stopping.wait(seconds)


def replay(settings: Settings, name: str, speed: float | None, *, shift_to_now: bool) -> None:
    """One record, or with `list` the names of all."""
    if name == "list":
        for record in records.records():
            typer.echo(f"{record.name}  device {record.device}, profile {record.profile}")
        return
    record = records.record(name)
    stopping = _stopping()
    shift_ms = records.shift_to_end(record, now()) if shift_to_now else 0
    messages = records.paced(records.messages(record, shift_ms=shift_ms), speed, now, stopping.wait)
    with _publisher(settings, f"rurban-replay-{name}") as publisher:
        total = publisher.publish_all(messages)
    typer.echo(f"{total} messages of {name} published as {record.device}")


@contextlib.contextmanager
def _registry(settings: Settings) -> Iterator[Registry]:
    """The registry alone: the store may belong to another process."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with open_registry(settings.registry) as registry:
        yield registry


def push_boards(settings: Settings) -> None:
    """Upload the boards to the Grafana of the settings, telling of each.

    Grafana passes on what its viewers ask: it never gets the token that may write.
    """
    where = settings.store_place
    token, reader = settings.grafana_token, settings.grafana_influxdb_token
    if not isinstance(where, Address):
        raise Invalid("RURBAN_STORE", "the boards ask InfluxDB", "influxdb, with RURBAN_INFLUXDB_URL")
    if token is None:
        raise Invalid("RURBAN_GRAFANA_TOKEN", "is not set", "token of a service account, or user:password")
    read_only = replace(where, token=None if reader is None else reader.get_secret_value())
    for line in upload.push(upload.Grafana(settings.grafana_url, token.get_secret_value()), read_only):
        typer.echo(line)


def _stopping() -> threading.Event:
    """Set by SIGTERM or Ctrl-C."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    return stopping
