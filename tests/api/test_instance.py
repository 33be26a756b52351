"""What the site says of itself, before anyone has signed in."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.kit.site import open_site
from venire.api.settings import ApiSettings, RuleText
from venire.people import actions as people

pytestmark = pytest.mark.anyio

RULES = (
    RuleText("1", "No threats", "Nobody is threatened here.", (("id", "Jangan mengancam", ""),)),
)


async def test_both_versions_state_the_same_limit_and_rules(tmp_path: Path):
    async with open_site(tmp_path, settings=ApiSettings(rules=RULES)) as site:
        await people.ensure_site_account(site.world)
        new = (await site.client.get("/api/v2/instance")).json()
        old = (await site.client.get("/api/v1/instance/")).json()
        assert new["configuration"]["statuses"]["max_characters"] == 1000
        assert old["configuration"]["statuses"]["max_characters"] == 1000
        assert new["version"] == old["version"]
        assert new["version"].split(" ")[0] == "4.5.0"
        assert (
            new["rules"] == old["rules"] == (await site.client.get("/api/v1/instance/rules")).json()
        )
        assert new["rules"][0]["translations"]["id"]["text"] == "Jangan mengancam"
        assert new["contact"]["account"]["username"] == "venire"
        assert new["configuration"]["translation"]["enabled"] is False
        assert old["stats"]["user_count"] == 0
        await site.settle()
        assert (await site.client.get("/api/v1/instance")).json()["stats"]["user_count"] == 1


@pytest.mark.parametrize(
    ("registrations", "told"),
    [("open", (True, False)), ("approval", (True, True)), ("closed", (False, False))],
)
async def test_whether_one_may_join_is_told(tmp_path: Path, registrations, told):
    settings = dataclasses.replace(ApiSettings(), registrations=registrations)
    async with open_site(tmp_path, settings=settings) as site:
        found = (await site.client.get("/api/v2/instance")).json()["registrations"]
        assert (found["enabled"], found["approval_required"]) == told


async def test_pictures_that_nobody_set_answer_all_the_same(site):
    alice = await site.member("alice")
    found = (await alice.get(f"/api/v1/accounts/{alice.id}")).json()
    thumbnail = (await site.client.get("/api/v2/instance")).json()["thumbnail"]["url"]
    for url in (found["avatar"], found["header"], thumbnail):
        answer = await site.client.get(url)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/png"
        assert answer.content.startswith(b"\x89PNG")
        assert answer.headers["access-control-allow-origin"] == "*"


async def test_nodeinfo_names_no_protocol_that_is_not_spoken(site):
    index = (await site.client.get("/.well-known/nodeinfo")).json()
    found = (await site.client.get(index["links"][0]["href"])).json()
    assert found["software"]["name"] == "venire"
    assert found["protocols"] == []
    assert found["usage"]["users"]["total"] == 0


async def test_a_handle_is_found_by_webfinger(site):
    await site.member("Alice")
    meta = await site.client.get("/.well-known/host-meta")
    assert 'template="http://venire.test/.well-known/webfinger?resource={uri}"' in meta.text
    found = await site.client.get("/.well-known/webfinger?resource=acct:alice@venire.test")
    assert found.headers["content-type"] == "application/jrd+json"
    assert found.json()["subject"] == "acct:Alice@venire.test"
    for resource in ("acct:alice@other.test", "acct:nobody@venire.test", "", "acct:@"):
        answer = await site.client.get("/.well-known/webfinger", params={"resource": resource})
        assert answer.status_code in {404, 422}


async def test_the_site_is_alive(site):
    answer = await site.client.get("/health")
    assert (answer.status_code, answer.text) == (200, "OK")


async def test_the_description_says_what_is_read(site):
    found = (await site.client.get("/api/v1/instance/extended_description")).json()
    assert "Public and unlisted posts" in found["content"]
