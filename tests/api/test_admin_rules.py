"""Who may use the admin API, and the site's lists of closed doors."""

from __future__ import annotations

import pytest

from tests.api.admin_desk import A, fits, ok
from tests.kit.courthouse import Courthouse
from tests.kit.site import Member
from venire.people.model import Created
from venire.people.tokens import issue_token

pytestmark = pytest.mark.anyio


async def with_scopes(house: Courthouse, member: Member, *scopes: str) -> Member:
    granted = await issue_token(house.world, client_id="test", scopes=scopes, account_id=member.id)
    return Member(
        house.site,
        Created(str(member.id), member.username, "", "", granted.access_token, "moderator"),
    )


GUARDED = [
    ("GET", f"{A}/accounts", "admin:read:accounts"),
    ("GET", "/api/v2/admin/accounts", "admin:read:accounts"),
    ("POST", f"{A}/accounts/1/action", "admin:write:accounts"),
    ("GET", f"{A}/reports", "admin:read:reports"),
    ("POST", f"{A}/reports/1/resolve", "admin:write:reports"),
    ("GET", f"{A}/ip_blocks", "admin:read:ip_blocks"),
    ("POST", f"{A}/ip_blocks", "admin:write:ip_blocks"),
    ("GET", f"{A}/email_domain_blocks", "admin:read:email_domain_blocks"),
    ("DELETE", f"{A}/domain_blocks/1", "admin:write:domain_blocks"),
    ("POST", f"{A}/domain_allows", "admin:write:domain_allows"),
    ("POST", f"{A}/canonical_email_blocks/test", "admin:read:canonical_email_blocks"),
    ("POST", f"{A}/measures", "admin:read"),
]


@pytest.mark.parametrize("guarded", GUARDED, ids=lambda guarded: " ".join(guarded[:2]))
async def test_each_route_wants_its_scope_and_a_role(house, admin, bob, guarded):
    method, path, scope = guarded

    async def ask(member):
        return await house.site.client.request(method, path, headers=member.headers)

    wrong = await with_scopes(house, admin, "read", "write", "admin:read:trends")
    assert (await ask(wrong)).json()["code"] == "outside_scopes"
    member = await with_scopes(house, bob, scope)
    assert (await ask(member)).json()["code"] == "role_required"
    right = await ask(await with_scopes(house, admin, scope))
    assert right.status_code in {200, 404, 422}
    assert (await house.site.client.request(method, path)).status_code == 401


async def test_rules_of_the_site_are_an_admins(house, moderator):
    for path, body in (
        ("ip_blocks", {"ip": "8.8.8.0/24", "severity": "no_access"}),
        ("email_domain_blocks", {"domain": "bad.example"}),
        ("canonical_email_blocks", {"email": "a@b.example"}),
        ("domain_blocks", {"domain": "bad.example"}),
        ("domain_allows", {"domain": "good.example"}),
    ):
        refused = await moderator.post(f"{A}/{path}", json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "role_required")
        assert await ok(await moderator.get(f"{A}/{path}")) == []


async def test_a_network_is_closed_changed_and_opened_with_its_line_in_the_log(house, admin):
    made = fits(
        await ok(
            await admin.post(
                f"{A}/ip_blocks",
                data={"ip": "8.8.8.9/24", "severity": "sign_up_block", "comment": "wave"},
            )
        ),
        "AdminIpBlock",
    )
    assert (made["ip"], made["severity"], made["expires_at"]) == (
        "8.8.8.0/24",
        "sign_up_block",
        None,
    )
    path = f"{A}/ip_blocks/{made['id']}"
    changed = await ok(
        await admin.put(path, json={"severity": "no_access", "ip": "9.9.9.9", "expires_in": 60})
    )
    assert (changed["ip"], changed["severity"]) == ("9.9.9.9/32", "no_access")
    assert changed["expires_at"] is not None
    assert await ok(await admin.get(path)) == changed
    assert (await ok(await admin.get(f"{A}/ip_blocks")))[0] == changed
    fresh = await admin.post(f"{A}/ip_blocks", json={"ip": "8.8.8.0/24", "severity": "no_access"})
    assert fresh.status_code == 200
    assert await ok(await admin.delete(path)) == {}
    assert (await admin.get(path)).status_code == 404
    log = await ok(await admin.get(f"{A}/log"))
    assert [line["action"] for line in reversed(log)] == [
        "create_ip_block",
        "update_ip_block",
        "create_ip_block",
        "destroy_ip_block",
    ]
    assert all(line["actor_id"] == str(admin.id) for line in log)


