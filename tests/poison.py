"""Ten thousand payloads that are no readings, each with the reason for which it must be refused."""

import json
import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

import cbor2

from devices.bounds import LATEST
from devices.message import uplink
from telemetry.errors import Reason

T0 = 1_795_420_800_000
NATIVE, JSON, CBOR = uplink("probe-1"), uplink("soil-1"), uplink("cbor-1")
"""A device of each codec."""
MAX_PAYLOAD = 256 * 1024
RANDOM = 1200
"""Payloads of random content for each codec and kind."""
NOT_A_TIME = ["", "yesterday", "2026-02-30T00:00:00Z", "2026-11-23T08:00:00", "0000-00-00T00:00:00Z", "٢٠٢٦"]
NOT_A_TIME += ["2026-11-23T08:00:61Z", "2026-11-23T08:00:00+99:00", "2026-11-23T08:00:00Z\0", "9" * 50_000]
NO_NUMBERS = ["NaN", "Infinity", "-Infinity", "-inf", "1e999", "-1e400", "9" * 400, "9" * 100_000]
NO_JSON_NUMBERS = ["+1", ".5", "1.", "01", "0x10", "1e", "--1", "1_000", "'1'", "True", "None", "nan", "undefined"]


class Poison(NamedTuple):
    """A message and why it is refused."""

    topic: str
    payload: bytes
    reason: Reason


def native(at: int, value: float = 20.0) -> bytes:
    return json.dumps({"at": at, "values": {"air_temperature": value}}).encode()


def senml(at: int, value: float = 9.0) -> bytes:
    return json.dumps([{"n": "soil_temperature", "u": "Cel", "t": at / 1000, "v": value}]).encode()


def cbor(at: int, value: float = 9.0) -> bytes:
    return cbor2.dumps([{0: "soil_temperature", 1: "Cel", 6: at / 1000, 2: value}])


SOUND: dict[str, Callable[[int], bytes]] = {NATIVE: native, JSON: senml, CBOR: cbor}


def poison() -> list[Poison]:
    """All of it; the same in every run."""
    source = random.Random(5)  # noqa: S311 - no secret
    kinds = (broken_text, broken_bytes, wrong_types, wrong_numbers, wrong_times, too_much, strangers)
    return [Poison(*each) for kind in kinds for each in kind(source)]


Made = Iterator[tuple[str, bytes, Reason]]


def broken_text(source: random.Random) -> Made:
    """Other encodings, other formats, and sound text that is cut or has something after it."""
    for topic in (NATIVE, JSON):
        sound = SOUND[topic](T0).decode()
        for length in range(len(sound)):
            yield topic, sound[:length].encode(), Reason.MALFORMED
        for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"):
            yield topic, sound.encode(encoding), Reason.MALFORMED
        for end in ("\0", "}", sound, ",", "x", "\ufeff"):
            yield topic, (sound + end).encode(), Reason.MALFORMED
        for payload in (b"", b" ", b"\n\t\r ", b"\0", b"null", b"true", b"17", b'"x"', b"[[]]", b"[null]", b"<x/>"):
            yield topic, payload, Reason.MALFORMED
        for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\x80", rb"\ud800", rb"\udc00\ud800", rb"\u12", rb"\x"):
            key = b"air_temperature" if topic == NATIVE else b"soil_temperature"
            yield topic, sound.encode().replace(key, key + bad), Reason.MALFORMED
        for depth in (2_000, 50_000):
            yield topic, b"[" * depth, Reason.MALFORMED
            inside = b'"x":' + b"[" * depth + b"]" * depth
            yield topic, sound.encode().replace(b"{", b"{" + inside + b",", 1), Reason.MALFORMED
        for _ in range(RANDOM):
            yield topic, b"\xff" + source.randbytes(source.randint(0, 60)), Reason.MALFORMED
            cut = source.randint(1, len(sound) - 1)
            yield topic, (sound[:cut] + "\x01" + sound[cut:]).encode(), Reason.MALFORMED


