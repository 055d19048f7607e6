"""What the README shows in Python does what it says; its shell commands are run by the tests of the demonstration."""

import re
import subprocess
import sys
from pathlib import Path

from telemetry.registry import open_registry
from tests.test_house import ROOT


def test_its_python_registers_a_device(tmp_path: Path) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (tmp_path / "data").mkdir()
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    with open_registry(f"sqlite:///{tmp_path / 'data' / 'registry.sqlite'}") as registry:
        device = registry.devices.one("my-well-1")

    assert ("my-station", "411425100000") == (device.profile, device.region)
