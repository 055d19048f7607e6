"""A folder with a CA of one's own."""

import datetime as dt
import stat
import subprocess
from pathlib import Path

import pytest

from rurban import certificates, certs
from telemetry.errors import Conflict, Invalid, Unknown

NOW = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(days=800)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With certificates of the broker and of one device."""
    path = tmp_path / "certs"
    certs.make(path, ["mqtt.village.example", "10.0.0.5", "::1"], NOW)
    certs.add(path, ["well-1"], NOW)
    return path


def openssl(*words: object) -> str:
    """What OpenSSL makes of it."""
    ended = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, check=False)
    return ended.stdout + ended.stderr


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize(("name", "purpose"), [("broker", "sslserver"), ("well-1", "sslclient")])
def test_openssl_takes_them_for_what_they_are_for_and_nothing_else(name: str, purpose: str, folder: Path) -> None:
    at = ["-attime", str(int(NOW.timestamp())), "-x509_strict", "-CAfile", folder / "ca.crt"]
    (other,) = {"sslserver", "sslclient"} - {purpose}
    held = openssl("verify", *at, "-purpose", purpose, folder / f"{name}.crt")

    assert f"{folder}/{name}.crt: OK" == held.strip()
    assert "purpose" in openssl("verify", *at, "-purpose", other, folder / f"{name}.crt")


def test_the_broker_has_the_names_that_were_asked_for_and_a_device_its_id(folder: Path) -> None:
    names = openssl("x509", "-in", folder / "broker.crt", "-noout", "-ext", "subjectAltName")
    device = openssl("x509", "-in", folder / "well-1.crt", "-noout", "-subject")

    assert "DNS:mqtt.village.example, IP Address:10.0.0.5, IP Address:0:0:0:0:0:0:0:1" in names
    assert "subject=CN = well-1" == device.strip()


def test_a_village_may_have_a_name_in_its_own_script(tmp_path: Path) -> None:
    certs.make(tmp_path / "certs", ["北宋镇.example"], NOW)

    names = openssl("x509", "-in", tmp_path / "certs" / "broker.crt", "-noout", "-ext", "subjectAltName")
    assert f"DNS:{'北宋镇'.encode('idna').decode()}.example" in names


def test_all_files_are_for_their_owner_alone(folder: Path) -> None:
    assert "drwx------" == stat.filemode(folder.stat().st_mode)
    assert {"-rw-------"} == {stat.filemode(path.stat().st_mode) for path in folder.iterdir()}


def test_nothing_is_overwritten(folder: Path) -> None:
    before = texts(folder)
    with pytest.raises(Conflict, match=r"ca\.crt is there already"):
        certs.make(folder, ["localhost"], LATER)
    with pytest.raises(Conflict, match=r"well-1\.crt is there already.*renew well-1"):
        certs.add(folder, ["rain-1", "well-1"], LATER)

    assert before == texts(folder)


@pytest.mark.parametrize("name", ["ca", "broker", "homeassistant", "../up", "", "a b", "x" * 65])
def test_what_cannot_be_the_name_of_a_device_gets_none(name: str, folder: Path) -> None:
    with pytest.raises(Invalid, match="the id of a device"):
        certs.add(folder, [name], NOW)


def test_a_renewed_certificate_has_its_key_and_names_and_a_later_end(folder: Path) -> None:
    before = texts(folder)
    certs.renew(folder, ["ca", "broker", "well-1"], LATER)
    after = texts(folder)
    ends = {name: certificates.seen(after[f"{name}.crt"].encode()).until - LATER for name in ("ca", "broker", "well-1")}

    assert {"ca": 3650, "broker": 825, "well-1": 1095} == {name: end.days for name, end in ends.items()}
    assert [] == [name for name in before if name.endswith(".key") and before[name] != after[name]]
    assert "IP Address:10.0.0.5" in openssl("x509", "-in", folder / "broker.crt", "-noout", "-ext", "subjectAltName")


def test_what_a_ca_has_signed_before_holds_by_the_renewed_one(folder: Path) -> None:
    certs.renew(folder, ["ca"], LATER)
    at = ["-attime", str(int(LATER.timestamp())), "-CAfile", folder / "ca.crt"]
    revoked = ["-crl_check", "-CRLfile", folder / "revoked.crl"]

    assert f"{folder}/well-1.crt: OK" == openssl("verify", *at, *revoked, folder / "well-1.crt").strip()


def test_a_revoked_device_has_no_certificate_that_holds_not_even_an_older_one(folder: Path) -> None:
    older = folder / "older.pem"
    older.write_bytes((folder / "well-1.crt").read_bytes())
    certs.renew(folder, ["well-1"], NOW)
    certs.add(folder, ["rain-1"], NOW)
    certs.revoke(folder, ["rain-1"], NOW)
    certs.revoke(folder, ["well-1"], NOW)
    check = ["-attime", str(int(LATER.timestamp())), "-CAfile", folder / "ca.crt"]
    check += ["-crl_check", "-CRLfile", folder / "revoked.crl"]
    held = [openssl("verify", *check, path) for path in (older, folder / "well-1.crt", folder / "rain-1.crt")]

    assert 3 == sum("certificate revoked" in said for said in held), held
    with pytest.raises(Conflict, match="well-1 is revoked"):
        certs.renew(folder, ["well-1"], NOW)


@pytest.mark.parametrize("name", ["nobody", "ca", "broker"])
def test_only_a_device_can_be_revoked(name: str, folder: Path) -> None:
    with pytest.raises(Unknown, match=name):
        certs.revoke(folder, [name], NOW)


def test_the_list_says_what_is_to_be_done(folder: Path, tmp_path: Path) -> None:
    certs.add(folder, ["rain-1"], NOW)
    certs.revoke(folder, ["rain-1"], NOW)
    certs.make(tmp_path / "other", ["localhost"], NOW)
    (folder / "visitor.crt").write_bytes((tmp_path / "other" / "broker.crt").read_bytes())
    lines = dict(line.split(maxsplit=1) for line in certs.listed(folder, LATER))

    assert ["ca", "broker", "rain-1", "visitor", "well-1"] == list(lines)
    assert "until 2029-03-04: 25 days, `rurban certs renew`" == lines["broker"]
    assert ("revoked", "not signed by this CA") == (lines["rain-1"], lines["visitor"])
    assert "until 2036-11-27" == lines["ca"]
    assert "EXPIRED on 2029-11-29: `rurban certs renew`" == certs.lasting(
        dt.datetime(2029, 11, 29, tzinfo=dt.UTC), dt.datetime(2029, 11, 29, tzinfo=dt.UTC)
    )


def test_a_folder_or_file_that_is_not_what_it_should_be_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Unknown, match=r"nowhere: ca"):
        certs.add(tmp_path / "nowhere", ["well-2"], NOW)
    (folder / "well-1.crt").write_text("no certificate")
    with pytest.raises(Invalid, match="holds something that is no certificate"):
        certs.renew(folder, ["well-1"], NOW)
