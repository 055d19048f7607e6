"""What docs/tls.md shows is run as it stands there, on a broker with the configuration that it shows."""

import re
from pathlib import Path

from tests.mosquitto import HOST, free_port, listens, mosquitto
from tests.test_credentials_page import typed
from tests.test_house import ROOT
from tests.workplace import eventually

PAGE = (ROOT / "docs" / "tls.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(sh|conf)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_page_from_the_first_certificate_to_the_renewed_one(tmp_path: Path) -> None:
    """The doctor ends with 1 where no API runs: what it says of broker and certificates is looked at."""
    ports = {"8883": str(free_port()), "8884": str(free_port())}
    scripts = [text.replace("rurban doctor", "rurban doctor || true") for kind, text in BLOCKS if kind == "sh"]
    conf = "\n".join(text for kind, text in BLOCKS if kind == "conf")
    for theirs, ours in ports.items():
        conf = conf.replace(f"listener {theirs}", f"listener {ours} {HOST}")
        scripts = [script.replace(f"PORT={theirs}", f"PORT={ours}") for script in scripts]
    conf = conf.replace("/etc/mosquitto/rurban", str(tmp_path / "certs"))
    make, trust, add, show, revoke, renew = scripts
    (tmp_path / "data").mkdir()
    made = typed(tmp_path, make + add)
    with mosquitto(tmp_path, extra_conf=conf):
        eventually(lambda: all(listens(int(port)) for port in ports.values()))
        said = typed(tmp_path, trust + show + revoke + renew, http_port=free_port()).splitlines()

    assert ["ca", "broker"] == [line.split()[0] for line in made.splitlines() if " until " in line]
    assert [f"broker       accepts connections at {HOST}:{port}" for port in ports.values()] == [
        line.partition(";")[0] for line in said if line.startswith("broker       accepts")
    ]
    assert ["broker, CA", "broker, CA, own"] == [
        ", ".join(re.findall(r"(\w+) until", line)) for line in said if line.startswith("certificates ")
    ]
    assert 2 == sum(line.split() == ["my-well-1", "revoked"] for line in said)
