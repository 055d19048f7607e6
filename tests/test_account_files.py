"""Accounts in Mosquitto's own files."""

import base64
import stat
import subprocess
from pathlib import Path

import pytest

from rurban import account_files
from rurban.account_files import FileAccounts
from rurban.broker_accounts import settle
from telemetry.errors import Invalid
from telemetry.model import Device

WELL = Device("well-1", "monitoring_well", "370522101201")


def test_a_hash_is_what_mosquitto_passwd_makes_of_the_same_password_and_salt(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    path.write_text("someone:correct horse\n")
    subprocess.run(["mosquitto_passwd", "-U", path], check=True)
    name, _, line = path.read_text().strip().partition(":")
    salt = base64.b64decode(line.split("$")[3])

    assert ("someone", line) == (name, account_files.hashed("correct horse", salt))


def test_the_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    account_files.prepare(tmp_path)
    account_files.prepare_plugin(tmp_path)
    FileAccounts(tmp_path).put({"well-1": "secret"})
    account_files.hand_over(tmp_path, {"well-1": "secret"})
    modes = {path.name: stat.filemode(path.stat().st_mode) for path in tmp_path.iterdir()}

    names = ["acl", "dynamic-security.json", "new-passwords.csv", "passwords"]
    assert dict.fromkeys(names, "-rw-------") == modes


def test_lines_of_others_stay_and_so_does_an_acl_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "passwords").write_text("visitor:$7$101$somesalt$somehash\n")
    (tmp_path / "acl").write_text("user visitor\ntopic read #\n")
    ours = account_files.prepare(tmp_path)
    settled = settle(FileAccounts(tmp_path), [WELL], at=0, hand_over=lambda _: None)
    lines = (tmp_path / "passwords").read_text().splitlines()

    assert ("visitor:$7$101$somesalt$somehash", 1, ["well-1"]) == (lines[0], settled.kept, settled.made)
    assert (False, "user visitor\ntopic read #\n") == (ours, (tmp_path / "acl").read_text())


def test_new_passwords_are_added_to_those_that_nobody_has_taken_yet(tmp_path: Path) -> None:
    account_files.hand_over(tmp_path, {"well-1": "first"})
    account_files.hand_over(tmp_path, {"rain-1": "second", "well-1": "third"})

    assert "user,password\nwell-1,first\nrain-1,second\nwell-1,third\n" == (tmp_path / "new-passwords.csv").read_text()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"--out.*nowhere"):
        account_files.prepare(tmp_path / "nowhere")
