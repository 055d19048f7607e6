"""`rurban devices slip`: the installer's page, with the password where it was made just now."""

import csv
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TypeVar

import typer

from devices.slip import Broker, Lang, Paper, Slip, page
from rurban import account_files
from rurban.broker_accounts import renewed
from rurban.credentials import connected
from rurban.house import now
from rurban.rosters import opened, put_out
from rurban.settings import Settings
from telemetry.errors import Invalid
from telemetry.model import Device

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Wanted:
    """As it was typed."""

    lang: str
    paper: str
    broker: str | None
    accounts: Path | None
    renew: bool
    tls: bool | None
    """None = as the house does."""


def write(settings: Settings, device_id: str, wanted: Wanted, out: Path | None) -> None:
    """The page, into the file or onto standard output."""
    lang, paper = _word("--lang", Lang, wanted.lang), _word("--paper", Paper, wanted.paper)
    plugin = settings.broker_accounts == "dynamic"
    if wanted.renew and wanted.accounts is None and not plugin:
        raise Invalid(
            "--renew", "says not where the accounts are", "--accounts FOLDER, or RURBAN_BROKER_ACCOUNTS=dynamic"
        )
    tls = settings.mqtt_tls_ca is not None if wanted.tls is None else wanted.tls
    broker = replace(_broker(settings, wanted.broker), tls=tls)
    with opened(settings) as registry:
        device = registry.devices.one(device_id)
        profile = registry.devices.profile(device.profile)
        places = [*registry.places.ancestors(device.region), registry.places.one(device.region)]
    password = None
    if wanted.accounts is not None:
        password = _of_files(wanted.accounts, device, renew=wanted.renew)
    elif wanted.renew:
        password = _of_plugin(settings, device)
    slip = Slip(device, profile, tuple(place.name for place in places), broker, password)
    put_out(page(slip, lang, paper), out, secret=password is not None)


def _word(option: str, words: type[Word], given: str) -> Word:
    for word in words:
        if word.lower() == given.lower():
            return word
    raise Invalid(option, f"{given!r} is none", ", ".join(words))


def _broker(settings: Settings, given: str | None) -> Broker:
    host, _, port = (given or f"{settings.mqtt_host}:{settings.mqtt_port}").rpartition(":")
    if not host or not port.isdecimal() or not 1 <= int(port) <= 65535:  # noqa: PLR2004 - ports
        raise Invalid("--broker", f"{given!r} is no address", "host:port, such as mqtt.example.org:1883")
    return Broker(host, int(port))


def _of_files(folder: Path, device: Device, *, renew: bool) -> str | None:
    """That of the installer's file, for a device that has just got its account; None = it has had it for longer."""
    account_files.prepare(folder)
    accounts = account_files.FileAccounts(folder)
    if renew or device.id not in accounts.names():
        renewed(accounts, device, at=now(), hand_over=partial(account_files.hand_over, folder))
        typer.echo("Mosquitto takes the new password when it gets SIGHUP, or at its next start.", err=True)
    path = folder / "new-passwords.csv"
    if not path.exists():
        return None
    with path.open(newline="", encoding="utf-8") as file:
        return {row["user"]: row["password"] for row in csv.DictReader(file)}.get(device.id)


def _of_plugin(settings: Settings, device: Device) -> str:
    """A new one; the broker knows it at once."""
    shown: dict[str, str] = {}
    with connected(settings) as accounts:
        renewed(accounts, device, at=now(), hand_over=shown.update)
    return shown[device.id]
