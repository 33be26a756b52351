"""What is said when something goes wrong: JSON, a stable code, and nothing of the inside."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route as PageRoute

from tests.kit.site import open_site
from venire.api import edge
from venire.api.errors import STATUS, problem_response, status_of
from venire.api.routes import ROUTES
from venire.api.routing import Options, Route, RouteTable, json_response
from venire.api.settings import ApiSettings
from venire.kernel import errors
from venire.kernel.errors import Problem, Refused
from venire.people import standing

pytestmark = pytest.mark.anyio

SECRET = "/srv/secret/path"


async def explode(_court, _request):
    raise RuntimeError(SECRET)


async def misuse(_court, _request):
    raise Refused("key_does_not_fit", SECRET, table="secret")


async def write(_court, request):
    form = await request.form()
    return json_response({"text": form.text("text"), "id": form.identifier("id")})


async def raw(_court, request):
    return json_response({"size": len(await request.body())})


EXTRA = (
    Route("GET", "/api/v1/explode", explode, "public"),
    Route("GET", "/api/v1/misuse", misuse, "public"),
    Route("POST", "/api/v1/write", write, "public"),
    Route("POST", "/api/v1/raw", raw, "public", options=Options(body_bytes=10)),
    Route("POST", "/api/v1/statuses_like", write, "write:statuses"),
    Route("DELETE", "/api/v1/statuses_like", write, "write:statuses"),
    Route("GET", "/api/v1/desk", write, "admin:read:reports"),
    Route("GET", "/api/v1/rest/{rest*}", write, "public"),
)


@pytest.fixture
async def odd_site(tmp_path: Path):
    page = PageRoute("/page", lambda _request: PlainTextResponse("page"))
    async with open_site(tmp_path, routes=(*ROUTES, *EXTRA), extra_routes=[page]) as opened:
        yield opened


@pytest.mark.parametrize("path", ["/api/v1/explode", "/api/v1/misuse"])
async def test_what_went_wrong_inside_stays_inside(odd_site, path, caplog):
    with caplog.at_level(logging.ERROR):
        answer = await odd_site.client.get(path)
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "secret" not in answer.text
    assert any(
        getattr(record, "request_id", "") == answer.headers["x-request-id"]
        for record in caplog.records
    )
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_a_request_id_of_the_caller_is_kept_if_it_is_one(odd_site):
    kept = await odd_site.client.get("/health", headers={"X-Request-Id": "from-a-proxy-1"})
    assert kept.headers["x-request-id"] == "from-a-proxy-1"
    odd = await odd_site.client.get("/health", headers={"X-Request-Id": "x\x01<script>"})
    assert odd.headers["x-request-id"] != "x\x01<script>"


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed_json"),
        (b'"text"', "application/json", 400, "malformed_json"),
        (b"[" * 100_000, "application/json", 400, "malformed_json"),
        (b'{"text": "\xff"}', "application/json", 400, "malformed_json"),
        (b'{"text": {"a": 1}}', "application/json", 422, "parameter_invalid"),
        (b'{"text": "a\\u0000b"}', "application/json", 422, "text_not_unicode"),
        (b'{"id": "12a"}', "application/json", 422, "parameter_invalid"),
        (b'{"id": true}', "application/json", 422, "parameter_invalid"),
        (b"text=%ff", "application/x-www-form-urlencoded", 422, "text_not_unicode"),
        (b"text=\xff", "application/x-www-form-urlencoded", 422, "text_not_unicode"),
        (b"x", "multipart/form-data", 400, "malformed_multipart"),
        (b"x", "multipart/form-data; boundary=y", 400, "malformed_multipart"),
        (b"&".join([b"a=1"] * 30_000), "application/x-www-form-urlencoded", 422, "too_many_fields"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(odd_site, body, kind, status, code):
    answer = await odd_site.client.post(
        "/api/v1/write", content=body, headers={"Content-Type": kind}
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert isinstance(answer.json()["error"], str)


async def test_a_half_surrogate_is_not_text(odd_site):
    answer = await odd_site.client.post(
        "/api/v1/write",
        content=b'{"text": "\\ud800"}',
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code in {400, 422}


async def test_an_empty_id_is_none_and_numbers_are_taken_as_text(odd_site):
    answer = await odd_site.client.post("/api/v1/write", json={"id": "", "text": 7})
    assert answer.json() == {"text": "7", "id": None}


async def test_a_body_over_its_routes_limit_is_refused(odd_site):
    assert (await odd_site.client.post("/api/v1/raw", content=b"x" * 10)).json()["size"] == 10
    answer = await odd_site.client.post("/api/v1/raw", content=b"x" * 11)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_no_page_takes_more_than_the_largest_route_does(tmp_path: Path):
    async def whole(request):
        return PlainTextResponse(str(len(await request.body())))

    page = PageRoute("/page", whole, methods=["POST"])
    small = (Route("POST", "/api/v1/raw", raw, "public", options=Options(body_bytes=10)),)
    async with open_site(tmp_path, routes=small, extra_routes=[page]) as site:

        async def endless():
            for _ in range(11):
                yield b"x"

        assert (await site.client.post("/page", content=b"x" * 10)).text == "10"
        answer = await site.client.post("/page", content=endless())
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        declared = await site.client.post("/page", headers={"Content-Length": "11"}, content=b"")
        assert declared.status_code == 413


async def test_a_multipart_body_over_its_limit_is_refused_while_it_comes_in(odd_site):
    files = {"file": ("a.bin", b"x" * (2 << 20), "application/octet-stream")}
    answer = await odd_site.client.post("/api/v1/write", files=files)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_a_wrong_path_and_a_wrong_method_are_told_in_json(odd_site):
    missing = await odd_site.client.get("/api/v1/no/such/thing")
    assert (missing.status_code, missing.json()["error"]) == (404, "Record not found")
    wrong = await odd_site.client.put("/api/v1/preferences")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")
    assert (await odd_site.client.get("/page")).text == "page"
    posted = await odd_site.client.post("/page")
    assert (posted.status_code, posted.json()["code"]) == (405, "method_not_allowed")


async def test_head_is_answered_where_get_is(odd_site):
    answer = await odd_site.client.head("/api/v2/instance")
    assert answer.status_code == 200


async def test_scripts_of_other_sites_may_ask_and_read_also_errors(odd_site):
    preflight = await odd_site.client.options(
        "/api/v1/statuses", headers={"Origin": "https://phanpy.example"}
    )
    assert preflight.status_code == 204
    assert "Idempotency-Key" in preflight.headers["access-control-allow-headers"]
    for path in ("/api/v1/nothing", "/nodeinfo/2.0", "/.well-known/host-meta", "/api/v1/blocks"):
        answer = await odd_site.client.get(path)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "Link" in answer.headers["access-control-expose-headers"]
        assert "access-control-allow-credentials" not in answer.headers
    closed = await odd_site.client.get("/oauth/authorize")
    assert "access-control-allow-origin" not in closed.headers


async def test_every_answer_is_guarded(odd_site):
    for path in ("/api/v2/instance", "/page", "/nothing"):
        answer = await odd_site.client.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "content-security-policy" in answer.headers
        assert "strict-transport-security" not in answer.headers


async def test_over_tls_browsers_are_told_to_stay_there(tmp_path: Path):
    async with open_site(tmp_path, base_url="https://venire.test") as site:
        answer = await site.client.get("/health")
        assert "max-age" in answer.headers["strict-transport-security"]


async def test_what_is_for_moderators_needs_the_role_and_the_scope(odd_site):
    member = await odd_site.member("member")
    moderator = await odd_site.member("moderator", role="moderator")
    assert (await member.get("/api/v1/desk")).status_code == 403
    assert (await moderator.get("/api/v1/desk")).status_code == 200
    assert (await odd_site.client.get("/api/v1/desk")).status_code == 401


async def test_limits_are_told_in_headers_and_held(strict_site):
    alice = await strict_site.member("alice")
    first = await alice.get("/api/v1/preferences")
    assert first.headers["x-ratelimit-limit"] == "300"
    assert first.headers["x-ratelimit-remaining"] == "299"
    assert first.headers["x-ratelimit-reset"].endswith("Z")
    bob = await strict_site.member("bob")
    for _ in range(299):
        last = await alice.get("/api/v1/preferences")
    assert last.status_code == 200
    over = await alice.get("/api/v1/preferences")
    assert (over.status_code, over.json()["code"]) == (429, "throttled")
    assert over.headers["x-ratelimit-remaining"] == "0"
    assert int(over.headers["retry-after"]) > 0
    assert (await bob.get("/api/v1/preferences")).status_code == 200


async def test_sign_ups_are_limited_by_network(strict_site):
    statuses = [
        (await strict_site.client.post("/api/v1/accounts", json={})).status_code for _ in range(6)
    ]
    assert statuses == [401, 401, 401, 401, 401, 429]


async def test_in_acceptance_nothing_is_limited(site):
    for _ in range(301):
        answer = await site.client.get("/api/v2/instance")
    assert answer.status_code == 200
    assert "x-ratelimit-limit" not in answer.headers


@pytest.mark.parametrize("acceptance", [True, False])
async def test_a_suspended_account_reads_and_leaves_but_does_not_write(tmp_path, acceptance):
    settings = ApiSettings(rate_limits=False)
    async with open_site(
        tmp_path, acceptance=acceptance, settings=settings, routes=(*ROUTES, *EXTRA)
    ) as site:
        alice, bob = await site.member("alice"), await site.member("bob")
        await standing.give_strike(
            site.world, alice.id, "1", points=20, expires_at_ms=None, case_id=1
        )
        follow = await alice.post(f"/api/v1/accounts/{bob.id}/follow")
        assert follow.status_code == (200 if acceptance else 403)
        if not acceptance:
            assert follow.json()["code"] == "account_suspended"
        assert (await alice.post(f"/api/v1/accounts/{bob.id}/block")).status_code == 200
        assert (await alice.get("/api/v1/preferences")).status_code == 200
        await standing.terminate(site.world, alice.id, "2", case_id=2)
        refused = await alice.post(f"/api/v1/accounts/{bob.id}/follow")
        assert refused.status_code == 403


async def test_pending_a_verdict_one_deletes_but_does_not_post(tmp_path):
    async with open_site(tmp_path, acceptance=False, routes=(*ROUTES, *EXTRA)) as site:
        alice, bob = await site.member("alice"), await site.member("bob")
        await standing.stop_posting(site.world, alice.id, "case-1", None, case_id=1)
        refused = await alice.post("/api/v1/statuses_like", json={})
        assert (refused.status_code, refused.json()["code"]) == (403, "posting_stopped")
        assert (await alice.delete("/api/v1/statuses_like")).status_code == 200
        assert (await alice.post(f"/api/v1/accounts/{bob.id}/follow")).status_code == 200
        await standing.resume_posting(site.world, alice.id, "case-1")
        assert (await alice.post("/api/v1/statuses_like", json={})).status_code == 200


def test_every_kind_of_problem_has_a_status():
    kinds = {
        one.kind
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, Problem) and one is not Problem
    }
    assert kinds - {"refused"} <= set(STATUS)
    assert status_of(Refused("x")) == 500


def test_a_code_without_a_sentence_is_told_by_its_hint():
    answer = problem_response(errors.Invalid("no_such_phrase", "Say what"))
    assert b'"error":"Say what"' in answer.body
    answer = problem_response(errors.NotFound("case_not_found"))
    assert b'"error":"Record not found","code":"case_not_found"' in answer.body


def test_no_route_is_declared_twice_and_each_names_a_limit():
    from venire.api.limits import LIMITS

    RouteTable(ROUTES)
    with pytest.raises(Refused, match="route_declared_twice"):
        RouteTable((*EXTRA, EXTRA[0]))
    assert {route.limit for route in ROUTES} <= set(LIMITS)


def test_a_fixed_segment_comes_before_a_parameter_and_the_rest_last():
    table = RouteTable((*ROUTES, *EXTRA))
    route, values = table.find("/api/v1/accounts/lookup").pick("GET")
    assert (route.path, values) == ("/api/v1/accounts/lookup", {})
    route, values = table.find("/api/v1/accounts/7/").pick("GET")
    assert (route.path, values) == ("/api/v1/accounts/{id}", {"id": "7"})
    route, values = table.find("/api/v1/rest/0/x001/067").pick("GET")
    assert values == {"rest": "0/x001/067"}
    assert table.find("/api/v1/accounts//follow") is None
    assert table.find("/") is None


async def test_a_body_that_does_not_come_is_given_up_and_one_that_trickles_too(
    odd_site, monkeypatch
):
    """Whoever is kept waiting keeps what came so far: many such callers would fill the memory."""
    monkeypatch.setattr(edge, "BODY_S", 0.05)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"100000")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/write",
        "query_string": b"",
        "headers": headers,
        "client": ("203.0.113.9", 1),
    }

    async def answered_to(pieces: int, pause_s: float) -> int:
        statuses = []
        left = pieces

        async def receive():
            nonlocal left
            if not left:
                await asyncio.Event().wait()
            left -= 1
            await asyncio.sleep(pause_s)
            return {"type": "http.request", "body": b" ", "more_body": True}

        async def send(message):
            statuses.append(message.get("status"))

        async with asyncio.timeout(5):
            await odd_site.app({**scope}, receive, send)
        return statuses[0]

    assert await answered_to(0, 0) == 408
    assert await answered_to(1_000_000, 0.01) == 408
