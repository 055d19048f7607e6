"""Devices that are moved, and names that nobody has registered, on SQLite and PostgreSQL."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from telemetry.discovery import Replays, Stranger
from telemetry.errors import Conflict, Invalid, Reason, Unknown
from telemetry.model import Device, Quarantined, Region
from telemetry.registry import Registry, open_registry
from telemetry.stays import Stay, pieces
from tests import village
from tests.postgres import DATABASES, registry_url
from tests.village import REGIONS, STREET, VILLAGE

TOWN = "370522101000"


@pytest.fixture(params=DATABASES)
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    with open_registry(registry_url(request.param, tmp_path)) as opened:
        village.settle(opened)
        opened.devices.put([Device("well-1", "station", VILLAGE, latitude=37.0, longitude=118.0, valid_from=1000)])
        yield opened


def test_a_move_ends_one_stay_and_begins_another(registry: Registry) -> None:
    before = registry.devices.version()
    registry.stays.move("well-1", STREET, None, None, at=2000)
    moved = registry.stays.move("well-1", TOWN, 37.5, 118.5, at=3000)
    former = [Stay("well-1", 2000, VILLAGE, 37.0, 118.0), Stay("well-1", 3000, STREET)]

    assert (TOWN, 37.5, 1000, True) == (
        moved.region,
        moved.latitude,
        moved.valid_from,
        moved == registry.devices.one("well-1"),
    )
    assert former == registry.stays.all()
    assert [(VILLAGE, 1000, 2000), (STREET, 2000, 3000), (TOWN, 3000, None)] == [
        (piece.region, piece.valid_from, piece.valid_to) for piece in pieces(moved, former)
    ]
    assert before + 2 == registry.devices.version()


def test_a_move_at_the_beginning_of_a_stay_corrects_it(registry: Registry) -> None:
    registry.stays.move("well-1", STREET, None, None, at=1000)
    registry.stays.move("well-1", VILLAGE, None, None, at=2000)
    registry.stays.move("well-1", TOWN, None, None, at=2000)

    assert ([Stay("well-1", 2000, STREET)], TOWN) == (registry.stays.all(), registry.devices.one("well-1").region)


def test_a_move_that_cannot_be_changes_nothing(registry: Registry) -> None:
    registry.stays.move("well-1", STREET, None, None, at=2000)
    with pytest.raises(
        Invalid, match=r"at: 1970-01-01T00:00:01.999Z is before 1970-01-01T00:00:02Z, since when it stands"
    ):
        registry.stays.move("well-1", TOWN, None, None, at=1999)
    with pytest.raises(Unknown, match="unknown device: well-2"):
        registry.stays.move("well-2", TOWN, None, None, at=3000)
    with pytest.raises(Conflict):
        registry.stays.move("well-1", "370522101999", None, None, at=3000)

    assert ([Stay("well-1", 2000, VILLAGE, 37.0, 118.0)], STREET) == (
        registry.stays.all(),
        registry.devices.one("well-1").region,
    )


@pytest.mark.parametrize(
    ("life", "words"),
    [
        ((2000, None), "valid_from: 1970-01-01T00:00:02Z is not before its first move"),
        ((1000, 3000), "valid_to: 1970-01-01T00:00:03Z is not after its last move"),
    ],
)
def test_the_life_of_a_device_holds_all_of_its_stays(
    life: tuple[int, int | None], words: str, registry: Registry
) -> None:
    registry.stays.move("well-1", STREET, None, None, at=2000)
    moved = registry.stays.move("well-1", TOWN, None, None, at=3000)
    with pytest.raises(Invalid, match=words):
        registry.devices.put([replace(moved, valid_from=life[0], valid_to=life[1])])


def test_whoever_read_a_device_before_its_move_does_not_undo_it(registry: Registry) -> None:
    before = registry.devices.one("well-1")
    moved = registry.stays.move("well-1", STREET, None, None, at=2000)
    renamed = replace(before, name="Renamed")
    with pytest.raises(Conflict, match=f"'well-1' stands in region {STREET}, not in {VILLAGE}; a move changes that"):
        registry.devices.put([replace(before, id="well-2"), renamed])

    assert moved == registry.devices.one("well-1")
    assert [Stay("well-1", 2000, VILLAGE, 37.0, 118.0)] == registry.stays.all()
    with pytest.raises(Unknown):
        registry.devices.one("well-2")


def test_a_region_that_comes_without_its_parent_keeps_it(registry: Registry) -> None:
    registry.places.put([Region(TOWN, REGIONS[3].level, "北宋", "Beisong Town")])

    assert ("Beisong Town", "370522000000") == (registry.places.one(TOWN).name_en, registry.places.one(TOWN).parent)
    assert [VILLAGE] == [region.code for region in registry.places.children(TOWN)]


def test_strangers_are_told_by_name_with_their_messages(registry: Registry) -> None:
    unknown = [("new-1", 10), ("new-2", 20), ("new-1", 30), ("station-1", 40), (None, 50)]
    registry.quarantine.add(
        [Quarantined("t", b"{}", Reason.UNKNOWN_DEVICE, "", at, device) for device, at in unknown]
        + [Quarantined("t", b"{}", Reason.MALFORMED, "", 60, "new-3")]
    )

    assert [Stranger("new-1", 2, 10, 30), Stranger("new-2", 1, 20, 20)] == registry.strangers.heard(since=0, limit=9)
    assert [Stranger("new-1", 1, 30, 30)] == registry.strangers.heard(since=21, limit=9)
    assert [] == registry.strangers.heard(since=0, limit=9, name="new-3")


def test_how_far_the_replays_of_a_device_have_come(registry: Registry) -> None:
    texts = [(b"{}", None), (b"{}", None), (b"{}", None), (b"", 5)]
    registry.quarantine.add(
        [Quarantined("t", payload, Reason.UNKNOWN_DEVICE, "", 1, "new-1", size=size) for payload, size in texts]
    )
    first, second, third, _ = sorted(item.id or 0 for item in registry.quarantine.find(device="new-1", limit=9))
    registry.quarantine.replayed(first, 5, "1 readings stored")
    registry.quarantine.replayed(second, None, "0 readings stored; 1 still refused: malformed")

    assert ([second, third], Replays(1, 1, 2)) == (
        registry.strangers.owed("new-1", 9),
        registry.strangers.replays("new-1"),
    )
    assert ([], Replays(0, 0, 0)) == (registry.strangers.owed("nobody", 9), registry.strangers.replays("nobody"))
