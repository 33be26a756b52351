"""What the target does at once: a copy for the police, a post out of her own sight."""

from __future__ import annotations

import pytest

from tests.cases.desk import headers
from tests.kit.courthouse import MILD, THREAT

pytestmark = pytest.mark.anyio


async def test_the_target_has_a_copy_for_the_police_without_anyone_elses_data(house):
    author = await house.site.member("author")
    sari, reporter = await house.site.member("sari"), await house.site.member("canary_reporter")
    post = await house.post(author, f"@sari {THREAT}")
    await reporter.post(
        "/api/v1/reports",
        json={
            "account_id": str(author.id),
            "status_ids": [],
            "rule_ids": [1],
            "comment": "canary words of a reporter",
        },
    )
    await house.settle()
    case = await house.case_on(post)
    path = f"/api/v1/cases/{case.public_id}/police_copy"
    copy = await sari.get(path)
    assert copy.status_code == 200
    assert copy.headers["cache-control"] == "private, no-store"
    told = copy.json()
    assert THREAT in told["post"]["text"]
    assert told["post"]["url"].endswith(post)
    assert len(told["post"]["sha256"]) == 64
    (hold,) = [one for one in told["record"]["entries"] if one["step"] == "hold"]
    assert (await headers(house))[hold["index"]]["type"] == "hold"
    text = (await sari.get(path, params={"format": "text"})).text
    assert f"> @sari {THREAT}" in text
    assert told["post"]["sha256"] in text
    for said in (copy.text, text):
        assert "@mail.test" not in said
        assert "canary" not in said
        assert str(reporter.id) not in said


async def test_nobody_else_has_that_copy(house):
    author, sari = await house.site.member("author"), await house.site.member("sari")
    stranger = await house.site.member("stranger")
    post = await house.post(author, f"@sari {THREAT}")
    case = await house.case_on(post)
    path = f"/api/v1/cases/{case.public_id}/police_copy"
    assert (await sari.get(path)).status_code == 200
    for other in (stranger, author):
        assert (await other.get(path)).status_code == 404
    assert (await house.site.client.get(path)).status_code == 401


async def test_who_reports_a_threat_that_names_nobody_has_it_too(house):
    author, reporter = await house.site.member("author"), await house.site.member("reporter")
    post = await house.post(author, THREAT)
    await reporter.post("/api/v1/reports", json={"account_id": str(author.id), "rule_ids": [1]})
    case = await house.case_on(post)
    path = f"/api/v1/cases/{case.public_id}/police_copy"
    assert (await reporter.get(path)).status_code == 404
    await house.vote("keeps")
    await reporter.post(
        "/api/v1/reports",
        json={"account_id": str(author.id), "status_ids": [post], "rule_ids": [1]},
    )
    await house.settle()
    assert (await reporter.get(path)).status_code == 200


async def test_the_copy_is_of_the_post_as_it_stood_also_once_it_was_changed_or_deleted(house):
    author, sari = await house.site.member("author"), await house.site.member("sari")
    words = "@sari You know where I will be waiting for you, and with what."
    post = await house.post(author, words)
    report = {"account_id": str(author.id), "status_ids": [post], "rule_ids": [1]}
    (await sari.post("/api/v1/reports", json=report)).raise_for_status()
    await house.settle()
    case = await house.case_on(post)
    path = f"/api/v1/cases/{case.public_id}/police_copy"
    edited = await author.put(f"/api/v1/statuses/{post}", json={"status": f"@sari {MILD}"})
    assert edited.status_code == 200, edited.text
    await house.settle()
    told = (await sari.get(path)).json()["post"]
    assert (told["text"], [one["text"] for one in told["earlier"]]) == (f"@sari {MILD}", [words])
    await author.delete(f"/api/v1/statuses/{post}")
    await house.settle()
    assert f"> {words}" in (await sari.get(path, params={"format": "text"})).text


async def test_what_may_harm_a_child_is_copied_for_nobody(house):
    author, sari = await house.site.member("author"), await house.site.member("sari")
    post = await house.post(author, "@sari canary words")
    await sari.post(
        "/api/v1/reports",
        json={"account_id": str(author.id), "status_ids": [post], "rule_ids": [6]},
    )
    await house.settle()
    case = await house.case_on(post)
    answer = await sari.get(f"/api/v1/cases/{case.public_id}/police_copy")
    assert answer.status_code == 404


async def test_the_target_hides_a_post_for_herself_at_once_and_only_for_herself(house):
    author, sari = await house.site.member("author"), await house.site.member("sari")
    stranger = await house.site.member("stranger")
    await sari.post(f"/api/v1/accounts/{author.id}/follow")
    post = await house.post(author, f"@sari {MILD}")
    hidden = await sari.post(f"/api/v1/statuses/{post}/hide")
    assert hidden.json() == {"id": post, "hidden": True}
    again = await sari.post(f"/api/v1/statuses/{post}/hide")
    assert again.status_code == 200
    assert (await sari.get(f"/api/v1/statuses/{post}")).status_code == 404
    for place in ("notifications", "timelines/home", "timelines/public"):
        assert post not in (await sari.get(f"/api/v1/{place}")).text, place
    assert post not in (await sari.get(f"/api/v1/accounts/{author.id}/statuses")).text
    assert (await stranger.get(f"/api/v1/statuses/{post}")).status_code == 200
    assert (await author.get(f"/api/v1/statuses/{post}")).status_code == 200
    assert (await sari.post(f"/api/v1/statuses/{post}/unhide")).json()["hidden"] is False
    assert (await sari.get(f"/api/v1/statuses/{post}")).status_code == 200


async def test_nobody_hides_what_is_theirs_or_what_they_do_not_see(house):
    author, stranger = await house.site.member("author"), await house.site.member("stranger")
    post = await house.post(author, MILD)
    own = await author.post(f"/api/v1/statuses/{post}/hide")
    assert (own.status_code, own.json()["code"]) == (422, "own_post")
    secret = await house.post(author, MILD, visibility="direct")
    assert (await stranger.post(f"/api/v1/statuses/{secret}/hide")).status_code == 404
