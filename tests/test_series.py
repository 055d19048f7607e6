"""Coverage: how much of what was due was used, from intervals, validity and the channels there are."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from telemetry.model import Reading
from telemetry.series import Source, channels_of, folded, series_names
from telemetry.store.embedded import EmbeddedStore
from telemetry.window import parse
from tests.store_contract import AIR, HOUR, MINUTE, SHANGHAI, START, embedded, every

HOURS = parse("1h", SHANGHAI)
FAR = START + 1000 * HOUR


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with embedded(tmp_path / "series.duckdb") as opened:
        opened.write(every(MINUTE, [1.0] * 90, device="a"))
        opened.write(every(MINUTE, [3.0] * 60, device="b:1") + every(MINUTE, [5.0] * 30, device="b:2"))
        yield opened


def coverage(store: EmbeddedStore, *sources: Source, now: int = FAR, hours: int = 3) -> list[list[float | None]]:
    """Line by line."""
    answer = folded(store, AIR, sources, HOURS, START, START + hours * HOUR, now=now)
    return [line.coverage for line in answer.lines]


def test_coverage_is_the_share_of_what_was_due(store: EmbeddedStore) -> None:
    assert [[1.0, 0.5, 0.0]] == coverage(store, Source("a", "a", 60.0))


def test_more_than_was_due_is_still_only_all_of_it(store: EmbeddedStore) -> None:
    assert [[1.0, 1.0, 0.0]] == coverage(store, Source("a", "a", 120.0))


def test_what_reports_on_event_has_no_coverage(store: EmbeddedStore) -> None:
    assert [[None, None, None]] == coverage(store, Source("a", "a", None))


def test_nothing_is_due_after_now_or_outside_of_validity(store: EmbeddedStore) -> None:
    assert [[1.0, 1.0, None]] == coverage(store, Source("a", "a", 60.0), now=START + 90 * MINUTE)
    assert [[None, 0.5, 0.0]] == coverage(store, Source("a", "a", 60.0, valid_from=START + HOUR))
    assert [[1.0, None, None]] == coverage(store, Source("a", "a", 60.0, valid_to=START + HOUR))


def test_every_channel_is_due(store: EmbeddedStore) -> None:
    assert [[0.75, 0.0, 0.0]] == coverage(store, Source("b", "b", 60.0))
    assert [[0.5, 0.0, 0.0]] == coverage(store, Source("b:2", "b:2", 60.0))


def test_a_device_that_never_spoke_counts_against_its_group(store: EmbeddedStore) -> None:
    assert [[0.5, 0.25, 0.0]] == coverage(store, Source("a", "all", 60.0), Source("silent", "all", 60.0))
    assert [[0.0, 0.0, 0.0]] == coverage(store, Source("silent", "silent", 60.0))


def test_a_device_that_talks_too_much_does_not_hide_a_silent_one(store: EmbeddedStore) -> None:
    """Ten readings where one was due are one."""
    sources = [Source("a", "all", 600.0), *(Source(f"silent-{number}", "all", 600.0) for number in range(9))]

    assert [[0.1, 0.1, 0.0]] == coverage(store, *sources)


def test_a_suspect_reading_is_not_covered(store: EmbeddedStore) -> None:
    store.write([Reading("a", AIR.id, START + minute * MINUTE, 99.0, 99.0, 1, START) for minute in range(15)])

    assert [[0.75, 0.5, 0.0]] == coverage(store, Source("a", "a", 60.0))


def test_lines_come_in_the_order_of_their_groups_and_a_device_may_be_in_two(store: EmbeddedStore) -> None:
    sources = [Source("b", "town", 60.0), Source("a", "village", 60.0), Source("a", "town", 60.0)]
    answer = folded(store, AIR, sources, HOURS, START, START + HOUR, now=FAR)

    assert [("town", pytest.approx((1.0 + 3.0 + 5.0) / 3), 3), ("village", 1.0, 1)] == [
        (line.buckets.group, line.buckets.value[0], line.buckets.devices[0]) for line in answer.lines
    ]


def test_channels_belong_to_the_device_before_their_last_colon() -> None:
    names = ["a", "a:1", "a:1:x", "b:1", "c"]

    assert {"a": ["a", "a:1"], "b": ["b:1"]} == channels_of(names, ["a", "b"])
    assert {"a": ["a"], "a:1": ["a:1", "a:1:x"]} == channels_of(names, ["a", "a:1"])


def test_the_series_of_devices_are_found(store: EmbeddedStore) -> None:
    assert ("a", "b:1", "b:2") == series_names(store, [AIR.id, "rain"], ["a", "b", "silent"])
