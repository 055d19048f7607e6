"""Certificates of a CA of one's own: for the broker, and for devices that show one in place of a password.

Pure but for chance: no files, no clock. Keys are of the curve P-256, which small devices can reckon with.
"""

import datetime as dt
import ipaddress
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from telemetry.errors import Invalid

CA_DAYS = 3650
BROKER_DAYS = 825
DEVICE_DAYS = 1095
_BEFORE = dt.timedelta(days=1)
"""A device's clock may be behind."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, as PEM."""

    certificate: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a certificate says of itself."""

    serial: int
    until: dt.datetime
    """Not after this."""


def authority(name: str, at: dt.datetime) -> Pair:
    """A CA that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    return Pair(_signed(_ca(subject, key.public_key(), at), subject, key), _pem(key))


def for_broker(ca: Pair, names: Sequence[str], at: dt.datetime) -> Pair:
    """For a server that is reached by these host names and addresses."""
    found = [_alternative(name) for name in names]
    key = ec.generate_private_key(ec.SECP256R1())
    draft = _leaf(_name("broker"), key.public_key(), at, BROKER_DAYS, ExtendedKeyUsageOID.SERVER_AUTH)
    return Pair(_by(ca, draft.add_extension(x509.SubjectAlternativeName(found), critical=False)), _pem(key))


def for_client(ca: Pair, name: str, at: dt.datetime) -> Pair:
    """For a device, or a part of the house: the name is its user name at the broker."""
    key = ec.generate_private_key(ec.SECP256R1())
    draft = _leaf(_name(name), key.public_key(), at, DEVICE_DAYS, ExtendedKeyUsageOID.CLIENT_AUTH)
    return Pair(_by(ca, draft), _pem(key))


def renewed(ca: Pair, old: Pair, at: dt.datetime) -> Pair:
    """The same key, name and purpose, for as long again; of the CA itself too, and what it has vouched for holds on."""
    before = x509.load_pem_x509_certificate(old.certificate)
    key = _key(old)
    if before.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
        return Pair(_signed(_ca(before.subject, key.public_key(), at), before.subject, key), old.key)
    (purpose,) = before.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    days = BROKER_DAYS if purpose == ExtendedKeyUsageOID.SERVER_AUTH else DEVICE_DAYS
    draft = _leaf(before.subject, key.public_key(), at, days, purpose)
    for extension in before.extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            draft = draft.add_extension(extension.value, critical=False)
    return Pair(_by(ca, draft), old.key)


def revocations(ca: Pair, old: bytes | None, serials: Collection[int], at: dt.datetime) -> bytes:
    """The list of what the CA no longer vouches for, with what stood there; as PEM.

    It holds as long as the CA: a broker with a list that is over its time refuses everybody.
    """
    signer = x509.load_pem_x509_certificate(ca.certificate)
    draft = x509.CertificateRevocationListBuilder().issuer_name(signer.subject)
    draft = draft.last_update(at).next_update(signer.not_valid_after_utc)
    before = [] if old is None else list(x509.load_pem_x509_crl(old))
    for entry in before:
        draft = draft.add_revoked_certificate(entry)
    for serial in set(serials) - {entry.serial_number for entry in before}:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at).build()
        draft = draft.add_revoked_certificate(entry)
    return draft.sign(_key(ca), hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def revoked(crl: bytes) -> set[int]:
    """The serial numbers on such a list."""
    return {entry.serial_number for entry in x509.load_pem_x509_crl(crl)}


def seen(certificate: bytes) -> Seen:
    """Of the first in PEM, or of one in DER. `ValueError` when it is none."""
    pem = b"-----BEGIN" in certificate
    found = x509.load_pem_x509_certificate(certificate) if pem else x509.load_der_x509_certificate(certificate)
    return Seen(found.serial_number, found.not_valid_after_utc)


def vouches(ca: bytes, certificate: bytes) -> bool:
    """Whether this CA has signed it; both as PEM."""
    try:
        x509.load_pem_x509_certificate(certificate).verify_directly_issued_by(x509.load_pem_x509_certificate(ca))
    except (InvalidSignature, TypeError, ValueError):
        return False
    return True


def _name(text: str) -> x509.Name:
    try:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
    except ValueError as error:
        raise Invalid("name of a certificate", f"{text!r}: {error}", "1 to 64 characters") from error


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return x509.DNSName(name.encode("idna").decode())
    except UnicodeError as error:
        raise Invalid("--name", f"{name!r}: {error}", "host names and addresses of the broker") from error


def _ca(subject: x509.Name, key: ec.EllipticCurvePublicKey, at: dt.datetime) -> x509.CertificateBuilder:
    usage = dict.fromkeys(_USAGES, False) | {"key_cert_sign": True, "crl_sign": True}
    return (
        _draft(subject, key, at, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
    )


def _leaf(
    subject: x509.Name, key: ec.EllipticCurvePublicKey, at: dt.datetime, days: int, purpose: x509.ObjectIdentifier
) -> x509.CertificateBuilder:
    usage = dict.fromkeys(_USAGES, False) | {"digital_signature": True}
    return (
        _draft(subject, key, at, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    )


_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


def _draft(subject: x509.Name, key: ec.EllipticCurvePublicKey, at: dt.datetime, days: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _BEFORE)
        .not_valid_after(at + dt.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _by(ca: Pair, draft: x509.CertificateBuilder) -> bytes:
    signer = x509.load_pem_x509_certificate(ca.certificate)
    return _signed(draft, signer.subject, _key(ca))


def _signed(draft: x509.CertificateBuilder, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> bytes:
    by = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    whole = draft.issuer_name(issuer).add_extension(by, critical=False)
    return whole.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _key(pair: Pair) -> ec.EllipticCurvePrivateKey:
    found = serialization.load_pem_private_key(pair.key, password=None)
    if not isinstance(found, ec.EllipticCurvePrivateKey):
        raise Invalid("key", "is not of an elliptic curve", "one that `rurban certs` has made")
    return found


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
