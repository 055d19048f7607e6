"""SenML: the examples of RFC 8428, and its rules one by one."""

import json

import pytest

from devices.senml import Record, resolve, to_pack, to_samples
from telemetry.errors import Invalid, Reason, Rejected
from telemetry.model import Quality, Sample

NOW = 1_795_420_800_000
OW = "urn:dev:ow:10e2073a01080063"

# Packs of RFC 8428 section 5.1 with the resolved form that its authors publish beside it, exN.gen.json and
# exN.gen.resolved.json of github.com/core-wg/senml-spec; 5 without its second half, 3 in the order of time that section
# 4.6 asks for. The time of examples without one is the receipt's.
EXAMPLE_3 = (
    '[{"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,"bu":"A","bver":5,"n":"voltage","u":"V","v":120.1},'
    '{"n":"current","t":-5,"v":1.2},{"n":"current","t":-4,"v":1.3},{"n":"current","t":-3,"v":1.4},'
    '{"n":"current","t":-2,"v":1.5},{"n":"current","t":-1,"v":1.6},{"n":"current","v":1.7}]'
)
EXAMPLE_4 = (
    '[{"bn":"urn:dev:ow:10e2073a01080063","bt":1.320067464e+09,"bu":"%RH","v":21.2},{"t":10,"v":21.3},'
    '{"t":20,"v":21.4},{"t":30,"v":21.4},{"t":40,"v":21.5},{"t":50,"v":21.5},{"t":60,"v":21.5},{"t":70,"v":21.6},'
    '{"t":80,"v":21.7},{"t":90,"v":21.5},{"t":91,"v":21.5},{"t":92,"v":21.5}]'
)
EXAMPLE_5 = (
    '[{"bn":"urn:dev:ow:10e2073a01080063","bt":1.320067464e+09,"bu":"%RH","v":20},{"u":"lon","v":24.30621},'
    '{"u":"lat","v":60.07965},{"t":60,"v":20.3},{"u":"lon","t":60,"v":24.30622},{"u":"%EL","t":150,"v":98}]'
)
EXAMPLE_6 = (
    '[{"bn":"2001:db8::2/","bt":1.320078429e+09,"n":"temperature","u":"Cel","v":25.2},{"n":"humidity","u":"%RH","v":30},'
    '{"bn":"2001:db8::1/","n":"temperature","u":"Cel","v":12.3},{"n":"humidity","u":"%RH","v":67}]'
)
EXAMPLE_7 = (
    '[{"bn":"urn:dev:ow:10e2073a01080063:","n":"temp","u":"Cel","v":23.1},{"n":"label","vs":"Machine Room"},'
    '{"n":"open","vb":false},{"n":"nfv-reader","vd":"aGkgCg"}]'
)
EXAMPLE_8 = (
    '[{"bn":"urn:dev:ow:10e2073a01080063:","bt":1.320078429e+09,"l":"[{\\"href\\":\\"humidity\\"}]",'
    '"n":"temperature","u":"Cel","v":27.2},{"n":"humidity","u":"%RH","v":80}]'
)
EXAMPLE_9 = (
    '[{"bn":"urn:dev:ow:10e2073a01080063:"},{"n":"temp","u":"Cel","v":23.1},{"n":"heat","u":"/","v":1},'
    '{"n":"fan","u":"/","v":0}]'
)
EXAMPLE_12 = '[{"bt":1.320078429e+09,"bu":"/","n":"2001:db8::3","v":1},{"n":"2001:db8::4","v":1}]'
RESOLVED = [
    ('[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}]', [Record(OW, NOW, "Cel", 23.1, timed=False)]),
    (
        '[{"bn":"urn:dev:ow:10e2073a01080063:","n":"voltage","u":"V","v":120.1},{"n":"current","u":"A","v":1.2}]',
        [
            Record(f"{OW}:voltage", NOW, "V", 120.1, timed=False),
            Record(f"{OW}:current", NOW, "A", 1.2, timed=False),
        ],
    ),
    (
        EXAMPLE_3,
        [
            *(
                Record("urn:dev:ow:10e2073a0108006:current", 1_276_020_071_001 + 1000 * n, "A", value)
                for n, value in enumerate((1.2, 1.3, 1.4, 1.5, 1.6))
            ),
            Record("urn:dev:ow:10e2073a0108006:voltage", 1_276_020_076_001, "V", 120.1),
            Record("urn:dev:ow:10e2073a0108006:current", 1_276_020_076_001, "A", 1.7),
        ],
    ),
    (
        EXAMPLE_4,
        [
            Record(OW, 1_320_067_464_000 + 1000 * after, "%RH", value)
            for after, value in zip(
                (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 91, 92),
                (21.2, 21.3, 21.4, 21.4, 21.5, 21.5, 21.5, 21.6, 21.7, 21.5, 21.5, 21.5),
                strict=True,
            )
        ],
    ),
    (
        EXAMPLE_5,
        [
            Record(OW, 1_320_067_464_000, "%RH", 20.0),
            Record(OW, 1_320_067_464_000, "lon", 24.30621),
            Record(OW, 1_320_067_464_000, "lat", 60.07965),
            Record(OW, 1_320_067_524_000, "%RH", 20.3),
            Record(OW, 1_320_067_524_000, "lon", 24.30622),
            Record(OW, 1_320_067_614_000, "%EL", 98.0),
        ],
    ),
    (
        EXAMPLE_6,
        [
            Record("2001:db8::2/temperature", 1_320_078_429_000, "Cel", 25.2),
            Record("2001:db8::2/humidity", 1_320_078_429_000, "%RH", 30.0),
            Record("2001:db8::1/temperature", 1_320_078_429_000, "Cel", 12.3),
            Record("2001:db8::1/humidity", 1_320_078_429_000, "%RH", 67.0),
        ],
    ),
    (
        EXAMPLE_7,
        [
            Record(f"{OW}:temp", NOW, "Cel", 23.1, timed=False),
            Record(f"{OW}:label", NOW, timed=False),
            Record(f"{OW}:open", NOW, None, 0.0, timed=False),
            Record(f"{OW}:nfv-reader", NOW, timed=False),
        ],
    ),
    (
        EXAMPLE_8,
        [
            Record(f"{OW}:temperature", 1_320_078_429_000, "Cel", 27.2),
            Record(f"{OW}:humidity", 1_320_078_429_000, "%RH", 80.0),
        ],
    ),
    (
        EXAMPLE_9,
        [
            Record(f"{OW}:temp", NOW, "Cel", 23.1, timed=False),
            Record(f"{OW}:heat", NOW, "/", 1.0, timed=False),
            Record(f"{OW}:fan", NOW, "/", 0.0, timed=False),
        ],
    ),
    (
        EXAMPLE_12,
        [
            Record("2001:db8::3", 1_320_078_429_000, "/", 1.0),
            Record("2001:db8::4", 1_320_078_429_000, "/", 1.0),
        ],
    ),
]


