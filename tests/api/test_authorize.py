"""The page on which a member lets an app in."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.api.way_in import (
    IVORY,
    OOB,
    PASSWORD,
    SCOPES,
    VERIFIER,
    WEB,
    asked,
    code_in,
    exchange,
    form_of,
    let_in,
    make_app,
)
from venire.people.sessions import session_cookie

pytestmark = pytest.mark.anyio


async def test_a_member_lets_an_app_in_and_it_gets_a_token(site):
    await site.member("alice")
    app = await make_app(site)
    assert app["redirect_uris"] == [OOB, WEB, IVORY]
    assert app["redirect_uri"] == f"{OOB}\n{WEB}\n{IVORY}"
    answer = await let_in(site, asked(app), **PASSWORD)
    assert answer.headers["location"].startswith("https://client.example/back?x=1&code=")
    assert parse_qs(urlsplit(answer.headers["location"]).query)["state"] == ["a&b"]
    granted = await exchange(site, app, code_in(answer))
    body = granted.json()
    assert body["token_type"] == "Bearer"
    assert body["scope"] == SCOPES
    assert body["created_at"] == 1_767_225_600
    assert granted.headers["cache-control"] == "no-store"
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    me = await site.client.get("/api/v1/accounts/verify_credentials", headers=headers)
    assert me.json()["username"] == "alice"


async def test_the_address_signs_in_as_well_as_the_name_and_the_session_is_kept(site):
    await site.member("alice")
    app = await make_app(site)
    first = await let_in(site, asked(app), username="ALICE@mail.test", password="correct horse")
    code_in(first)
    cookie = first.headers["set-cookie"]
    assert cookie.startswith(session_cookie("http://venire.test"))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    page = await site.client.get("/oauth/authorize", params=asked(app))
    assert "@alice" in page.text
    assert 'name="password"' not in page.text
    code_in(await let_in(site, asked(app)))
    again = await site.client.get("/oauth/authorize", params={**asked(app), "force_login": "true"})
    assert 'name="password"' in again.text


async def test_over_tls_the_cookie_is_bound_to_its_host(site):
    assert session_cookie("https://venire.example").startswith("__Host-")


async def test_a_wrong_password_says_no_more_than_a_wrong_name(site):
    await site.member("alice")
    app = await make_app(site)
    wrong = await let_in(site, asked(app), username="alice", password="not this")
    nobody = await let_in(site, asked(app), username="nobody", password="not this")
    assert wrong.status_code == nobody.status_code == 422

    def told(answer) -> str:
        return re.search(r'role="alert">([^<]*)<', answer.text)[1]

    assert told(wrong) == told(nobody) == "Wrong name or password"


async def test_a_form_that_is_not_ours_does_nothing(site):
    await site.member("alice")
    app = await make_app(site)
    await let_in(site, asked(app), **PASSWORD)
    form = await form_of(site, asked(app))
    for changes in ({"form_token": "0" * 64}, {"form_token": ""}):
        answer = await site.client.post(
            "/oauth/authorize",
            data={**form, **changes, "decision": "allow"},
            follow_redirects=False,
        )
        assert answer.status_code == 422
    foreign = await site.client.post(
        "/oauth/authorize",
        data={**form, "decision": "allow"},
        headers={"Origin": "https://evil.example"},
        follow_redirects=False,
    )
    assert foreign.status_code == 422
    ours = await site.client.post(
        "/oauth/authorize",
        data={**form, "decision": "allow"},
        headers={"Origin": "http://venire.test"},
        follow_redirects=False,
    )
    assert ours.status_code == 302


async def test_a_refusal_leads_back_without_a_code(site):
    app = await make_app(site)
    form = await form_of(site, asked(app))
    answer = await site.client.post(
        "/oauth/authorize", data={**form, "decision": "deny"}, follow_redirects=False
    )
    assert answer.headers["location"].endswith("error=access_denied&state=a%26b")


async def test_the_page_lets_no_script_run_and_forms_lead_to_the_app_alone(site):
    app = await make_app(site)
    page = await site.client.get("/oauth/authorize", params=asked(app))
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "form-action 'self' https://client.example" in policy
    assert "<b>app</b>" not in page.text
    assert "&lt;b&gt;app&lt;/b&gt;" in page.text
    page = await site.client.get("/oauth/authorize", params=asked(app, redirect_uri=IVORY))
    assert "form-action 'self' com.tapbots.ivory.10217:" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"


async def test_the_page_answers_with_a_trailing_slash(site):
    app = await make_app(site)
    page = await site.client.get("/oauth/authorize/", params=asked(app))
    assert page.status_code == 200


async def test_out_of_band_shows_the_code(site):
    await site.member("alice")
    app = await make_app(site)
    answer = await let_in(site, asked(app, redirect_uri=OOB), **PASSWORD)
    page = await site.client.get(answer.headers["location"])
    assert code_in(answer) in page.text
    granted = await exchange(site, app, code_in(answer), redirect_uri=OOB)
    assert granted.status_code == 200


async def test_a_redirect_that_the_app_did_not_register_is_never_followed(site):
    app = await make_app(site)
    for uri in ("https://evil.example/", WEB + "2", "https://client.example/back"):
        page = await site.client.get(
            "/oauth/authorize",
            params=asked(app, redirect_uri=uri),
            headers={"Accept": "text/html"},
            follow_redirects=False,
        )
        assert page.status_code == 400
        assert uri not in page.text
    answer = await site.client.get("/oauth/authorize", params=asked(app, redirect_uri="x:/y"))
    assert answer.json()["error"] == "invalid_request"


async def test_a_plain_challenge_is_refused(site):
    app = await make_app(site)
    query = asked(app, code_challenge=VERIFIER, code_challenge_method="plain")
    answer = await site.client.get("/oauth/authorize", params=query)
    assert answer.json()["error"] == "invalid_request"


async def test_a_sign_in_name_can_be_tried_so_often_and_no_more(strict_site):
    await strict_site.member("alice")
    app = await make_app(strict_site)
    form = await form_of(strict_site, asked(app))
    seen = []
    for _ in range(22):
        answer = await strict_site.client.post(
            "/oauth/authorize",
            data={**form, "decision": "allow", "username": "alice", "password": "guess"},
        )
        seen.append(answer.status_code)
    assert seen[0] == 422
    assert seen[-1] == 429