@pytest.mark.parametrize(
    "body",
    [
        {"ip": "nonsense", "severity": "no_access"},
        {"ip": "0.0.0.0/0", "severity": "no_access"},
        {"ip": "::/0", "severity": "no_access"},
        {"ip": "8.8.8.8", "severity": "everything"},
        {"ip": "8.8.8.8"},
        {"severity": "no_access"},
        {"ip": "203.0.113.0/24", "severity": "no_access"},
        {"ip": "8.8.8.8", "severity": "no_access", "comment": "x" * 2_001},
    ],
)
async def test_a_network_that_cannot_be_meant_is_refused(house, admin, body):
    assert (await admin.post(f"{A}/ip_blocks", json=body)).status_code == 422
    assert await ok(await admin.get(f"{A}/ip_blocks")) == []


async def test_one_thing_has_one_rule_in_a_list(house, admin):
    body = {"ip": "8.8.8.8", "severity": "no_access"}
    await ok(await admin.post(f"{A}/ip_blocks", json=body))
    again = await admin.post(f"{A}/ip_blocks", json=body)
    assert (again.status_code, again.json()["code"]) == (422, "rule_exists")


async def test_mail_domains_and_mailboxes_are_blocked(house, admin):
    domain = await ok(
        await admin.post(f"{A}/email_domain_blocks", json={"domain": "Bücher.Example."})
    )
    assert fits(domain, "AdminEmailDomainBlock")["domain"] == "xn--bcher-kva.example"
    box = await ok(
        await admin.post(f"{A}/canonical_email_blocks", json={"email": "T.roll+1@b.example"})
    )
    fits(box, "AdminCanonicalEmailBlock")
    found = await ok(
        await admin.post(f"{A}/canonical_email_blocks/test", json={"email": "troll@b.example"})
    )
    assert found == [box]
    assert (
        await ok(
            await admin.post(f"{A}/canonical_email_blocks/test", json={"email": "other@b.example"})
        )
        == []
    )
    for bad in ({"canonical_email_hash": "beef"}, {}, {"email": " "}):
        assert (await admin.post(f"{A}/canonical_email_blocks", json=bad)).status_code == 422
    for bad in ("", "no dots", "a..b", "-", "x" * 300 + ".example", "bad.example/path"):
        answer = await admin.post(f"{A}/email_domain_blocks", json={"domain": bad})
        assert answer.status_code == 422


async def test_other_sites_are_noted(house, admin):
    made = await ok(
        await admin.post(
            f"{A}/domain_blocks",
            json={"domain": "bad.example", "reject_media": True, "private_comment": "spam"},
        )
    )
    fits(made, "AdminDomainBlock")
    assert (made["severity"], made["reject_media"], made["private_comment"]) == (
        "silence",
        True,
        "spam",
    )
    changed = await ok(
        await admin.put(
            f"{A}/domain_blocks/{made['id']}", json={"severity": "suspend", "obfuscate": True}
        )
    )
    assert (changed["severity"], changed["reject_media"], changed["obfuscate"]) == (
        "suspend",
        True,
        True,
    )
    allowed = await ok(await admin.post(f"{A}/domain_allows", json={"domain": "good.example"}))
    fits(allowed, "AdminDomainAllow")
    again = await ok(await admin.post(f"{A}/domain_allows", json={"domain": "good.example"}))
    assert again == allowed
