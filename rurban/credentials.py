"""`rurban devices credentials`: the broker's accounts become those of the registry; says what it did."""

import contextlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import typer

from rurban import account_files, account_plugin
from rurban import house as composition
from rurban.broker_accounts import PARTS, Accounts, Settled, settle
from rurban.house import now
from rurban.settings import Settings
from telemetry.errors import Invalid
from telemetry.model import Device
from telemetry.registry import open_registry


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command is asked for."""

    out: Path | None
    """Folder for the broker's files, and for the new passwords; None = these are shown."""
    renew: Sequence[str] = ()
    revoke: Sequence[str] = ()
    parts: bool = False
    """Only the accounts of the house's own parts, in files, and what the plugin starts with."""


def run(settings: Settings, wanted: Wanted) -> None:
    """Make the accounts; no password is said but to whom it is for."""
    devices = [] if wanted.parts else _devices(settings)
    plugin = settings.broker_accounts == "dynamic" and not wanted.parts
    # Passwords alone go where they can be taken from.
    tell = partial(typer.echo, err=wanted.out is None)
    if plugin:
        with connected(settings) as accounts:
            _told(_settled(accounts, devices, wanted, ()), wanted, tell)
        return
    folder = _folder(wanted)
    ours = account_files.prepare(folder)
    if wanted.parts:
        account_files.prepare_plugin(folder)
    settled = _settled(account_files.FileAccounts(folder), devices, wanted, PARTS)
    _told(settled, wanted, tell)
    if settled.made or settled.revoked or settled.removed:
        tell("Mosquitto takes the changes when it gets SIGHUP, or at its next start.")
    if not ours:
        tell("acl is not the one of this version and was left as it is.")


def connected(settings: Settings) -> contextlib.AbstractContextManager[Accounts]:
    """Those that the plugin of the running broker keeps."""
    password = settings.broker_accounts_password
    if password is None:
        raise Invalid("RURBAN_BROKER_ACCOUNTS_PASSWORD", "is not set", f"the password of {account_plugin.USER}")
    broker = replace(composition.broker(settings), username=account_plugin.USER, password=password.get_secret_value())
    return account_plugin.opened(broker, clock=now)


def _devices(settings: Settings) -> list[Device]:
    """Of the registry alone: the store may belong to another process."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with open_registry(settings.registry) as registry:
        return registry.devices.all()


def _folder(wanted: Wanted) -> Path:
    if wanted.out is None:
        raise Invalid("--out", "is not given", "the folder of Mosquitto's files, or RURBAN_BROKER_ACCOUNTS=dynamic")
    return wanted.out


def _settled(accounts: Accounts, devices: Sequence[Device], wanted: Wanted, parts: Sequence[str]) -> Settled:
    def hand_over(passwords: Mapping[str, str]) -> None:
        if wanted.out is None:
            sys.stdout.write(account_files.table(passwords))
            sys.stdout.flush()
        else:
            account_files.hand_over(wanted.out, passwords)

    return settle(
        accounts, devices, at=now(), hand_over=hand_over, parts=parts, renew=wanted.renew, revoke=wanted.revoke
    )


def _told(settled: Settled, wanted: Wanted, tell: Callable[[str], None]) -> None:
    where = "" if wanted.out is None else f", in {wanted.out}"
    tell(f"{len(settled.made)} new passwords, {settled.kept} accounts as they were{where}")
    if settled.made and wanted.out is not None:
        tell("new-passwords.csv is for whoever sets the devices up: remove it when they are.")
    if settled.removed:
        tell(f"Removed, as retired, behind a gateway or not registered: {', '.join(settled.removed)}")
    if settled.revoked:
        tell(f"Locked out until renewed: {', '.join(settled.revoked)}")
    for name in settled.impossible:
        tell(
            f"No account for {name}: such a name holds no colon and is neither homeassistant nor spBv1.0. "
            "Put it behind a gateway."
        )
