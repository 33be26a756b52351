"""What the site says of itself, and what it answers for parts of Mastodon that it has not."""

from __future__ import annotations

import pytest

from tests.api.gathering import crowd, hears, ids, publish
from tests.kit.site import open_site
from venire.api.settings import ApiSettings, RuleText
from venire.kernel.clock import DAY_MS
from venire.people.actions import ensure_site_account
from venire.storage.tables.every import ALL

pytestmark = pytest.mark.anyio

_I = "/api/v1/instance"
RULES = (RuleText("1", "Be kind", "always", (("id", "Santun", "selalu"),)),)


@pytest.fixture
async def site(tmp_path):
    settings = ApiSettings(rules=RULES)
    async with open_site(tmp_path, subscriptions=hears, settings=settings) as opened:
        await ensure_site_account(opened.world)
        yield opened


async def test_weeks_are_counted_as_they_were(site):
    ani, bob = await crowd(site, "ani", "bob")
    for _ in range(3):
        await publish(ani)
    await publish(bob)
    await site.settle()
    site.clock.advance(7 * DAY_MS)
    await publish(ani)
    await site.settle()
    now, before, *older = (await site.client.get(f"{_I}/activity")).json()
    assert len(older) == 10
    assert (now["statuses"], now["logins"], now["registrations"]) == ("1", "1", "0")
    assert (before["statuses"], before["logins"], before["registrations"]) == ("4", "2", "3")
    assert int(now["week"]) - int(before["week"]) == 7 * 86_400
    assert {int(one["week"]) % (7 * 86_400) for one in (now, before)} == {4 * 86_400}


async def test_the_privacy_policy_names_every_table_of_personal_data(site):
    policy = (await site.client.get(f"{_I}/privacy_policy")).json()
    for table in ALL:
        if table.subject:
            assert table.retention.replace("'", "&#x27;") in policy["content"], table.name


async def test_the_rules_are_the_terms(site):
    terms = (await site.client.get(f"{_I}/terms_of_service?lang=id")).json()
    assert "Santun" in terms["content"]
    dated = await site.client.get(f"{_I}/terms_of_service/{terms['effective_date']}")
    assert dated.json()["effective"] is True
    assert (await site.client.get(f"{_I}/terms_of_service/1999-01-01")).status_code == 404


async def test_languages_have_codes_and_names(site):
    found = (await site.client.get(f"{_I}/languages?lang=id")).json()
    names = {one["code"]: one["name"] for one in found}
    assert names["id"] == "Indonesia"
    assert len(names) > 150


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (f"{_I}/peers", []),
        (f"{_I}/domain_blocks", []),
        (f"{_I}/translation_languages", {}),
        ("/api/v1/peers/search?q=x", []),
        ("/api/v1/timelines/link?url=https://a.example", []),
        ("/api/v1/annual_reports", {"annual_reports": [], "accounts": [], "statuses": []}),
        ("/api/v1/annual_reports/2025/state", {"state": "ineligible"}),
    ],
)
async def test_what_there_is_none_of_is_said_to_be_none(site, path, answer):
    ani = await site.member("ani")
    assert (await ani.get(path)).json() == answer


async def test_an_account_and_a_post_without_extras_say_so(site):
    ani = await site.member("ani")
    post = await publish(ani)
    path = f"/api/v1/accounts/{ani.id}"
    assert (await ani.get(f"{path}/collections")).json() == {"collections": []}
    assert (await ani.get(f"{path}/in_collections")).json() == {"collections": []}
    assert (await ani.get("/api/v1/accounts/1/collections")).status_code == 404
    assert (await ani.get(f"/api/v1/statuses/{post}/card")).json() == {}
    translated = await ani.post(f"/api/v1/statuses/{post}/translate", json={"lang": "id"})
    assert translated.status_code == 404
    assert (await ani.get("/api/v1_alpha/async_refreshes/1")).status_code == 404
    assert (await ani.post("/api/v1/annual_reports/2025/generate")).json() == {}


async def test_direct_posts_have_a_timeline_for_old_clients(site):
    ani, bob, eve = await crowd(site, "ani", "bob", "eve")
    one = await publish(ani, "@bob psst", visibility="direct")
    await publish(ani, "hello")
    await site.settle()
    path = "/api/v1/timelines/direct"
    assert await ids(ani, path) == [one]
    assert await ids(bob, path) == [one]
    assert await ids(eve, path) == []


async def test_a_public_post_can_be_embedded_and_others_cannot(site):
    ani = await site.member("ani")
    one = await publish(ani, "<b>")
    hidden = await publish(ani, "x", visibility="private")
    shown = (await ani.get(f"/api/v1/statuses/{one}")).json()
    card = (await site.client.get("/api/oembed", params={"url": shown["url"]})).json()
    assert (card["type"], card["author_url"]) == ("rich", f"{site.world.site.base_url}/@ani")
    assert shown["url"] in card["html"]
    for url in (
        f"{site.world.site.base_url}/@ani/{hidden}",
        f"https://elsewhere.example/@ani/{one}",
        f"{site.world.site.base_url}/@ani/1",
        "x",
    ):
        answer = await site.client.get("/api/oembed", params={"url": url})
        assert answer.status_code == 404, url
    assert (await site.client.get("/api/oembed")).status_code == 404


async def test_the_manifest_lets_a_browser_install_the_site(site):
    manifest = (await site.client.get("/manifest")).json()
    assert (manifest["name"], manifest["display"]) == ("Venire", "standalone")
