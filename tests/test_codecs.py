"""Every codec of the folder: its examples both ways, and any bytes at all give samples or `Rejected`."""

import json
import random
import struct
from collections.abc import Callable
from functools import partial
from math import isfinite
from pathlib import Path

import cbor2
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec import structs

import devices.codecs
from devices.bounds import LATEST, MAX_READINGS
from devices.codecs import CODECS, REPORTERS, WRITERS, cayenne_lpp, chirpstack, hj212
from devices.codecs.port import Context, Example, Speech
from telemetry.errors import Invalid, Reason, Rejected
from telemetry.model import Quality, Sample

NOW = 1_795_420_800_000
CONTEXT = Context(device="device-1", received_at=NOW)
EXAMPLES = [(name, shown) for name, codec in CODECS.items() for shown in codec.EXAMPLES]
EACH_EXAMPLE = pytest.mark.parametrize(("name", "shown"), EXAMPLES, ids=[f"{n}: {s.source}" for n, s in EXAMPLES])
EACH_CODEC = pytest.mark.parametrize("name", CODECS)
EACH_WRITER = pytest.mark.parametrize("name", WRITERS)
CONTEXTS = {name: {id(s.context): s.context for s in codec.EXAMPLES}.values() for name, codec in CODECS.items()}
"""By codec, all that its examples are read in."""
LONG = 20_000
"""Examples longer than this show a limit; mutating them shows nothing more."""