def broken_bytes(source: random.Random) -> Made:
    """The same in CBOR."""
    sound = cbor(T0)
    for length in range(len(sound)):
        yield CBOR, sound[:length], Reason.MALFORMED
    for end in (b"\0", b"\xff", sound):
        yield CBOR, sound + end, Reason.MALFORMED
    for head in (b"\x81", b"\x9f", b"\xa1\0", b"\xc1", b"\xd8\x1c\x81"):
        yield CBOR, head * 20_000, Reason.MALFORMED
    for claim in (b"\x5b", b"\x7b", b"\x9b", b"\xbb"):
        yield CBOR, claim + b"\x7f" + b"\xff" * 7, Reason.MALFORMED
    for text in (b"\x62\xff\xff", b"\x63\xed\xa0\x80", b"\xf6", b"\xf7", b"\xf4", b"\x80", b"\x41a", b"\xf9\x7e\0"):
        yield CBOR, b"\x81\xa2\0" + text + b"\x02\x01", Reason.MALFORMED
    yield CBOR, b"\x81\xa3\0aa\x02\x01\x02\x02", Reason.MALFORMED
    yield CBOR, senml(T0), Reason.MALFORMED
    for _ in range(2 * RANDOM):
        yield CBOR, b"\xff" + source.randbytes(source.randint(0, 60)), Reason.MALFORMED


def wrong_types(_source: random.Random) -> Made:
    """A value of each other type in each place."""
    everything: list[object] = [None, True, 17, "x", [], [1], {}, {"a": {}}]
    good: dict[str, object] = {"air_temperature": 20.0}
    for wrong in everything:
        if not isinstance(wrong, int | str | None) or wrong is True:
            yield NATIVE, json.dumps({"at": wrong, "values": good}).encode(), Reason.MALFORMED
        if wrong not in ([], {}):
            yield NATIVE, json.dumps(wrong).encode(), Reason.MALFORMED
        if wrong != {}:
            yield NATIVE, json.dumps({"at": T0, "values": wrong}).encode(), Reason.MALFORMED
        if type(wrong) is not int and wrong is not None:
            yield NATIVE, json.dumps({"at": T0, "values": {"air_temperature": wrong}}).encode(), Reason.MALFORMED
        if wrong is not None and wrong != {}:
            yield NATIVE, json.dumps({"at": T0, "values": good, "units": wrong}).encode(), Reason.MALFORMED
        for label, types in {"n": str, "u": str, "v": int, "t": int, "bn": str, "bt": int, "vb": bool}.items():
            if type(wrong) is not types:
                record = {"n": "soil_temperature", "u": "Cel", "v": 9.0} | {label: wrong}
                yield JSON, json.dumps([record]).encode(), Reason.MALFORMED
        if type(wrong) is not int:
            yield CBOR, cbor2.dumps([{0: "soil_temperature", 2: wrong}]), Reason.MALFORMED


