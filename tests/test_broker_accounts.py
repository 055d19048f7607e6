"""Accounts at a real Mosquitto are those of the registry: the same promises for its files and for its plugin."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from devices.message import uplink
from ingest.mqtt import Broker, Subscription
from rurban.account_files import FileAccounts
from rurban.scoring import PROFILE
from telemetry import announcement, replay_request
from telemetry.errors import Conflict, Unknown
from telemetry.model import Device
from telemetry.own import HOUSE
from tests.guarded import NOW, Guarded, client, comes_in, given, guarded, taken
from tests.workplace import eventually, publish, wall_clock

REGION = "370522101201"
WELL, RAIN = Device("well-1", "monitoring_well", REGION), Device("rain-1", "rain_gauge", REGION)


@pytest.fixture(params=["files", "dynamic"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Guarded]:
    """With the account of one device."""
    with guarded(tmp_path, request.param) as found:
        found.settle([WELL])
        eventually(lambda: found.passwords.keys() >= {"well-1"} and lets_in(found, "well-1"))
        yield found


def lets_in(house: Guarded, name: str, password: str | None = None) -> bool:
    """With this password, or with its newest one."""
    return comes_in(house.broker, name, house.passwords[name] if password is None else password)


FOREIGN = ["application/farm/device/a84041000181c061/event/up", "v3/farm@tenant/devices/eui-a84041000181c061/up"]
AT_HOME = ["tele/{}/SENSOR", "homeassistant/sensor/{}/state", "homeassistant/binary_sensor/{}/state"]
AT_HOME += ["{}/sensor/soil/state", "{}/binary_sensor/soil/state", "{}/status/switch:0", "dtu/sl651/{}"]
AT_HOME += [f"spBv1.0/g/{kind}/{{}}" for kind in ("NBIRTH", "NDATA", "NDEATH")]
AT_HOME += [f"spBv1.0/g/{kind}/{{}}/soil-1" for kind in ("DBIRTH", "DDATA", "DDEATH")]
OWN = [topic.format("well-1") for topic in AT_HOME]
OTHERS = [topic.format("rain-1") for topic in AT_HOME]
COMMANDS = ["spBv1.0/g/NCMD/well-1", "spBv1.0/g/NCMD/rain-1"]
TOPICS = [
    uplink("well-1"),
    uplink("rain-1"),
    "rurban/v1/well-1/down",
    "rurban/v1/rain-1/down",
    *COMMANDS,
    announcement.topic("370522"),
    replay_request.TOPIC,
    *FOREIGN,
    *OWN,
    *OTHERS,
]
UPWARDS = [topic for topic in TOPICS if not topic.endswith("/down")]


def test_each_publishes_on_its_own_topics_only(house: Guarded) -> None:
    allowed = {
        "well-1": [uplink("well-1"), *OWN],
        "_worker": [*COMMANDS, announcement.topic("370522"), replay_request.TOPIC],
        "_api": [replay_request.TOPIC],
        "_accounts": [],
    }

    assert allowed == {user: taken(house.broker, user, house.passwords[user], UPWARDS) for user in allowed}


def test_each_hears_its_own_topics_only(house: Guarded) -> None:
    ups = [uplink("well-1"), uplink("rain-1")]
    allowed = {
        "well-1": ["rurban/v1/well-1/down", "spBv1.0/g/NCMD/well-1"],
        "_worker": [*ups, announcement.topic("370522"), replay_request.TOPIC, *FOREIGN, *OWN, *OTHERS],
        "_api": [announcement.topic("370522")],
        "_accounts": [],
    }

    assert allowed == {user: given(house.broker, user, house.passwords[user], TOPICS) for user in allowed}


def test_who_relays_for_many_publishes_what_it_has_heard_and_nothing_else(tmp_path: Path) -> None:
    relays = {"_network_server": FOREIGN, "_gateway": [topic for topic in TOPICS if topic.startswith("dtu/")]}
    with guarded(tmp_path, "files") as house:
        FileAccounts(house.folder).put(dict.fromkeys(relays, "relaying"))
        house.reload()
        eventually(lambda: all(comes_in(house.broker, name, "relaying") for name in relays))

        assert relays == {name: taken(house.broker, name, "relaying", UPWARDS) for name in relays}


def test_workers_that_share_the_load_hear_devices_and_requests(house: Guarded) -> None:
    broker = Broker(house.broker.host, house.broker.port, username="_worker", password=house.passwords["_worker"])
    filters = [f"$share/workers/{topic}" for topic in (uplink("+"), replay_request.TOPIC)]
    subscription = Subscription(broker, "worker", filters, clock=wall_clock)
    subscription.connect()
    with client(house.broker, "observer", "observing") as observer:
        publish(observer, *[(topic, b"{}") for topic in TOPICS])
    topics: list[str] = []
    while len(topics) < 3:
        topics += [receipt.message.topic for receipt in subscription.receive(5.0)]
    subscription.close()

    assert [uplink("well-1"), uplink("rain-1"), replay_request.TOPIC] == topics


def test_who_has_no_account_or_another_password_does_not_come_in(house: Guarded) -> None:
    tried = [("well-1", "guessed"), ("rain-1", "guessed"), ("_simulate", ""), ("", "")]

    assert [] == [user for user, password in tried if comes_in(house.broker, user, password)]


def test_a_new_device_comes_in_and_the_others_keep_their_connections(house: Guarded) -> None:
    before = dict(house.passwords)
    lost: list[bool] = []
    with client(house.broker, "well-1", before["well-1"]) as well:
        well.on_disconnect = lambda *_: lost.append(True)
        settled = house.settle([RAIN, WELL])
        eventually(lambda: lets_in(house, "rain-1"))
        still = well.is_connected()

    assert (["rain-1"], [], []) == (settled.made, settled.removed, settled.revoked)
    assert before == {name: house.passwords[name] for name in before}
    assert (True, []) == (still, lost[1:])


def test_a_renewed_password_takes_the_place_of_the_old_one(house: Guarded) -> None:
    old, names = house.passwords["well-1"], house.names()
    settled = house.settle([WELL], renew=["well-1"])
    eventually(lambda: lets_in(house, "well-1"))

    assert (["well-1"], names) == (settled.made, house.names())
    assert not lets_in(house, "well-1", old)


def test_a_revoked_password_holds_no_more_until_it_is_renewed(house: Guarded) -> None:
    house.settle([WELL, RAIN])
    settled = house.settle([WELL, RAIN], revoke=["well-1"])
    eventually(lambda: not lets_in(house, "well-1"))
    again = house.settle([WELL, RAIN])
    out, other = lets_in(house, "well-1"), lets_in(house, "rain-1")
    house.settle([WELL, RAIN], renew=["well-1"])
    eventually(lambda: lets_in(house, "well-1"))

    assert (["well-1"], [], []) == (settled.revoked, settled.made, again.made)
    assert (False, True) == (out, other)


def test_who_is_retired_or_behind_a_gateway_has_no_account_any_more(house: Guarded) -> None:
    house.settle([WELL, RAIN])
    settled = house.settle([replace(WELL, valid_to=NOW), replace(RAIN, gateway="well-1")])
    eventually(lambda: not lets_in(house, "well-1") and not lets_in(house, "rain-1"))

    assert (["rain-1", "well-1"], []) == (settled.removed, [name for name in house.names() if name in settled.removed])


def test_who_is_retired_tomorrow_or_begins_tomorrow_has_an_account(house: Guarded) -> None:
    settled = house.settle([replace(WELL, valid_to=NOW + 1), replace(RAIN, valid_from=NOW + 1)])

    assert ([], ["rain-1"]) == (settled.removed, settled.made)


def test_nothing_changes_when_all_have_their_accounts(house: Guarded) -> None:
    before = {path.name: path.read_text() for path in house.folder.iterdir()}
    settled = house.settle([WELL])

    assert ([], [], []) == (settled.made, settled.removed, settled.revoked)
    assert before == {path.name: path.read_text() for path in house.folder.iterdir()}


def test_who_speaks_through_a_gateway_or_cannot_be_a_user_has_no_account(house: Guarded) -> None:
    child = Device("leaf-1", "rain_gauge", REGION, gateway="well-1")
    taken_name = Device("homeassistant", "probe", REGION)
    settled = house.settle([WELL, child, Device("a:b", "p", REGION), taken_name, Device(HOUSE, PROFILE.id, REGION)])

    assert ([], ["a:b", "homeassistant"]) == (settled.made, settled.impossible)


def test_what_cannot_be_renewed_or_revoked_is_named(house: Guarded) -> None:
    with pytest.raises(Unknown, match="nobody"):
        house.settle([WELL], renew=["nobody"])
    with pytest.raises(Unknown, match="nobody"):
        house.settle([WELL], revoke=["nobody"])
    with pytest.raises(Conflict, match="well-1"):
        house.settle([WELL], renew=["well-1"], revoke=["well-1"])


def test_accounts_are_kept_over_a_restart_of_the_broker(house: Guarded) -> None:
    house.broker.kill()
    house.broker.start()

    assert lets_in(house, "well-1")


def test_passwords_are_kept_as_hashes_only(house: Guarded) -> None:
    kept = "".join(path.read_text() for path in house.folder.iterdir())

    assert [] == [name for name, password in house.passwords.items() if password in kept + house.broker.log()]
    assert len(house.passwords) == len(set(house.passwords.values()))
