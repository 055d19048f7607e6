"""Standard sets against the catalogue, and a town held against them."""

import pytest

from devices.county import profiles
from devices.county.places import PLACES
from insight.standards import (
    Deployed,
    Finding,
    Flaw,
    Project,
    Status,
    Verdict,
    conformity,
    standard,
    standard_set,
    standard_sets,
)
from telemetry.errors import Invalid, Unknown
from telemetry.metrics import METRICS

TOWN = "370522101000"
NATIONAL = standard("digital-village-2022")
BEISONG = standard("BEISONG-1.0")


@pytest.mark.parametrize("name", standard_sets())
def test_a_set_has_seven_parts_and_names_in_both_languages(name: str) -> None:
    one = standard(name)

    assert [1, 2, 3, 4, 5, 6, 7] == [part.number for part in one.parts]
    names = [(part.name_en, part.name_zh) for part in one.parts]
    for english, chinese in names + [(clause.name_en, clause.name_zh) for clause in one.clauses]:
        assert english.isascii()
        assert any("\u4e00" <= character <= "\u9fff" for character in chinese)
    assert "unverified" in one.source


def test_every_function_is_measured_by_the_same_metrics_wherever_it_is_needed() -> None:
    needs = [need for clause in NATIONAL.clauses for need in clause.needs]

    assert len({need.function for need in needs}) == len(needs)
    assert {metric for need in needs for metric in need.any_of} <= set(METRICS)


def test_beisong_is_a_draft_of_its_town_that_follows_the_national_parts() -> None:
    assert (Status.UNVERIFIED, TOWN, NATIONAL.id) == (BEISONG.status, BEISONG.region, BEISONG.based_on)
    assert {clause.id for clause in NATIONAL.clauses} == {one for clause in BEISONG.clauses for one in clause.follows}


def device(name: str, *metrics: str, project: str | None = None, use: float | None = None) -> Deployed:
    return Deployed(name, TOWN, metrics, project, use)


def verdicts(*deployed: Deployed) -> dict[str, Verdict]:
    return {one.clause.id: one.verdict for one in conformity(NATIONAL, TOWN, deployed).clauses}


def test_without_devices_everything_that_devices_can_show_is_missing() -> None:
    found = conformity(NATIONAL, TOWN, ())

    assert {Verdict.MISSING, Verdict.DOCUMENT} == {one.verdict for one in found.clauses}
    assert (0, 9) == found.met
    assert () == found.findings


def test_a_clause_is_met_when_each_of_its_functions_is_there() -> None:
    air, noise = device("air", "pm25"), device("noise", "noise_level")
    water = device("river", "dissolved_oxygen", "cod_mn")

    assert Verdict.PARTLY is verdicts(air, noise)["5.5"]
    assert Verdict.MET is verdicts(air, noise, water)["5.5"]
    assert Verdict.MISSING is verdicts(device("meter", "voltage_a"))["5.5"]


def test_what_is_missing_is_named() -> None:
    found = conformity(NATIONAL, TOWN, [device("air", "pm25"), device("noise", "noise_level")])
    (environment,) = [one for one in found.clauses if one.clause.id == "5.5"]

    assert ["surface water quality"] == [need.function for need in environment.missing]
    assert ("air",) == environment.covered[0].devices


def test_terms_and_plans_are_shown_by_documents() -> None:
    assert {Verdict.DOCUMENT} == {verdict for clause, verdict in verdicts().items() if clause[0] in "1367"}


def test_a_draft_takes_its_needs_from_the_set_it_follows_and_says_that_it_is_one() -> None:
    found = conformity(BEISONG, TOWN, [device("air", "pm25")])
    by_clause = {one.clause.id: one.verdict for one in found.clauses}

    assert (Verdict.MISSING, Verdict.PARTLY, Verdict.DOCUMENT) == (by_clause["B2"], by_clause["B5"], by_clause["B7"])
    assert Status.UNVERIFIED is found.status


def test_two_projects_that_measure_the_same_in_one_town_are_double() -> None:
    found = conformity(
        NATIONAL,
        TOWN,
        [
            device("a", "rainfall_total", project="water"),
            device("b", "rainfall_interval", project="farming"),
            device("c", "pm25", project="water"),
            device("d", "pm25", project="water"),
            device("e", "pm25"),
        ],
    )

    assert (
        Finding(Flaw.DOUBLE, f"rainfall in {TOWN}", ("a", "b"), "projects farming, water all measure rainfall"),
    ) == found.findings


