"""Accounts and the ties between them, as Mastodon's clients see them."""

from __future__ import annotations

import pytest

from tests.kit.site import OpenSite

pytestmark = pytest.mark.anyio


async def app_token(site: OpenSite, scopes: str = "read write follow push") -> str:
    app = (
        await site.client.post(
            "/api/v1/apps",
            json={
                "client_name": "Test",
                "redirect_uris": "urn:ietf:wg:oauth:2.0:oob",
                "scopes": scopes,
            },
        )
    ).json()
    granted = await site.client.post(
        "/oauth/token",
        data={
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
            "grant_type": "client_credentials",
            "scope": scopes,
        },
    )
    return granted.json()["access_token"]


def a_newcomer(**changes: object) -> dict[str, object]:
    return {
        "username": "newcomer",
        "email": "newcomer@mail.test",
        "password": "long enough",
        "agreement": True,
        "locale": "id",
        "date_of_birth": "1990-05-17",
        **changes,
    }


async def sign_up(site: OpenSite, **changes: object):
    token = await app_token(site)
    return await site.client.post(
        "/api/v1/accounts",
        json=a_newcomer(**changes),
        headers={"Authorization": f"Bearer {token}"},
    )


async def test_someone_signs_up_and_the_token_works_at_once_in_acceptance(site):
    answer = await sign_up(site)
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "Bearer"
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    me = await site.client.get("/api/v1/accounts/verify_credentials", headers=headers)
    assert me.json()["username"] == "newcomer"
    assert me.json()["source"]["privacy"] == "public"
    assert me.json()["role"]["permissions"] == "0"


async def test_a_sign_up_names_every_fault_at_once(site):
    await site.member("taken")
    answer = await sign_up(
        site, username="TAKEN", email="nonsense", password="short", agreement=False
    )
    assert answer.status_code == 422
    details = answer.json()["details"]
    assert {name: faults[0]["error"] for name, faults in details.items()} == {
        "username": "ERR_TAKEN",
        "email": "ERR_INVALID",
        "password": "ERR_TOO_SHORT",
        "agreement": "ERR_ACCEPTED",
    }
    assert answer.json()["code"] == "validation_failed"


@pytest.mark.parametrize(
    ("username", "error"),
    [
        ("", "ERR_BLANK"),
        ("with space", "ERR_INVALID"),
        ("ünïcode", "ERR_INVALID"),
        ("a" * 31, "ERR_TOO_LONG"),
        ("Admin", "ERR_RESERVED"),
    ],
)
async def test_a_username_that_cannot_be_is_refused(site, username, error):
    answer = await sign_up(site, username=username)
    assert answer.json()["details"]["username"][0]["error"] == error


async def test_a_sign_up_waits_for_its_email_outside_acceptance(strict_site):
    answer = await sign_up(strict_site)
    assert answer.status_code == 200
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    refused = await strict_site.client.get("/api/v1/accounts/verify_credentials", headers=headers)
    assert refused.status_code == 403
    assert refused.json()["code"] == "email_unconfirmed"


async def test_someone_too_young_is_refused_outside_acceptance(strict_site):
    answer = await sign_up(strict_site, date_of_birth="2015-01-01")
    assert answer.json()["details"]["date_of_birth"][0]["error"] == "ERR_BELOW_LIMIT"


async def test_a_sign_up_without_an_app_is_refused(site):
    answer = await site.client.post("/api/v1/accounts", json=a_newcomer())
    assert answer.status_code == 401


