"""Whatever is sent to any route: JSON, the right status, a stable code; never a 5xx, never HTML."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import venire.api
from tests.kit.town import open_town
from venire.api.routes import ROUTES
from venire.api.routing import MEBIBYTE, Route
from venire.people import tokens

DEEP = "[" * 200_000
CODE = re.compile(r"[a-z][a-z0-9_]{2,60}")
PAGES = ("/oauth/authorize",)
"""Shown in a browser: what is wrong is said on a page there."""


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with open_town(tmp_path_factory.mktemp("town")) as opened:
        yield opened


def told(answer: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """What a refusal says; it is JSON with a code, and gives nothing of the inside away."""
    assert answer.status_code == status, answer.text[:300]
    assert answer.headers["content-type"].startswith("application/json")
    said: dict[str, Any] = answer.json()
    assert CODE.fullmatch(said["code"])
    assert isinstance(said["error"], str)
    assert said["error"]
    assert "Traceback" not in answer.text
    assert code in {None, said["code"]}
    return said


# Bodies.


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"null", b'"x"', b"\xff\xfe{}", b'{"a":1}}', DEEP.encode(), b"{'a': 1}"],
    ids=lambda body: body[:8].decode(errors="replace"),
)
@pytest.mark.parametrize("route", ["/api/v1/statuses", "/api/v1/reports", "/api/v1/apps"])
def test_malformed_json_is_a_400_and_nothing_is_done(town, route, body):
    headers = {**town.viewers["member"], "Content-Type": "application/json"}
    answer = town.send("POST", route, content=body, headers=headers)
    told(answer, 400, "malformed_json")


def test_a_text_that_no_row_can_hold_is_refused(town):
    headers = {**town.viewers["member"], "Content-Type": "application/json"}
    for text in ('"a\\u0000b"', '"\\ud800"', '"\\udc00\\ud800"'):
        answer = town.send(
            "POST", "/api/v1/statuses", content=f'{{"status": {text}}}'.encode(), headers=headers
        )
        assert told(answer, answer.status_code)["code"] in {"malformed_json", "text_not_unicode"}
        assert answer.status_code in {400, 422}
    for field in (b"status=a%00b", b"status=%ed%a0%80", b"status=%ff"):
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer = town.send("POST", "/api/v1/statuses", content=field, headers=headers)
        told(answer, 422, "text_not_unicode")


def test_a_post_of_1001_characters_is_a_422_and_one_of_1000_is_taken(town):
    headers = town.viewers["member"]
    for text in ("x" * 1_001, "é" * 1_001, "👪" * 1_001, "  " + "x" * 1_001):
        answer = town.send("POST", "/api/v1/statuses", json={"status": text}, headers=headers)
        assert told(answer, 422, "text_too_long")["data"]["limit"] == 1_000
    for text in ("x" * 1_000, "é" * 1_000):
        answer = town.send("POST", "/api/v1/statuses", json={"status": text}, headers=headers)
        assert answer.status_code == 200
    for text in ("", " \n ", None):
        answer = town.send("POST", "/api/v1/statuses", json={"status": text}, headers=headers)
        told(answer, 422, "text_blank")


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", ""])
def test_a_body_over_a_megabyte_is_a_413(town, kind):
    for viewer in ("member", "admin"):
        headers = {**town.viewers[viewer], "Content-Type": kind}
        body = b'{"status": "' + b"x" * MEBIBYTE + b'"}'
        answer = town.send("POST", "/api/v1/statuses", content=body, headers=headers)
        assert told(answer, 413, "body_too_large")["details"]["limit"] == MEBIBYTE


# Who asks.


def test_a_forged_or_lapsed_token_is_a_401_wherever_a_token_counts(town):
    async def lapsed() -> str:
        world = town.house.world
        made = await tokens.issue_token(
            world, client_id="", scopes=("read", "write"), account_id=1, until_ms=world.now_ms()
        )
        return made.access_token

    secrets = ["x" * 43, "", " ", "x" * 10_000, "é", town.portal.call(lapsed)]
    for secret in secrets:
        headers = {"Authorization": f"Bearer {secret}".encode()}
        for method, path in (
            ("GET", "/api/v1/accounts/verify_credentials"),
            ("POST", "/api/v1/statuses"),
            ("GET", "/api/v1/timelines/public"),
            ("GET", "/api/v1/jury"),
            ("GET", "/api/v1/notices"),
            ("GET", "/api/v1/cases/x"),
        ):
            answer = town.send(method, path, headers=headers)
            told(answer, 401, "access_token_invalid")
            assert answer.headers["www-authenticate"].startswith("Bearer ")


def test_each_route_that_is_for_somebody_refuses_nobody_an_app_and_the_wrong_scope(town):
    wrong = {}
    for route in ROUTES:
        path = re.sub(r"\{[^}]*\}", "1", route.path)
        scope = route.scope
        if scope in {"open", "public"} or scope.endswith("?"):
            continue
        told(town.send(route.method, path), 401)
        if scope.startswith("app"):
            continue
        told(town.send(route.method, path, headers=town.viewers["app"]), 422, "user_required")
        writes = all("write" in one for one in scope.split(","))
        if writes or (scope == "juror" and not route.reads):
            answer = town.send(route.method, path, headers=town.viewers["reader"])
            wrong[route.path] = told(answer, 403)["code"]
        if scope.startswith("admin:"):
            told(town.send(route.method, path, headers=town.viewers["member"]), 403)
    assert set(wrong.values()) == {"outside_scopes"}
    assert len(wrong) > 30


# Where it goes.


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/no/such/thing",
        "/api/v1",
        "/api/",
        "/api/v9/statuses",
        "/api/v1/statuses/1/nothing",
        "/api/v1/accounts//statuses",
        "/api/v1/../../etc/passwd",
        "/api/v1/%2e%2e/%2e%2e/etc/passwd",
        "/record/tile/../../keys/record.key",
        "/record/tile/%2e%2e/keys/record.key",
        "/oauth/nothing",
        "/.well-known/nothing",
        "/favicon.ico",
    ],
)
def test_a_path_that_leads_nowhere_is_a_404_in_json(town, path):
    for method in ("GET", "POST", "DELETE"):
        answer = town.send(method, path, headers={"Accept": "text/html"})
        assert answer.status_code in {404, 405}
        told(answer, answer.status_code)


def test_another_method_is_a_405_that_names_the_right_ones(town):
    for route in ROUTES:
        path = re.sub(r"\{[^}]*\}", "1", route.path)
        allowed = {each.method for each in ROUTES if each.path == route.path}
        answer = town.send("TRACE", path)
        told(answer, 405, "method_not_allowed")
        assert allowed <= set(answer.headers["allow"].split(", "))


@pytest.mark.parametrize(
    "identifier",
    ["x", "-1", "1.0", "1e3", "٣", "0x10", "9223372036854775808", "9" * 400, "%F0%9F%98%80", "1 "],
)
def test_what_is_no_id_is_a_404_in_a_path_and_a_422_in_a_body(town, identifier):
    headers = town.viewers["admin"]
    for route in ROUTES:
        if "{id}" in route.path or "{ref}" in route.path or "{epoch}" in route.path:
            path = re.sub(r"\{(id|ref|epoch)\}", identifier, route.path)
            answer = town.send(route.method, re.sub(r"\{[^}]*\}", "1", path), headers=headers)
            if not isinstance(answer.json(), list):
                told(answer, 404)
    member = town.viewers["member"]
    for method, path, field in (
        ("POST", "/api/v1/statuses", "in_reply_to_id"),
        ("POST", "/api/v1/reports", "account_id"),
        ("GET", "/api/v1/timelines/public", "max_id"),
        ("GET", "/api/v1/notifications", "since_id"),
        ("GET", "/api/v1/statements", "max_id"),
        ("GET", "/api/v1/statuses", "id[]"),
    ):
        sent = {"status": "x", field: identifier.replace("%F0%9F%98%80", "😀")}
        more = {"params": sent} if method == "GET" else {"json": sent}
        told(town.send(method, path, headers=member, **more), 422, "parameter_invalid")


def test_a_cursor_that_is_none_is_refused(town):
    for cursor in ("x", "zz", "0", "ff", "00" * 400, "é"):
        answer = town.send(
            "GET",
            "/api/v1/admin/cases",
            params={"cursor": cursor},
            headers=town.viewers["admin"],
        )
        assert answer.status_code in {200, 422}
        if answer.status_code == 422:
            told(answer, 422, "cursor_invalid")


# Anything at all.

FIELDS = sorted(
    {
        name
        for file in Path(venire.api.__file__).parent.glob("*.py")
        for name in re.findall(
            r"\.(?:text|texts|required|flag|integer|identifiers?|nested|rows|upload)\(\s*\"(\w+)\"",
            file.read_text(),
        )
    }
)
"""Every name that a handler asks for."""

texts = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", "0", "1", "public", "direct", "true", "\x00", "\ud800", "a" * 1_200]),
    st.text(alphabet="<>\"'&%/\\.{}[]@#\u202e\u0000\n", max_size=12),
)
numbers = st.one_of(
    st.integers(-(1 << 70), 1 << 70), st.floats(allow_nan=False, allow_infinity=False)
)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)


@st.composite
def asked(draw, values: list[str]) -> tuple[Route, str, dict[str, Any]]:
    """A route, a path of it, and what is sent along."""
    route = draw(st.sampled_from(ROUTES))
    known = st.one_of(st.sampled_from(values), texts)

    def segment(_match: re.Match[str]) -> str:
        return quote(draw(known).encode(errors="replace"), safe="") or "1"

    path = re.sub(r"\{[^}]*\}", segment, route.path)
    anything = st.recursive(
        st.one_of(scalars, known),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)
        ),
        max_leaves=5,
    )
    fields = draw(st.dictionaries(st.sampled_from(FIELDS), anything, max_size=6))
    flat = {
        name: str(value).encode(errors="replace")
        for name, value in fields.items()
        if not isinstance(value, dict | list)
    }
    query = urlencode({name: value[:200] for name, value in flat.items()})
    headers = {"Content-Type": "application/json"}
    match draw(st.sampled_from(["json", "json", "json", "form", "multipart", "bytes", "query"])):
        case "json":
            sent: dict[str, Any] = {"content": json.dumps(fields).encode(), "headers": headers}
        case "form":
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            sent = {"content": urlencode(flat).encode(), "headers": headers}
        case "multipart":
            files = [(name, (name, value)) for name, value in flat.items()]
            sent = {"files": files, "headers": {}}
        case "bytes":
            kinds = st.sampled_from(["application/json", "multipart/form-data; boundary=x", "a/b"])
            headers = {"Content-Type": draw(kinds)}
            sent = {"content": draw(st.binary(max_size=60)), "headers": headers}
        case _:
            sent, path = {"headers": {}}, f"{path}?{query}"
    return route, path, sent


@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_nothing_that_is_sent_makes_the_site_fail(town, data):
    route, path, sent = data.draw(asked(town.values))
    viewer = data.draw(st.sampled_from(sorted(town.viewers)))
    sent = {**sent, "headers": {**sent["headers"], **town.viewers[viewer]}}
    answer = town.send(route.method, path, follow_redirects=False, **sent)
    assert answer.status_code < 500, answer.text[:500]
    if answer.status_code >= 400 and not route.path.startswith(PAGES):
        told(answer, answer.status_code)


def test_the_site_still_answers_after_all_of_this(town):
    """Whatever order the tests ran in."""
    headers = town.viewers["author"]
    answer = town.send("POST", "/api/v1/statuses", json={"status": "Still here"}, headers=headers)
    assert answer.status_code == 200
    town.portal.call(town.house.settle)