def read(text: str) -> list[Record]:
    return resolve(json.loads(text), NOW)


def samples(text: str) -> list[Sample]:
    return to_samples(read(text))


def reason(text: str) -> Reason:
    with pytest.raises(Rejected) as refused:
        samples(text)
    return refused.value.reason


@pytest.mark.parametrize(("text", "expected"), RESOLVED, ids=[f"example-{n}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 12)])
def test_the_examples_of_the_rfc_resolve(text: str, expected: list[Record]) -> None:
    assert expected == read(text)


def test_the_smallest_absolute_time_is_two_to_the_28() -> None:
    [absolute] = read('[{"n":"a","t":268435456,"v":1}]')
    [relative] = read('[{"n":"a","t":268435455,"v":1}]')

    assert 268_435_456_000 == absolute.at
    assert NOW + 268_435_455_000 == relative.at


def test_relative_time_counts_from_the_receipt() -> None:
    assert [NOW - 90_500, NOW + 3000] == [
        record.at for record in read('[{"n":"a","t":-90.5,"v":1},{"n":"a","t":3,"v":1}]')
    ]


def test_time_and_base_time_are_added_before_they_are_judged() -> None:
    assert [200_000_000_000 * 2] == [record.at for record in read('[{"bt":200000000,"n":"a","t":200000000,"v":1}]')]


def test_a_time_of_zero_is_no_time() -> None:
    assert [None, None] == [sample.at for sample in samples('[{"n":"a","t":0,"v":1},{"bt":5,"n":"a","t":-5,"v":1}]')]


def test_times_keep_their_milliseconds() -> None:
    assert [1_795_420_800_123] == [record.at for record in read('[{"bt":1795420800,"n":"a","t":0.123,"v":1}]')]


def test_base_fields_hold_until_they_are_replaced() -> None:
    text = '[{"bn":"d:","bu":"Cel","bv":20,"n":"a","v":1},{"n":"b","v":2},{"bn":"e:","bu":"K","bv":0,"n":"c","v":3}]'

    assert [("d:a", "Cel", 21.0), ("d:b", "Cel", 22.0), ("e:c", "K", 3.0)] == [
        (record.name, record.unit, record.value) for record in read(text)
    ]


def test_records_of_one_instant_stay_in_their_order() -> None:
    text = '[{"n":"z","v":1},{"n":"y","t":-1,"v":2},{"n":"x","v":3}]'

    assert ["y", "z", "x"] == [record.name for record in read(text)]


def test_a_missing_value_is_the_base_value() -> None:
    assert [5.0] == [record.value for record in read('[{"bv":5,"n":"a"}]')]


def test_a_base_value_does_not_touch_booleans() -> None:
    assert [1.0] == [record.value for record in read('[{"bv":5,"n":"a","vb":true}]')]


def test_a_sum_may_stand_alone() -> None:
    assert [(None, 7.0)] == [(record.value, record.sum) for record in read('[{"n":"a","s":7}]')]


def test_a_base_sum_is_added_and_stands_for_a_missing_sum() -> None:
    text = '[{"bs":100,"n":"a","v":1,"s":7},{"n":"a","v":2}]'

    assert [(1.0, 107.0), (2.0, 100.0)] == [(record.value, record.sum) for record in read(text)]


def test_a_sum_is_a_second_sample_in_the_unit_times_seconds() -> None:
    expected = [
        Sample("active_power", 2.0, None, "W", "phase-a", "d"),
        Sample("active_power", 9.0, None, "W.s", "phase-a.sum", "d"),
    ]

    assert expected == samples('[{"n":"d:active_power.phase-a","u":"W","v":2,"s":9}]')


def test_the_sum_of_no_unit_is_of_none_that_anything_takes() -> None:
    assert ["1.s"] == [sample.unit for sample in samples('[{"n":"a","s":7}]')]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rssi", (None, "rssi", None)),
        ("device-1:rssi", ("device-1", "rssi", None)),
        ("device-1/rssi", ("device-1", "rssi", None)),
        ("device-1//rssi", ("device-1", "rssi", None)),
        ("soil_temperature.10cm", (None, "soil_temperature", "10cm")),
        ("soil_temperature.10cm.b", (None, "soil_temperature", "10cm.b")),
        ("v1.2/probe.a:rssi", ("v1.2/probe.a", "rssi", None)),
        (f"{OW}:soil_ec.a-b_c", (OW, "soil_ec", "a-b_c")),
        ("2001:db8::2/water_ph", ("2001:db8::2", "water_ph", None)),
    ],
)
def test_names_are_device_metric_and_channel(name: str, expected: tuple[str | None, str, str | None]) -> None:
    [sample] = samples(json.dumps([{"n": name, "v": 1}]))

    assert expected == (sample.device, sample.metric, sample.channel)


