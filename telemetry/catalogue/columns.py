"""The words that stand in the columns of the catalogue's tables.

How the columns are meant, in every table of this folder:

* `low`..`high` are plausibility limits, not alarm limits: outside them a reading is flagged RANGE and kept.
* `step` is generous: real weather, valves, pumps, gates and bursts move fast, and a flag would hide just the moment
  that matters. None where a jump is part of the quantity (states, counters, flows, power, safety signals).
* `stuck_after_s` is given only where the quantity always moves a little at the resolution of common sensors; not
  where it may rest (levels), saturate (humidity, leaf wetness) or stay at zero (rain, wind, light, flow).
* `fold` is over time, `across` over the devices of a place. Amounts and flows of separate consumers add up in a place;
  rain, levels and states of the air or water are averaged over the instruments that saw them.
* `comparable` is None for amounts that grow with the size of a place: per head or per household they are measures of
  the benchmark, not of the catalogue.
* `source` names the standard or paper (tag) of what it is followed by; all else is a default nobody has confirmed.
"""

from typing import Final

from telemetry.model import Better, Fold, Kind

GAUGE: Final = Kind.GAUGE
COUNTER: Final = Kind.COUNTER
STATE: Final = Kind.STATE
INTERVAL_SUM: Final = Kind.INTERVAL_SUM

MEAN: Final = Fold.MEAN
SUM: Final = Fold.SUM
MIN: Final = Fold.MIN
MAX: Final = Fold.MAX
LAST: Final = Fold.LAST
INCREASE: Final = Fold.INCREASE
DIRECTION: Final = Fold.DIRECTION

HIGHER: Final = Better.HIGHER
LOWER: Final = Better.LOWER
NEITHER: Final = Better.NEITHER

MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 86_400.0
