"""From `[[vendors]]` to the ways to people's phones: what is wrong is said at start, by place."""

from __future__ import annotations

import contextlib

import pytest

from tests.kit.site import open_site
from venire.adapters.sms.android_gateway import AndroidGateway
from venire.adapters.sms.infobip import Infobip
from venire.adapters.sms.twilio import Twilio
from venire.cli.drills.counterparts.chat import SECRETS, ChatCounterpart
from venire.cli.drills.counterparts.infobip import InfobipCounterpart
from venire.cli.drills.counterparts.server import served
from venire.cli.drills.counterparts.twilio import ACCOUNT, TOKEN, TwilioCounterpart
from venire.jury import chats
from venire.kernel.errors import Invalid, Unavailable
from venire.kernel.messages import TextMessage
from venire.server.settings import Settings, load_settings
from venire.server.texting import open_chats, open_phones
from venire.server.vendor_settings import VendorSettings

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]
MESSAGE = TextMessage("+6281234567890", "123456", "a" * 32, "en")


def settings(folder, *vendors: VendorSettings, **more) -> Settings:
    return Settings(
        data=str(folder), profile="acceptance", vendors=vendors, phone_countries=("ID",), **more
    )


def block(kind, adapter, name="first", **options) -> VendorSettings:
    return VendorSettings(
        kind=kind, adapter=adapter, name=name, secret_file=f"{name}.secret", options=options
    )


@pytest.fixture
async def world(tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    async with open_site(folder) as site:
        yield site.world


@pytest.fixture
async def stack():
    async with contextlib.AsyncExitStack() as opened:
        yield opened


def secret(folder, text, name="first") -> None:
    (folder / f"{name}.secret").write_text(text)


async def test_the_first_that_answers_sends_and_the_second_is_there(tmp_path, world, stack):
    twilio, infobip = TwilioCounterpart(), InfobipCounterpart()
    with served(twilio), served(infobip):
        secret(tmp_path, f"{TOKEN}\n")
        secret(tmp_path, "stand-in-key\n", "second")
        first = {"account": ACCOUNT, "from": "+15005550006", "address": twilio.url}
        second = {"address": infobip.url, "from": "Venire"}
        given = settings(
            tmp_path,
            block("sms", "twilio", **first),
            block("sms", "infobip", "second", **second),
        )
        desk = open_phones(given, world, stack)
        assert desk is not None
        assert isinstance(desk.reporters["first"], Twilio)
        assert isinstance(desk.reporters["second"], Infobip)
        twilio.closed = True
        taken = await desk.service.send(MESSAGE)
        assert taken.said.startswith("second")
        (kept,) = infobip.texts.values()
        assert "/api/v1/vendors/texts/second/" in kept["hook"]
        await desk.service.check()


async def test_a_site_without_vendors_has_no_way_and_opens_all_the_same(tmp_path, world, stack):
    assert open_phones(settings(tmp_path), world, stack) is None
    assert open_chats(settings(tmp_path), world, stack) is None


async def test_a_phone_of_ones_own_needs_no_vendor(tmp_path, world, stack):
    secret(tmp_path, "word\nsigning-key\n")
    vendor = block("sms", "android", address="http://192.168.1.10:8080", username="sms")
    desk = open_phones(settings(tmp_path, vendor), world, stack)
    assert desk is not None
    assert isinstance(desk.reporters["first"], AndroidGateway)


@pytest.mark.parametrize(
    ("vendor", "said"),
    [
        (block("sms", "carrier-pigeon"), "twilio"),
        (block("sms", "twilio"), "account"),
        (block("sms", "twilio", account="AC1", **{"from": "+1"}), "twilio"),
        (block("sms", "infobip", **{"from": "x"}), "address"),
        (block("sms", "infobip", address="http://api.test", **{"from": "x"}), "https"),
        (block("sms", "android", address="http://8.8.8.8", username="x"), "https"),
        (block("chat", "json"), "ntfy"),
        (block("chat", "ntfy"), "https"),
        (block("chat", "ntfy", address="https://ntfy.test", operators="a/b"), "operators"),
        (block("chat", "telegram", address="https://t.test"), "chat"),
    ],
)
async def test_a_block_that_cannot_be_used_is_refused_with_its_place(
    tmp_path, world, stack, vendor, said
):
    secret(tmp_path, "no-token")
    make = open_phones if vendor.kind == "sms" else open_chats
    with pytest.raises(Invalid) as caught:
        make(settings(tmp_path, vendor), world, stack)
    assert said in caught.value.hint
    assert "no-token" not in str(caught.value)


async def test_a_secret_that_is_not_there_stops_the_start(tmp_path, world, stack):
    vendor = block("sms", "twilio", account=ACCOUNT, **{"from": "+15005550006"})
    with pytest.raises(Unavailable) as caught:
        open_phones(settings(tmp_path, vendor), world, stack)
    assert caught.value.code == "vendor_secret_missing"


async def test_countries_and_money_are_looked_at_before_anything_is_sent(tmp_path, world, stack):
    for wrong in (
        {"phone_countries": ["Indonesia"]},
        {"texts_per_day": 0},
        {"text_cost": 50, "text_budget": 10},
    ):
        given = load_settings({"data": str(tmp_path), **wrong}, {})
        with pytest.raises(Invalid):
            open_phones(given, world, stack)
    spoken = load_settings({"data": str(tmp_path)}, {"VENIRE_PHONE_COUNTRIES": "ID, DE"})
    assert spoken.phone_countries == ("ID", "DE")


async def test_operators_hear_at_their_own_address_that_they_are_needed(tmp_path, world, stack):
    ntfy, slack = ChatCounterpart("ntfy"), ChatCounterpart("slack")
    with served(ntfy), served(slack):
        secret(tmp_path, SECRETS["ntfy"])
        secret(tmp_path, SECRETS["slack"], "second")
        given = settings(
            tmp_path,
            block("chat", "ntfy", address=ntfy.url, operators="ops-topic"),
            block("chat", "slack", "second", address=slack.url, operators="U0OPERATOR"),
        )
        desk = open_chats(given, world, stack)
        slack.closed = True
        assert await chats.tell_operators(world, desk) == 1
        ((recipient, said),) = ntfy.said
        assert recipient == "ops-topic"
        assert "http://venire.test/moderation/vendors" in said
        assert await chats.tell_operators(world, None) == 0
