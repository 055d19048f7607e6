"""The API holds what its OpenAPI document promises, whatever is asked: schemathesis, with data in the store."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import positive_data_acceptance

from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from tests.api_fixture import OTHERS, TEMPERATURES, Served, served

ENDLESS = "GET /api/v1/live"
"""Its answer has no end; `test_api_live.py` is about it."""
TOKEN = {"Authorization": "Bearer secret"}
OPERATIONS = (
    "GET /health",
    "GET /ready",
    "GET /metrics",
    "GET /api/v1/latest",
    "GET /api/v1/series",
    "POST /api/v1/readings",
    "GET /api/v1/compare",
    "GET /api/v1/scorecard/{region}",
    "GET /api/v1/explain",
    "GET /api/v1/index/{region}",
    "GET /api/v1/measures",
    "GET /api/v1/measures/figures",
    "GET /api/v1/measures/{measure_id}",
    "GET /api/v1/standards",
    "GET /api/v1/standards/{set_id}/{region}",
    "GET /api/v1/statistics",
    "POST /api/v1/statistics",
    "GET /api/v1/regions",
    "GET /api/v1/regions/{code}",
    "GET /api/v1/places",
    "GET /api/v1/devices",
    "GET /api/v1/devices/{device_id}",
    "GET /api/v1/devices/{device_id}/calibrations",
    "POST /api/v1/devices/{device_id}/calibrations",
    "GET /api/v1/devices/{device_id}/slip",
    "GET /api/v1/devices.csv",
    "POST /api/v1/devices/import",
    "POST /api/v1/devices",
    "PATCH /api/v1/devices/{device_id}",
    "POST /api/v1/devices/{device_id}/move",
    "POST /api/v1/devices/{device_id}/retire",
    "GET /api/v1/devices/{device_id}/replay",
    "POST /api/v1/devices/{device_id}/replay",
    "GET /api/v1/discovered",
    "POST /api/v1/discovered/{device_id}/adopt",
    "GET /api/v1/profiles",
    "GET /api/v1/profiles/{profile_id}",
    "GET /api/v1/metrics",
    "GET /api/v1/metrics/{metric_id}",
    "GET /api/v1/ledger",
    "GET /api/v1/ledger/recount",
    "GET /api/v1/quarantine",
    "GET /api/v1/quarantine/counts",
    "GET /api/v1/quarantine/{quarantine_id}",
    "POST /api/v1/quarantine/{quarantine_id}/replay",
)

schemathesis.serializer.alias("text/csv", "text/plain")


@pytest.fixture
def house(registry: Registry, store: EmbeddedStore) -> Served:
    """One that asks for its token: whether that is promised and kept is part of what is tried."""
    store.write(TEMPERATURES + OTHERS)
    return served(registry, store, token="secret")


def operations(house: Served) -> dict[str, APIOperation[Any, Any, Any, Any]]:
    document = schemathesis.openapi.from_asgi("/openapi.json", house.app)
    found = [result.ok() for result in document.get_all_operations() if isinstance(result, Ok)]
    return {operation.label: operation for operation in found}


def test_every_operation_is_tried(house: Served) -> None:
    assert {*OPERATIONS, ENDLESS} == operations(house).keys()


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_as_the_document_says(label: str, house: Served) -> None:
    @settings(
        max_examples=60,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operations(house)[label].as_strategy())
    def tried(case: "schemathesis.Case[Any]") -> None:
        # That start lies before stop, or that level needs by=region, cannot be said in a JSON schema.
        case.call_and_validate(headers=TOKEN, excluded_checks=[positive_data_acceptance])

    tried()
