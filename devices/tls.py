"""TLS to a broker: whom to trust, what to show, and what went wrong in words that help."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from telemetry.errors import BrokerUnavailable


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM."""

    ca: Path
    """Who vouches for the broker."""
    certificate: Path | None = None
    """Shown to a broker that asks for one; None = none."""
    key: Path | None = None
    """Of the certificate; without a passphrase."""

    def context(self) -> ssl.SSLContext:
        """Checks the broker's certificate and its name. `BrokerUnavailable` names the file that cannot be used."""
        try:
            found = ssl.create_default_context(cafile=self.ca)
        except OSError as error:
            raise BrokerUnavailable(f"the CA file {self.ca} cannot be used: {error}") from error
        found.sslsocket_class = _Connection
        if self.certificate is not None:
            try:
                # The passphrase is there so that nobody is asked for one.
                found.load_cert_chain(self.certificate, self.key, password="")
            except OSError as error:
                files = f"the certificate {self.certificate} with the key {self.key}"
                raise BrokerUnavailable(f"{files} cannot be used: {error}") from error
        return found


class _Connection(ssl.SSLSocket):
    """Closed when the handshake fails: paho would leave that to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - as the library has it
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def why(error: OSError, tls: Tls | None) -> str:
    """What came in the way of a connection."""
    if tls is not None and isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate does not hold by {tls.ca}: {error.verify_message}"
    if tls is not None and isinstance(error, ssl.SSLError | ConnectionResetError):
        return f"{error}; does it speak TLS on this port?"
    return str(error)


def doubt(tls: Tls | None) -> str:
    """What may be behind a connection that ends after the handshake: TLS 1.3 tells so late of certificates."""
    if tls is None:
        return ""
    if tls.certificate is None:
        return "; it may ask for a certificate, and none is shown"
    return f"; it may not take the certificate {tls.certificate}"
