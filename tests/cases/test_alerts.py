"""A juror hears of a summons: one way after another, over real wires, with nothing in it."""

from __future__ import annotations

import asyncio
import contextlib
import json

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.kit.courthouse import THREAT, Courthouse, open_courthouse
from tests.kit.mailbox import Mailbox, served, speaking
from tests.kit.push_service import Receiver, read
from venire.adapters.mail.submission import SmtpSubmission, read_server
from venire.adapters.push.addresses import Gate
from venire.adapters.push.encryption import point_of, url_safe
from venire.adapters.push.vapid import Vapid
from venire.adapters.push.web_push import WebPush
from venire.cases import alerting
from venire.jury import alert_book
from venire.kernel.chance import SystemChance
from venire.kernel.clock import ManualClock
from venire.people.post_office import PostOffice
from venire.posts.push_delivery import PushDelivery

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]

MINUTE_MS = 60_000
AUTH = b"a" * 16


@contextlib.asynccontextmanager
async def open_house(folder, jurors=6):
    """A house with letters and a way to devices."""
    async with open_courthouse(folder) as house:
        site = house.world.site
        object.__setattr__(site, "letters", True)
        vapid = Vapid(b"\x01" * 32, "https://venire.test", ManualClock())
        push = WebPush(vapid, SystemChance(), Gate(loopback=True))
        object.__setattr__(house.court, "push", PushDelivery(push, pauses_s=(0.0,)))
        await house.seat_pool(jurors)
        yield house
        await push.close()


async def prefer(member, *channels, **more):
    chosen = await member.post("/api/v1/jury/alerts", json={"channels": list(channels), **more})
    assert chosen.status_code == 200, chosen.text
    return chosen.json()["alerts"]


async def summon(house: Courthouse, number=0):
    author = await house.site.member(f"author_{number}")
    await house.post(author, f"{THREAT} {number}")


async def later(house: Courthouse, minutes: int) -> None:
    house.site.clock.advance(minutes * MINUTE_MS)
    await house.settle()


async def messages_to(member) -> list[str]:
    found = (await member.get("/api/v1/conversations")).json()
    return [one["last_status"]["content"] for one in found]


async def alert_of(house: Courthouse, member):
    return await alert_book.load(house.site.storage, member.id)


async def health_of(house: Courthouse, member) -> dict[str, str]:
    found = await alert_book.healths(house.site.storage, member.id)
    return {one.channel: one.health for one in found}


def office(house: Courthouse, port: int) -> PostOffice:
    way = SmtpSubmission(read_server(f"smtp://127.0.0.1:{port}"), sender="post@venire.test")
    return PostOffice(house.world, way, per_hour=10**9)


async def subscribe(member, port: int, device) -> None:
    body = {
        "subscription": {
            "endpoint": f"http://127.0.0.1:{port}/device",
            "keys": {"p256dh": url_safe(point_of(device.public_key())), "auth": url_safe(AUTH)},
            "standard": True,
        },
        "data": {"alerts": {"follow": True}},
    }
    made = await member.post("/api/v1/push/subscription", json=body)
    assert made.status_code == 200, made.text


FORBIDDEN = ("traitors", "hang", "incitement", "Threats", "minutes", "deadline", "hour")
"""Content, category, and whatever presses."""


def says_nothing(text: str) -> None:
    for word in FORBIDDEN:
        assert word not in text, text


async def test_the_usual_way_is_a_message_and_whoever_looks_is_left_in_peace(tmp_path):
    async with open_house(tmp_path) as house:
        await summon(house)
        juror, _ = (await house.summoned())[0]
        # `summoned` has looked into every jury room: nobody is told more.
        told = await messages_to(juror)
        assert len(told) == 1
        says_nothing(told[0])
        assert (await alert_of(house, juror)).state == "seen"
        await later(house, 60)
        assert await messages_to(juror) == told
        assert (await alert_of(house, juror)).tried == ("message",)


async def test_a_mail_server_that_is_down_leads_on_to_the_next_way(tmp_path):
    async with open_house(tmp_path, jurors=3) as house:
        for juror in house.jurors:
            await prefer(juror, "mail", "message")
        await summon(house)
        lot = house.jurors[:3]
        assert [(await alert_of(house, juror)).phase for juror in lot] == ["posted"] * 3
        with speaking(b"421 4.3.2 shutting down\r\n") as port:
            await office(house, port).deliver_due()
            await later(house, 1)
        # The first letter was tried, and its juror is told in another way within the minute.
        told = [juror for juror in lot if await messages_to(juror)]
        assert len(told) == 1
        assert (await alert_of(house, told[0])).tried == ("mail", "message")
        assert (await health_of(house, told[0]))["mail"] == "failing"
        # The others' letters wait in the post office; their jurors do not.
        for _ in range(25):
            await later(house, 1)
        assert [len(await messages_to(juror)) for juror in lot] == [1, 1, 1]


async def test_a_refused_mailbox_is_dead_and_passed_over_the_next_time(tmp_path):
    mailbox = Mailbox()
    async with open_house(tmp_path, jurors=3) as house:
        for juror in house.jurors:
            await prefer(juror, "mail", "message")
        await summon(house)
        juror = house.jurors[0]
        mailbox.answers = ["550 5.1.1 no such user"] * 3
        with served(mailbox) as port:
            await office(house, port).deliver_due()
        await later(house, 1)
        assert (await health_of(house, juror))["mail"] == "dead"
        assert len(await messages_to(juror)) == 1
        shown = (await juror.get("/api/v1/jury")).json()["alerts"]["health"]
        assert {"channel": "mail", "health": "dead"}.items() <= shown[0].items()
        assert "@" not in json.dumps(shown)
        # Five hours later another summons: the dead way is not waited for.
        await later(house, 300)
        await summon(house, 1)
        assert (await alert_of(house, juror)).tried == ("message",)


