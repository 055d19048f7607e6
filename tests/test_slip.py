"""The slip that an installer takes along."""

import re
import subprocess
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
import segno
from typer.testing import CliRunner, Result

from devices.slip import EMPTY, Broker, Lang, Paper, Slip, command, page
from rurban.cli import app
from telemetry.model import Device, Profile
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from tests.api_fixture import Served, house
from tests.mosquitto import Mosquitto
from tests.test_device_commands import data_dir
from tests.test_worker import fates
from tests.village import VILLAGE
from tests.workplace import at_work, eventually, worker_on

__all__ = ["data_dir", "house"]

PROFILE = Profile("well", "Groundwater well", "native_json", ())
DEVICE = Device("well-7", "well", VILLAGE, "Behind <the> school", 37.62, 118.26)
SLIP = Slip(DEVICE, PROFILE, ("利津县", "北宋镇"), Broker("mqtt.example.org", 1883))


def test_the_slip_says_where_and_how_the_device_speaks() -> None:
    text = page(SLIP, Lang.EN, Paper.A6)
    told = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", text))

    assert {
        "Place": f"利津县 · 北宋镇 · {VILLAGE}",
        "Position": "37.620000, 118.260000",
        "Model": "Groundwater well <small>(native_json)</small>",
        "MQTT broker": "<code>mqtt.example.org:1883</code>",
        "Topic": "<code>rurban/v1/well-7/up</code> (QoS 1)",
        "User": "<code>well-7</code>",
        "Password": "given separately, and kept nowhere; a lost one is replaced",
    } == told
    assert "<h1>Behind &lt;the&gt; school</h1>" in text
    assert "-P &lt;password&gt; -q 1" in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_the_code_holds_the_same() -> None:
    told = '{"id":"well-7","host":"mqtt.example.org","port":1883,"topic":"rurban/v1/well-7/up","user":"well-7"}'
    expected = segno.make_qr(told, error="m").svg_inline(scale=1, border=2, omitsize=True)
    secret = segno.make_qr(told[:-1] + ',"password":"se\'cret"}', error="m").svg_inline(
        scale=1, border=2, omitsize=True
    )

    assert expected in page(SLIP, Lang.EN, Paper.A6)
    assert secret in page(replace(SLIP, password="se'cret"), Lang.ZH, Paper.A4)


def test_a_password_is_shown_where_there_is_one_and_quoted_for_the_shell() -> None:
    text = page(replace(SLIP, password="se'cret"), Lang.EN, Paper.A6)

    assert "This page holds a password" in text
    assert "<code>se&#x27;cret</code>" in text
    assert """-P 'se'"'"'cret' -q 1""" in unescape(text)


def test_in_chinese_every_word_is() -> None:
    text = page(replace(SLIP, password="x"), Lang.ZH, Paper.A6)

    assert ['lang="zh"', "安装单", "密码", "连接测试"] == [
        words for words in ('lang="zh"', "安装单", "密码", "连接测试") if words in text
    ]
    assert [] == [words for words in ("Password", "Topic", "Test", "Place") if words in text]


def test_a_device_behind_a_gateway_has_no_account() -> None:
    text = page(replace(SLIP, device=replace(DEVICE, gateway="gw-1")), Lang.EN, Paper.A6)

    assert ("gw-1" in text, False, False) == (True, "Password" in text, "mosquitto_pub" in text)


@pytest.mark.parametrize(
    ("codec", "device_id", "words", "broker"),
    [
        ("sl651", "0012345678", "station gateway (the operator says where)", False),
        ("cayenne_lpp", "70b3d57ed0051a2b", "LoRaWAN network server", False),
        ("json_paths", "70b3d57ed0051a2b", "LoRaWAN network server", False),
        ("json_paths", "plug-1", "JSON of its own also on <code>rurban/v1/plug-1/up</code>", True),
        ("named_value", "greenhouse", "On its family&#x27;s topics, under this id", True),
        ("sparkplug_b", "edge-1", "spBv1.0/&lt;group&gt;/.../ <code>edge-1</code>", True),
    ],
)
def test_what_speaks_otherwise_is_promised_no_topic_and_no_test(
    codec: str, device_id: str, words: str, *, broker: bool
) -> None:
    slip = replace(SLIP, profile=replace(PROFILE, codec=codec), device=replace(DEVICE, id=device_id))
    text = page(slip, Lang.EN, Paper.A6)
    told = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", text))

    assert words in told["How it speaks"]
    assert (broker, broker) == ("MQTT broker" in told, "Password" in told)
    assert [] == [name for name in ("Topic</dt>", "mosquitto_pub") if name in text]
    assert "接入方式" in page(slip, Lang.ZH, Paper.A6)
    assert "<code>made</code>" in page(replace(slip, password="made"), Lang.EN, Paper.A6)


