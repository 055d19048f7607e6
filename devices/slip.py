"""The slip that an installer takes along: one page for one device, to be printed. The door of `segno`.

What is on it is what the device has to be told: where the broker is, its topic, its account. The QR code holds the same
as JSON, for whoever would rather not type. What does not speak on the house's own topic is told how its family speaks.
A password is on it only when it was made just now: nobody can look it up.
Pure.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from types import MappingProxyType
from typing import Final

import segno

from devices.message import uplink
from telemetry.model import Device, Profile

EMPTY: Final = '{"values": {}}'
"""What the test says: no reading is made up, and the device counts as heard."""


class Lang(StrEnum):
    """In which language."""

    EN = "en"
    ZH = "zh"


class Way(StrEnum):
    """By which way its messages come; the words for it stand under this key."""

    OWN = "own"
    """On the house's topic."""
    FAMILY = "family"
    """On topics that its family has."""
    SPARKPLUG = "sparkplug"
    LORAWAN = "lorawan"
    STATION = "station"


class Paper(StrEnum):
    """On which paper."""

    A4 = "A4"
    A6 = "A6"


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the devices find it."""

    host: str
    port: int
    tls: bool = False
    """It shows a certificate, which the device holds against the house's `ca.crt`."""


@dataclass(frozen=True, slots=True)
class Slip:
    """What is to be said."""

    device: Device
    profile: Profile
    places: tuple[str, ...]
    """Names of the places that it stands in, from the top down."""
    broker: Broker
    password: str | None = None
    """None = it was given before, or is given otherwise."""


_DEV_EUI: Final = re.compile("[0-9a-f]{16}")
_WAYS: Final = MappingProxyType(
    dict.fromkeys(("native_json", "senml_json", "senml_cbor"), Way.OWN)
    | dict.fromkeys(("chirpstack", "the_things_stack", "cayenne_lpp"), Way.LORAWAN)
    | dict.fromkeys(("hj212", "sl651", "szy206"), Way.STATION)
    | {"sparkplug_b": Way.SPARKPLUG}
)
"""By codec; any other is of some family."""
_BY_BROKER: Final = frozenset({Way.OWN, Way.FAMILY, Way.SPARKPLUG})
"""Those who speak to the broker themselves."""

_TEXTS: Final[Mapping[Lang, Mapping[str, str]]] = MappingProxyType(
    {
        Lang.EN: {
            "slip": "Installation slip",
            "place": "Place",
            "position": "Position",
            "profile": "Model",
            "broker": "MQTT broker",
            "topic": "Topic",
            "user": "User",
            "password": "Password",
            "elsewhere": "given separately, and kept nowhere; a lost one is replaced",
            "secret": "This page holds a password: hand it over, and keep no copy.",
            "behind": "Speaks through the gateway",
            "way": "How it speaks",
            "family": "On its family's topics, under this id; JSON of its own also on",
            "sparkplug": "Sparkplug B, as the edge node of this id: spBv1.0/<group>/.../",
            "lorawan": "By radio to its LoRaWAN network server, which hands on to the broker. DevEUI or device id:",
            "station": "By TCP to the house's station gateway (the operator says where). Address in its frames:",
            "test": "Test the connection",
            "proof": "It holds no reading and is refused, which is the proof: the device then counts as heard.",
            "code": "The code holds the same as JSON.",
        },
        Lang.ZH: {
            "slip": "安装单",
            "place": "地点",
            "position": "坐标",
            "profile": "型号",
            "broker": "MQTT 服务器",
            "topic": "主题",
            "user": "用户名",
            "password": "密码",
            "elsewhere": "另行发放, 系统不保存明文; 遗失后请重新生成",
            "secret": "本页含有密码: 请当面交接, 不要留存副本。",
            "behind": "经由网关接入",
            "way": "接入方式",
            "family": "使用该类设备自有主题, 以此编号标识; 自定义 JSON 亦可发布到",
            "sparkplug": "Sparkplug B, 边缘节点名即此编号: spBv1.0/<group>/.../",
            "lorawan": "经 LoRaWAN 网络服务器转发到 MQTT 服务器。DevEUI 或设备编号:",
            "station": "以 TCP 连接站点网关, 地址由管理员提供。报文中的站址:",
            "test": "连接测试",
            "proof": "测试消息不含读数, 会以 empty 为由被拒收, 这正说明连接正常: 设备随即显示为在线, "
            "该消息可在隔离区中查看。",
            "code": "二维码中为相同内容 (JSON)。",
        },
    }
)
_STYLE: Final = (
    "@page{{size:{size};margin:6mm}}"
    "body{{font:8pt/1.25 system-ui,'Noto Sans CJK SC','Microsoft YaHei',sans-serif;margin:0 auto;max-width:{width}mm}}"
    "h1{{font-size:11pt;margin:0}}h2{{font-size:9pt;margin:2mm 0 1mm}}p{{margin:1mm 0}}"
    "header{{display:flex;justify-content:space-between;gap:3mm}}svg{{width:28mm;height:28mm;flex:none}}"
    "dl{{display:grid;grid-template-columns:max-content 1fr;gap:.5mm 3mm;margin:2mm 0}}dt{{color:#555}}dd{{margin:0}}"
    "code,pre{{font:7pt/1.2 ui-monospace,monospace;overflow-wrap:anywhere;white-space:pre-wrap;margin:0}}"
    "small{{color:#555}}.secret{{border:1px solid;padding:1mm}}"
)
_SIZES: Final = MappingProxyType({Paper.A4: ("210mm 297mm", 160), Paper.A6: ("105mm 148mm", 91)})
"""Of the sheet, and how wide the text is, in mm; CSS has no word for A6."""