async def test_a_letter_arrives_says_nothing_and_a_message_follows_if_nobody_looks(tmp_path):
    mailbox = Mailbox()
    async with open_house(tmp_path, jurors=3) as house:
        for juror in house.jurors:
            await prefer(juror, "mail", "message")
        await summon(house)
        with served(mailbox) as port:
            await office(house, port).deliver_due()
            # Told again after a crash, the same letter is not sent twice.
            juror = house.jurors[0]
            alert = await alert_of(house, juror)
            await alerting.go_on(house.court, juror.id, alert.id)
            await office(house, port).deliver_due()
        assert len(mailbox.letters) == 3
        for letter in mailbox.letters:
            says_nothing(letter.get_content())
            assert letter["Subject"] == "An invitation for you on Venire"
            assert "http://venire.test/jury" in letter.get_content()
        await later(house, 1)
        assert (await alert_of(house, juror)).phase == "sent"
        assert await messages_to(juror) == []
        await later(house, 25)
        assert len(await messages_to(juror)) == 1
        known = {one.channel: one for one in await alert_book.healths(house.site.storage, juror.id)}
        assert (known["mail"].health, known["mail"].unopened) == ("works", 1)
        (await juror.get("/api/v1/jury/summons")).raise_for_status()
        assert (await alert_of(house, juror)).state == "seen"


async def test_a_push_arrives_and_a_device_that_is_gone_leads_on(tmp_path):
    async with open_house(tmp_path, jurors=3) as house:
        receiver = Receiver()
        server = await asyncio.start_server(receiver, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        juror = house.jurors[0]
        device = ec.generate_private_key(ec.SECP256R1())
        await subscribe(juror, port, device)
        await prefer(juror, "push", "message")
        await summon(house)
        alert = await alert_of(house, juror)
        assert (alert.tried, alert.phase) == (("push",), "sent")
        assert await messages_to(juror) == []
        told = json.loads(read(receiver.got[0][1], device, AUTH))
        assert told["title"] == "There is an invitation for you in the jury room"
        assert told["body"] == ""
        says_nothing(json.dumps(told))
        # The next time the device is gone: at once the next way, and it is remembered.
        receiver.answer = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"
        await later(house, 300)
        await summon(house, 1)
        alert = await alert_of(house, juror)
        assert alert.tried == ("push", "message")
        assert len(await messages_to(juror)) == 1
        assert (await health_of(house, juror))["push"] == "dead"
        assert (await juror.get("/api/v1/push/subscription")).status_code == 404
        server.close()
        await server.wait_closed()


async def test_in_quiet_hours_nothing_comes_and_afterwards_only_what_still_waits(tmp_path):
    async with open_house(tmp_path, jurors=3) as house:
        juror = house.jurors[0]
        # The house's clock starts at midnight UTC.
        await prefer(juror, "message", "mail", quiet_from="22:00", quiet_to="01:00")
        await summon(house)
        assert await messages_to(juror) == []
        await later(house, 59)
        assert await messages_to(juror) == []
        await later(house, 2)
        assert len(await messages_to(juror)) == 1
        other = house.jurors[1]
        await prefer(other, "message", "mail", quiet_from="00:30", quiet_to="09:00")
        await later(house, 300)
        await summon(house, 1)
        await later(house, 600)
        # The summons had lapsed by then: nobody is told of what is over.
        assert len(await messages_to(other)) == 1
        assert (await alert_of(house, other)).state == "over"


async def test_when_no_way_is_left_the_alert_ends_and_the_case_goes_on(tmp_path):
    async with open_house(tmp_path, jurors=3) as house:
        # A site that cannot send letters, and members without a device.
        object.__setattr__(house.world.site, "letters", False)
        for juror in house.jurors:
            await prefer(juror, "push", "mail")
        await summon(house)
        juror = house.jurors[0]
        alert = await alert_of(house, juror)
        assert (alert.state, alert.tried) == ("unreached", ("push", "mail"))
        assert await messages_to(juror) == []
        assert set((await health_of(house, juror)).values()) == {"dead"}


async def test_one_alert_in_four_hours_however_many_summons(tmp_path):
    async with open_house(tmp_path, jurors=3) as house:
        for number in range(4):
            await summon(house, number)
        juror = house.jurors[0]
        assert len((await juror.get("/api/v1/jury/summons")).json()) == 4
        assert len(await messages_to(juror)) == 1


async def test_killed_between_choosing_a_way_and_sending_the_alert_is_sent_once(tmp_path):
    async with open_house(tmp_path, jurors=3) as house:
        juror = house.jurors[0]
        await summon(house)
        alert = await alert_of(house, juror)
        # As if the process had died right after it had written down where it would go.
        due = msgspec.structs.replace(alert, phase="due", next_at_ms=house.site.clock.now_ms())
        await alert_book.save(house.world, due)
        await later(house, 0)
        assert (await alert_of(house, juror)).phase == "sent"
        assert len(await messages_to(juror)) == 1