async def test_an_app_without_the_scope_signs_nobody_up(site):
    token = await app_token(site, "read")
    answer = await site.client.post(
        "/api/v1/accounts", json=a_newcomer(), headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 403


async def test_a_profile_changes_in_one_multipart_request(site):
    alice = await site.member("alice")
    answer = await alice.patch(
        "/api/v1/accounts/update_credentials",
        files={
            "display_name": (None, "Alice Wonder"),
            "note": (None, "I read.\n\nSee https://example.org/a?b=1&c=2 <b>now</b>"),
            "fields_attributes[0][name]": (None, "Web"),
            "fields_attributes[0][value]": (None, "https://alice.example"),
            "fields_attributes[1][name]": (None, ""),
            "fields_attributes[1][value]": (None, ""),
            "source[privacy]": (None, "unlisted"),
            "locked": (None, "true"),
        },
    )
    found = answer.json()
    assert answer.status_code == 200
    assert found["display_name"] == "Alice Wonder"
    assert found["locked"] is True
    assert found["source"]["privacy"] == "unlisted"
    assert found["source"]["note"].startswith("I read.")
    assert "<b>" not in found["note"]
    assert 'href="https://example.org/a?b=1&amp;c=2"' in found["note"]
    assert [field["name"] for field in found["fields"]] == ["Web"]


async def test_a_profile_that_is_too_long_is_refused(site):
    alice = await site.member("alice")
    answer = await alice.patch(
        "/api/v1/accounts/update_credentials", json={"display_name": "x" * 101}
    )
    assert answer.status_code == 422
    assert answer.json()["details"]["display_name"][0]["error"] == "ERR_TOO_LONG"


async def test_source_and_role_are_the_owners_alone(site):
    alice, bob = await site.member("alice"), await site.member("bob")
    seen = (await bob.get(f"/api/v1/accounts/{alice.id}")).json()
    assert "source" not in seen
    assert "role" not in seen
    assert (await site.client.get(f"/api/v1/accounts/{alice.id}")).json() == seen


async def test_an_unknown_account_is_not_found_whatever_its_id_looks_like(site):
    for identifier in ("1", "nonsense", "9" * 40, "-1"):
        answer = await site.client.get(f"/api/v1/accounts/{identifier}")
        assert answer.status_code == 404
        assert answer.json()["error"] == "Record not found"


async def test_an_account_is_looked_up_and_found_by_its_beginning(site):
    alice = await site.member("Alice_B")
    await alice.patch("/api/v1/accounts/update_credentials", json={"display_name": "Zed Quill"})
    bob = await site.member("bob")
    for name in ("alice_b", "@ALICE_B", "alice_b@venire.test"):
        found = await site.client.get("/api/v1/accounts/lookup", params={"acct": name})
        assert found.json()["id"] == str(alice.id)
    elsewhere = await site.client.get("/api/v1/accounts/lookup?acct=alice_b@other.test")
    assert elsewhere.status_code == 404
    for text in ("ali", "qui", "ZED", "@alice_b@venire.test", "http://venire.test/@Alice_B"):
        found = await bob.get("/api/v1/accounts/search", params={"q": text})
        assert [one["id"] for one in found.json()] == [str(alice.id)], text
    await alice.patch("/api/v1/accounts/update_credentials", json={"display_name": "Other"})
    assert (await bob.get("/api/v1/accounts/search?q=quill")).json() == []
    await alice.post(f"/api/v1/accounts/{bob.id}/block")
    assert (await bob.get("/api/v1/accounts/search?q=ali")).json() == []


async def test_several_accounts_come_at_once(site):
    alice, bob = await site.member("alice"), await site.member("bob")
    found = await site.client.get(f"/api/v1/accounts?id[]={bob.id}&id[]={alice.id}&id[]=5")
    assert [one["username"] for one in found.json()] == ["bob", "alice"]


async def test_preferences_and_markers_are_remembered(site):
    alice = await site.member("alice")
    found = (await alice.get("/api/v1/preferences")).json()
    assert found["posting:default:visibility"] == "public"
    saved = await alice.post("/api/v1/markers", json={"home": {"last_read_id": "123"}})
    assert saved.json()["home"]["version"] == 1
    saved = await alice.post("/api/v1/markers", data={"home[last_read_id]": "124"})
    assert saved.json()["home"] == {
        "last_read_id": "124",
        "version": 2,
        "updated_at": "2026-01-01T00:00:00.000Z",
    }
    read = await alice.get("/api/v1/markers?timeline[]=home&timeline[]=notifications")
    assert list(read.json()) == ["home"]


async def test_what_clients_ask_after_sign_in_never_fails(site):
    alice = await site.member("alice")
    for path in (
        "/api/v1/custom_emojis",
        "/api/v2/filters",
        "/api/v1/lists",
        "/api/v1/follow_requests",
        "/api/v1/announcements",
        "/api/v1/markers?timeline[]=home",
        "/api/v1/preferences",
    ):
        answer = await alice.get(path)
        assert answer.status_code == 200, path
        assert answer.json() in ([], {}) or "preferences" in path


async def test_a_moderator_lets_in_those_who_wait(strict_site):
    for number in range(3):
        await sign_up(strict_site, username=f"new{number}", email=f"new{number}@mail.test")
    moderator = await strict_site.member("mod", role="moderator")
    path = "/api/v2/admin/accounts?status=unconfirmed&limit=2"
    answer = await moderator.get(path)
    assert [one["username"] for one in answer.json()] == ["new2", "new1"]
    rest = await moderator.get(answer.links["next"]["url"])
    assert [one["username"] for one in rest.json()] == ["new0"]
    found = rest.json()[0]
    assert (found["confirmed"], found["ip"], found["email"]) == (False, None, "new0@mail.test")
    for path_of in ("/api/v1/accounts/{}", "/api/v1/accounts/{}/followers"):
        where = path_of.format(found["id"])
        assert (await strict_site.client.get(where)).status_code == 404
    many = await strict_site.client.get(f"/api/v1/accounts?id[]={found['id']}")
    assert many.json() == []
    confirmed = await moderator.post(f"/api/v1/admin/accounts/{found['id']}/confirm")
    assert confirmed.json()["confirmed"] is True
    assert len((await moderator.get("/api/v2/admin/accounts?status=unconfirmed")).json()) == 2
    assert (await strict_site.client.get(f"/api/v1/accounts/{found['id']}")).status_code == 200
    member = await strict_site.member("member")
    assert (await member.get(path)).status_code == 403
    assert (await moderator.get("/api/v2/admin/accounts?status=odd")).status_code == 422
    path = f"/api/v1/admin/accounts/{found['id']}/approve"
    assert (await moderator.post(path)).status_code == 404


async def test_who_is_blocked_does_not_read_whom_to_follow_to_instead(site):
    """The friends of somebody who blocked a harasser are not handed to them; as with Mastodon."""
    ani, bob, eve = [await site.member(name) for name in ("ani", "bob", "eve")]
    await bob.post(f"/api/v1/accounts/{ani.id}/follow")
    await ani.post(f"/api/v1/accounts/{bob.id}/follow")
    for side in ("followers", "following"):
        path = f"/api/v1/accounts/{ani.id}/{side}"
        assert [one["username"] for one in (await eve.get(path)).json()] == ["bob"]
    await ani.post(f"/api/v1/accounts/{eve.id}/block")
    for side in ("followers", "following"):
        path = f"/api/v1/accounts/{ani.id}/{side}"
        assert (await eve.get(path)).json() == []
        assert [one["username"] for one in (await ani.get(path)).json()] == ["bob"]


async def test_rows_under_any_number_are_read_or_passed_over(site):
    """Digits that are no digits of ours, and numbers longer than any integer is read."""
    alice = await site.member("alice")
    for number in ("\u00b2", "\u0663", "9" * 5_000, "-1", "x"):
        sent = {
            f"fields_attributes[{number}][name]": "Odd",
            f"fields_attributes[{number}][value]": "odd",
            "fields_attributes[1][name]": "Web",
            "fields_attributes[1][value]": "here",
        }
        answer = await alice.patch("/api/v1/accounts/update_credentials", data=sent)
        assert answer.status_code == 200, answer.text
        assert [one["name"] for one in answer.json()["fields"]] == ["Web", "Odd"]
