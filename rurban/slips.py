"""`rurban devices slip`: the installer's page, with the password where it was made just now."""

import csv
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import typer

from devices.slip import Broker, Lang, Paper, Slip, page
from rurban import broker_accounts
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


def write(settings: Settings, device_id: str, wanted: Wanted, out: Path | None) -> None:
    """The page, into the file or onto standard output."""
    lang, paper = _word("--lang", Lang, wanted.lang), _word("--paper", Paper, wanted.paper)
    if wanted.renew and wanted.accounts is None:
        raise Invalid("--renew", "says not where the accounts are", "--accounts FOLDER with it")
    broker = _broker(settings, wanted.broker)
    with opened(settings) as registry:
        device = registry.devices.one(device_id)
        profile = registry.devices.profile(device.profile)
        places = [*registry.places.ancestors(device.region), registry.places.one(device.region)]
    password = None if wanted.accounts is None else _password(wanted.accounts, device, renew=wanted.renew)
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


def _password(folder: Path, device: Device, *, renew: bool) -> str | None:
    """That of the installer's file, for a device that has just got its account; None = it has had it for longer."""
    accounts = broker_accounts.write(folder, [device], renew=[device.id] if renew else [])
    if accounts.made:
        typer.echo("Mosquitto takes the new password when it gets SIGHUP, or at its next start.", err=True)
    path = accounts.folder / "new-passwords.csv"
    if not path.exists():
        return None
    with path.open(newline="", encoding="utf-8") as file:
        return {row["user"]: row["password"] for row in csv.DictReader(file)}.get(device.id)
