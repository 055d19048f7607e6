"""A worker in the background: whoever goes on after its start finds it subscribed, and `/ready` is red before."""

import socket
import threading
from pathlib import Path

import pytest

from ingest.mqtt import Broker, Bus
from ingest.worker import Worker
from rurban.house import now
from rurban.readiness import Probe, probes
from rurban.running import in_background
from telemetry.errors import BrokerUnavailable
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from tests.mosquitto import Mosquitto
from tests.workplace import eventually, worker_on


def readiness(worker: Worker, registry: Registry, store: EmbeddedStore) -> Probe:
    """What `/ready` asks about the worker."""
    return probes(registry, store, Bus(Broker("127.0.0.1", 1), "bus", clock=now), worker, now)["worker"]


def test_who_goes_on_finds_the_worker_subscribed(broker: Mosquitto, registry: Registry, store: EmbeddedStore) -> None:
    with worker_on(broker, registry, store, store) as worker:
        ready = readiness(worker, registry, store)
        with in_background(worker):
            answer = ready()

    assert ("0 messages in flight; nothing waits on the disk", False) == (answer, worker.progress.running)


def test_a_worker_without_a_broker_is_given_up_and_stopped(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    broker.stop()

    with worker_on(broker, registry, store, store) as worker:
        with (
            pytest.raises(BrokerUnavailable, match=r"not subscribed within 0\.3 s"),
            in_background(worker, patience_s=0.3),
        ):
            pytest.fail("it went on without a subscription")
        assert not worker.progress.running


def test_the_house_is_not_ready_before_the_broker_has_confirmed_the_subscription(
    registry: Registry, store: EmbeddedStore, tmp_path: Path
) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        worker_on(Broker("127.0.0.1", listener.getsockname()[1]), registry, store, store, folder=tmp_path) as worker,
    ):
        ready = readiness(worker, registry, store)
        thread = threading.Thread(target=worker.run)
        thread.start()
        with listener.accept()[0] as connection:
            assert connection.recv(1024)[0] == 0x10  # CONNECT
            connection.sendall(b"\x20\x02\x00\x00")  # CONNACK
            subscribe = connection.recv(1024)
            assert subscribe[0] == 0x82
            with pytest.raises(BrokerUnavailable, match="not connected"):
                ready()
            connection.sendall(b"\x90\x04" + subscribe[2:4] + b"\x01\x01")  # SUBACK
            eventually(lambda: worker.progress.connected)
            answer = ready()
            worker.stop()
            thread.join()

    assert answer == "0 messages in flight; nothing waits on the disk"
