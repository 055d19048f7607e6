"""Gower's distance against a printed matrix, and who is a peer."""

import pytest

from insight.peers import Scale, Trait, Traits, nearest
from telemetry.errors import Invalid

PRINTED = (
    Trait("persons", Scale.LINEAR, 1),
    Trait("terrain", Scale.SAME, 1),
    Trait("crop", Scale.SAME, 1),
    Trait("rain_mm", Scale.LINEAR, 1),
    Trait("temperature", Scale.LINEAR, 1),
    Trait("elevation_m", Scale.LINEAR, 1),
)
"""The columns of the example in the README of the package `gower`: age, sex, civil status, salary, children, credit."""
PEOPLE = (
    Traits("0", "M", "MARRIED", 21, 3000, 1, 2200),
    Traits("1", "M", "SINGLE", 21, 1200, 0, 100),
    Traits("2", "N", "SINGLE", 19, 32000, 1, 22000),
    Traits("3", "M", "SINGLE", 30, 1800, 1, 1100),
    Traits("4", "F", "MARRIED", 21, 2900, 1, 2000),
    Traits("5", "F", "SINGLE", 21, 1100, 0, 100),
    Traits("6", "F", "WIDOW", 19, 10000, 0, 6000),
    Traits("7", "F", "DIVORCED", 30, 1500, 1, 2200),
)


def test_the_printed_matrix() -> None:
    expected = {
        "1": 0.3590238,
        "2": 0.6707398,
        "3": 0.31787416,
        "4": 0.16872811,
        "5": 0.52622986,
        "6": 0.59697855,
        "7": 0.47778758,
    }
    found = nearest(PEOPLE[0], PEOPLE, 7, columns=PRINTED)

    assert {code: round(value, 6) for code, value in expected.items()} == {
        peer.code: round(peer.distance, 6) for peer in found
    }
    assert ["4", "3", "1", "7", "5", "6", "2"] == [peer.code for peer in found]


HERE = Traits("here", "plain", "wheat-maize", 1000, 550, 13, 8)


def test_a_village_is_no_peer_of_itself() -> None:
    assert () == nearest(HERE, [HERE])


def test_what_is_not_known_takes_no_part() -> None:
    (peer,) = nearest(HERE, [Traits("there", "plain", "cotton", 1000)])

    assert (pytest.approx(2 / 5), pytest.approx(5 / 8)) == (peer.distance, peer.known)
    assert {"terrain": 0.0, "crop": 1.0, "persons": 0.0} == dict(peer.parts)


def test_who_is_hardly_known_is_no_peer() -> None:
    assert () == nearest(HERE, [Traits("there", "plain", persons=1000)])


def test_the_distance_does_not_depend_on_who_else_is_asked_for() -> None:
    near, far = (
        Traits("near", "plain", "wheat-maize", 900, 560, 13, 9),
        Traits("far", "coast", "rice", 90, 1800, 24, 500),
    )

    assert nearest(HERE, [near], 1)[0].distance == nearest(HERE, [near, far], 1)[0].distance


def test_size_is_compared_by_its_order_of_magnitude() -> None:
    (peer,) = nearest(HERE, [Traits("ten times", "plain", "wheat-maize", 10_000, 550, 13, 8)])

    assert pytest.approx(0.5) == peer.parts["persons"]


def test_a_column_that_there_is_not_is_refused() -> None:
    with pytest.raises(Invalid, match="altitude"):
        nearest(HERE, PEOPLE, columns=[Trait("altitude", Scale.LINEAR, 1)])


def test_no_peers_are_not_asked_for() -> None:
    with pytest.raises(Invalid, match="one or more"):
        nearest(HERE, PEOPLE, 0)
