"""Accounts in Mosquitto's memory, by its dynamic security plugin: changes hold at once, without a restart.

The plugin takes commands on a topic and answers on another one; it hashes the passwords and keeps them in its own file.
"""

import contextlib
import queue
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from time import monotonic
from typing import Any

import msgspec

from devices.message import Message
from ingest.mqtt import Broker, Bus
from telemetry.errors import BrokerUnavailable

USER = "_accounts"
"""The only one who may talk with the plugin (`mosquitto.acl`)."""

_COMMANDS = "$CONTROL/dynamic-security/v1"
_ANSWERS = f"{_COMMANDS}/response"
_OURS = "device of the registry"
"""Text beside an account that was made here."""
_AT_ONCE = 50
"""Commands in one message. The broker does nothing else meanwhile, and writes its whole file anew after each: of a
thousand accounts in 3 ms."""
_PAGE = 1000
_PATIENCE_S = 30.0

Command = dict[str, Any]


class _Answer(msgspec.Struct):
    command: str
    error: str = ""
    data: dict[str, Any] = {}
    correlation: str = msgspec.field(name="correlationData", default="")


class _Answers(msgspec.Struct):
    responses: list[_Answer]


class PluginAccounts:
    """The accounts that the plugin keeps; others, in the broker's password file, are not seen here."""

    def __init__(self, ask: Callable[[Sequence[Command]], list[_Answer]]) -> None:
        self._ask = ask

    def names(self) -> Mapping[str, bool]:
        """See Accounts."""
        found: dict[str, bool] = {}
        while True:
            asked = {"command": "listClients", "verbose": True, "count": _PAGE, "offset": len(found)}
            (answer,) = self._ask([asked])
            clients = answer.data["clients"]
            found |= {client["username"]: client.get("textname") == _OURS for client in clients}
            if len(clients) < _PAGE:
                return found

    def put(self, passwords: Mapping[str, str]) -> None:
        """See Accounts. Whoever is connected with an old password is sent away."""
        there = self.names()
        self._tell([_with_password(name, password, there) for name, password in passwords.items()])

    def remove(self, names: Collection[str]) -> None:
        """See Accounts. Whoever is connected is sent away."""
        self._tell([{"command": "deleteClient", "username": name} for name in names])

    def _tell(self, commands: Sequence[Command]) -> None:
        for start in range(0, len(commands), _AT_ONCE):
            part = commands[start : start + _AT_ONCE]
            for command, answer in zip(part, self._ask(part), strict=True):
                if answer.error:
                    raise BrokerUnavailable(
                        f"the broker refuses {answer.command} of {command['username']}: {answer.error}"
                    )


def _with_password(name: str, password: str, there: Collection[str]) -> Command:
    if name in there:
        return {"command": "setClientPassword", "username": name, "password": password}
    return {"command": "createClient", "username": name, "password": password, "textname": _OURS}


@contextlib.contextmanager
def opened(broker: Broker, *, clock: Callable[[], int], patience_s: float = _PATIENCE_S) -> Iterator[PluginAccounts]:
    """Connected as `_accounts`; `BrokerUnavailable` says why that, or an answer, is not to be had."""
    answers = queue.SimpleQueue[Message]()
    bus = Bus(broker, f"rurban-accounts-{secrets.token_hex(4)}", clock=clock)
    bus.listen(_ANSWERS, answers.put)
    bus.start()
    try:
        bus.until_listening(patience_s)
        yield PluginAccounts(lambda commands: _asked(bus, answers, commands, broker.address, patience_s))
    finally:
        bus.close()


def _asked(
    bus: Bus, answers: queue.SimpleQueue[Message], commands: Sequence[Command], address: str, patience_s: float
) -> list[_Answer]:
    """What the plugin says to these; its answers to others who ask meanwhile are passed over."""
    mark = secrets.token_hex(8)
    marked = [command | {"correlationData": mark} for command in commands]
    # The answer is waited for, not the broker's acknowledgement, which comes as late.
    bus.tell(_COMMANDS, msgspec.json.encode({"commands": marked}))
    deadline = monotonic() + patience_s
    with contextlib.suppress(queue.Empty):
        while True:
            payload = answers.get(timeout=max(0.0, deadline - monotonic())).payload
            found = msgspec.json.decode(payload, type=_Answers).responses
            if found and found[0].correlation == mark:
                return found
    raise BrokerUnavailable(
        f"MQTT broker at {address}: nobody answers on {_ANSWERS}; Mosquitto's dynamic security plugin must be "
        f"loaded, and {USER} be allowed to use it (docs/credentials.md)"
    )
