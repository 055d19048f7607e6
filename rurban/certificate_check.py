"""How long the certificates hold on which the connection to the broker hangs."""

import datetime as dt
import socket

from devices.tls import Tls, why
from rurban import certificates
from rurban.certs import SOON, lasting
from telemetry.errors import BrokerUnavailable, Conflict, Invalid

_PATIENCE_S = 3.0


def checked(tls: Tls, host: str, port: int, at: dt.datetime) -> str:
    """Each with its last day; `Conflict` says the same when one of them ends within thirty days.

    A CA file with many in it is the system's, which its own updates take care of.
    """
    found = {"broker": _shown(tls, host, port)}
    ca = tls.ca.read_bytes()
    if ca.count(b"-----BEGIN CERTIFICATE") == 1:
        found["CA"] = ca
    if tls.certificate is not None:
        found["own"] = tls.certificate.read_bytes()
    ends = {name: _end(name, certificate) for name, certificate in found.items()}
    words = ", ".join(f"{name} {lasting(until, at)}" for name, until in ends.items())
    if any(until - at < SOON for until in ends.values()):
        raise Conflict(f"{words} (docs/tls.md)")
    return words


def _shown(tls: Tls, host: str, port: int) -> bytes:
    """What the broker shows."""
    context = tls.context()
    try:
        with (
            socket.create_connection((host, port), _PATIENCE_S) as plain,
            context.wrap_socket(plain, server_hostname=host) as secured,
        ):
            return secured.getpeercert(binary_form=True) or b""
    except OSError as error:
        raise BrokerUnavailable(f"no MQTT broker at {host}:{port}: {why(error, tls)}") from error


def _end(name: str, certificate: bytes) -> dt.datetime:
    try:
        return certificates.seen(certificate).until
    except ValueError as error:
        raise Invalid(f"{name} certificate", str(error), "a certificate in PEM") from error