def wrong_numbers(source: random.Random) -> Made:
    """What is no number in JSON, and what is none at all."""
    for words, reason in ((NO_NUMBERS, Reason.NOT_FINITE), (NO_JSON_NUMBERS, Reason.MALFORMED)):
        for word in words:
            yield NATIVE, f'{{"at": {T0}, "values": {{"air_temperature": {word}}}}}'.encode(), reason
            yield JSON, f'[{{"n": "soil_temperature", "v": {word}}}]'.encode(), reason
    shapes = [b"\xf9\x7e\0", b"\xf9\x7c\0", b"\xf9\xfc\0", b"\xfa\x7f\x80\0\0", b"\xfb\xff\xf0" + bytes(6)]
    shapes += [b"\xc2\x59\x01\x00" + b"\xff" * 256, b"\xc3\x59\x01\x00" + b"\xff" * 256, b"\xc4\x82\x19\x04\0\x01"]
    for number in shapes:
        yield CBOR, b"\x81\xa2\0\x70soil_temperature\x02" + number, Reason.NOT_FINITE
    for _ in range(RANDOM // 4):
        huge = f"{source.randint(1, 9)}e{source.randint(310, 10**6)}"
        yield NATIVE, f'{{"at": {T0}, "values": {{"air_temperature": {huge}}}}}'.encode(), Reason.NOT_FINITE
        yield JSON, f'[{{"n": "soil_temperature", "v": {huge}}}]'.encode(), Reason.NOT_FINITE


def wrong_times(source: random.Random) -> Made:
    """Before 1970, after 2200, and what is no time."""
    for text in NOT_A_TIME:
        yield NATIVE, json.dumps({"at": text, "values": {"air_temperature": 20.0}}).encode(), Reason.BAD_TIME
    for at in (-1, -0.5, LATEST, LATEST - 0.5, 10**18, 10**300, 1e300, -1e308):
        yield NATIVE, json.dumps({"at": at, "values": {"air_temperature": 20.0}}).encode(), Reason.BAD_TIME
    for at in (-(10**13), LATEST, 10**300, -(10**300)):
        yield JSON, senml(at), Reason.BAD_TIME
        yield CBOR, cbor(at), Reason.BAD_TIME
    for number in (b"\xf9\x7e\0", b"\xf9\x7c\0", b"\xfb\xff\xf0" + bytes(6)):
        yield CBOR, b"\x81\xa3\0\x70soil_temperature\x02\x09\x06" + number, Reason.BAD_TIME
    for _ in range(RANDOM // 4):
        for at in (source.randint(LATEST, 10**17), -source.randint(T0 + 10**12, 10**17)):
            for topic, sound in SOUND.items():
                yield topic, sound(at), Reason.BAD_TIME


def too_much(_source: random.Random) -> Made:
    """Beyond the limits of bytes and of readings, and nothing at all."""
    for topic, sound in SOUND.items():
        for size in (MAX_PAYLOAD + 1, 1_000_000):
            yield topic, sound(T0).ljust(size), Reason.TOO_LARGE
    yield NATIVE, json.dumps([json.loads(native(T0))] * 10_001, separators=(",", ":")).encode(), Reason.TOO_LARGE
    yield CBOR, cbor2.dumps([{0: "a", 2: 1}] * 10_001), Reason.TOO_LARGE
    for payload in (b"[]", b'{"values": {}}', b'{"values": {"air_temperature": null}}'):
        yield NATIVE, payload, Reason.EMPTY
    for payload in (b"[]", b"[{}]", b'[{"n": "soil_temperature", "vs": "warm"}]'):
        yield JSON, payload, Reason.EMPTY
    for payload in (b"\x80", b"\x81\xa0"):
        yield CBOR, payload, Reason.EMPTY


def strangers(_source: random.Random) -> Made:
    """Names that are not registered, however they are spelt: of devices, metrics, units."""
    names = [
        "nobody",
        "..",
        " ",
        "probe-1 ",
        "PROBE-1",
        "设备",
        "'; DROP TABLE devices; --",
        "%s",
        "\u202e",
        "x" * 60_000,
    ]
    for name in names:
        yield uplink(name), native(T0), Reason.UNKNOWN_DEVICE
    yield uplink(""), native(T0), Reason.UNKNOWN_TOPIC
    for metric in ("no_such_quantity", "Air_Temperature", "air_temperature ", "气温", "\0", "x" * 100_000):
        yield NATIVE, json.dumps({"at": T0, "values": {metric: 1.0}}).encode(), Reason.UNKNOWN_METRIC
    for unit in ("m", "kg", "Celsius", "x" * 100_000):
        yield JSON, json.dumps([{"n": "soil_temperature", "u": unit, "v": 9.0}]).encode(), Reason.UNKNOWN_UNIT
    yield JSON, json.dumps([{"n": "probe-1:soil_temperature", "v": 9.0}]).encode(), Reason.FOREIGN_DEVICE
