"""What Grafana does with a board, as far as the tests need it: macros, variables, and the transformations of tables."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from dashboards.boards import boards
from dashboards.files import text
from tests.influxdb import InfluxDb

Json: TypeAlias = dict[str, Any]
Value: TypeAlias = str | Sequence[str]
"""What is chosen for a variable: one value, or several."""
Record: TypeAlias = dict[str, Any]


def all_boards() -> dict[str, Json]:
    """As JSON, the way Grafana gets them."""
    return {uid: json.loads(text(board)) for uid, board in boards().items()}


def panels(board: Json) -> Iterator[Json]:
    """Every panel that asks something, also those of closed rows."""
    for panel in board["panels"]:
        for inner in [panel, *panel.get("panels", [])]:
            if inner["type"] != "row":
                yield inner


@dataclass(frozen=True)
class Range:
    """What the time picker says, and the step that Grafana takes for it."""

    start: int
    stop: int
    interval: str = "15m"

    def earlier(self, shift: str | None) -> "Range":
        """As a panel with a time shift sees it, in whole hours."""
        hours = int((shift or "0h").removesuffix("h"))
        return Range(self.start - hours * 3_600_000, self.stop - hours * 3_600_000, self.interval)


def expanded(statement: str, chosen: Mapping[str, Value], picked: Range) -> str:
    """The statement as InfluxDB gets it."""
    for name, value in chosen.items():
        statement = re.sub(rf"\${name}\b", lambda _, value=value: _regular(value), statement)  # type: ignore[misc] # bound now
    statement = statement.replace("$timeFilter", f"time >= {picked.start}ms and time <= {picked.stop}ms")
    statement = statement.replace("$__interval", picked.interval)
    statement = statement.replace("$__range_s", str(round((picked.stop - picked.start) / 1000)))
    left = re.search(r"\$\w+", statement)
    assert left is None, f"{left and left[0]} stands for nothing in {statement}"
    return statement


def _regular(value: Value) -> str:
    """One value is escaped, several are alternatives; what is given for All stands as it is."""
    if isinstance(value, str):
        return value if value == ".*" else re.sub(r"([\\^$*+?.()|\[\]{}/])", r"\\\1", value)
    return f"({'|'.join(map(_regular, value))})"


def asked(server: InfluxDb, databases: Mapping[str, str], target: Json, statement: str) -> list[Json]:
    """The series of the answer."""
    answer = json.loads(server.ask(statement, databases[target["datasource"]["uid"]]))
    (result,) = answer["results"]
    assert "error" not in result, f"{result['error']}: {statement}"
    series: list[Json] = result.get("series", [])
    return series


def records(series: Sequence[Json]) -> list[Record]:
    """One record per row: Grafana's result in the format of a table."""
    return [
        {"Time": row[0]} | one.get("tags", {}) | dict(zip(one["columns"][1:], row[1:], strict=True))
        for one in series
        for row in one["values"]
    ]


def transformed(frames: Mapping[str, list[Record]], steps: Sequence[Json]) -> list[Record]:
    """The one table that the transformations make of the answers."""
    tables = dict(frames)
    for step in steps:
        options = step["options"]
        match step["id"]:
            case "groupBy":
                ref = step["filter"]["options"]
                tables[ref] = _grouped(tables[ref], options["fields"])
            case "joinByField":
                tables = {"joined": _joined(tables.values(), options["byField"])}
            case "calculateField":
                names = options["binary"]
                assert names["operator"] == "/"
                for row in tables["joined"]:
                    left, right = row.get(names["left"]), row.get(names["right"])
                    row[options["alias"]] = left / right if left is not None and right else None
            case "organize":
                tables = {"joined": [_organized(row, options) for row in tables["joined"]]}
            case other:
                raise AssertionError(f"a transformation that nothing here knows: {other}")
    return tables["joined"]


def _grouped(rows: Sequence[Record], fields: Json) -> list[Record]:
    (key,) = (name for name, how in fields.items() if how["operation"] == "groupby")
    groups: dict[str, list[Record]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    folds = {"sum": sum, "max": max, "lastNotNull": lambda values: values[-1]}
    return [
        {key: name}
        | {
            f"{field} ({fold})": folds[fold]([row[field] for row in group if row[field] is not None])  # type: ignore[operator]
            for field, how in fields.items()
            for fold in how["aggregations"]
        }
        for name, group in groups.items()
    ]


def _joined(tables: Iterable[list[Record]], key: str) -> list[Record]:
    found: dict[str, Record] = {}
    for table in tables:
        for row in table:
            found.setdefault(row[key], {}).update(row)
    return list(found.values())


def _organized(row: Record, options: Json) -> Record:
    return {
        options["renameByName"].get(name, name): value
        for name, value in row.items()
        if not options["excludeByName"].get(name)
    }
