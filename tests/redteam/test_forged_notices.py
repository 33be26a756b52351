"""Notices that are not from whom they say, and real ones sent again: what they hide."""

from __future__ import annotations

import json

import pytest

from tests.cases.attacks import kinds_in_record, noticed, people_of, seen_by_others
from tests.kit.courthouse import MILD, open_courthouse
from venire.kernel.clock import MINUTE_MS
from venire.notices import store as notices

pytestmark = pytest.mark.anyio

FORGED_HEADERS = (
    "DKIM-Signature: v=1; a=rsa-sha256; d=host.example; s=k1; h=from:subject; bh=AAAA; b=AAAA",
    "Authentication-Results: mx.venire.test; dkim=pass header.d=host.example; spf=pass",
    "ARC-Authentication-Results: i=1; mx.venire.test; dkim=pass",
    "Received-SPF: pass",
    "X-Venire-Provider: host",
)


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path, jurors=6) as opened:
        yield opened


def document(house, post: str, reference: str) -> str:
    url = f"{house.world.site.base_url}/statuses/{post}"
    return json.dumps(
        {
            "provider": "host",
            "reference": reference,
            "kind": "items",
            "category": "incitement",
            "items": [{"n": 1, "url": url}],
        }
    )


def letter(house, post: str, reference: str) -> bytes:
    """A mail in the host's name, with every header that could claim that somebody checked it."""
    head = [
        *FORGED_HEADERS,
        "From: Trust and Safety <abuse@host.example>",
        "To: abuse@venire.test",
        f"Subject: Abuse report {reference}",
        f"Message-ID: <{reference}@host.example>",
        "Date: Sat, 21 Nov 2026 10:00:00 +0000",
        "Content-Type: text/plain; charset=utf-8",
    ]
    body = f"Remove this at once: {house.world.site.base_url}/statuses/{post}\r\n"
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


async def send(sender, content: str | bytes, *, name: str, media_type: str):
    return await sender.post("/api/v1/notices", files={"notice": (name, content, media_type)})


async def test_forty_forged_notices_hold_nothing(house, figure):
    author = await house.site.member("author")
    posts = [await house.post(author, f"{MILD} {number}") for number in range(4)]
    forgers = await people_of(house, *(f"forger_{number}" for number in range(4)))
    for number in range(40):
        forger, post = forgers[number // 10], posts[number % 4]
        if number % 2:
            sent = await send(
                forger,
                document(house, post, f"H-{number}"),
                name="notice.json",
                media_type="application/json",
            )
        else:
            sent = await send(
                forger,
                letter(house, post, f"M-{number}"),
                name="notice.eml",
                media_type="message/rfc822",
            )
        assert sent.status_code == 202, sent.text
        kept = await notices.load(house.world.storage, int(sent.json()["ref"]))
        assert not kept.verified
        assert not kept.may_hold
    await house.settle()
    hidden = [post for post in posts if not await seen_by_others(house, post)]
    cases = [post for post in posts if await house.case_on(post) is not None]
    figure(f"40 forged notices: {len(hidden)} posts hidden, {len(cases)} cases")
    assert not hidden
    assert not cases


async def test_a_stranger_and_a_token_that_was_made_up_send_nothing(house):
    author = await house.site.member("author")
    post = await house.post(author, MILD)
    sent = await house.site.client.post(
        "/api/v1/notices", files={"notice": ("n.json", document(house, post, "S-1"))}
    )
    assert sent.status_code == 401
    author.headers = {"Authorization": "Bearer " + "0" * 43}
    sent = await send(
        author, document(house, post, "S-2"), name="n.json", media_type="application/json"
    )
    assert sent.status_code == 401
    assert await house.case_on(post) is None


async def test_a_notice_sent_again_is_the_same_notice_however_often(house, figure):
    """What a real notice has done is not done twice: not its holds, its budget or its panel."""
    author = await house.site.member("author")
    operator = await house.site.member("operator", role="moderator")
    post = await house.post(author, MILD)
    ref = await noticed(house, operator, post, "REAL-1")
    assert not await seen_by_others(house, post)
    day = (await notices.holds_today(house.world.storage, "host", house.world.now_ms())).holds
    assert day == 1
    entries = await kinds_in_record(house)
    for _ in range(20):
        assert await noticed(house, operator, post, "REAL-1") == ref
    again = await notices.holds_today(house.world.storage, "host", house.world.now_ms())
    assert await kinds_in_record(house) == entries
    await house.vote("keeps")
    judged = await house.case_on(post)
    for _ in range(20):
        assert await noticed(house, operator, post, "REAL-1") == ref
    case = await house.case_on(post)
    figure(f"41 times one notice: {again.holds} hold, {case.round.number} rounds, 1 notice")
    assert again.holds == 1
    assert (case.round, case.measure) == (judged.round, judged.measure)
    assert entries.count("hold") == 1
    assert (await kinds_in_record(house)).count("hold") == 1


async def test_a_forger_cannot_use_up_the_reference_that_the_host_will_use(house):
    author, forger = await people_of(house, "author", "forger")
    operator = await house.site.member("operator", role="moderator")
    post, bait = await house.post(author, MILD), await house.post(author, f"{MILD} again")
    forged = await send(
        forger, document(house, bait, "REAL-2"), name="n.json", media_type="application/json"
    )
    await house.settle()
    ref = await noticed(house, operator, post, "REAL-2")
    assert ref != forged.json()["ref"]
    assert not await seen_by_others(house, post)
    assert await seen_by_others(house, bait)
    house.site.clock.advance(MINUTE_MS)
    replayed = await send(
        forger, document(house, bait, "REAL-2"), name="n.json", media_type="application/json"
    )
    await house.settle()
    assert replayed.json()["ref"] == forged.json()["ref"]
    assert await seen_by_others(house, bait)
