"""`rurban devices` as a person types it, and the same table through the API."""

import asyncio
import csv
import io
import re
import time
from pathlib import Path

import pytest
from fastapi import HTTPException, Request
from starlette.types import Message
from typer.testing import CliRunner, Result

from api.routes.roster import MOST_BYTES
from api.uploads import pieces
from rurban.cli import app
from telemetry.errors import RurbanFault
from telemetry.registry import open_registry
from telemetry.roster import COLUMNS
from telemetry.stays import Stay
from tests import village
from tests.api_fixture import Served, house
from tests.village import DEVICES, STREET, VILLAGE

__all__ = ["house"]

THOUSAND = 1000
GOOD = f"id,name,profile,region\nwell-7,Behind the school,probe,{VILLAGE}\nwell-8,井,station,{VILLAGE}\n"
BAD = f"id,name,profile,region\nwell-7,Behind the school,prob,{VILLAGE}\nwell 8,井,station,37052210\n"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """With the village in the registry."""
    folder = tmp_path / "data"
    folder.mkdir()
    with open_registry(f"sqlite:///{folder / 'registry.sqlite'}") as registry:
        village.settle(registry)
    return folder


def typed(data_dir: Path, *arguments: str) -> Result:
    """In this process: a new one takes longer than what it does."""
    return CliRunner().invoke(
        app, ["devices", *arguments], env={"RURBAN_DATA_DIR": str(data_dir), "COLUMNS": "200", "TERM": "dumb"}
    )


def done(data_dir: Path, *arguments: str) -> str:
    result = typed(data_dir, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(data_dir: Path, *arguments: str) -> str:
    """The fault that the command ends with; `main` shows it in one line."""
    result = typed(data_dir, *arguments)
    assert isinstance(result.exception, RurbanFault), result.output
    return str(result.exception)


def registered(data_dir: Path) -> set[str]:
    with open_registry(f"sqlite:///{data_dir / 'registry.sqlite'}") as registry:
        return {device.id for device in registry.devices.all()} - {device.id for device in DEVICES}


def table(tmp_path: Path, text: str) -> str:
    file = tmp_path / "devices.csv"
    file.write_text(text, "utf-8")
    return str(file)


def test_a_table_is_imported_and_twice_changes_nothing(data_dir: Path, tmp_path: Path) -> None:
    file = table(tmp_path, GOOD)
    first, again = done(data_dir, "import", file), done(data_dir, "import", file)

    assert "2 rows: 2 new, 0 changed, 0 as they were, 0 wrong" in first
    assert "2 rows: 0 new, 0 changed, 2 as they were, 0 wrong" in again
    assert {"well-7", "well-8"} == registered(data_dir)


def test_a_dry_run_writes_nothing(data_dir: Path, tmp_path: Path) -> None:
    told = done(data_dir, "import", table(tmp_path, GOOD), "--dry-run")

    assert ("2 rows: 2 new", True, set()) == (
        told.split(",")[0].strip().splitlines()[-1],
        "Nothing was written" in told,
        registered(data_dir),
    )


def test_every_wrong_row_is_told_before_anything_is_written(data_dir: Path, tmp_path: Path) -> None:
    errors = tmp_path / "errors.csv"
    result = typed(data_dir, "import", table(tmp_path, BAD), "--errors", str(errors))
    report = list(csv.DictReader(io.StringIO(errors.read_text("utf-8"))))

    assert (1, set()) == (result.exit_code, registered(data_dir))
    assert "Nothing was written" in result.stdout
    assert [("2", "profile", "prob"), ("3", "id", "well 8"), ("3", "region", "37052210")] == [
        (row["row"], row["column"], row["value"]) for row in report
    ]
    assert all(row["allowed"] for row in report)


def test_a_thousand_devices_are_imported_within_five_seconds(data_dir: Path, tmp_path: Path) -> None:
    target = io.StringIO()
    rows = csv.writer(target)
    rows.writerow(COLUMNS)
    rows.writerows(
        [f"well-{i}", f"井 {i}", "probe", VILLAGE, 37.6, 118.2, "", "", "", "water"] for i in range(THOUSAND)
    )
    file = table(tmp_path, target.getvalue())
    began = time.monotonic()
    told = done(data_dir, "import", file)
    took_s = time.monotonic() - began

    assert (THOUSAND, True) == (len(registered(data_dir)), "1,000 rows: 1,000 new" in told)
    assert took_s < 5, told


def test_what_is_exported_has_the_columns_of_the_import_and_changes_nothing(data_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    done(data_dir, "export", "-o", str(file))
    text = done(data_dir, "export")

    assert (list(COLUMNS), text) == (text.splitlines()[0].split(","), file.read_text("utf-8"))
    assert f"{len(DEVICES)} rows: 0 new, 0 changed, {len(DEVICES)} as they were" in done(data_dir, "import", str(file))
    assert ["station-2"] == [
        row["id"] for row in csv.DictReader(io.StringIO(done(data_dir, "export", "--region", STREET)))
    ]


def test_a_device_is_added_listed_moved_and_retired(data_dir: Path) -> None:
    added = done(data_dir, "add", "well-7", "--profile", "probe", "--region", VILLAGE, "--valid-from", "2026-01-01")
    moved = done(data_dir, "move", "well-7", "--region", STREET, "--at", "2026-02-01T00:00:00Z")
    done(data_dir, "retire", "well-7", "--at", "2026-03-01T00:00:00+08:00")
    listed = done(data_dir, "list", "well", "--region", STREET)
    with open_registry(f"sqlite:///{data_dir / 'registry.sqlite'}") as registry:
        stays = registry.stays.all()

    assert "rurban/v1/well-7/up" in added
    assert f"well-7 stands in {STREET} since 2026-02-01T00:00:00Z; before, it stood in {VILLAGE}" in moved
    assert [Stay("well-7", 1_769_904_000_000, VILLAGE)] == stays
    assert re.search(rf"well-7 .* probe .* {STREET} .* never .* 2026-02-28T16:00:00Z", listed)
    assert "1 devices" in listed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", "station-1", "--profile", "probe", "--region", VILLAGE], "registered already"),
        (["add", "well 7", "--profile", "probe", "--region", VILLAGE], "ID: 'well 7' is no id"),
        (["add", "well-7", "--profile", "prob", "--region", VILLAGE], "--profile: 'prob' is no profile; allowed"),
        (["add", "well-7", "--profile", "probe", "--region", VILLAGE, "--valid-from", "soon"], "--valid-from"),
        (["move", "station-1", "--region", "370522109"], "--region: '370522109000' is no region"),
        (["move", "nobody", "--region", STREET], "unknown device: nobody"),
        (["move", "station-1", "--region", STREET, "--at", "2199-01-01"], "lies ahead"),
        (["retire", "station-1", "--at", "soon"], "--at: 'soon' is no instant"),
        (["import", "/nowhere.csv"], "cannot be read"),
        (["export", "-o", "/nowhere/x.csv"], "cannot be written"),
    ],
)
def test_what_cannot_be_done_says_what_would_be_right(arguments: list[str], words: str, data_dir: Path) -> None:
    assert words in refused(data_dir, *arguments)


