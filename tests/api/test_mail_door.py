"""Letters that came back: taken in from the site's own mail server, and from nobody else."""

from __future__ import annotations

import base64

import pytest

from tests.kit.reports import bounce
from tests.kit.site import open_site
from venire.api.settings import ApiSettings
from venire.people import bounces, letters
from venire.people.store import load_account, load_login
from venire.people.suppression import BOUNCED, reason_of
from venire.storage.tables.letters import LETTERS

pytestmark = pytest.mark.anyio

DOOR = "/api/v1/mail/bounces"
SECRET = {"Authorization": "Bearer " + "ab" * 32}


@pytest.fixture
async def site(tmp_path):
    settings = ApiSettings(minimum_age=0, rate_limits=False, bounce_secret="ab" * 32)
    async with open_site(tmp_path, settings=settings) as site:
        object.__setattr__(site.world.site, "bounces", "bounces.venire.test")
        yield site


async def returned(site, member):
    """The address that a letter to a member comes back to."""
    account = await load_account(site.world, member.id)
    await letters.link_by_hand(site.world, account, letters.RESET, lasts_ms=60_000)
    login = await load_login(site.world, member.id)
    (row,) = await letter_rows(site)
    return await bounces.return_path(site.world, row, login.email)


async def letter_rows(site):
    rows, _ = await site.storage.scan(LETTERS)
    return rows


def sent(recipient, message):
    return {"recipient": recipient, "message": base64.b64encode(message).decode()}


async def test_a_dead_mailbox_is_written_to_no_more(site):
    recipient = await returned(site, await site.member("ayu"))
    answer = await site.client.post(DOOR, headers=SECRET, json=sent(recipient, bounce("5.1.1")))
    assert answer.json() == {"outcome": "suppressed"}
    assert await reason_of(site.world, "ayu@mail.test") == BOUNCED


async def test_whoever_does_not_know_the_secret_silences_nobody(site):
    recipient = await returned(site, await site.member("ayu"))
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Bearer é".encode()}):
        answer = await site.client.post(
            DOOR, headers=headers, json=sent(recipient, bounce("5.1.1"))
        )
        assert answer.status_code == 401
    assert await reason_of(site.world, "ayu@mail.test") is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"recipient": "bounce+x@bounces.venire.test"},
        {"recipient": "x", "message": "é"},
        {"recipient": "x", "message": base64.b64encode(b"hello").decode()},
        {"recipient": "x", "message": base64.b64encode(b"x" * 300_000).decode()},
    ],
)
async def test_what_is_no_report_is_refused(site, body):
    answer = await site.client.post(DOOR, headers=SECRET, json=body)
    assert answer.status_code in {413, 422}


async def test_a_forged_token_is_refused_and_a_site_without_the_setting_has_no_door(site):
    recipient = await returned(site, await site.member("ayu"))
    turned = recipient.replace(recipient[10], "b" if recipient[10] == "a" else "a", 1)
    answer = await site.client.post(DOOR, headers=SECRET, json=sent(turned, bounce("5.1.1")))
    assert answer.status_code == 404
    object.__setattr__(site.world.site, "bounces", "")
    answer = await site.client.post(DOOR, headers=SECRET, json=sent(recipient, bounce("5.1.1")))
    assert answer.status_code == 404
    assert await reason_of(site.world, "ayu@mail.test") is None
