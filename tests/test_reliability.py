"""SAIDI and its kin against worked numbers."""

import pytest

from insight.reliability import Outage, log_moments, major_event_day_min, reliability
from telemetry.errors import Invalid

OUTAGES = (Outage(120, 300), Outage(45, 1200), Outage(200, 80))


def test_three_outages_among_five_thousand_households() -> None:
    found = reliability(OUTAGES, 5000)

    assert 21.2 == round(found.saidi_min, 10)
    assert 0.316 == round(found.saifi, 10)
    assert 67.09 == round(found.caidi_min or 0, 2)
    # A source prints .9999596: cut off, not rounded.
    assert 0.9999597 == round(found.asai, 7)
    assert pytest.approx(21.2 / 60) == found.aihc_h


def test_what_lasts_five_minutes_is_momentary() -> None:
    found = reliability((Outage(5, 100), Outage(6, 100)), 200)

    assert (3.0, 0.5) == (found.saidi_min, found.saifi)


def test_a_year_without_outage() -> None:
    found = reliability((), 200)

    assert (0.0, None, 1.0) == (found.saidi_min, found.caidi_min, found.asai)


def test_no_households_have_no_reliability() -> None:
    with pytest.raises(Invalid, match="reliability"):
        reliability(OUTAGES, 0)


def test_a_major_event_day() -> None:
    assert 2.718 == round(major_event_day_min(-2.0, 1.2), 3)


def test_the_moments_are_of_the_days_with_outages() -> None:
    assert (pytest.approx(1.0), pytest.approx(2**0.5)) == log_moments([0.0, 1.0, 7.38905609893065])


def test_one_day_has_no_deviation() -> None:
    with pytest.raises(Invalid, match="1 days"):
        log_moments([0.0, 1.0])
