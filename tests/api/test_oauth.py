"""Ways in: apps, codes, tokens, scopes."""

from __future__ import annotations

import base64

import pytest

from tests.api.way_in import (
    CHALLENGE,
    OOB,
    PASSWORD,
    SCOPES,
    VERIFIER,
    asked,
    code_in,
    exchange,
    let_in,
    make_app,
)
from venire.people import actions as people

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "/relative",
        "https://",
        "https://a.example/#fragment",
        "https:\\\\a.example",
        "https://[bad",
    ],
)
async def test_an_app_cannot_register_a_dangerous_redirect(site, uri):
    answer = await site.client.post(
        "/api/v1/apps", json={"client_name": "x", "redirect_uris": [uri]}
    )
    assert answer.status_code == 422
    assert answer.json()["code"] == "redirect_uri_invalid"


async def test_an_app_with_unknown_scopes_or_no_name_is_refused(site):
    for body in (
        {"client_name": "x", "redirect_uris": OOB, "scopes": "read everything"},
        {"client_name": " ", "redirect_uris": OOB},
        {"redirect_uris": OOB},
        {"client_name": "x", "redirect_uris": OOB, "website": "javascript:1"},
    ):
        assert (await site.client.post("/api/v1/apps", json=body)).status_code == 422


async def test_a_code_works_once_and_its_reuse_ends_the_token(site):
    await site.member("alice")
    app = await make_app(site)
    code = code_in(await let_in(site, asked(app), **PASSWORD))
    token = (await exchange(site, app, code)).json()["access_token"]
    again = await exchange(site, app, code)
    assert again.status_code == 400
    assert again.json()["error"] == "invalid_grant"
    headers = {"Authorization": f"Bearer {token}"}
    me = await site.client.get("/api/v1/accounts/verify_credentials", headers=headers)
    assert me.status_code == 401


async def test_a_code_lapses(site):
    await site.member("alice")
    app = await make_app(site)
    code = code_in(await let_in(site, asked(app), **PASSWORD))
    site.clock.advance(11 * 60 * 1000)
    assert (await exchange(site, app, code)).json()["error"] == "invalid_grant"


async def test_a_code_belongs_to_its_app_and_address(site):
    await site.member("alice")
    app, other = await make_app(site), await make_app(site)
    code = code_in(await let_in(site, asked(app), **PASSWORD))
    assert (await exchange(site, other, code)).json()["error"] == "invalid_grant"
    assert (await exchange(site, app, code, redirect_uri=OOB)).json()["error"] == "invalid_grant"
    wrong = await exchange(site, app, code, client_secret="guess")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert (await exchange(site, app, code)).status_code == 200


async def test_a_challenge_must_be_answered(site):
    await site.member("alice")
    app = await make_app(site)
    query = asked(app, code_challenge=CHALLENGE, code_challenge_method="S256")
    code = code_in(await let_in(site, query, **PASSWORD))
    assert (await exchange(site, app, code)).json()["error"] == "invalid_grant"
    wrong = await exchange(site, app, code, code_verifier="w" * 43)
    assert wrong.json()["error"] == "invalid_grant"
    assert (await exchange(site, app, code, code_verifier=VERIFIER)).status_code == 200


async def test_an_app_never_gets_more_than_it_registered_for(site):
    app = await make_app(site, scopes="read write:statuses")
    answer = await site.client.get("/oauth/authorize", params=asked(app, scope="write"))
    assert answer.json()["error"] == "invalid_scope"
    page = await site.client.get(
        "/oauth/authorize", params=asked(app, scope="read:accounts write:statuses")
    )
    assert page.status_code == 200