def page(slip: Slip, lang: Lang, paper: Paper) -> str:
    """The slip as one HTML page that needs nothing from elsewhere."""
    words = _TEXTS[lang]
    device = slip.device
    title = escape(f"{words['slip']}: {device.name or device.id}")
    told = "".join(f"<dt>{escape(name)}</dt><dd>{value}</dd>" for name, value in _told(slip, words))
    secret = "" if slip.password is None else f'<p class="secret">{escape(words["secret"])}</p>'
    size, width = _SIZES[paper]
    style = _STYLE.format(size=size, width=width)
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title><style>{style}</style>'
        f"</head><body><header><div><small>{escape(words['slip'])}</small><h1>{escape(device.name or device.id)}</h1>"
        f"<code>{escape(device.id)}</code></div>{_code(slip)}</header><dl>{told}</dl>{secret}{_test(slip, words)}"
        f"<p><small>{escape(words['code'])}</small></p></body></html>\n"
    )


def way_of(slip: Slip) -> Way:
    """By the codec of its model; the JSON of a node that is named by its DevEUI comes from a network server."""
    way = _WAYS.get(slip.profile.codec, Way.FAMILY)
    return Way.LORAWAN if way is Way.FAMILY and _DEV_EUI.fullmatch(slip.device.id) else way


def _told(slip: Slip, words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Names, and values as HTML."""
    device = slip.device
    yield words["place"], escape(" \N{MIDDLE DOT} ".join((*slip.places, device.region)))
    if device.latitude is not None and device.longitude is not None:
        yield words["position"], f"{device.latitude:.6f}, {device.longitude:.6f}"
    yield words["profile"], f"{escape(slip.profile.name)} <small>({escape(slip.profile.codec)})</small>"
    if device.gateway is not None:
        yield words["behind"], f"<code>{escape(device.gateway)}</code>"
        return
    way = way_of(slip)
    if way in _BY_BROKER:
        tls = " (TLS, ca.crt)" if slip.broker.tls else ""
        yield words["broker"], f"<code>{escape(slip.broker.host)}:{slip.broker.port}</code>{tls}"
    if way is Way.OWN:
        yield words["topic"], f"<code>{escape(uplink(device.id))}</code> (QoS 1)"
    else:
        name = uplink(device.id) if way is Way.FAMILY else device.id
        yield words["way"], f"{escape(words[way])} <code>{escape(name)}</code>"
    if way not in _BY_BROKER and slip.password is None:
        return
    yield words["user"], f"<code>{escape(device.id)}</code>"
    password = escape(words["elsewhere"]) if slip.password is None else f"<code>{escape(slip.password)}</code>"
    yield words["password"], password


def _code(slip: Slip) -> str:
    """The QR code as SVG."""
    device = slip.device
    told: dict[str, object] = {"id": device.id}
    way = way_of(slip)
    if device.gateway is not None:
        told["gateway"] = device.gateway
    elif way in _BY_BROKER:
        told |= {"host": slip.broker.host, "port": slip.broker.port}
        told |= {"topic": uplink(device.id)} if way is Way.OWN else {}
        told |= {"user": device.id}
        told |= {"tls": True} if slip.broker.tls else {}
    if slip.password is not None and device.gateway is None:
        told |= {"user": device.id, "password": slip.password}
    code = segno.make_qr(json.dumps(told, ensure_ascii=False, separators=(",", ":")), error="m")
    return code.svg_inline(scale=1, border=2, omitsize=True)


def _test(slip: Slip, words: Mapping[str, str]) -> str:
    if slip.device.gateway is not None or way_of(slip) is not Way.OWN:
        return ""
    return (
        f"<h2>{escape(words['test'])}</h2><pre>{escape(command(slip))}</pre>"
        f"<p><small>{escape(words['proof'])}</small></p>"
    )


def command(slip: Slip) -> str:
    """What tests the connection of a device on the house's own topic, for a shell."""
    device = slip.device
    password = "<password>" if slip.password is None else shlex.quote(slip.password)
    to = f"-h {shlex.quote(slip.broker.host)} -p {slip.broker.port} -u {shlex.quote(device.id)} -P {password}"
    to += " --cafile ca.crt" if slip.broker.tls else ""
    return f"mosquitto_pub {to} -q 1 -t {shlex.quote(uplink(device.id))} -m '{EMPTY}'"
