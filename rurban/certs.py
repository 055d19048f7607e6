"""`rurban certs`: a folder with a CA of one's own, the broker's certificate, and those of devices.

`ca.crt` is for everybody who connects; `ca.key` for nobody: who has it can be anybody. `<name>.crt` and `<name>.key`
are the broker's or a device's; `revoked.crl` is the broker's list of those that hold no more, and `issued.csv` the CA's
own of all that it has signed. Nothing is overwritten but what is renewed.
"""

import contextlib
import datetime as dt
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from rurban import certificates, owner_only
from rurban.broker_accounts import TAKEN
from rurban.certificates import Pair
from telemetry.errors import Conflict, Invalid, Unknown

CA, BROKER = "ca", "broker"
REVOKED, ISSUED = "revoked.crl", "issued.csv"
SOON = dt.timedelta(days=30)
"""So long before its end a certificate is told of."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:-]{0,63}")


def make(folder: Path, names: Sequence[str], at: dt.datetime) -> None:
    """CA, broker's certificate for these host names and addresses, and a list of revoked ones with none in it."""
    with _usable(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_to_overwrite(folder, [CA, BROKER])
        ca = certificates.authority("Rurban CA", at)
        broker = certificates.for_broker(ca, names, at)
        _put(folder, CA, ca)
        _put(folder, BROKER, broker)
        _put_revocations(folder, [], at)


def add(folder: Path, names: Collection[str], at: dt.datetime) -> None:
    """A certificate for each of these devices, or parts of the house: its name is its user name at the broker."""
    for name in names:
        if not _NAME.fullmatch(name) or name in (CA, BROKER, *TAKEN):
            raise Invalid(f"{name!r}", "cannot be the name of a certificate", "the id of a device")
    with _usable(folder):
        ca = _pair(folder, CA)
        _refuse_to_overwrite(folder, names)
        for name in dict.fromkeys(names):
            _put(folder, name, certificates.for_client(ca, name, at))


def renew(folder: Path, names: Collection[str], at: dt.datetime) -> None:
    """Each for as long again from now, with its key, which stays as it is. `ca` is what all the others hang on."""
    with _usable(folder):
        old = {name: _pair(folder, name) for name in names}
        revoked = certificates.revoked((folder / REVOKED).read_bytes())
        for name, pair in old.items():
            if certificates.seen(pair.certificate).serial in revoked:
                raise Conflict(f"{name} is revoked; remove its two files, and make it a certificate with a new key")
        for name, pair in old.items():
            _put_certificate(folder, name, certificates.renewed(_pair(folder, CA), pair, at).certificate)
        # It holds as long as the CA does.
        _put_revocations(folder, [], at)


def revoke(folder: Path, names: Collection[str], at: dt.datetime) -> None:
    """Put every certificate that each of these has ever had on the broker's list."""
    with _usable(folder):
        issued = _issued(folder)
        for name in names:
            if name in (CA, BROKER) or name not in issued:
                raise Unknown(f"certificate of a device in {folder}", name)
        _put_revocations(folder, [serial for name in names for serial in issued[name]], at)


def listed(folder: Path, at: dt.datetime) -> Iterator[str]:
    """A line for each certificate: whose, until when, and what to do about it."""
    with _usable(folder):
        ca = _files(folder, CA)[0].read_bytes()
        revoked = certificates.revoked((folder / REVOKED).read_bytes())
        for path in sorted(folder.glob("*.crt"), key=lambda path: (path.stem != CA, path.stem != BROKER, path.stem)):
            certificate = path.read_bytes()
            found = certificates.seen(certificate)
            state = "revoked" if found.serial in revoked else lasting(found.until, at)
            yield f"{path.stem:24} {state if certificates.vouches(ca, certificate) else 'not signed by this CA'}"


def lasting(until: dt.datetime, at: dt.datetime) -> str:
    """In words: to which day, and that it is time to renew."""
    day = until.date().isoformat()
    if until <= at:
        return f"EXPIRED on {day}: `rurban certs renew`"
    left = (until - at).days
    return f"until {day}" + (f": {left} days, `rurban certs renew`" if until - at < SOON else "")


def _pair(folder: Path, name: str) -> Pair:
    certificate, key = _files(folder, name)
    if not _NAME.fullmatch(name) or not certificate.exists():
        raise Unknown(f"certificate in {folder}", name)
    return Pair(certificate.read_bytes(), key.read_bytes())


def _files(folder: Path, name: str) -> tuple[Path, Path]:
    return folder / f"{name}.crt", folder / f"{name}.key"


def _refuse_to_overwrite(folder: Path, names: Collection[str]) -> None:
    for name in names:
        for path in _files(folder, name):
            if path.exists():
                raise Conflict(f"{path} is there already and stays; `rurban certs renew {name}` prolongs a certificate")


def _put(folder: Path, name: str, pair: Pair) -> None:
    """The key first: a certificate without one cannot be renewed."""
    owner_only.put(_files(folder, name)[1], pair.key.decode())
    _put_certificate(folder, name, pair.certificate)


def _put_certificate(folder: Path, name: str, certificate: bytes) -> None:
    """Noted before it is there: what is not noted cannot be revoked."""
    path = folder / ISSUED
    before = path.read_text("utf-8") if path.exists() else "name,serial\n"
    owner_only.put(path, f"{before}{name},{certificates.seen(certificate).serial:x}\n")
    owner_only.put(_files(folder, name)[0], certificate.decode())


def _put_revocations(folder: Path, serials: Collection[int], at: dt.datetime) -> None:
    """These and all that are on the list already."""
    path = folder / REVOKED
    before = path.read_bytes() if path.exists() else None
    owner_only.put(path, certificates.revocations(_pair(folder, CA), before, serials, at).decode())


def _issued(folder: Path) -> dict[str, list[int]]:
    """The serial numbers of all certificates, by name."""
    found: dict[str, list[int]] = {}
    for line in (folder / ISSUED).read_text("utf-8").splitlines()[1:]:
        name, _, serial = line.partition(",")
        found.setdefault(name, []).append(int(serial, 16))
    return found


@contextlib.contextmanager
def _usable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Invalid(
            "--folder", str(error), "one that `rurban certs make` has made, and that can be written to"
        ) from error
    except ValueError as error:
        raise Invalid(str(folder), f"holds something that is no certificate or key: {error}", "files in PEM") from error