def test_the_same_function_in_two_towns_is_not_double() -> None:
    elsewhere = Deployed("b", "370522102000", ("rainfall_total",), "farming")

    assert () == conformity(NATIONAL, TOWN, [device("a", "rainfall_total", project="water"), elsewhere]).findings


def test_what_hardly_speaks_and_what_nobody_looks_at() -> None:
    silent = device("silent", "pm25", use=0.19)
    forgotten = Deployed("forgotten", TOWN, ("pm25",), None, 1.0, 90)
    fine = Deployed("fine", TOWN, ("pm25",), None, 0.2, 89)
    found = conformity(NATIONAL, TOWN, [silent, forgotten, fine])

    assert [(Flaw.LOW_USE, "silent"), (Flaw.UNWATCHED, "forgotten")] == [
        (one.flaw, one.subject) for one in found.findings
    ]


def test_a_city_s_template_without_anything_rural() -> None:
    copied, adapted = Project("copied", urban_template=True, rural_indicators=0), Project("adapted", True, 2)
    found = conformity(NATIONAL, TOWN, [device("lamp", "noise_level", project="copied")], [copied, adapted])

    assert [(Flaw.CITY_TEMPLATE, "copied", ("lamp",))] == [
        (one.flaw, one.subject, one.devices) for one in found.findings
    ]


def test_the_sample_town() -> None:
    measures = {profile.id: tuple(measure.metric for measure in profile.measures) for profile in profiles()}
    deployed = [
        Deployed(f"{place.short}-{name}-{number}", TOWN, measures[profile])
        for place in PLACES
        if place.code.startswith("370522101")
        for name, profile, count in place.instruments
        for number in range(count)
    ]
    found = conformity(BEISONG, TOWN, deployed)

    assert (0, 3) == found.met
    assert {Verdict.PARTLY, Verdict.DOCUMENT} == {one.verdict for one in found.clauses}


def test_an_unknown_set_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(Unknown, match=r"BEISONG-2.0 \(there are .*digital-village-2022"):
        standard("BEISONG-2.0")


CLAUSE = '{"id": "1", "name_en": "a", "name_zh": "b", "evidence": "sensors", %s}'


def text(clauses: str, region: str = "null") -> bytes:
    return (
        f'{{"id": "x", "name_en": "a", "name_zh": "b", "status": "unverified", "year": null, "region": {region}, '
        f'"source": "s", "parts": [], "clauses": [{clauses}]}}'
    ).encode()


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        (b"{", "own.json"),
        (text("", '"3705"'), "region: '3705' is no division code"),
        (
            text(CLAUSE % '"needs": [{"function": "f", "name_zh": "f", "any_of": ["joy"]}]'),
            r"clause 1, f: needs \('joy'",
        ),
        (text(CLAUSE % '"follows": ["2.1"]'), "follows clauses of no set"),
        (text(",".join([CLAUSE % '"needs": []'] * 2)), "stands twice"),
        (text(CLAUSE.replace("sensors", "hearsay") % '"needs": []'), "Invalid enum value 'hearsay'"),
    ],
)
def test_an_operator_s_set_that_is_wrong_is_refused_with_the_place(given: bytes, wrong: str) -> None:
    with pytest.raises(Invalid, match=wrong):
        standard_set("own.json", given)


def test_a_clause_without_needs_that_devices_should_show_is_unknown() -> None:
    one = standard_set("own.json", text(CLAUSE % '"needs": []'))

    assert [Verdict.UNKNOWN] == [result.verdict for result in conformity(one, TOWN, ()).clauses]


def test_a_chain_of_sets_is_refused() -> None:
    follower = standard_set(
        "own.json", text(CLAUSE % '"follows": ["B1"]').replace(b'"parts"', b'"based_on": "BEISONG-1.0", "parts"')
    )
    with pytest.raises(Invalid, match=r"BEISONG-1\.0 B1 follows others"):
        conformity(follower, TOWN, ())


def test_a_clause_that_follows_what_there_is_not_is_refused() -> None:
    given = text(CLAUSE % '"follows": ["9.9"]').replace(b'"parts"', b'"based_on": "digital-village-2022", "parts"')
    with pytest.raises(Unknown, match=r"clause of digital-village-2022: 9\.9"):
        conformity(standard_set("own.json", given), TOWN, ())
