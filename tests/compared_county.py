"""A village, its town's other village and two urban places of the same city, with a fortnight of readings."""

import random
from collections.abc import Iterator
from typing import Final

from telemetry.model import Device, Level, Measure, Profile, Quality, Reading, Region, Setting
from telemetry.registry import Registry
from telemetry.store.ports import Store
from tests.api_fixture import HOUR, MINUTE, NOW, Served, served
from tests.village import STREET, VILLAGE

DAYS: Final = 14
STOP: Final = NOW - 8 * HOUR
"""A midnight UTC."""
START: Final = STOP - DAYS * 24 * HOUR
OTHER: Final = "370522101202"
SECOND_STREET: Final = "370502001002"
RANGE: Final = "start=2026-11-09&stop=2026-11-23"
PLACES: Final = {VILLAGE: (1000, 300), OTHER: (3000, 900), STREET: (8000, 2500), SECOND_STREET: (2000, 700)}
"""Persons and households."""
USUAL: Final = {
    "pm25": (60.0, 30.0),
    "voltage_a": (225.0, 12.0),
    "supply_pressure": (70.0, 30.0),
    "outage_state": (0.0, 0.0),
    "free_chlorine": (0.3, 0.28),
    "turbidity": (0.8, 0.4),
}
"""Middle and how far from it, by metric."""
COUNTERS: Final = {"supply_volume": 4.0, "energy_import": 90.0}
"""Growth in an hour."""


def settle(registry: Registry) -> None:
    """Places with persons and households, and two stations in each of the four."""
    for code, (persons, households) in PLACES.items():
        rural = code.startswith("370522")
        registry.places.put(
            [
                Region(
                    code,
                    Level.VILLAGE,
                    f"place {code}",
                    parent=f"{code[:9]}000",
                    setting=Setting.RURAL if rural else Setting.URBAN,
                    urban_rural_class="220" if rural else "111",
                    population=persons,
                    households=households,
                )
            ]
        )
    measures = tuple(Measure(name, interval_s=1200) for name in (*USUAL, *COUNTERS))
    registry.devices.put_profiles([Profile("everything", "Everything", "native_json", measures)])
    registry.devices.put([Device(f"{code}-{n}", "everything", code) for code in PLACES for n in (1, 2)])


def readings() -> Iterator[Reading]:
    """Every 20 minutes, with hours of silence and doubts."""
    chance = random.Random(5)  # noqa: S311 -- the same readings in every run
    for code in PLACES:
        silent = {chance.randrange(DAYS * 24) for _ in range(20)}
        for number in (1, 2):
            for step in range(DAYS * 72):
                if step // 3 in silent or chance.random() < 0.01:
                    continue
                yield from _of(f"{code}-{number}", START + step * 20 * MINUTE, step, chance)


def _of(device: str, at: int, step: int, chance: random.Random) -> Iterator[Reading]:
    doubt = int(Quality.RANGE) if chance.random() < 0.01 else 0
    for name, (middle, width) in USUAL.items():
        value = middle + width * chance.uniform(-1, 1)
        if name == "outage_state":
            value = float(chance.random() < 0.01)
        yield Reading(device, name, at, value, value, doubt, at)
    for name, hourly in COUNTERS.items():
        value = step / 3 * hourly * (2 if device.startswith("370502") else 1)
        yield Reading(device, name, at, value, value, 0, at)


def compared(registry: Registry, store: Store) -> Served:
    """The API on all of it."""
    settle(registry)
    store.write(list(readings()))
    return served(registry, store)
