"""Accounts in Mosquitto's dynamic security plugin: what only that can do, and what goes wrong there."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from ingest.mqtt import Broker
from rurban import account_plugin
from rurban.account_plugin import USER
from telemetry.errors import BrokerUnavailable
from telemetry.model import Device
from tests.guarded import Guarded, client, comes_in, guarded
from tests.mosquitto import mosquitto
from tests.workplace import eventually, publish, wall_clock

WELL = Device("well-1", "monitoring_well", "370522101201")
COMMANDS = "$CONTROL/dynamic-security/v1"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Guarded]:
    with guarded(tmp_path, "dynamic") as found:
        yield found


def test_a_thousand_devices_take_seconds_and_a_second_time_hardly_any(house: Guarded) -> None:
    many = [replace(WELL, id=f"well-{number}") for number in range(1000)]
    began = time.monotonic()
    settled = house.settle(many)
    took = time.monotonic() - began
    again = house.settle(many)

    assert (1000, [], 1000) == (len(settled.made), again.made, again.kept)
    assert took < 20, "two seconds, where nothing else runs"
    assert [True, True] == [comes_in(house.broker, name, house.passwords[name]) for name in ("well-0", "well-999")]


@pytest.mark.parametrize("asked", ["renew", "revoke", "retire"])
def test_whoever_is_connected_with_what_holds_no_more_is_sent_away_at_once(asked: str, house: Guarded) -> None:
    house.settle([WELL])
    lost: list[bool] = []
    with client(house.broker, "well-1", house.passwords["well-1"]) as well:
        well.on_disconnect = lambda *_: lost.append(True)
        if asked == "retire":
            house.settle([replace(WELL, valid_to=0)])
        else:
            house.settle([WELL], **{asked: ["well-1"]})
        eventually(lambda: bool(lost), within_s=5)


def test_accounts_that_somebody_made_by_hand_stay_and_those_of_no_device_go(house: Guarded) -> None:
    by_hand = {"command": "createClient", "username": "visitor", "password": "looking"}
    with client(house.broker, USER, house.passwords[USER]) as admin:
        publish(admin, (COMMANDS, msgspec.json.encode({"commands": [by_hand]})))
    house.settle([WELL])
    settled = house.settle([])

    assert (["well-1"], ["visitor"]) == (settled.removed, house.names())


def test_only_its_own_account_may_talk_with_the_plugin(house: Guarded) -> None:
    house.settle([WELL])
    forged = {"command": "createClient", "username": "intruder", "password": "in"}
    for name in ("well-1", "_worker", "_api"):
        with client(house.broker, name, house.passwords[name]) as other:
            publish(other, (COMMANDS, msgspec.json.encode({"commands": [forged]})))

    assert ["well-1"] == house.names()


def test_a_wrong_password_is_said_in_one_line(house: Guarded) -> None:
    wrong = replace(house.admin(), password="guessed")
    with (
        pytest.raises(BrokerUnavailable, match="connection refused: Not authorized"),
        account_plugin.opened(wrong, clock=wall_clock),
    ):
        pass


def test_a_broker_without_the_plugin_is_told_from_one_that_is_slow(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as running:
        there = Broker(running.host, running.port)
        with (
            account_plugin.opened(there, clock=wall_clock, patience_s=1) as accounts,
            pytest.raises(BrokerUnavailable, match=r"dynamic security plugin must be loaded.*_accounts"),
        ):
            accounts.names()


def test_what_the_plugin_refuses_is_said_with_the_name(house: Guarded) -> None:
    with (
        account_plugin.opened(house.admin(), clock=wall_clock) as accounts,
        pytest.raises(BrokerUnavailable, match="deleteClient of nobody: Client not found"),
    ):
        accounts.remove(["nobody"])