def test_the_same_table_goes_through_the_api(house: Served) -> None:
    csv_type = {"Content-Type": "text/csv"}
    dry = house.client.post("/api/v1/devices/import?dry_run=true", content=GOOD.encode(), headers=csv_type)
    done_ = house.client.post("/api/v1/devices/import", content=GOOD.encode("gb18030"), headers=csv_type)
    out = house.client.get(f"/api/v1/devices.csv?region={VILLAGE}").text

    assert (200, False, 2) == (dry.status_code, dry.json()["written"], dry.json()["new"])
    assert (200, True, 2) == (done_.status_code, done_.json()["written"], done_.json()["new"])
    assert f"well-8,井,station,{VILLAGE},,,2026-11-23T08:00:00Z,,," in out.splitlines()


def test_a_wrong_table_is_refused_with_a_report(house: Served) -> None:
    answer = house.client.post("/api/v1/devices/import", content=BAD.encode(), headers={"Content-Type": "text/csv"})
    problem = answer.json()

    assert (422, 3, False) == (answer.status_code, problem["report"]["wrong"], problem["report"]["written"])
    assert "3 cells are wrong; row 2, column profile: 'prob' is no profile" in problem["detail"]
    assert 404 == house.client.get("/api/v1/devices/well-7").status_code


def test_a_table_that_is_too_long_is_cut_off_while_it_comes() -> None:
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b"x" * 1_000_000, "more_body": taken < 100}

    async def all_of_it() -> None:
        request = Request({"type": "http", "method": "POST", "headers": []}, receive)
        async for _ in pieces(request, MOST_BYTES, ": send it in parts"):
            pass

    with pytest.raises(HTTPException, match=f"longer than {MOST_BYTES} bytes: send it in parts") as refused_:
        asyncio.run(all_of_it())

    assert (413, 21) == (refused_.value.status_code, taken)


def test_a_table_that_is_too_long_is_refused(house: Served) -> None:
    long = b"x" * (MOST_BYTES + 1)
    answer = house.client.post("/api/v1/devices/import", content=long, headers={"Content-Type": "text/csv"})

    assert (413, True) == (answer.status_code, f"longer than {MOST_BYTES} bytes" in answer.json()["detail"])


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_table_of_another_type_is_refused(kind: str, house: Served) -> None:
    answer = house.client.post("/api/v1/devices/import", content=GOOD.encode(), headers={"Content-Type": kind})

    assert (415, True) == (answer.status_code, "allowed: text/csv" in answer.json()["detail"])
    assert 404 == house.client.get("/api/v1/devices/well-7").status_code
