"""The checker itself: it finds what does not fit, and forgives only what is written down."""

from __future__ import annotations

import json

import pytest

from tests.kit.schema import DOCUMENT, SchemaChecker, faults_of, template_of
from tests.kit.schema_exceptions import EXCEPTIONS

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not DOCUMENT.exists(), reason=f"the oracle is not at {DOCUMENT}"),
]

FIELD = {"name": "Web", "value": "x", "verified_at": None}


def told(path: str, body: object, status: int = 200, method: str = "GET") -> list[str] | None:
    return faults_of(method, path, status, json.dumps(body).encode())


def a_relationship(**changes: object) -> dict[str, object]:
    flags = (
        "blocked_by blocking domain_blocking endorsed followed_by following muting"
        " muting_notifications notifying requested requested_by showing_reblogs"
    )
    return {"id": "1", "note": "", **dict.fromkeys(flags.split(), False), **changes}


def test_what_fits_has_no_faults():
    assert told("/api/v1/accounts/relationships", [a_relationship()]) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": 1}, "is not of type 'string'"),
        ({"note": None}, "is not of type 'string'"),
        ({"muting_expires_at": "2026-01-01T00:00:00Z"}, "is not a 'date-time'"),
        ({"muting_expires_at": "2026-01-01T00:00:00.000000Z"}, "is not a 'date-time'"),
    ],
)
def test_an_id_that_is_a_number_a_null_and_an_odd_moment_are_found(changes, said):
    faults = told("/api/v1/accounts/relationships", [a_relationship(**changes)])
    assert faults is not None
    assert len(faults) == 1
    assert said in faults[0]


def test_a_missing_key_is_found():
    body = a_relationship()
    del body["endorsed"]
    faults = told("/api/v1/accounts/relationships", [body])
    assert faults is not None
    assert "'endorsed' is a required property" in faults[0]


def test_what_is_not_documented_is_not_judged():
    assert told("/api/v1/notices", {"ref": 1}) is None
    assert told("/api/v1/accounts/relationships", {}, status=599) is None


def test_fixed_segments_come_before_parameters():
    assert template_of("/api/v1/accounts/lookup") == "/api/v1/accounts/lookup"
    assert template_of("/api/v1/accounts/17") == "/api/v1/accounts/{id}"


def test_an_exception_covers_its_own_place_alone():
    body = {"urls": {"streaming_api": ""}}
    faults = told("/api/v1/instance", body)
    assert faults is not None
    assert not any("streaming_api" in fault for fault in faults)
    assert any("'version' is a required property" in fault for fault in faults)


def test_every_exception_has_a_reason():
    assert all(len(why) > 20 for *_, why in EXCEPTIONS)


@pytest.mark.anyio
async def test_the_middleware_notes_what_goes_by():
    async def app(_scope, _receive, send):
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'[{"id"', "more_body": True})
        await send({"type": "http.response.body", "body": b": 7}]"})

    checker = SchemaChecker(app)

    async def ignore(_message):
        return None

    scope = {"type": "http", "method": "GET", "path": "/api/v1/blocks"}
    await checker(scope, None, ignore)
    assert checker.checked == ["GET /api/v1/blocks 200"]
    assert any("7 is not of type 'string'" in fault for fault in checker.faults)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
