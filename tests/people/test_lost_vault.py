"""A site that came back without `keys/vault.key`: what was sealed is gone, and nothing else is."""

from __future__ import annotations

import dataclasses

import pytest

from tests.kit.site import open_site
from tests.people.test_codes import NUMBER, POLICY, Carrier
from venire.cases import personal_data
from venire.jury import chats
from venire.jury.chats import Chats
from venire.kernel.errors import Conflict
from venire.kernel.messages import ChatMessage
from venire.kernel.vault import Vault
from venire.people import codes, phones, texts
from venire.people.codes import Asker
from venire.people.texts import Phones

pytestmark = pytest.mark.anyio


class Chat:
    """A service that takes everything."""

    def __init__(self):
        self.said: list[ChatMessage] = []

    def accepts(self, _recipient):
        return True

    async def send(self, message):
        self.said.append(message)


@pytest.fixture
async def ayu(tmp_path):
    async with open_site(tmp_path) as site:
        member = await site.member("ayu")
        yield site, Asker(member.id, "her session", "198.51.100.7")


def without_key(site):
    return dataclasses.replace(site.world, sealing=Vault(b"x" * 32))


async def test_a_number_that_opens_no_more_is_none_and_can_be_given_anew(ayu):
    site, asker = ayu
    carrier = Carrier()
    desk = Phones(carrier, POLICY)
    await phones.give(site.world, asker.account_id, NUMBER, "ID")
    bare = without_key(site)
    assert await phones.phone_of(bare, asker.account_id) is None
    said = await texts.tell(bare, desk, asker.account_id, "x", about="y", language="en")
    assert said == "no_phone", "the next way is tried"
    await codes.ask(bare, desk, asker, NUMBER)
    await codes.verify(bare, asker, carrier.code)
    assert (await phones.phone_of(bare, asker.account_id)).e164 == NUMBER


async def test_a_chat_address_that_opens_no_more_is_passed_over(ayu):
    site, asker = ayu
    service = Chat()
    desk = Chats({"ntfy": service})
    await chats.begin(site.world, desk, asker.account_id, "ntfy", "ayus-room")
    code = "".join(sign for sign in service.said[0].text if sign.isdigit())[:6]
    await chats.prove(site.world, asker.account_id, "ntfy", code)
    assert await chats.tell(site.world, desk, asker.account_id, "x") == ""
    assert await chats.tell(without_key(site), desk, asker.account_id, "x") == "no_address"


async def test_another_address_that_was_never_proved_does_not_end_the_one_that_was(ayu):
    site, asker = ayu
    service = Chat()
    desk = Chats({"ntfy": service})
    await chats.begin(site.world, desk, asker.account_id, "ntfy", "ayus-room")
    code = "".join(sign for sign in service.said[0].text if sign.isdigit())[:6]
    await chats.prove(site.world, asker.account_id, "ntfy", code)
    with pytest.raises(Conflict):
        await chats.begin(site.world, desk, asker.account_id, "ntfy", "mistyped")
    assert await chats.tell(site.world, desk, asker.account_id, "x") == ""
    assert service.said[-1].recipient == "ayus-room"


async def test_an_archive_goes_out_though_the_number_in_it_opens_no_more(ayu):
    site, asker = ayu
    await phones.give(site.world, asker.account_id, NUMBER, "ID")
    held = {}
    async for name, lines in personal_data.personal_data(without_key(site), asker.account_id):
        held[name] = b"".join([line async for line in lines])
    assert b'"number":""' in held["data/phones.jsonl"]
