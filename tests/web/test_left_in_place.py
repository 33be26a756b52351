"""A post that a verdict left where it is: what readers see before it, and what its author reads."""

from __future__ import annotations

import msgspec
import pytest

from tests.kit.courthouse import MILD

pytestmark = pytest.mark.anyio

LEADS = {
    "label": ("The post stays, behind a warning", "Kiriman ini tetap ada, di balik peringatan"),
    "demote": (
        "The post stays, but is left out of public pages, search and trends",
        "Kiriman ini tetap ada, tetapi tidak masuk halaman publik",
    ),
}


async def judged(town, measure):
    court = town.house.court
    changed = tuple(
        msgspec.structs.replace(one, measure=measure) if one.rule == 3 else one
        for one in court.policy.categories
    )
    policy = msgspec.structs.replace(court.policy, categories=changed)
    object.__setattr__(court, "policy", policy)
    path = await town.post("rudi", MILD)
    await town.member("ayu")
    filed = {
        "account_id": town.known["rudi"].id,
        "status_ids": [path.rsplit("/", 1)[1]],
        "rule_ids": [3],
    }
    (await town.known["ayu"].post("/api/v1/reports", json=filed)).raise_for_status()
    await town.house.settle()
    await town.house.vote("violates")
    return path


@pytest.mark.parametrize("measure", sorted(LEADS))
async def test_its_author_reads_that_it_stays_and_how(jury_town, measure):
    await judged(jury_town, measure)
    author = await jury_town.member("rudi")
    inbox = (await author.get("/inbox")).text
    path = "/statements/" + inbox.split('href="/statements/')[1].split('"')[0]
    page = await author.text(path)
    english, indonesian = LEADS[measure]
    assert english in page
    assert "Removed" not in page
    assert "was removed" not in page
    assert "Removed" not in await author.text("/inbox")
    at_home = await jury_town.member("rudi", language="id")
    assert indonesian in await at_home.text(path)


async def test_readers_find_a_labelled_post_behind_the_rules_title(jury_town):
    path = await judged(jury_town, "label")
    stranger = await jury_town.stranger()
    page = (await stranger.get(path)).text
    assert "<summary" in page
    assert "Harassment" in page.split("<summary")[1].split("</summary>")[0]
    assert "coffee" in page


async def test_a_demoted_post_is_at_its_address_and_on_no_public_page(jury_town):
    path = await judged(jury_town, "demote")
    stranger = await jury_town.stranger()
    assert "coffee" in await stranger.text(path)
    assert "coffee" not in await stranger.text("/")
