"""The rules of the house that no other tool checks."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

import pytest

from rurban.settings import Settings
from telemetry import errors

ROOT = Path(__file__).parent.parent
PACKAGES = ("api", "dashboards", "devices", "ingest", "insight", "rurban", "telemetry")
DOORS = {
    "paho": {"ingest/mqtt", "devices/publisher.py"},
    "duckdb": {"telemetry/store/embedded"},
    "influxdb_client": {"telemetry/store/influx_server.py"},
    "urllib3": {"telemetry/store/influx_server.py"},
    "sqlalchemy": {"telemetry/registry/"},
    "alembic": {"telemetry/registry/"},
    "fastapi": {"api/", "rurban/serving.py"},
    "sse_starlette": {"api/"},
    "iotcore": {"rurban/broker.py"},
    "uvicorn": {"rurban/serving.py"},
    "cryptography": {"rurban/certificates.py"},
    "zstandard": {"ingest/records.py"},
    "jsonpath": {"telemetry/json_path.py"},
    "segno": {"devices/slip.py"},
    "google": {"devices/sparkplug.py"},
    "pyarrow.csv": {"devices/history/records.py"},
    "grafana_client": {"dashboards/upload.py"},
    "grafana_foundation_sdk": {"dashboards/"},
}
MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 40
MOST_METHODS = 12


def sources() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_provides_our_package(package: str) -> None:
    others = {
        found.metadata["Name"]
        for found in distributions()
        for file in found.files or []
        if file.parts[0] == package and found.metadata["Name"] != "rurban"
    }

    assert set() == others


@pytest.mark.parametrize(("library", "doors"), DOORS.items())
def test_each_library_has_its_door(library: str, doors: set[str]) -> None:
    pattern = re.compile(rf"^\s*(?:from|import) {library}\b", re.MULTILINE)
    users = {str(path.relative_to(ROOT)) for path in sources() if pattern.search(path.read_text("utf-8"))}

    assert set() == {user for user in users if not user.startswith(tuple(doors))}


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for path in sources()
        if re.search(r"\bos\.(environ|getenv)\b", path.read_text("utf-8"))
    }

    assert set() == readers


def test_every_setting_is_named_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    missing = [name for name in Settings.model_fields if f"RURBAN_{name.upper()}" not in readme]

    assert [] == missing


def test_every_fault_stands_in_the_tree_of_the_docstring() -> None:
    tree = errors.__doc__ or ""
    faults = [name for name, item in vars(errors).items() if isinstance(item, type) and issubclass(item, Exception)]

    assert [] == [name for name in faults if name not in tree or not issubclass(vars(errors)[name], errors.RurbanFault)]


def test_no_file_is_longer_than_one_subject() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in sources()
        if (lines := path.read_text("utf-8").count("\n")) > MOST_LINES
    }

    assert {} == long


@cache
def trees() -> dict[str, ast.Module]:
    """The sources, parsed once."""
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text("utf-8")) for path in sources()}


def nodes() -> Iterator[tuple[str, ast.AST]]:
    """Everything in the sources, with its file."""
    for file, tree in trees().items():
        for node in ast.walk(tree):
            yield file, node


def own_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """From `def` to the end, without the docstring; decorators are not counted, functions inside are."""
    parts = [function, function.body[0]] if ast.get_docstring(function) else [function]
    whole, *docstring = [(part.end_lineno or part.lineno) - part.lineno + 1 for part in parts]
    return whole - sum(docstring)


def test_no_function_is_longer_than_a_page() -> None:
    long = {
        f"{file} {node.name}": lines
        for file, node in nodes()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := own_lines(node)) > MOST_LINES_OF_A_FUNCTION
    }

    assert {} == long


def test_no_class_has_more_methods_than_one_purpose_needs() -> None:
    """Properties and dunder methods are methods, private ones too; inherited ones are not counted."""
    methods = {
        f"{file} {node.name}": sum(isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) for part in node.body)
        for file, node in nodes()
        if isinstance(node, ast.ClassDef)
    }

    assert {} == {name: count for name, count in methods.items() if count > MOST_METHODS}


def test_nothing_listens_outside_without_credentials() -> None:
    with pytest.raises(ValueError, match="RURBAN_API_TOKEN"):
        Settings(http_host="0.0.0.0")  # noqa: S104 - that is the point


def test_no_password_stands_in_an_address() -> None:
    with pytest.raises(ValueError, match="RURBAN_INFLUXDB_TOKEN"):
        Settings(influxdb_url="http://admin:secret@127.0.0.1:8086")


def test_an_empty_setting_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RURBAN_API_TOKEN", "")
    monkeypatch.setenv("RURBAN_HTTP_HOST", "0.0.0.0")  # noqa: S104 - that is the point
    with pytest.raises(ValueError, match="RURBAN_API_TOKEN"):
        Settings()
