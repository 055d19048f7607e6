"""A real Mosquitto with accounts, kept in files or by its plugin, and clients that try what they may do."""

import contextlib
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from os import kill
from pathlib import Path
from typing import Literal

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from ingest.mqtt import Broker
from rurban import account_files, account_plugin
from rurban.account_files import FileAccounts
from rurban.broker_accounts import PARTS, Accounts, Settled, settle
from telemetry.model import Device
from tests.mosquitto import Mosquitto, mosquitto, with_plugin
from tests.workplace import eventually, publish, wall_clock

Kind = Literal["files", "dynamic"]
NOW = 1_795_000_000_000


@dataclass(frozen=True)
class Guarded:
    """A broker that lets nobody in but by accounts, and an observer, who may do everything."""

    kind: Kind
    broker: Mosquitto
    folder: Path
    """Of the files; the plugin's is there too."""
    passwords: dict[str, str] = field(default_factory=dict)
    """The newest of each."""

    def settle(self, devices: Iterable[Device], **asked: list[str]) -> Settled:
        """The accounts of the parts and of these devices, at the instant `NOW`; the broker has been told."""
        with self._accounts() as accounts:
            parts = PARTS if self.kind == "files" else ()
            settled = settle(accounts, devices, at=NOW, hand_over=self.passwords.update, parts=parts, **asked)
        self.reload()
        return settled

    def names(self) -> list[str]:
        """Whose accounts there are."""
        with self._accounts() as accounts:
            return list(accounts.names())

    def reload(self) -> None:
        if self.kind == "files":
            kill(self.broker.pid, signal.SIGHUP)

    def admin(self) -> Broker:
        """Where the plugin is told of accounts, and as whom."""
        return Broker(self.broker.host, self.broker.port, account_plugin.USER, self.passwords["_accounts"])

    @contextlib.contextmanager
    def _accounts(self) -> Iterator[Accounts]:
        if self.kind == "files":
            yield FileAccounts(self.folder)
        else:
            with account_plugin.opened(self.admin(), clock=wall_clock) as accounts:
                yield accounts


@contextlib.contextmanager
def guarded(tmp_path: Path, kind: Kind) -> Iterator[Guarded]:
    """With the accounts of the house's own parts and of an observer."""
    folder = tmp_path / "accounts"
    folder.mkdir()
    account_files.prepare_plugin(folder)
    passwords = {"observer": "observing"}
    files = FileAccounts(folder)
    files.put(passwords)
    settle(files, [], at=NOW, hand_over=passwords.update, parts=PARTS)
    (folder / "acl").write_text(f"{account_files.rights()}\nuser observer\ntopic readwrite #\n")
    # Without a limit Mosquitto also hangs up on who publishes what it refuses.
    conf = [f"password_file {folder}/passwords", f"acl_file {folder}/acl", "max_queued_messages 1000"]
    if kind == "dynamic":
        conf += with_plugin(folder / "dynamic-security.json")
    with mosquitto(tmp_path, extra_conf="\n".join(["allow_anonymous false", *conf])) as running:
        yield Guarded(kind, running, folder, passwords)


@contextlib.contextmanager
def client(broker: Mosquitto, user: str, password: str) -> Iterator[paho.Client]:
    """A client; one that may not come in is an assertion error."""
    found = paho.Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
    found.username_pw_set(user, password)
    refusals: list[bool] = []
    found.on_connect = lambda _client, _data, _flags, reason, _props: refusals.append(reason.is_failure)
    found.connect(broker.host, broker.port)
    found.loop_start()
    try:
        eventually(lambda: bool(refusals))
        assert not refusals[0], f"{user} is refused"
        yield found
    finally:
        found.disconnect()
        found.loop_stop()


def comes_in(broker: Mosquitto, user: str, password: str) -> bool:
    try:
        with client(broker, user, password):
            return True
    except AssertionError:
        return False


def hear(client: paho.Client, topic: str) -> list[str]:
    """From the moment this returns, the topics of what arrives; the broker acknowledges and drops what it refuses."""
    topics: list[str] = []
    subscribed: list[int] = []
    client.on_message = lambda _client, _data, message: topics.append(message.topic)
    client.on_subscribe = lambda *_: subscribed.append(1)
    client.subscribe(topic, 1)
    eventually(lambda: bool(subscribed))
    return topics


def taken(broker: Mosquitto, user: str, password: str, topics: list[str]) -> list[str]:
    """Those of the topics on which the user may publish."""
    with client(broker, "observer", "observing") as observer, client(broker, user, password) as speaker:
        heard = hear(observer, "#")
        publish(speaker, *[(topic, b"{}") for topic in topics])
        publish(observer, ("end", b""))
        eventually(lambda: "end" in heard)
    return heard[:-1]


def given(broker: Mosquitto, user: str, password: str, topics: list[str]) -> list[str]:
    """Those of the topics that the user may hear."""
    with client(broker, "observer", "observing") as observer, client(broker, user, password) as listener:
        heard, all_of_it = hear(listener, "#"), hear(observer, "#")
        publish(observer, *[(topic, b"{}") for topic in [*topics, "end"]])
        eventually(lambda: "end" in all_of_it)
        hear_out(listener)
    return heard


def hear_out(listener: paho.Client) -> None:
    """Until what the broker has sent so far has arrived: its answer to a subscription comes after."""
    answered: list[int] = []
    listener.on_subscribe = lambda *_: answered.append(1)
    listener.subscribe("no/such/topic", 1)
    eventually(lambda: bool(answered))