@pytest.mark.parametrize(
    "name", ["", ":a", "_a", "-a", "a b", "a\n", "气温", "a:", "a/", "a:.x", "a.", "a.é", "x" * 600]
)
def test_other_names_are_refused(name: str) -> None:
    assert Reason.MALFORMED == reason(json.dumps([{"n": name, "v": 1}]))


def test_the_percent_sign_of_senml_is_a_ratio() -> None:
    text = '[{"n":"a","u":"%","v":0.5},{"n":"a","u":"/100","v":50},{"n":"a","u":"%RH","v":50}]'

    assert ["1", "%", "%RH"] == [sample.unit for sample in samples(text)]


def test_latitude_and_longitude_are_channels() -> None:
    text = '[{"bn":"t:vehicle_position","u":"lat","v":37.5},{"u":"lon","v":118.3},{"n":".rear","u":"lat","v":37.6}]'

    assert ["lat", "lon", "rear"] == [sample.channel for sample in samples(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"n":"a","v":1,"must_":1}]', Reason.UNSUPPORTED),
        ('[{"bmust_":1},{"n":"a","v":1}]', Reason.UNSUPPORTED),
        ('[{"bver":11,"n":"a","v":1}]', Reason.UNSUPPORTED),
        ('[{"bver":0,"n":"a","v":1}]', Reason.MALFORMED),
        ('[{"bver":5.0,"n":"a","v":1}]', Reason.MALFORMED),
        ('[{"bver":5,"n":"a","v":1},{"bver":6,"n":"a","v":1}]', Reason.MALFORMED),
        ('[{"n":"a","v":1},{"bver":9,"n":"a","v":1}]', Reason.MALFORMED),
        ('[{"n":"a","v":1,"vs":"x"}]', Reason.MALFORMED),
        ('[{"n":"a","vb":true,"vd":"aGk"}]', Reason.MALFORMED),
        ('[{"n":"a"}]', Reason.MALFORMED),
        ('[{"n":"a","t":1}]', Reason.MALFORMED),
        ('[{"n":"a","v":"1"}]', Reason.MALFORMED),
        ('[{"n":"a","v":true}]', Reason.MALFORMED),
        ('[{"n":"a","v":null}]', Reason.MALFORMED),
        ('[{"n":1,"v":1}]', Reason.MALFORMED),
        ('[{"n":"a","u":1,"v":1}]', Reason.MALFORMED),
        ('[{"n":"a","t":"now","v":1}]', Reason.MALFORMED),
        ('[{"n":"a","vb":1}]', Reason.MALFORMED),
        ('[{"n":"a","vd":"a"}]', Reason.MALFORMED),
        ('[{"n":"a","vd":"+/+/"}]', Reason.MALFORMED),
        ('[{"n":"a","ut":"x","v":1}]', Reason.MALFORMED),
        ('[{"n":"a","vs":"x"}]', Reason.EMPTY),
        ('[{"bn":"a"}]', Reason.EMPTY),
        ("[]", Reason.EMPTY),
        ('[{"n":"a","v":1e308},{"bv":1e308,"n":"a","v":1e308}]', Reason.NOT_FINITE),
        ('[{"n":"a","v":1' + "0" * 400 + "}]", Reason.NOT_FINITE),
        ('[{"n":"a","v":1,"t":1' + "0" * 400 + "}]", Reason.BAD_TIME),
        ('[{"n":"a","v":1,"t":-1795420800.001}]', Reason.BAD_TIME),
        ('[{"n":"a","v":1,"t":7289654400}]', Reason.BAD_TIME),
    ],
)
def test_what_breaks_a_rule_is_refused(text: str, expected: Reason) -> None:
    assert expected == reason(text)


