"""Accounts at a real Mosquitto, made from the registry."""

import base64
import contextlib
import csv
import signal
import stat
import subprocess
from collections.abc import Iterator
from os import kill
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from devices.message import uplink
from ingest.mqtt import Broker, Subscription
from rurban import broker_accounts
from telemetry import announcement, replay_request
from telemetry.errors import Invalid, Unknown
from telemetry.model import Device
from tests.mosquitto import Mosquitto, mosquitto
from tests.workplace import eventually, publish, wall_clock

REGION = "370522101201"
WELL, RAIN = Device("well-1", "monitoring_well", REGION), Device("rain-1", "rain_gauge", REGION)


def passwords(folder: Path) -> dict[str, str]:
    """What the installer has; of two rows with one name the last holds."""
    with (folder / "new-passwords.csv").open() as file:
        return {row["user"]: row["password"] for row in csv.DictReader(file)}


def users(folder: Path) -> list[str]:
    return [line.partition(":")[0] for line in (folder / "passwords").read_text().splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where accounts are kept; with those of one device in it."""
    path = tmp_path / "accounts"
    path.mkdir()
    broker_accounts.write(path, [WELL])
    return path


@pytest.fixture
def guarded(folder: Path, tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that lets nobody in but by these accounts, and an observer, who may do everything."""
    with (folder / "passwords").open("a") as file:
        file.write(f"observer:{broker_accounts.hashed('observing', b'twelve bytes')}\n")
    acl = tmp_path / "acl"
    acl.write_text(f"{broker_accounts.rights()}\nuser observer\ntopic readwrite #\n")
    # Without a limit Mosquitto also hangs up on who publishes what it refuses, and the clients here would come back.
    limit = "max_queued_messages 1000"
    conf = f"allow_anonymous false\npassword_file {folder}/passwords\nacl_file {acl}\n{limit}"
    with mosquitto(tmp_path, extra_conf=conf) as running:
        yield running


@contextlib.contextmanager
def client(broker: Mosquitto, user: str, password: str) -> Iterator[paho.Client]:
    """A client; one that may not come in is an assertion error."""
    found = paho.Client(CallbackAPIVersion.VERSION2)
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


def test_a_hash_is_what_mosquitto_passwd_makes_of_the_same_password_and_salt(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    path.write_text("someone:correct horse\n")
    subprocess.run(["mosquitto_passwd", "-U", path], check=True)
    name, _, line = path.read_text().strip().partition(":")
    salt = base64.b64decode(line.split("$")[3])

    assert ("someone", line) == (name, broker_accounts.hashed("correct horse", salt))


FOREIGN = ["application/farm/device/a84041000181c061/event/up", "v3/farm@tenant/devices/eui-a84041000181c061/up"]
AT_HOME = ["tele/{}/SENSOR", "homeassistant/sensor/{}/state", "homeassistant/binary_sensor/{}/state"]
AT_HOME += ["{}/sensor/soil/state", "{}/binary_sensor/soil/state"]
OWN = [topic.format("well-1") for topic in AT_HOME]
OTHERS = [topic.format("rain-1") for topic in AT_HOME]
HEARD = [*FOREIGN, *OWN, *OTHERS]
TOPICS = [
    uplink("well-1"),
    uplink("rain-1"),
    "rurban/v1/well-1/down",
    "rurban/v1/rain-1/down",
    announcement.topic("370522"),
    replay_request.TOPIC,
    *HEARD,
]


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("well-1", [uplink("well-1"), *OWN]),
        ("_worker", [announcement.topic("370522"), replay_request.TOPIC]),
        ("_api", [replay_request.TOPIC]),
    ],
)
def test_each_publishes_on_its_own_topics_only(
    user: str, expected: list[str], guarded: Mosquitto, folder: Path
) -> None:
    assert expected == taken(
        guarded, user, passwords(folder)[user], [topic for topic in TOPICS if not topic.endswith("/down")]
    )


def test_a_network_server_publishes_what_it_has_heard_and_nothing_else(guarded: Mosquitto, folder: Path) -> None:
    with (folder / "passwords").open("a") as file:
        file.write(f"_network_server:{broker_accounts.hashed('relaying', b'twelve bytes')}\n")
    kill(guarded.pid, signal.SIGHUP)
    eventually(lambda: comes_in(guarded, "_network_server", "relaying"))

    assert FOREIGN == taken(
        guarded, "_network_server", "relaying", [topic for topic in TOPICS if not topic.endswith("/down")]
    )


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("well-1", ["rurban/v1/well-1/down"]),
        (
            "_worker",
            [
                uplink("well-1"),
                uplink("rain-1"),
                announcement.topic("370522"),
                replay_request.TOPIC,
                *FOREIGN,
                *OWN,
                *OTHERS,
            ],
        ),
        ("_api", [announcement.topic("370522")]),
    ],
)
def test_each_hears_its_own_topics_only(user: str, expected: list[str], guarded: Mosquitto, folder: Path) -> None:
    assert expected == given(guarded, user, passwords(folder)[user], TOPICS)


