"""Accounts at Mosquitto: a password for every device of the registry, which the broker keeps as a hash only.

Three files in one folder: `passwords` and `acl` are the broker's, `new-passwords.csv` is the installer's.
"""

import base64
import csv
import hashlib
import io
import os
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from telemetry.errors import Invalid, Unknown
from telemetry.model import Device

PARTS = ("_worker", "_api")
"""Parts of the house that have an account of their own; the rights of all are in `mosquitto.acl`."""

_TAKEN = frozenset({"homeassistant"})
"""A device of this name could publish as any other: its `%u/sensor/+/state` are topics of Home Assistant."""

_ITERATIONS = 101
"""Mosquitto's own number. A password of 192 random bits is not found by trying, however fast the trying is."""
_SALT_BYTES = 12
"""Mosquitto takes no other length."""
_PASSWORD_BYTES = 24


@dataclass(frozen=True, slots=True)
class Accounts:
    """What there is after `write`."""

    folder: Path
    made: list[str]
    """Those whose passwords are new."""
    kept: int
    impossible: list[str]
    """Devices whose id cannot be the name of an account."""
    foreign_acl: bool
    """An `acl` was there that is not this version's; it is as it was."""


def rights() -> str:
    """The access control list: the same for any registry, as its patterns stand for every device."""
    return files("rurban").joinpath("mosquitto.acl").read_text("utf-8")


def hashed(password: str, salt: bytes) -> str:
    """`$7$<iterations>$<salt>$<hash>` with both in base64: PBKDF2 by HMAC-SHA-512, as `mosquitto_passwd` writes it."""
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    return "$".join(["", "7", str(_ITERATIONS), *(base64.b64encode(part).decode() for part in (salt, digest))])


def write(folder: Path, devices: Iterable[Device], *, renew: Collection[str] = ()) -> Accounts:
    """An account for each part and for each device that has none yet; those of `renew` get a new password.

    A device behind a gateway speaks through it and has none. Lines of others stay. New passwords are added to the
    installer's file before the broker's knows them.

    Raises:
        Unknown: a name of `renew` is no device that can have an account.
        Invalid: the folder cannot be written to.
    """
    speaking = [device.id for device in devices if device.gateway is None]
    impossible = [name for name in speaking if ":" in name or name in _TAKEN]
    possible = [*PARTS, *(name for name in speaking if name not in impossible)]
    for name in renew:
        if name not in possible:
            raise Unknown("device with an account at the broker", name)
    try:
        lines = _lines(folder / "passwords")
        made = [name for name in possible if name not in lines or name in renew]
        kept = len(lines) - len(lines.keys() & set(made))
        passwords = {name: secrets.token_urlsafe(_PASSWORD_BYTES) for name in made}
        if passwords:
            _put(folder / "new-passwords.csv", _with_rows(folder / "new-passwords.csv", passwords))
            lines |= {name: hashed(password, secrets.token_bytes(_SALT_BYTES)) for name, password in passwords.items()}
            _put(folder / "passwords", "".join(f"{name}:{line}\n" for name, line in lines.items()))
        foreign = _foreign(folder / "acl")
    except OSError as error:
        raise Invalid("--out", str(error), "a folder that can be written to") from error
    return Accounts(folder, made, kept, impossible, foreign)


def _lines(path: Path) -> dict[str, str]:
    """The hashes by name, in the order of the file."""
    rows = path.read_text("utf-8").splitlines() if path.exists() else []
    return {name: line for name, _, line in (row.partition(":") for row in rows) if name}


def _with_rows(path: Path, passwords: dict[str, str]) -> str:
    """The installer's file with these at its end; of two rows with one name the last holds."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(passwords.items())
    return (path.read_text("utf-8") if path.exists() else "user,password\n") + text.getvalue()


def _foreign(path: Path) -> bool:
    if not path.exists():
        _put(path, rights())
    return path.read_text("utf-8") != rights()


def _put(path: Path, text: str) -> None:
    """The whole file or the old one, for its owner alone; made by root it belongs to whom the folder belongs."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(draft, owner.st_uid, owner.st_gid)
    draft.replace(path)
