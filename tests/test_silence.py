"""Who is offline since when, and what many that fell silent together have in common."""

from collections.abc import Iterable, Mapping, Sequence
from time import process_time

import pytest

from insight.silence import Cause, Presence, Silence, presence, silences
from telemetry.model import Device, Measure, Profile

NOW = 1_795_420_800_000
MINUTE = 60_000
HOUR = 60 * MINUTE
CUT = NOW - 5 * HOUR
VILLAGES = ("370522101201", "370522101202", "370522102201", "370522102202")


def above(code: str) -> Sequence[str]:
    """County and town."""
    return (code[:6] + "000000", code[:9] + "000")


def profile(interval_s: float | None) -> Profile:
    return Profile(f"p-{interval_s}", "", "native_json", (Measure("rssi"), Measure("snr", interval_s=interval_s)))


def there(device: Device, heard_at: int | None, *, interval_s: float | None = 600, now: int = NOW) -> Presence:
    return presence(device, profile(interval_s), heard_at, now)


def one(heard_at: int | None, *, valid_from: int | None = None, valid_to: int | None = None) -> Presence:
    return there(Device("d", "p", VILLAGES[0], valid_from=valid_from, valid_to=valid_to), heard_at)


@pytest.mark.parametrize(
    ("found", "offline", "since"),
    [
        (one(NOW), False, None),
        (one(NOW - 30 * MINUTE), False, None),
        (one(NOW - 30 * MINUTE - 1), True, NOW - 20 * MINUTE - 1),
        (one(None), True, None),
        (one(None, valid_from=NOW - 30 * MINUTE), False, None),
        (one(None, valid_from=NOW - 31 * MINUTE), True, None),
        (one(NOW - HOUR, valid_to=NOW), None, None),
        (one(None, valid_from=NOW + 1), None, None),
        (there(Device("d", "p", VILLAGES[0]), NOW - 90 * HOUR, interval_s=None), None, None),
    ],
)
def test_a_device_is_offline_after_three_intervals_since_the_first_that_was_missed(
    found: Presence, offline: bool | None, since: int | None
) -> None:
    assert (offline, since) == (found.offline, found.since)


def test_who_is_said_to_be_gone_is_offline_at_once_and_whatever_its_interval() -> None:
    device = Device("d", "p", VILLAGES[0])
    over = Device("d", "p", VILLAGES[0], valid_to=NOW)
    found = [
        presence(one, profile(interval_s), NOW - 2, NOW, gone_at=NOW - 1)
        for one, interval_s in ((device, 600), (device, None), (over, 600))
    ]

    assert [(True, NOW - 1), (True, NOW - 1), (None, None)] == [(one.offline, one.since) for one in found]


def fleet(
    silent: Mapping[str, int], *, gateway: str | None = None, per_village: int = 5, intervals: Iterable[float] = (600,)
) -> list[Presence]:
    """Devices of four villages that report in turn; those of the villages given were cut off at that time.

    The first device of each village is its gateway where `gateway` names the village.
    """
    found = []
    for village in VILLAGES:
        for number in range(per_village):
            interval_s = list(intervals)[number % len(list(intervals))]
            cut = silent.get(village, NOW)
            heard_at = cut - int(interval_s * 1000) * (number + 1) // (per_village + 1)
            behind = f"{village}-0" if village == gateway and number else None
            found.append(
                there(Device(f"{village}-{number}", "p", village, gateway=behind), heard_at, interval_s=interval_s)
            )
    return found


def told(present: Sequence[Presence]) -> list[tuple[Cause, str, int, int]]:
    return [(found.cause, found.where, len(found.devices), found.of) for found in silences(present, above)]


def test_nobody_is_silent() -> None:
    assert [] == silences(fleet({}), above)
    assert [] == silences([], above)


@pytest.mark.parametrize("intervals", [(600,), (60, 600, 3600)])
def test_all_places_at_once_is_the_house(intervals: tuple[float, ...]) -> None:
    (found,) = silences(fleet(dict.fromkeys(VILLAGES, CUT), intervals=intervals), above)

    assert (Cause.HOUSE, "", 20, 20) == (found.cause, found.where, len(found.devices), found.of)
    assert CUT - 20 * MINUTE < found.since <= CUT


def test_one_village_at_once_is_that_place_as_its_neighbours_are_heard() -> None:
    assert [(Cause.PLACE, VILLAGES[1], 5, 5)] == told(fleet({VILLAGES[1]: CUT}, intervals=(60, 600, 3600)))