def test_by_tls_the_slip_says_so() -> None:
    slip = replace(SLIP, broker=replace(SLIP.broker, tls=True))
    told = (
        '{"id":"well-7","host":"mqtt.example.org","port":1883,"topic":"rurban/v1/well-7/up","user":"well-7","tls":true}'
    )
    text = page(slip, Lang.EN, Paper.A6)

    assert segno.make_qr(told, error="m").svg_inline(scale=1, border=2, omitsize=True) in text
    assert "<code>mqtt.example.org:1883</code> (TLS, ca.crt)" in text
    assert "--cafile ca.crt -q 1" in command(slip)


@pytest.mark.parametrize(("paper", "size"), [(Paper.A4, [595, 842]), (Paper.A6, [298, 420])])
def test_it_is_printed_on_one_sheet(paper: Paper, size: list[int], tmp_path: Path) -> None:
    device = replace(DEVICE, id="w" * 64, name="村" * 60)
    long = Slip(device, PROFILE, ("山东省", "东营市", "利津县", "北宋镇", "槐林村(示例)"), SLIP.broker, "p" * 32)
    (tmp_path / "slip.html").write_text(page(long, Lang.EN, paper), "utf-8")
    pdf = tmp_path / "slip.pdf"
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-pdf-header-footer",
        f"--user-data-dir={tmp_path / 'home'}",
    ]
    subprocess.run(
        ["chromium", *flags, f"--print-to-pdf={pdf}", (tmp_path / "slip.html").as_uri()],
        check=True,
        capture_output=True,
        timeout=60,
    )
    boxes = re.findall(rb"/MediaBox \[0 0 (\S+) (\S+)\]", pdf.read_bytes())

    assert [size] == [[round(float(side)) for side in box] for box in boxes]


def test_the_test_that_it_shows_makes_the_device_heard_and_no_reading(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    registry.devices.put([Device("well-7", "probe", VILLAGE)])
    slip = Slip(DEVICE, PROFILE, (), Broker(broker.host, broker.port), "any")
    with at_work(worker_on(broker, registry, store, store)):
        subprocess.run(["sh", "-ec", command(slip)], check=True, timeout=60)
        eventually(lambda: "well-7" in registry.heard.find(["well-7"]))
        (kept,) = registry.quarantine.find(device="well-7", limit=9)

    assert (EMPTY.encode(), (1, 0, 0, 1, 0)) == (kept.payload, fates(registry, "well-7"))


def typed(data_dir: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["devices", "slip", *arguments], env={"RURBAN_DATA_DIR": str(data_dir)})


def test_a_slip_is_printed_with_the_password_that_was_made_just_now(data_dir: Path, tmp_path: Path) -> None:
    accounts, out = tmp_path / "accounts", tmp_path / "slip.html"
    accounts.mkdir()
    plain = typed(data_dir, "station-1", "--lang", "zh", "--broker", "mqtt.example.org:8883").stdout
    first = typed(data_dir, "station-1", "--accounts", str(accounts), "-o", str(out))
    (made,) = re.findall(r"<dt>Password</dt><dd><code>(.*?)</code>", out.read_text("utf-8"))
    renewed = typed(data_dir, "station-1", "--accounts", str(accounts), "--renew").stdout
    (accounts / "new-passwords.csv").unlink()
    later = typed(data_dir, "station-1", "--accounts", str(accounts)).stdout

    assert "另行发放" in plain
    assert "--cafile" not in plain
    assert "--cafile" in typed(data_dir, "station-1", "--tls").stdout
    assert "mqtt.example.org:8883" in plain
    assert (0, 0o600, "") == (first.exit_code, out.stat().st_mode & 0o777, first.stdout)
    assert made not in renewed
    assert "This page holds a password" in renewed
    assert "given separately" in later


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nobody"], "unknown device: nobody"),
        (["station-1", "--lang", "fr"], "--lang: 'fr' is none; allowed: en, zh"),
        (["station-1", "--paper", "B5"], "allowed: A4, A6"),
        (["station-1", "--broker", "somewhere"], "host:port"),
        (["station-1", "--renew"], "--accounts"),
    ],
)
def test_what_cannot_be_printed_says_why(arguments: list[str], words: str, data_dir: Path) -> None:
    assert words in str(typed(data_dir, *arguments).exception)


def test_the_api_gives_the_slip_without_a_password(house: Served) -> None:
    answer = house.client.get("/api/v1/devices/station-1/slip?host=mqtt.example.org&lang=zh")

    assert (200, "text/html; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "利津县 · 北宋镇 · 样村" in answer.text
    assert "mqtt.example.org:1883" in answer.text
    assert "另行发放" in answer.text
    assert "--cafile" in house.client.get("/api/v1/devices/station-1/slip?tls=true").text
    assert 422 == house.client.get("/api/v1/devices/station-1/slip?host=a b").status_code
