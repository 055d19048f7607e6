"""A real Mosquitto that speaks TLS, with certificates of a CA made for the test."""

import contextlib
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from devices.tls import Tls
from ingest.mqtt import Broker
from rurban import account_files, certs
from tests.mosquitto import HOST, Mosquitto, free_port, listens, mosquitto
from tests.workplace import eventually

NOW = dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Secured:
    """A broker with three doors: in clear, by TLS, and by TLS with a certificate in place of a password."""

    plain: Mosquitto
    certs: Path
    port: int
    port_of_certificates: int

    def tls(self, name: str | None = None) -> Tls:
        """Who trusts the test's CA and shows this certificate; None = none."""
        own = (None, None) if name is None else (self.certs / f"{name}.crt", self.certs / f"{name}.key")
        return Tls(self.certs / "ca.crt", *own)

    def by_tls(self, *, mqtt5: bool = False) -> Broker:
        return Broker(HOST, self.port, tls=self.tls(), mqtt5=mqtt5)

    def by_certificate(self, name: str | None, *, mqtt5: bool = False) -> Broker:
        return Broker(HOST, self.port_of_certificates, tls=self.tls(name), mqtt5=mqtt5)


def made(folder: Path, names: Sequence[str] = ("localhost", HOST), at: dt.datetime = NOW) -> Path:
    """Certificates of the broker, of a device and of the worker."""
    certs.make(folder, names, at)
    certs.add(folder, ["well-1", "_worker"], at)
    return folder


@contextlib.contextmanager
def secured(tmp_path: Path, folder: Path) -> Iterator[Secured]:
    """Running with the certificates of this folder; `observer` may do everything, by the door in clear."""
    port, third = free_port(), free_port()
    acl = tmp_path / "acl"
    acl.write_text(f"topic readwrite #\n{account_files.rights()}")
    files = [f"cafile {folder}/ca.crt", f"certfile {folder}/broker.crt", f"keyfile {folder}/broker.key"]
    shown = ["require_certificate true", "use_identity_as_username true", f"crlfile {folder}/revoked.crl"]
    conf = [f"acl_file {acl}", f"listener {port} {HOST}", *files, f"listener {third} {HOST}", *files, *shown]
    with mosquitto(tmp_path, extra_conf="\n".join(conf)) as running:
        # The last that it opens.
        eventually(lambda: listens(third))
        yield Secured(running, folder, port, third)
