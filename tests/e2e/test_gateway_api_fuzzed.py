# SPDX-License-Identifier: Apache-2.0
"""The HTTP API is what its document says, for requests that it allows and for those that it does not."""

from __future__ import annotations

import asyncio

import httpx2
import pytest
from tests.support.api_fuzz import ApiFuzz
from tests.support.gateway_process import GatewayProcess
from tests.support.virtual_fleet import VirtualFleet

from motet.gateway.operations import OPERATIONS

EXAMPLES = 20


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """With two devices that know no artifacts."""
    with GatewayProcess(tmp_path_factory.mktemp("api")) as running:
        fleet = VirtualFleet(running.broker, "motet", ["one", "two"])
        try:
            asyncio.run(fleet.start())
            yield running
        finally:
            fleet.kill()


def test_every_operation_of_a_running_gateway_is_described_and_every_description_has_its_operation(gateway):
    told = httpx2.get(gateway.base + "/api/openapi.json").json()
    found = {(method.upper(), path) for path, operations in told["paths"].items() for method in operations}
    assert found == set(OPERATIONS)
    for operations in told["paths"].values():
        assert all(operation.get("summary") for operation in operations.values())


def test_requests_within_and_beyond_the_document_are_answered_as_it_says(gateway):
    fuzz = ApiFuzz(gateway.base, ["one", "two"])
    fuzz.run(EXAMPLES)
    assert not fuzz.failures
    assert len(fuzz.requests) == len(OPERATIONS)
    assert gateway.failures() == []