async def test_one_app_has_many_tokens_and_each_ends_alone(site):
    await site.member("alice")
    app = await make_app(site)
    first = (await exchange(site, app, code_in(await let_in(site, asked(app), **PASSWORD)))).json()
    second = (await exchange(site, app, code_in(await let_in(site, asked(app))))).json()
    ended = await site.client.post(
        "/oauth/revoke",
        data={
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
            "token": first["access_token"],
        },
    )
    assert (ended.status_code, ended.json()) == (200, {})

    async def status(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        answer = await site.client.get("/api/v1/accounts/verify_credentials", headers=headers)
        return answer.status_code

    assert await status(first["access_token"]) == 401
    assert await status(second["access_token"]) == 200


async def test_an_app_cannot_end_the_token_of_another(site):
    await site.member("alice")
    app, other = await make_app(site), await make_app(site)
    token = (await exchange(site, app, code_in(await let_in(site, asked(app), **PASSWORD)))).json()
    answer = await site.client.post(
        "/oauth/revoke",
        json={
            "client_id": other["client_id"],
            "client_secret": other["client_secret"],
            "token": token["access_token"],
        },
    )
    assert answer.status_code == 403
    assert answer.json()["code"] == "unauthorized_client"


async def test_client_credentials_come_in_a_header_too(site):
    app = await make_app(site)
    pair = base64.b64encode(f"{app['client_id']}:{app['client_secret']}".encode()).decode()
    granted = await site.client.post(
        "/oauth/token",
        json={"grant_type": "client_credentials", "scope": "read"},
        headers={"Authorization": f"Basic {pair}"},
    )
    headers = {"Authorization": f"Bearer {granted.json()['access_token']}"}
    mine = await site.client.get("/api/v1/apps/verify_credentials", headers=headers)
    assert mine.json()["name"] == "Test <b>app</b>"
    assert "client_secret" not in mine.json()
    refused = await site.client.get("/api/v1/accounts/verify_credentials", headers=headers)
    assert refused.status_code == 422
    assert refused.json()["code"] == "user_required"


@pytest.mark.parametrize("header", ["Basic !!!", "Basic", "Basic Og==", "Bearer x"])
async def test_client_credentials_that_are_nonsense_are_refused(site, header):
    answer = await site.client.post(
        "/oauth/token",
        json={"grant_type": "client_credentials"},
        headers={"Authorization": header},
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_the_password_grant_is_for_acceptance_alone(site, tmp_path):
    await site.member("alice")
    app = await make_app(site)
    body = {
        "grant_type": "password",
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
        "username": "alice@mail.test",
        "password": "correct horse",
        "scope": SCOPES,
    }
    assert (await site.client.post("/oauth/token", data=body)).json()["scope"] == SCOPES
    body["password"] = "wrong horse"
    assert (await site.client.post("/oauth/token", data=body)).json()["error"] == "invalid_grant"


async def test_without_acceptance_there_is_no_password_grant(strict_site):
    await strict_site.member("alice")
    app = await make_app(strict_site)
    answer = await strict_site.client.post(
        "/oauth/token",
        data={
            "grant_type": "password",
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
            "username": "alice",
            "password": "correct horse",
        },
    )
    assert answer.json()["error"] == "unsupported_grant_type"
    known = (await strict_site.client.get("/.well-known/oauth-authorization-server")).json()
    assert "password" not in known["grant_types_supported"]
    assert known["code_challenge_methods_supported"] == ["S256"]


@pytest.mark.parametrize(
    "header",
    ["Bearer forged", "Bearer ", "bearer " + "x" * 5_000, "Bearer é"],
)
async def test_a_forged_token_is_refused(site, header):
    for path in ("/api/v1/accounts/verify_credentials", "/api/v1/accounts/1", "/api/v1/blocks"):
        answer = await site.client.get(path, headers={"Authorization": header.encode()})
        assert answer.status_code == 401, path
        assert answer.json()["error"] == "The access token is invalid"
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_a_new_password_ends_every_token_and_session(site):
    alice = await site.member("alice")
    await people.change_password(site.world, alice.id, "another horse")
    assert (await alice.get("/api/v1/accounts/verify_credentials")).status_code == 401
    assert await people.sign_in(site.world, "alice", "correct horse") is None
    assert (await people.sign_in(site.world, "alice", "another horse")).id == alice.id


async def test_scopes_are_held_for_each_route(site):
    await site.member("alice")
    app = await make_app(site, scopes="read write follow")
    bob = await site.member("bob")

    async def status(scope: str, method: str, path: str) -> int:
        code = code_in(await let_in(site, asked(app, scope=scope), **PASSWORD))
        token = (await exchange(site, app, code)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        return (await site.client.request(method, path, headers=headers)).status_code

    follow = f"/api/v1/accounts/{bob.id}/follow"
    assert await status("read", "POST", follow) == 403
    assert await status("write:statuses", "POST", follow) == 403
    assert await status("write:follows", "POST", follow) == 200
    assert await status("follow", "POST", follow) == 200
    assert await status("write", "GET", "/api/v1/accounts/verify_credentials") == 403
    assert await status("read:accounts", "GET", "/api/v1/accounts/verify_credentials") == 200
    assert await status("read:statuses", "GET", "/api/v1/blocks") == 403
    assert await status("write", "GET", f"/api/v1/accounts/{bob.id}") == 403


async def test_userinfo_says_who_the_viewer_is(site):
    alice = await site.member("alice")
    found = (await alice.get("/oauth/userinfo")).json()
    assert found["sub"] == "http://venire.test/users/alice"
    assert found["preferred_username"] == "alice"
