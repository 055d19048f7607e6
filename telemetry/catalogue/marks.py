"""Where a value calls for attention or for action: the colours of panels and the first setting of alarms.

Not the plausibility limits of the catalogue: what lies beyond a mark is believed. Columns, in the metric's unit: act
below the first number, watch below the second, watch from the third on, act from the fourth on; None = no such mark.
`source` as in the catalogue's tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Marks:
    """Up to four values, ascending."""

    act_below: float | None
    watch_below: float | None
    watch_from: float | None
    act_from: float | None
    source: str = "default, unverified"


# fmt: off
MARKS: Final[Mapping[str, Marks]] = MappingProxyType({
    "ground_surface_temperature": Marks(-3, 0, None, None, "FROSTWARN (blue, yellow)"),
    "air_temperature": Marks(0, 4, 35, 40, "FROSTWARN (provincial variant); heat default, unverified"),
    "soil_relative_moisture": Marks(40, 60, None, None, "drought classes of dry land (light, severe)"),
    "barn_thi": Marks(None, None, 72, 80, "THI2 (dairy cattle: moderate, severe)"),
    "barn_ammonia": Marks(None, None, 15, 20, "2007/43/EC (20); watch default, unverified"),
    "barn_co2": Marks(None, None, 2500, 3000, "2007/43/EC (3000); watch default, unverified"),
    "barn_hydrogen_sulfide": Marks(None, None, 5, 10, "BARN (5); 10 default, unverified"),
    "barn_humidity": Marks(None, None, 70, 85, "2007/43/EC (70 in cold weather); act default, unverified"),
    "greenhouse_co2": Marks(None, 300, 1500, 5000),
    "dissolved_oxygen": Marks(2, 5, None, None, "GB3838 (classes III, V)"),
    "cod_mn": Marks(None, None, 6, 15, "GB3838 (classes III, V)"),
    "ammonia_nitrogen": Marks(None, None, 1, 2, "GB3838 (classes III, V)"),
    "total_phosphorus": Marks(None, None, 0.2, 0.4, "GB3838 (rivers, classes III, V)"),
    "total_nitrogen": Marks(None, None, 1, 2, "GB3838 (lakes, classes III, V)"),
    "fluoride": Marks(None, None, 1, 1.5, "GB3838 (classes III, V)"),
    "nitrate_nitrogen": Marks(None, None, 10, 20, "GB5749 (10; 20 where groundwater is limited)"),
    "turbidity": Marks(None, None, 1, 3, "GB5749 (1; 3 for small supplies)"),
    "free_chlorine": Marks(0.05, 0.3, 2, 4, "GB5749 (end of network, finished water); unverified"),
    "supply_pressure": Marks(50, 100, None, None, "RURALWATER (50 = no supply); watch default, unverified"),
    "voltage_a": Marks(198, 203, 230, 235.4, "GB/T 12325 (-10 %, +7 % of 220 V); watch default, unverified"),
    "frequency": Marks(49.5, 49.8, 50.2, 50.5, "GB/T 15945; unverified"),
    "power_factor": Marks(0.8, 0.85, None, None),
    "outage_state": Marks(None, None, None, 1, "definition"),
    "battery_level": Marks(10, 25, None, None),
    "rssi": Marks(-120, -110, None, None),
    "packet_loss": Marks(None, None, 5, 20),
    "pm25": Marks(None, None, 35, 75, "GB 3095 (day means, classes 1 and 2); unverified"),
})
# fmt: on
"""By metric."""
