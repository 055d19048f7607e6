"""How reliably power arrives, from a list of outages: SAIDI and its kin (IEEE 1366), and AIHC (DL/T 836).

Pure: no clock, no network, no store. Equation numbers are those of `docs/comparison.md`. An outage that is still
going on counts in SAIFI; in SAIDI it counts for the minutes so far.

References:
    IEEE Std 1366-2012. DL/T 836 (the names AIHC-1 and RS-1; targets not read).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import Final

import numpy as np

from insight.arrays import Given, row
from telemetry.errors import Invalid

SUSTAINED_MIN: Final = 5.0
"""Interruptions of no more minutes than this are momentary (IEEE 1366)."""
HOURS_A_YEAR: Final = 8760.0


@dataclass(frozen=True, slots=True)
class Outage:
    """One interruption of supply."""

    minutes: float
    households: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """What a household met on average in the time that was looked at."""

    saidi_min: float
    """Minutes without power per household; in hours it is AIHC-1."""
    saifi: float
    """Interruptions per household."""
    caidi_min: float | None
    """Minutes per interruption; None = there was none."""
    asai: float
    """Share of the time with power; RS-1."""

    @property
    def aihc_h(self) -> float:
        """Average interruption hours per household."""
        return self.saidi_min / 60


def reliability(outages: Sequence[Outage], households: float, hours: float = HOURS_A_YEAR) -> Reliability:
    """The indices over so many hours of a place with so many households; momentary interruptions are left out.

    Equation (25): SAIDI = sum(r_i N_i) / N_T, SAIFI = sum(N_i) / N_T, CAIDI = SAIDI / SAIFI,
    ASAI = 1 - SAIDI / (60 hours).

    Raises:
        Invalid: for no households or hours, or a negative outage.
    """
    if households <= 0 or hours <= 0 or any(outage.minutes < 0 or outage.households < 0 for outage in outages):
        raise Invalid("reliability", "no households or hours, or a negative outage", "positive numbers")
    sustained = [outage for outage in outages if outage.minutes > SUSTAINED_MIN]
    saidi = sum(outage.minutes * outage.households for outage in sustained) / households
    saifi = sum(outage.households for outage in sustained) / households
    return Reliability(saidi, saifi, saidi / saifi if saifi else None, 1 - saidi / (60 * hours))


def major_event_day_min(alpha: float, beta: float) -> float:
    """The daily SAIDI above which a day is a major event and reported apart. Equation (26): exp(alpha + 2.5 beta)."""
    return exp(alpha + 2.5 * beta)


def log_moments(daily_saidi: Given) -> tuple[float, float]:
    """Alpha and beta: mean and standard deviation (n - 1) of ln SAIDI over the days on which there was any.

    Raises:
        Invalid: for fewer than two such days.
    """
    days = row("daily SAIDI", daily_saidi)
    logs = np.log(days[days > 0])
    if len(logs) < 2:  # noqa: PLR2004 -- a standard deviation takes two
        raise Invalid("daily SAIDI", f"{len(logs)} days with an outage", "two or more, out of five years")
    return float(logs.mean()), float(logs.std(ddof=1))
