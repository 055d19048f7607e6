"""Accounts at the broker: one for each device of the registry that speaks for itself.

Where the broker keeps them is a port: in files beside it (`account_files`), or in its own memory, by its plugin
(`account_plugin`). The password itself is nobody's but the installer's; what it may do is the same for all
(`mosquitto.acl`).
"""

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from insight.scores import PROFILE as OF_THE_HOUSE
from telemetry.errors import Conflict, Unknown
from telemetry.model import Device

PARTS = ("_worker", "_api", "_accounts")
"""Parts of the house that have an account of their own; no device's id begins so."""

TAKEN = frozenset({"homeassistant", "spBv1.0"})
"""A device of such a name could publish as any other: its `%u/sensor/+/state` are topics of Home Assistant, or those of
a node in the group `sensor` of Sparkplug B."""
_PASSWORD_BYTES = 24


class Accounts(Protocol):
    """What the broker keeps; `Invalid` or `BrokerUnavailable` when it cannot be read or changed."""

    def names(self) -> Mapping[str, bool]:
        """Who has an account; True = it was made for a device, and goes when the device does."""

    def put(self, passwords: Mapping[str, str]) -> None:
        """Accounts that are new, and new passwords for those that are there."""

    def remove(self, names: Collection[str]) -> None:
        """Whoever has no account does not come in."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What there is after `settle`: names, no password."""

    made: list[str]
    """Those with a new password."""
    kept: int
    revoked: list[str]
    removed: list[str]
    impossible: list[str]
    """Devices whose id cannot be the name of an account."""


def new_password() -> str:
    """Of 192 random bits, in characters that any device's form takes."""
    return secrets.token_urlsafe(_PASSWORD_BYTES)


def settle(  # noqa: PLR0913 - what may be asked for at once, by keyword
    accounts: Accounts,
    devices: Iterable[Device],
    *,
    at: int,
    hand_over: Callable[[Mapping[str, str]], None],
    parts: Collection[str] = (),
    renew: Collection[str] = (),
    revoke: Collection[str] = (),
) -> Settled:
    """Make the broker's accounts those of the registry; done twice, the second time changes nothing.

    Each part and each device that speaks for itself at this instant gets an account where it has none. One that is
    retired, or that has come behind a gateway, loses it. Accounts of others stay. Those of `renew` get a new password;
    those of `revoke` one that nobody knows, until they are renewed.

    `hand_over` is given the new passwords, by name, before the broker knows them: it is the only one to see them.

    Raises:
        Unknown: a name of `renew` or `revoke` is no device that can have an account.
        Conflict: one is in both.
    """
    registered = {device.id: _speaks(device, at) for device in devices}
    impossible = [name for name, speaks in registered.items() if speaks and not _can_be_a_user(name)]
    entitled = dict.fromkeys([*parts, *(name for name, speaks in registered.items() if speaks)])
    for name in impossible:
        del entitled[name]
    _check(renew, revoke, entitled)
    before = accounts.names()
    removed = sorted(name for name, ours in before.items() if (ours or name in registered) and name not in entitled)
    made = {name: new_password() for name in entitled if name not in revoke and (name not in before or name in renew)}
    if removed:
        accounts.remove(removed)
    if made:
        hand_over(made)
    changed = made | {name: new_password() for name in revoke}
    if changed:
        accounts.put(changed)
    kept = len(before.keys() - changed.keys() - set(removed))
    return Settled(list(made), kept, list(revoke), removed, impossible)


def renewed(accounts: Accounts, device: Device, *, at: int, hand_over: Callable[[Mapping[str, str]], None]) -> None:
    """Give one device a new password, and an account where it has none; all others stay as they are.

    Raises:
        Unknown: it cannot have an account: it is behind a gateway, retired, or has such an id.
    """
    if not (_speaks(device, at) and _can_be_a_user(device.id)):
        raise Unknown("device with an account at the broker", device.id)
    made = {device.id: new_password()}
    hand_over(made)
    accounts.put(made)


def _speaks(device: Device, at: int) -> bool:
    """Before its first day too: it is set up then. What the house says of places the API's account says."""
    if device.gateway is not None or device.profile == OF_THE_HOUSE:
        return False
    return device.valid_to is None or at < device.valid_to


def _can_be_a_user(name: str) -> bool:
    return ":" not in name and name not in TAKEN


def _check(renew: Collection[str], revoke: Collection[str], entitled: Collection[str]) -> None:
    for name in (*renew, *revoke):
        if name not in entitled:
            raise Unknown("device with an account at the broker", name)
    for name in renew:
        if name in revoke:
            raise Conflict(f"{name} cannot be renewed and revoked at once")
