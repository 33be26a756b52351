"""Ayu serves thirty days: paid in the minority too, and reached when her first way is dead."""

from __future__ import annotations

import msgspec
import pytest

from tests.kit.courthouse import MILD, THREAT, open_courthouse
from tests.kit.mailbox import Mailbox, served
from venire.adapters.mail.submission import SmtpSubmission, read_server
from venire.jury import actions as jury
from venire.jury import alert_book, freezing
from venire.people.post_office import PostOffice
from venire.treasury import actions as treasury

pytestmark = [pytest.mark.anyio, pytest.mark.loopback, pytest.mark.timeout(240)]

DAY_MS = 86_400_000
PRIVATE = "a word for your eyes alone"


async def served_today(house, ayu, opposed):
    """Everyone votes; Ayu against the others where `opposed`. How many ballots she cast."""
    given = 0
    while waiting := await house.summoned():
        for juror, summons in waiting:
            path = f"/api/v1/jury/summons/{summons['id']}"
            if not (await juror.post(f"{path}/accept")).is_success:
                continue
            if juror is ayu:
                seen = await juror.get(path)
                assert PRIVATE not in seen.text
                vote = "keeps" if opposed else "violates"
                given += (await juror.post(f"{path}/ballot", json={"vote": vote})).is_success
            else:
                await juror.post(f"{path}/ballot", json={"vote": "violates"})
            await house.settle()
    return given


async def letters_from_the_site(ayu) -> int:
    """How many messages of the site speak of an invitation, by her notifications."""
    found = (await ayu.get("/api/v1/notifications", params={"limit": 80})).json()
    texts = [one["status"]["content"] for one in found if one["type"] == "mention"]
    return sum("invitation for you" in text for text in texts)


async def test_ayu_serves_thirty_days_is_reached_and_paid(tmp_path):
    mailbox = Mailbox()
    async with open_courthouse(tmp_path) as house:
        object.__setattr__(house.world.site, "letters", True)
        await house.seat_pool(9, bench=1)
        ayu = house.jurors[0]
        await jury.appoint(house.world, ayu.id, bench=False, paid=True)
        chosen = await ayu.post("/api/v1/jury/alerts", json={"channels": ["mail", "message"]})
        assert chosen.status_code == 200
        friend = await house.site.member("friend")
        author = await house.site.member("author")
        direct = {"status": f"@author {PRIVATE}", "visibility": "direct"}
        (await friend.post("/api/v1/statuses", json=direct)).raise_for_status()
        ballots = opposed = 0
        for day in range(30):
            await house.post(author, f"{THREAT} Day {day}." if day % 2 == 0 else f"{MILD} {day}")
            cast = await served_today(house, ayu, opposed=day % 4 == 0)
            ballots += cast
            opposed += cast if day % 4 == 0 else 0
            house.site.clock.advance(DAY_MS)
            await house.settle()
            policy = house.court.policy
            await freezing.freeze(house.world, house.court.sequencer, policy, frozen_by="clock")
        assert ballots > 3
        assert opposed > 0, "she was never of another mind: nothing was tried"
        shown = (await ayu.get("/api/v1/jury/statements")).json()
        assert shown["owed"] == 25 * ballots
        assert sum(month["ballots"] for month in shown["months"]) == ballots
        assert shown["years"][0]["ballots"] == ballots
        assert (await treasury.audit(house.world)).faults == []
        # Her mailbox refuses; she is asked once more, and reached by the site's own message.
        panel = msgspec.structs.replace(house.court.policy.panel, min_ballots=9, max_ballots=9)
        policy = msgspec.structs.replace(house.court.policy, panel=panel)
        object.__setattr__(house.court, "policy", policy)
        before = await letters_from_the_site(ayu)
        await house.post(author, f"{THREAT} The last day.")
        mailbox.answers = ["550 5.1.1 no such user"] * 9
        with served(mailbox) as port:
            way = SmtpSubmission(read_server(f"smtp://127.0.0.1:{port}"), sender="p@venire.test")
            await PostOffice(house.world, way, per_hour=10**9).deliver_due()
        house.site.clock.advance(61_000)
        await house.settle()
        alert = await alert_book.load(house.site.storage, ayu.id)
        assert alert is not None
        assert alert.tried == ("mail", "message")
        assert await letters_from_the_site(ayu) == before + 1
        assert (await ayu.get("/api/v1/jury/summons")).json()
