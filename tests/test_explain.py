"""A person with nothing but HTTP computes any tile again, from the addresses that it carries."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from telemetry.metrics import METRICS
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.influx import InfluxStore
from telemetry.store.ports import Store
from tests import influxdb
from tests.api_fixture import NOW, Served
from tests.compared_county import RANGE, compared
from tests.store_contract import places_of
from tests.village import VILLAGE

MEASURES = (
    "pm25",
    "polluted_air_hours",
    "voltage_in_band",
    "supply_pressure",
    "water_assured_days",
    "water_samples_met",
    "outage_minutes",
    "drinking_water_per_person",
    "electricity_per_household",
    "data_completeness",
    "silent_minutes",
)

Line = Mapping[str, Any]
"""Of /series: one device in one metric."""
Part = Mapping[str, Any]


@pytest.fixture(params=["embedded", "influxdb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "embedded":
        zone = ZoneInfo("Asia/Shanghai")
        with EmbeddedStore.open(tmp_path / "readings.duckdb", zone=zone, metrics=METRICS) as opened:
            yield opened
    else:
        address = influxdb.shared().new_database()
        with InfluxStore(address, places_of, metrics=METRICS, clock=lambda: NOW) as influx:
            yield influx


def test_every_tile_is_computed_again_with_plain_http(registry: Registry, store: Store) -> None:
    """Of a village in eleven measures, of its city in two; InfluxDB has the first ones."""
    house = compared(registry, store)
    done = 0
    for measure in MEASURES if isinstance(store, EmbeddedStore) else MEASURES[:2]:
        answer = house.get(f"/compare?measure={measure}&region={VILLAGE}&{RANGE}&history=0")
        for tile in (answer["place"], *([answer["city"]["benchmark"]] if measure in MEASURES[:2] else [])):
            assert pytest.approx(again(house, tile["explain"]), rel=1e-4) == tile["value"], measure
            done += 1

    assert done == (13 if isinstance(store, EmbeddedStore) else 4)


def again(house: Served, explain: str) -> float:
    """The value, from the readings in buckets; the sums of the days are not looked at."""
    told = followed(house, explain)
    formula = FORMULAS[told["measure"]["normaliser"]]
    values = []
    for part in told["parts"]:
        lines = [line for query in part["queries"] for line in followed(house, query)["series"]]
        value = formula(told["measure"], part, lines)
        over, under = (sum(day[name] for day in part["days"]) for name in ("over", "under"))
        assert pytest.approx(value, rel=1e-4) == part["value"]
        assert pytest.approx(part["value"]) == over / under
        values.append((part["weight"], value))
    return float(sum(weight * value for weight, value in values) / sum(weight for weight, _ in values))


def followed(house: Served, address: str) -> dict[str, Any]:
    return house.get(address.removeprefix("/api/v1"))


def _seen(line: Line) -> list[float]:
    return [point["value"] for point in line["points"] if point["value"] is not None]


def _mean_of_means(_measure: Line, _part: Part, lines: Sequence[Line]) -> float:
    buckets = [[value for value in column if value is not None] for column in _columns(lines)]
    means = [sum(column) / len(column) for column in buckets if column]
    return float(sum(means) / len(means))


def _columns(lines: Sequence[Line]) -> list[tuple[float | None, ...]]:
    return list(zip(*([point["value"] for point in line["points"]] for line in lines), strict=True))


def _inside(measure: Line, value: float, metric: str) -> bool:
    (low, high), *_ = [(one["low"], one["high"]) for one in measure["limits"] if one["metric"] == metric]
    return (low is None or value >= low) and (high is None or value <= high)


def _share_inside(measure: Line, _part: Part, lines: Sequence[Line]) -> float:
    hits = [_inside(measure, value, line["metric"]) for line in lines for value in _seen(line)]
    return 100 * sum(hits) / len(hits)


def _share_outside(measure: Line, part: Part, lines: Sequence[Line]) -> float:
    return 100 - _share_inside(measure, part, lines)


def _share_of_days(measure: Line, _part: Part, lines: Sequence[Line]) -> float:
    kept = []
    for line in lines:
        values = [point["value"] for point in line["points"]]
        for first in range(0, len(values), 24):
            day = [value for value in values[first : first + 24] if value is not None]
            if day:
                out = sum(not _inside(measure, value, line["metric"]) for value in day)
                kept.append(out < measure["longest_h"])
    return float(100 * sum(kept) / len(kept))


def _share_of_samples(measure: Line, _part: Part, lines: Sequence[Line]) -> float:
    samples: dict[tuple[str, str], bool] = {}
    for line in lines:
        for point in line["points"]:
            if point["value"] is not None:
                key = line["group"], point["at"]
                samples[key] = samples.get(key, True) and _inside(measure, point["value"], line["metric"])
    return 100 * sum(samples.values()) / len(samples)


def _per_head(measure: Line, part: Part, lines: Sequence[Line]) -> float:
    known = [number for number, column in enumerate(_columns(lines)) if any(value is not None for value in column)]
    days = (known[-1] - known[0] + 1) / 24
    amount = sum(value for line in lines for value in _seen(line)) * measure["factor"]
    return float(amount / (part["divided_by"]["value"] * days))


def _outage(_measure: Line, _part: Part, lines: Sequence[Line]) -> float:
    values = [value for line in lines for value in _seen(line)]
    return float(sum(values) * 60 / (len(values) / 8760))


def _completeness(_measure: Line, _part: Part, lines: Sequence[Line]) -> float:
    shares = [point["coverage"] for line in lines for point in line["points"] if point["coverage"] is not None]
    return float(100 * sum(shares) / len(shares))


def _silence(_measure: Line, _part: Part, lines: Sequence[Line]) -> float:
    columns = _columns(lines)
    return 60 * sum(all(value is None for value in column) for column in columns) / (len(columns) / 24)


FORMULAS: dict[str, Callable[[Line, Part, Sequence[Line]], float]] = {
    "as measured": _mean_of_means,
    "share of hours in band": _share_inside,
    "share of hours out of band": _share_outside,
    "share of days in band": _share_of_days,
    "share of samples within limits": _share_of_samples,
    "per person": _per_head,
    "per household": _per_head,
    "outage minutes per household": _outage,
    "share of expected data": _completeness,
    "minutes without any data": _silence,
}


def test_what_was_left_out_is_counted_with_its_flags(registry: Registry, store: Store) -> None:
    told = compared(registry, store).get(f"/explain?measure=pm25&region={VILLAGE}&{RANGE}")
    given = told["parts"][0]["ingredients"]

    assert ["pm25", "pm25"] == [one["metric"] for one in given]
    assert told["tile"]["readings"] == sum(one["readings"] for one in given)
    assert told["tile"]["excluded"] == sum(one["excluded"] for one in given) > 0
    assert "range" in told["flags_excluded"]
    assert "late" not in told["flags_excluded"]
