"""Accounts in the files of Mosquitto: `passwords` and `acl` are the broker's.

`new-passwords.csv` beside them is the installer's.
"""

import base64
import contextlib
import csv
import hashlib
import io
import secrets
from collections.abc import Collection, Iterator, Mapping
from importlib.resources import files
from pathlib import Path

from rurban import owner_only
from telemetry.errors import Invalid

_ITERATIONS = 101
"""Mosquitto's own number. A password of 192 random bits is not found by trying, however fast the trying is."""
_SALT_BYTES = 12
"""Mosquitto takes no other length."""


def rights() -> str:
    """The access control list: the same for any registry, as its patterns stand for every device."""
    return files("rurban").joinpath("mosquitto.acl").read_text("utf-8")


def hashed(password: str, salt: bytes) -> str:
    """`$7$<iterations>$<salt>$<hash>` with both in base64: PBKDF2 by HMAC-SHA-512, as `mosquitto_passwd` writes it."""
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    return "$".join(["", "7", str(_ITERATIONS), *(base64.b64encode(part).decode() for part in (salt, digest))])


class FileAccounts:
    """The accounts of a folder; the broker takes changes when it gets SIGHUP, or at its next start."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "passwords"

    def names(self) -> Mapping[str, bool]:
        """See Accounts. Nothing in the file tells who wrote a line."""
        return dict.fromkeys(self._lines(), False)

    def put(self, passwords: Mapping[str, str]) -> None:
        """See Accounts."""
        lines = {name: hashed(password, secrets.token_bytes(_SALT_BYTES)) for name, password in passwords.items()}
        self._write(self._lines() | lines)

    def remove(self, names: Collection[str]) -> None:
        """See Accounts."""
        self._write({name: line for name, line in self._lines().items() if name not in names})

    def _lines(self) -> dict[str, str]:
        """The hashes by name, in the order of the file."""
        with _usable():
            rows = self._path.read_text("utf-8").splitlines() if self._path.exists() else []
        return {name: line for name, _, line in (row.partition(":") for row in rows) if name}

    def _write(self, lines: Mapping[str, str]) -> None:
        with _usable():
            owner_only.put(self._path, "".join(f"{name}:{line}\n" for name, line in lines.items()))


def hand_over(folder: Path, passwords: Mapping[str, str]) -> None:
    """Put them at the end of the installer's file; of two rows with one name the last holds."""
    path = folder / "new-passwords.csv"
    with _usable():
        before = path.read_text("utf-8") if path.exists() else ""
        owner_only.put(path, before + table(passwords, head=not before))


def table(passwords: Mapping[str, str], *, head: bool = True) -> str:
    """As CSV."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    if head:
        rows.writerow(["user", "password"])
    rows.writerows(passwords.items())
    return text.getvalue()


def prepare(folder: Path) -> bool:
    """Put the access control list there where none is; whether the one that is there is this version's."""
    path = folder / "acl"
    with _usable():
        if not path.exists():
            owner_only.put(path, rights())
        return path.read_text("utf-8") == rights()


def prepare_plugin(folder: Path) -> None:
    """Put what the plugin starts with there, where nothing is: no account, and what it lets pass judged by the list."""
    path = folder / "dynamic-security.json"
    with _usable():
        if not path.exists():
            owner_only.put(path, files("rurban").joinpath(path.name).read_text("utf-8"))


@contextlib.contextmanager
def _usable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Invalid("--out", str(error), "a folder that can be written to") from error
