"""Calibrations in the registry, on SQLite and PostgreSQL."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from telemetry.calibration import Calibration, Curve, Linear, Polynomial, Rating, Segment, Table
from telemetry.errors import Conflict, Invalid
from telemetry.registry import Registry, open_registry
from tests import village
from tests.postgres import DATABASES, registry_url

LINEAR = Calibration(
    "station-1", "air_temperature", Linear(1.02, -0.5), 1_000, source="certificate 7", entered_by="Li", entered_at=5_000
)
CURVES: tuple[Curve | None, ...] = (
    None,
    Linear(1.02, -0.5),
    Polynomial((0.5, 1.25, -3e-9)),
    Table(((0.0, 1.5), (10.0, 11.0))),
    Rating((Segment(1.0, 2.5, 12.5, 0.8, 1.62), Segment(2.5, 4.0, 12.0, 0.75, 1.66))),
)


@pytest.fixture(params=DATABASES)
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    with open_registry(registry_url(request.param, tmp_path)) as opened:
        village.settle(opened)
        yield opened


def test_every_curve_comes_back_as_it_was_put(registry: Registry) -> None:
    given = [replace(LINEAR, valid_from=place, curve=curve) for place, curve in enumerate(CURVES)]
    for calibration in given:
        registry.calibrations.put(calibration)

    assert given == registry.calibrations.of("station-1") == registry.calibrations.current()
    assert [] == registry.calibrations.of("station-2")


def test_one_with_the_same_beginning_takes_the_place_of_the_former_which_stays_in_the_history(
    registry: Registry,
) -> None:
    later, channel = replace(LINEAR, valid_from=2_000), replace(LINEAR, channel="roof")
    better = replace(LINEAR, curve=Linear(1.03), entered_at=9_000)
    kept = [registry.calibrations.put(one) for one in (LINEAR, later, channel, better)]
    again = registry.calibrations.put(replace(better, entered_at=10_000))

    assert ([True] * 4, False) == (kept, again)
    assert [replace(LINEAR, superseded_at=9_000), later, channel, better] == registry.calibrations.of("station-1")
    assert [later, channel, better] == registry.calibrations.current()


def test_a_calibration_is_a_change_that_workers_see(registry: Registry) -> None:
    before = registry.devices.version()
    registry.calibrations.put(LINEAR)

    assert before < registry.devices.version()


@pytest.mark.parametrize("wrong", [{"source": "\x00"}, {"channel": "a b"}, {"metric": ""}, {"valid_from": 2**63}])
def test_what_cannot_be_kept_is_refused(registry: Registry, wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        registry.calibrations.put(replace(LINEAR, **wrong))  # type: ignore[arg-type]  # one wrong field each

    assert [] == registry.calibrations.current()


def test_a_device_that_is_not_there_has_no_calibration(registry: Registry) -> None:
    with pytest.raises(Conflict):
        registry.calibrations.put(replace(LINEAR, device="nobody"))