# Derandomised: the same payloads on every machine and in every run.
thorough = settings(
    max_examples=2000,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def readable(name: str, payload: bytes, context: Context = CONTEXT) -> list[Sample]:
    """The samples, or none where the payload is refused; whatever else is raised fails the test."""
    refusal: Rejected | None = None
    try:
        samples = CODECS[name].decode(payload, context)
    except Rejected as rejected:
        refusal = rejected
    if refusal is not None:
        assert refusal.reason in Reason
        assert len(refusal.detail) < 500
        return []
    assert 0 < len(samples) <= MAX_READINGS
    for sample in samples:
        assert type(sample.value) is float
        assert isfinite(sample.value)
        assert sample.at is None or (type(sample.at) is int and 0 <= sample.at < LATEST)
        assert sample.metric
        assert sample.channel is None or (0 < len(sample.channel) <= 64 and ":" not in sample.channel)
        assert sample.device is None or sample.device
    return samples


def test_a_codec_is_a_module_of_the_folder() -> None:
    folder = Path(devices.codecs.__file__).parent

    assert sorted(path.stem for path in folder.glob("*.py") if path.stem not in {"__init__", "port"}) == list(CODECS)
    assert {"native_json", "senml_cbor", "senml_json"} <= set(CODECS)


@EACH_CODEC
def test_a_codec_shows_what_it_takes_refuses_and_writes(name: str) -> None:
    examples = CODECS[name].EXAMPLES

    assert any(shown.samples for shown in examples)
    assert any(shown.rejected for shown in examples)
    assert any(shown.encodes for shown in examples) == (name in WRITERS)
    assert all(shown.source and bool(shown.samples) != bool(shown.rejected) for shown in examples)


@EACH_EXAMPLE
def test_an_example_means_what_it_says(name: str, shown: Example) -> None:
    decode = CODECS[name].decode

    if shown.rejected is None:
        assert list(shown.samples) == decode(shown.payload, shown.context)
    else:
        with pytest.raises(Rejected) as refused:
            decode(shown.payload, shown.context)
        assert shown.rejected == refused.value.reason


@EACH_EXAMPLE
def test_an_example_is_written_back(name: str, shown: Example) -> None:
    if shown.encodes:
        assert shown.payload == WRITERS[name].encode(shown.samples)


@EACH_CODEC
@thorough
@given(payload=st.binary(max_size=200))
@example(payload=b"\x00")
@example(payload=b"\xff\xfe[")
def test_any_bytes_are_read_or_refused(name: str, payload: bytes) -> None:
    for context in CONTEXTS[name]:
        readable(name, payload, context)


def mutated(payload: bytes, source: random.Random) -> bytes:
    """The payload with up to four bytes changed, pieces cut, doubled or moved."""
    data = bytearray(payload)
    for _ in range(source.choice((1, 1, 1, 2, 4))):
        at, other = sorted((source.randint(0, len(data)), source.randint(0, len(data))))
        match source.randint(0, 4):
            case 0:
                data[at : at + 1] = source.randbytes(1)
            case 1:
                del data[at:other]
            case 2:
                data[other:other] = data[at:other]
            case 3:
                data[at:at] = source.randbytes(source.randint(1, 9))
            case _:
                data[at:at] = source.choice(PIECES)
    return bytes(data)


PIECES = [
    b"e999",
    b"-",
    b"null",
    b"true",
    b"[",
    b"]",
    b'"',
    b"{}",
    b",",
    b":",
    b"0" * 400,
    b'"x_":1,',
    b"\xfb\x7f\xf0\0\0\0\0\0\0",
]
PIECES += [
    b"\xf9\x7e\x00",
    b"\xc4\x82\x1b" + b"\x7f" * 8 + b"\x01",
    b"\xc2\x5a\x00\x00\x04\x00",
    b"\xd8\x1d\x00",
    b"\x9f",
]


@EACH_CODEC
@thorough
@given(seed=st.integers(0, 2**63))
def test_mutated_examples_are_read_or_refused(name: str, seed: int) -> None:
    source = random.Random(seed)  # noqa: S311  (no secret: the payloads must be the same in every run)
    shown = source.choice([shown for shown in CODECS[name].EXAMPLES if len(shown.payload) < LONG])

    readable(name, mutated(shown.payload, source), shown.context)


LABELS = ["bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut", "x", "x_", ""]
CBOR_LABELS = dict(zip(LABELS, (-2, -3, -4, -5, -6, -1, 0, 1, 2, 3, 4, 8, 5, 6, 7), strict=False))
NAMES = ["a", "b:c", "d/e.f", "urn:dev:x:", "", ":", "soil_ec.a", "é", "a" * 700, "Cel", "%", "lat", "_"]
EDGES = [0, 1, 10, 11, 2**28, -(2**28), 2**64, -(2**70), 10**400, 1e308, -1e308, 1_795_420_800, NOW, LATEST, 0.1, -0.0]
EDGES += [float("nan"), float("inf"), float("-inf"), 5e-324]
ATOMS = [None, True, False, "", "\x00", "2026-11-23T08:00:00Z", "2026-11-23", "0001-01-01T00:00:00+14:00", b"\x00", b""]


def anything(source: random.Random, depth: int = 3) -> object:
    """A value of any type, nested up to `depth`."""
    match source.randint(0, 5 if depth else 3):
        case 0:
            return source.choice(EDGES)
        case 1:
            return source.choice(ATOMS)
        case 2:
            return source.choice(NAMES)
        case 3:
            return source.uniform(-1e6, 1e6)
        case 4:
            return [anything(source, depth - 1) for _ in range(source.randint(0, 3))]
        case _:
            return {source.choice(NAMES): anything(source, depth - 1) for _ in range(source.randint(0, 3))}


SOUND: dict[str, list[object]] = {
    "n": ["a", "soil_ec.a", "d/e.f", "urn:dev:x:rssi"],
    "bn": ["", "d:", "2001:db8::2/"],
    "u": ["Cel", "%", "lat", "/"],
    "bu": ["W"],
    "v": [0, 1, 0.1, -0.0, 1e308, 5e-324, 2**64, -(2**70)],
    "bv": [0, 1e308],
    "s": [1, 2.5],
    "t": [0, -5, 0.25, 2**28 - 1, 2**28, 1_795_420_800],
    "bt": [0, 1_795_420_800, 1.5],
    "bver": [10],
    "ut": [5],
    "x": [{"y": [1]}, None],
}


def record(source: random.Random) -> object:
    """A SenML record: half of them sound, the others with some fields of any type."""
    if source.random() < 0.5:
        optional = source.sample(list(SOUND), source.randint(0, 3))
        return {label: source.choice(SOUND[label]) for label in ("n", "v", *optional)}
    if source.random() < 0.05:
        return anything(source)
    fields = {"n": source.choice(NAMES), "v": source.choice(EDGES)} if source.random() < 0.6 else {}
    for label in source.sample(LABELS, source.randint(0, 4)):
        fields[label] = source.choice((anything(source, 1), source.choice(EDGES), source.choice(NAMES)))
    return fields


def message(source: random.Random) -> object:
    """A native message: half of them sound, the others with some fields of any type."""
    if source.random() < 0.5:
        at, seq = source.choice([NOW, 0.5, "2026-11-23T08:00:00Z", None]), source.choice([0, 17, None, "x", 2**60])
        return {"at": at, "seq": seq, "values": {source.choice("ab"): 1e308}}
    if source.random() < 0.05:
        return anything(source)
    values = {source.choice(NAMES): source.choice((1.5, anything(source, 0))) for _ in range(source.randint(0, 4))}
    fields: dict[str, object] = {"values": values}
    for label in source.sample(["at", "seq", "units", "values", "x"], source.randint(0, 3)):
        fields[label] = anything(source)
    if source.random() < 0.5:
        fields["units"] = {source.choice(NAMES): source.choice(NAMES)}
    return fields


def as_json(content: object) -> bytes:
    return json.dumps(content, default=repr).encode()


def as_cbor(content: object) -> bytes:
    """With the integer labels of RFC 8428 section 6, as far as they are in its table."""
    if isinstance(content, list):
        content = [
            {CBOR_LABELS.get(key, key): value for key, value in item.items()} if isinstance(item, dict) else item
            for item in content
        ]
    return cbor2.dumps(content)


SHAPES: dict[str, tuple[Callable[[random.Random], object], Callable[[object], bytes]]] = {
    "native_json": (message, as_json),
    "senml_json": (record, as_json),
    "senml_cbor": (record, as_cbor),
}


@pytest.mark.parametrize("name", SHAPES)
@thorough
@given(seed=st.integers(0, 2**63))
def test_payloads_of_about_the_right_shape_are_read_or_refused(name: str, seed: int) -> None:
    source = random.Random(seed)  # noqa: S311  (likewise)
    item, written = SHAPES[name]

    readable(name, written([item(source) for _ in range(source.randint(0, 4))]))


TIMES: list[object] = ["2026-11-23T08:00:00.123456789+00:00", "2026-11-23T08:00:00Z"]
BODIES: list[object] = ["", "A2cBEAVnAP8=", "A2cB", "BWcA/w==", "e30=", "?"]
OBJECTS = [{}, {"temperatureSensor": {"3": 27.2}}, {"temperatureSensor": {"3": "warm"}}, [], {"t": 10**400}, "off", 1]
EVENTS: dict[str, dict[str, list[object]]] = {
    "chirpstack": {
        "time": TIMES,
        "deviceInfo": [{"devEui": "a84041000181c061"}, {"devEui": "A84041000181C061", "tags": {}}],
        "fCnt": [0, 17, 2**32, -1],
        "fPort": [2],
        "data": BODIES,
        "object": OBJECTS,
        "rxInfo": [[], [{"rssi": -97, "snr": 7.5}, {"rssi": -103}], [{}], [{"snr": -1e308}]],
        "batteryLevel": [75.5],
        "batteryLevelUnavailable": [True, False],
    },
    "the_things_stack": {
        "end_device_ids": [{"device_id": "eui-70b3d57ed0051a2b"}, {"device_id": "70B3D57ED0051A2B"}],
        "received_at": TIMES,
        "simulated": [False],
        "uplink_message": [
            {"received_at": time, "f_cnt": count, "frm_payload": body, "decoded_payload": content, "rx_metadata": heard}
            for time, count, body, content, heard in zip(
                (*TIMES, "noon", *TIMES, None),
                (0, 17, 2**32, -1, 1, 1),
                BODIES,
                OBJECTS,
                ([], [{"rssi": -97, "snr": 7.5}, {"rssi": -103}], [{}], [{"snr": -1e308}], [], [{"rssi": 1}]),
                strict=False,
            )
        ],
    },
    "json_paths": {
        "soil": [{"t": 1}, {"t": "1"}, {"t": None}, {"t": True}, {"t": []}, []],
        "ts": [1, 1_795_420_800, NOW, 1e300, -1, "2026-11-23T08:00:00Z", "noon", None, True, {}],
        "relay": ["ON", "off", "jammed", "1e5", "1e999", 10**400, {}, None],
        "log": [[], [{"ntu": 1, "at": 5}], [{"ntu": 1}, {"ntu": 2, "at": 5}], [[[[]]]], {"a": {"ntu": 1}}],
    },
}
"""By codec, fields of its objects with sound and less sound contents."""


@pytest.mark.parametrize("name", EVENTS)
@settings(thorough, max_examples=1000)
@given(seed=st.integers(0, 2**63))
def test_events_of_about_the_right_shape_are_read_or_refused(name: str, seed: int) -> None:
    source = random.Random(seed)  # noqa: S311  (likewise)
    fields = {field: source.choice(contents) for field, contents in EVENTS[name].items() if source.random() < 0.8}
    if source.random() < 0.3:
        fields[source.choice([*EVENTS[name], "x"])] = anything(source)
    for context in CONTEXTS[name]:
        readable(name, as_json(fields), context)


UNITS = [None, "Cel", "%", "1", "mS/cm", "kW.h", "[ppm]", "{count}", "kV.A{reactive}", "degF"]


def word(source: random.Random, characters: str) -> str:
    return source.choice("abcxyz") + "".join(source.choices(characters, k=source.randint(0, 20)))


def batch(source: random.Random, *, devices: bool) -> list[Sample]:
    """Samples in order of time, from 1978 on, when the absolute times of SenML begin."""
    own = word(source, "abcXYZ019:./_-") + "9" if devices and source.random() < 0.5 else None
    samples = [
        Sample(
            metric=word(source, "abcxyz019_"),
            value=struct.unpack("<d", source.randbytes(8))[0] if source.random() < 0.5 else source.uniform(-50, 50),
            at=None if source.random() < 0.3 else source.randint(268_435_456_000, LATEST - 1),
            unit=source.choice(UNITS),
            channel=word(source, "abcXYZ019_.-") if source.random() < 0.5 else None,
            device=word(source, "abcXYZ019:./_-") + "9" if devices and source.random() < 0.2 else own,
            seq=source.randint(0, 300) if not devices and source.random() < 0.5 else None,
        )
        for _ in range(source.randint(1, 6))
    ]
    return sorted((sample for sample in samples if isfinite(sample.value)), key=lambda sample: sample.at or NOW)


def records(source: random.Random) -> list[Sample]:
    """Samples of Cayenne LPP: any quantities in any order, on any channels, within the widths of their fields."""
    at, samples = source.choice([None, 1_795_420_800_000]), []
    for number in source.sample(range(256), source.randint(1, 6)):
        kind = source.choice([kind for kind in cayenne_lpp._TYPES if kind.quantity != "unixtime"])
        for field in kind.fields:
            low = -(2 ** (8 * field.size - 1)) if field.signed else 0
            value = source.randint(low, low + 2 ** (8 * field.size) - 1) / field.divisor
            channel = f"{number}.{field.axis}" if field.axis else str(number)
            samples.append(Sample(kind.quantity, value, at, field.unit, channel))
    return samples


SAMPLES: dict[str, Callable[[random.Random], list[Sample]]] = {
    "native_json": partial(batch, devices=False),
    "senml_json": partial(batch, devices=True),
    "senml_cbor": partial(batch, devices=True),
    "cayenne_lpp": records,
}
"""By codec, what it can be asked to write."""


def test_every_format_that_is_written_is_read_again() -> None:
    assert SAMPLES.keys() == WRITERS.keys()


@pytest.mark.parametrize("name", SAMPLES)
@thorough
@given(seed=st.integers(0, 2**63))
def test_what_is_written_is_read_again(name: str, seed: int) -> None:
    samples = SAMPLES[name](random.Random(seed)) or [Sample("rssi", -97.0)]  # noqa: S311  (likewise)

    assert samples == CODECS[name].decode(WRITERS[name].encode(samples), CONTEXT)


def rain(source: random.Random, at: int) -> list[Sample]:
    """Of a gauge that speaks SL 651, within the digits of its elements."""
    serial = source.randint(0, 65_535)
    samples = [
        Sample("rainfall_total", source.randint(-9_999, 999_999) / 10, at, "mm", seq=serial),
        Sample("station_voltage", source.randint(-99, 9_999) / 100, at, "V", seq=serial),
    ]
    return source.sample(samples, source.randint(1, 2))


def air(source: random.Random, at: int) -> list[Sample]:
    """Any factors of HJ 212, each once."""
    at += source.randint(0, 59) * 1000
    factors = [factor for factor in hj212._FACTORS.values() if source.random() < 0.3] or [("noise_level", "dB")]
    doubts = (Quality.GOOD, Quality.DEVICE)
    return [
        Sample(metric, source.uniform(-1e6, 1e6), at, unit, quality=source.choice(doubts)) for metric, unit in factors
    ]


REPORTS: dict[str, tuple[str, Callable[[random.Random, int], list[Sample]]]] = {
    "sl651": ("3705220101", rain),
    "hj212": ("bs01-air-1", air),
}
"""By codec, a station and what it can be asked to report."""


def test_every_station_that_is_played_is_heard() -> None:
    assert REPORTS.keys() == REPORTERS.keys()


@pytest.mark.parametrize("name", REPORTS)
@thorough
@given(seed=st.integers(0, 2**63))
def test_what_a_station_reports_is_read_again(name: str, seed: int) -> None:
    source = random.Random(seed)  # noqa: S311  (likewise)
    station, told = REPORTS[name]
    sent = source.randint(946_656_000_000, 3_155_731_199_000)
    samples = told(source, sent - sent % 60_000)
    context = Context(station, sent, Speech(metrics=frozenset(sample.metric for sample in samples)))

    assert samples == CODECS[name].decode(REPORTERS[name].report(samples, station, sent), context)


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize(
    ("station", "unsayable"),
    [
        ("", Sample("rainfall_total", 1.0, NOW, seq=1)),
        ("two words", Sample("noise_level", 50.0, NOW)),
        ("3705220101", Sample("station_voltage", float("nan"), NOW, seq=1)),
        ("3705220101", Sample("station_voltage", 100.0, NOW, seq=1)),
        ("3705220101", Sample("station_voltage", 12.0, NOW, seq=65_536)),
        ("3705220101", Sample("station_voltage", 12.0, NOW)),
        ("3705220101", Sample("station_voltage", 12.0, NOW + 1000, seq=1)),
        ("3705220101", Sample("station_voltage", 12.0, None, seq=1)),
        ("3705220101", Sample("rainfall_total", 1.0, NOW, "m", seq=1)),
        ("3705220101", Sample("noise_level", float("inf"), NOW)),
        ("3705220101", Sample("noise_level", 50.0, NOW, channel="hour")),
        ("3705220101", Sample("noise_level", 50.0, NOW + 1)),
        ("3705220101", Sample("barn_co2", 800.0, NOW)),
    ],
)
def test_what_a_station_cannot_report_is_not_written(name: str, station: str, unsayable: Sample) -> None:
    with pytest.raises(Invalid):
        REPORTERS[name].report([unsayable], station, NOW)


@thorough
@given(seed=st.integers(0, 2**63))
def test_what_chirpstack_hands_on_is_read_again(seed: int) -> None:
    source = random.Random(seed)  # noqa: S311  (likewise)
    samples = records(source)
    at, seq = source.randint(0, LATEST - 1), source.randint(0, 2**32 - 1)
    heard = [
        chirpstack.Reception(f"0016c001f153a14{far}", source.randint(-140, -20), source.randint(-40, 40) / 2)
        for far in range(source.randint(1, 3))
    ]
    event = chirpstack.event("a84041000181c061", cayenne_lpp.encode(samples), at, seq, heard)
    speech = Speech(CODECS["cayenne_lpp"], metrics=frozenset({"rssi", "snr"}))
    link = [("rssi", max(each.rssi for each in heard), "dBm"), ("snr", max(each.snr for each in heard), "dB")]

    assert [
        *(structs.replace(sample, at=at if sample.at is None else sample.at, seq=seq) for sample in samples),
        *(Sample(metric, value, at, unit, seq=seq) for metric, value, unit in link),
    ] == chirpstack.decode(event, Context("a84041000181c061", at, speech))


@pytest.mark.parametrize("path", ["$.gps_1", "$.warmth_1", "$.temperature_x", "$.temperature", "$..temperature_1"])
def test_a_path_that_is_no_record_cannot_be_written(path: str) -> None:
    with pytest.raises(Invalid, match="no record of one number"):
        cayenne_lpp.place(path)


@EACH_WRITER
@pytest.mark.parametrize(
    "unsayable",
    [
        Sample("rssi", float("nan")),
        Sample("rssi", float("inf")),
        Sample("rssi", 1.0, quality=Quality.DEVICE),
        Sample("", 1.0),
        Sample("a:b", 1.0),
    ],
)
def test_what_a_format_cannot_say_is_not_written(name: str, unsayable: Sample) -> None:
    with pytest.raises(Invalid):
        WRITERS[name].encode([unsayable])


def test_the_native_format_speaks_for_no_other_device() -> None:
    with pytest.raises(Invalid, match="device"):
        WRITERS["native_json"].encode([Sample("rssi", 1.0, device="device-2")])


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ('"2026-11-23T08:00:00Z"', NOW),
        ('"2026-11-23T08:00:00.123456Z"', NOW + 123),
        ('"2026-11-23T16:00:00+08:00"', NOW),
        ('"2026-11-23 08:00:00+00:00"', NOW),
        ('"20261123T080000Z"', NOW),
        ("1795420800000", NOW),
        ("1795420800000.6", NOW + 1),
        ("0", 0),
        ('"1970-01-01T00:00:00Z"', 0),
        ('"2200-12-31T23:59:59.999Z"', LATEST - 1),
        ("null", None),
    ],
)
def test_times_of_the_native_format(text: str, milliseconds: int | None) -> None:
    [sample] = CODECS["native_json"].decode(f'{{"at":{text},"values":{{"rssi":1}}}}'.encode(), CONTEXT)

    assert milliseconds == sample.at


