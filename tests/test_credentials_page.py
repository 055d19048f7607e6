"""What docs/credentials.md shows is run as it stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rurban import credentials
from rurban.settings import Settings
from telemetry.errors import Invalid
from telemetry.model import Device
from telemetry.registry import open_registry
from tests import village
from tests.guarded import comes_in
from tests.mosquitto import mosquitto, with_plugin
from tests.processes import environment
from tests.test_house import ROOT

PAGE = (ROOT / "docs" / "credentials.md").read_text("utf-8")
(CONFIGURATION,) = re.findall(r"^```conf\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
IN_FILES, ONCE, WITH_PLUGIN = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
WELL = Device("my-well-1", "probe", village.VILLAGE)


def house(folder: Path) -> None:
    """A registry with the device of the page."""
    (folder / "data").mkdir()
    with open_registry(f"sqlite:///{folder / 'data' / 'registry.sqlite'}") as registry:
        village.settle(registry)
        registry.devices.put([WELL])


def typed(folder: Path, script: str, **settings: object) -> str:
    """What these commands, each of which works, say on standard output."""
    own = environment(folder / "data", **settings)
    own["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{own['PATH']}"
    return subprocess.run(
        ["sh", "-e"], cwd=folder, env=own, input=script, check=True, capture_output=True, text=True, timeout=120
    ).stdout


def test_accounts_in_files(tmp_path: Path) -> None:
    house(tmp_path)
    said = typed(tmp_path, IN_FILES).splitlines()

    assert {"acl", "new-passwords.csv", "passwords"} == {path.name for path in (tmp_path / "accounts").iterdir()}
    assert "Locked out until renewed: my-well-1" in said
    assert 2 == (tmp_path / "accounts" / "new-passwords.csv").read_text().count("my-well-1,")


def test_accounts_in_the_plugin(tmp_path: Path) -> None:
    house(tmp_path)
    typed(tmp_path, ONCE)
    folder = tmp_path / "mosquitto"
    there = CONFIGURATION.replace("/etc/mosquitto/rurban", str(folder))
    plugin, _ = with_plugin(folder)
    there = re.sub("^plugin .*$", plugin, there, flags=re.MULTILINE)
    with mosquitto(tmp_path, extra_conf=there) as running:
        shown = typed(tmp_path, WITH_PLUGIN, mqtt_host=running.host, mqtt_port=running.port)
        ours = [line.partition(",")[2] for line in shown.splitlines() if line.startswith("my-well-1,")]
        renewed = (
            re.sub("^rurban.*$", "", WITH_PLUGIN, flags=re.MULTILINE) + "rurban devices credentials --renew my-well-1"
        )
        again = typed(tmp_path, renewed, mqtt_port=running.port)
        newest = again.splitlines()[-1].partition(",")[2]

        assert (2, [False, False]) == (len(ours), [comes_in(running, "my-well-1", password) for password in ours])
        assert comes_in(running, "my-well-1", newest)


@pytest.mark.parametrize(
    ("settings", "named"),
    [({}, "--out: is not given"), ({"broker_accounts": "dynamic"}, "RURBAN_BROKER_ACCOUNTS_PASSWORD: is not set")],
)
def test_what_is_lacking_is_named(settings: dict[str, str], named: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=named):
        credentials.run(Settings.model_validate({"data_dir": tmp_path / "data", **settings}), credentials.Wanted(None))