def test_workers_that_share_the_load_hear_devices_and_requests(guarded: Mosquitto, folder: Path) -> None:
    broker = Broker(guarded.host, guarded.port, username="_worker", password=passwords(folder)["_worker"])
    filters = [f"$share/workers/{topic}" for topic in (uplink("+"), replay_request.TOPIC)]
    subscription = Subscription(broker, "worker", filters, clock=wall_clock)
    subscription.connect()
    with client(guarded, "observer", "observing") as observer:
        publish(observer, *[(topic, b"{}") for topic in TOPICS])
    topics: list[str] = []
    while len(topics) < 3:
        topics += [receipt.message.topic for receipt in subscription.receive(5.0)]
    subscription.close()

    assert [uplink("well-1"), uplink("rain-1"), replay_request.TOPIC] == topics


@pytest.mark.parametrize(("user", "password"), [("well-1", "guessed"), ("_simulate", ""), ("", "")])
def test_who_shows_no_password_of_the_file_does_not_come_in(user: str, password: str, guarded: Mosquitto) -> None:
    assert not comes_in(guarded, user, password)


def test_a_new_device_comes_in_after_sighup_and_the_others_keep_their_passwords(
    guarded: Mosquitto, folder: Path
) -> None:
    before = passwords(folder)
    accounts = broker_accounts.write(folder, [RAIN, WELL])
    kill(guarded.pid, signal.SIGHUP)
    with client(guarded, "well-1", before["well-1"]):
        eventually(lambda: comes_in(guarded, "rain-1", passwords(folder)["rain-1"]))

    after = passwords(folder)
    assert (["rain-1"], 3) == (accounts.made, accounts.kept - len(["observer"]))
    assert before == {name: after[name] for name in before}


def test_a_renewed_password_takes_the_place_of_the_old_one(folder: Path, guarded: Mosquitto) -> None:
    old = passwords(folder)["well-1"]
    broker_accounts.write(folder, [WELL], renew=["well-1"])
    kill(guarded.pid, signal.SIGHUP)

    eventually(lambda: comes_in(guarded, "well-1", passwords(folder)["well-1"]))
    assert not comes_in(guarded, "well-1", old)
    assert ["_worker", "_api", "well-1", "observer"] == users(folder)


def test_nothing_is_written_when_all_have_their_accounts(folder: Path) -> None:
    before = {path.name: path.read_text() for path in folder.iterdir()}
    broker_accounts.write(folder, [WELL])

    assert before == {path.name: path.read_text() for path in folder.iterdir()}


def test_the_files_are_for_their_owner_alone_and_hold_a_password_in_one_place_only(folder: Path) -> None:
    modes = {path.name: stat.filemode(path.stat().st_mode) for path in folder.iterdir()}
    known = passwords(folder)

    assert dict.fromkeys(["acl", "new-passwords.csv", "passwords"], "-rw-------") == modes
    assert [] == [name for name, password in known.items() if password in (folder / "passwords").read_text()]
    assert 3 == len(set(known.values()))


def test_accounts_of_others_stay(folder: Path) -> None:
    with (folder / "passwords").open("a") as file:
        file.write("visitor:$7$101$somesalt$somehash\n")
    (folder / "acl").write_text("user visitor\ntopic read #\n")
    accounts = broker_accounts.write(folder, [RAIN])

    assert ["_worker", "_api", "well-1", "visitor", "rain-1"] == users(folder)
    assert (True, "user visitor\ntopic read #\n") == (accounts.foreign_acl, (folder / "acl").read_text())


def test_who_speaks_through_a_gateway_or_cannot_be_a_user_has_no_account(tmp_path: Path) -> None:
    child = Device("leaf-1", "rain_gauge", REGION, gateway="gate-1")
    taken = Device("homeassistant", "probe", REGION)
    accounts = broker_accounts.write(
        tmp_path, [Device("gate-1", "probe", REGION), child, Device("a:b", "p", REGION), taken]
    )

    assert (["_worker", "_api", "gate-1"], ["a:b", "homeassistant"]) == (users(tmp_path), accounts.impossible)


def test_a_device_that_is_not_there_cannot_be_renewed(folder: Path) -> None:
    with pytest.raises(Unknown, match="nobody"):
        broker_accounts.write(folder, [WELL], renew=["nobody"])


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"--out.*nowhere"):
        broker_accounts.write(tmp_path / "nowhere", [WELL])