@pytest.mark.parametrize(
    "text",
    [
        '"2026-11-23T08:00:00"',
        '"2026-11-23"',
        '"1969-12-31T23:59:59Z"',
        '"0001-01-01T00:00:00+14:00"',
        '"9999-12-31T23:59:59-14:00"',
        '""',
        "-0.5",
        "1e300",
        "9" * 40,
    ],
)
def test_other_times_are_bad(text: str) -> None:
    with pytest.raises(Rejected) as refused:
        CODECS["native_json"].decode(f'{{"at":{text},"values":{{"rssi":1}}}}'.encode(), CONTEXT)

    assert Reason.BAD_TIME == refused.value.reason


def test_a_mantissa_that_is_a_big_integer_is_scaled() -> None:
    payload = cbor2.dumps([{0: "a", 2: cbor2.CBORTag(4, [-1, 2**65])}])

    assert [2**65 / 10] == [sample.value for sample in CODECS["senml_cbor"].decode(payload, CONTEXT)]


def test_a_big_negative_integer_is_a_number() -> None:
    payload = cbor2.dumps([{0: "a", 2: -(2**65)}])

    assert [-float(2**65)] == [sample.value for sample in CODECS["senml_cbor"].decode(payload, CONTEXT)]


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        (Sample("soil_ph", 7.0, None, None, "1"), "metric"),
        (Sample("temperature", 7.0, None, "Cel", "256"), "channel"),
        (Sample("temperature", 7.0, None, "Cel", "01"), "channel"),
        (Sample("temperature", 7.0, None, "Cel"), "channel"),
        (Sample("temperature", 7.0, None, "K", "1"), "sample"),
        (Sample("temperature", 4000.0, None, "Cel", "1"), "value"),
        (Sample("temperature", 7.0, NOW + 1, "Cel", "1"), "whole seconds"),
        (Sample("gps", 7.0, None, "deg", "1.latitude"), "in order"),
        (Sample("temperature", 7.0, None, "Cel", "1", seq=1), "sample"),
    ],
)
def test_what_cayenne_lpp_cannot_say_is_named(sample: Sample, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        WRITERS["cayenne_lpp"].encode([sample])