def test_a_town_at_once_is_the_town_and_not_each_village() -> None:
    assert [(Cause.PLACE, "370522101000", 10, 10)] == told(fleet({VILLAGES[0]: CUT, VILLAGES[1]: CUT + MINUTE}))


def test_a_large_village_is_told_of_itself_though_it_is_nearly_its_whole_town() -> None:
    present = [entry for entry in fleet({VILLAGES[0]: CUT}) if entry.device.id != VILLAGES[1] + "-0"]
    few = [entry for entry in present if entry.device.region != VILLAGES[1] or entry.device.id[-1] == "1"]

    assert [(Cause.PLACE, VILLAGES[0], 5, 5)] == told(few)


def test_two_villages_that_fell_silent_hours_apart_are_two_events() -> None:
    assert [(Cause.PLACE, VILLAGES[0], 5, 5), (Cause.PLACE, VILLAGES[1], 5, 5)] == told(
        fleet({VILLAGES[0]: CUT - 2 * HOUR, VILLAGES[1]: CUT})
    )


def test_all_behind_one_gateway_is_the_gateway_though_it_is_most_of_a_village() -> None:
    present = fleet({VILLAGES[0]: CUT}, gateway=VILLAGES[0])
    other = there(Device("other", "p", VILLAGES[0]), NOW)

    assert [(Cause.GATEWAY, f"{VILLAGES[0]}-0", 5, 5)] == told([*present, other])


def test_who_was_heard_after_it_speaks_against_a_common_cause() -> None:
    present = fleet({VILLAGES[0]: CUT})
    unharmed = [there(Device(f"u-{number}", "p", VILLAGES[0]), NOW) for number in range(4)]

    assert {Cause.DEVICE} == {cause for cause, *_ in told([*present, *unharmed])}


def test_who_was_silent_before_is_no_part_of_it_and_says_nothing_against_it() -> None:
    present = fleet({VILLAGES[0]: CUT})
    earlier = there(Device("earlier", "p", VILLAGES[0]), CUT - 90 * HOUR)

    assert [(Cause.PLACE, VILLAGES[0], 5, 5), (Cause.DEVICE, "earlier", 1, 1)] == told([*present, earlier])


def test_who_is_not_due_yet_says_nothing() -> None:
    """A broker that stopped ten minutes ago: devices of one minute are silent, those of an hour may yet come."""
    cut = NOW - 10 * MINUTE
    present = fleet(dict.fromkeys(VILLAGES, cut), intervals=(60, 3600))

    assert [(Cause.HOUSE, "", 12, 12)] == told(present)


def test_two_devices_are_chance_and_one_is_itself() -> None:
    present = [entry for entry in fleet({VILLAGES[0]: CUT}) if entry.device.id[-1] in "01" or entry.heard_at != CUT]
    pair = [entry for entry in present if entry.device.region != VILLAGES[0] or entry.device.id[-1] in "01"]

    assert [(Cause.DEVICE, 1), (Cause.DEVICE, 1)] == [(cause, count) for cause, _, count, _ in told(pair)]


def test_who_was_never_heard_and_who_reports_on_event_fall_silent_with_nobody() -> None:
    never = [there(Device(f"n-{number}", "p", VILLAGES[0]), None) for number in range(9)]
    gates = [there(Device(f"g-{number}", "p", VILLAGES[0]), CUT, interval_s=None) for number in range(9)]

    assert [] == silences([*fleet({}), *never, *gates], above)


def test_a_house_of_one_village_cannot_tell_its_broker_from_its_power() -> None:
    present = [entry for entry in fleet({VILLAGES[0]: CUT}) if entry.device.region == VILLAGES[0]]

    assert [(Cause.PLACE, VILLAGES[0], 5, 5)] == told(present)


def test_each_silent_device_is_told_of_once() -> None:
    found = silences(fleet({VILLAGES[0]: CUT, VILLAGES[2]: CUT - 3 * HOUR}, gateway=VILLAGES[2]), above)
    devices = [device for silence in found for device in silence.devices]

    assert isinstance(found[0], Silence)
    assert len(set(devices)) == len(devices) == 10


def test_many_thousand_silent_devices_are_sorted_out_in_a_moment() -> None:
    present = fleet(dict.fromkeys(VILLAGES, CUT), per_village=2_500)
    began = process_time()

    assert 10_000 == sum(len(silence.devices) for silence in silences(present, above))
    assert process_time() - began < 5