def test_unknown_labels_the_same_version_and_update_times_are_taken() -> None:
    text = '[{"bver":10,"n":"a","v":1,"x":{"y":[1]},"_z":2,"ut":5},{"bver":10,"n":"a","v":2}]'

    assert [1.0, 2.0] == [sample.value for sample in samples(text)]


def test_an_older_version_is_understood_when_the_first_record_says_so() -> None:
    assert [1.0, 2.0] == [sample.value for sample in samples('[{"bver":5,"n":"a","v":1},{"n":"a","v":2}]')]


def test_a_pack_of_ten_thousand_records_is_taken_and_one_more_is_not() -> None:
    pack = [{"n": "a", "v": 1}] * 10_000

    assert 10_000 == len(resolve(pack, NOW))
    with pytest.raises(Rejected, match="too_large"):
        resolve([*pack, {"n": "a", "v": 1}], NOW)


def test_a_pack_of_one_device_has_its_name_once() -> None:
    readings = [
        Sample("air_temperature", 21.5, NOW, "Cel", None, "device-1"),
        Sample("leaf_wetness", 40.0, NOW + 1, "%", "a", "device-1"),
    ]
    expected = [
        {"bn": "device-1:", "n": "air_temperature", "u": "Cel", "t": 1_795_420_800, "v": 21.5},
        {"n": "leaf_wetness.a", "u": "/100", "t": 1_795_420_800.001, "v": 40.0},
    ]

    assert expected == to_pack(readings)


def test_a_pack_of_several_devices_has_whole_names() -> None:
    readings = [Sample("rssi", -97.0, device="a"), Sample("rssi", -98.0, device="b"), Sample("rssi", -99.0)]

    assert [{"n": "a:rssi", "v": -97.0}, {"n": "b:rssi", "v": -98.0}, {"n": "rssi", "v": -99.0}] == to_pack(readings)


@pytest.mark.parametrize(
    "unsayable",
    [
        Sample("气温", 1.0),
        Sample("", 1.0),
        Sample("a:b", 1.0),
        Sample("a.b", 1.0),
        Sample("a", 1.0, channel="x:y"),
        Sample("a", 1.0, device="d:"),
        Sample("a", 1.0, device="_d"),
        Sample("a", 1.0, unit="lat"),
        Sample("a", 1.0, at=0),
        Sample("a", 1.0, at=268_435_455_999),
        Sample("a", float("nan")),
        Sample("a", 1.0, quality=Quality.DEVICE),
    ],
)
def test_what_senml_has_no_words_for_is_not_written(unsayable: Sample) -> None:
    with pytest.raises(Invalid):
        to_pack([unsayable])


def test_a_minus_zero_keeps_its_sign_beside_base_fields() -> None:
    values = [str(record.value) for record in read('[{"bn":"a","v":-0.0},{"v":-0.0},{"n":"b","v":0}]')]

    assert ["-0.0", "-0.0", "0.0"] == values


def test_a_time_that_is_no_number_is_called_so() -> None:
    with pytest.raises(Rejected, match="nan ms is outside the years 1970 to 2200"):
        resolve([{"n": "a", "v": 1.0, "t": float("nan")}], NOW)
