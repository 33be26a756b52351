"""Push subscriptions, and what reaches a device from a notification on."""

from __future__ import annotations

import asyncio
import base64

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.api.telling_site import publish, telling_subscriptions
from tests.kit.push_service import Receiver, read, read_draft
from tests.kit.site import open_site
from venire.adapters.push.addresses import Gate
from venire.adapters.push.encryption import point_of, url_safe
from venire.adapters.push.vapid import Vapid
from venire.adapters.push.web_push import WebPush
from venire.api import push_telling
from venire.api.settings import ApiSettings
from venire.kernel.chance import SystemChance
from venire.kernel.clock import DAY_MS, ManualClock
from venire.kernel.i18n import catalogue_keys
from venire.kernel.ports import PushMessage
from venire.people.tokens import revoke_token
from venire.posts.push_delivery import WAITING_MOST, PushDelivery
from venire.storage.relay import Subscription

pytestmark = pytest.mark.anyio

PATH = "/api/v1/push/subscription"
POINT = base64.urlsafe_b64encode(b"\x04" + b"k" * 64).decode().rstrip("=")
AUTH = base64.b64encode(b"a" * 16).decode()


class Service:
    """A push service that keeps what it is given, and answers as it is told."""

    public_key = "the-key"

    def __init__(self) -> None:
        self.sent: list[PushMessage] = []
        self.outcomes: list[str] = []
        self.hold: asyncio.Event | None = None

    async def send(self, message: PushMessage) -> str:
        if self.hold is not None:
            await self.hold.wait()
        self.sent.append(message)
        return self.outcomes.pop(0) if self.outcomes else "sent"

    def payloads(self) -> list[dict]:
        return [msgspec.json.decode(one.payload) for one in self.sent]


def hears_pushes(court):
    told = Subscription(
        "push", lambda one: push_telling.on_notified(court, one), push_telling.HEARS
    )
    return (*telling_subscriptions(court), told)


@pytest.fixture
async def service():
    return Service()


@pytest.fixture
async def site(tmp_path, service):
    delivery = PushDelivery(service, pauses_s=(0.0, 0.0))

    async with open_site(
        tmp_path,
        subscriptions=hears_pushes,
        settings=ApiSettings(vapid_public_key=service.public_key),
        parts=lambda _world: {"push": delivery},
    ) as opened:
        yield opened
    await delivery.close()


async def pushed(site) -> None:
    await site.settle()
    await site.settle()
    await site.court.push.idle()


def wanted(endpoint: str = "https://push.example/1", **data) -> dict:
    return {
        "subscription": {
            "endpoint": endpoint,
            "keys": {"p256dh": POINT, "auth": AUTH},
            "standard": True,
        },
        "data": {"alerts": {"mention": True, "follow": True}, **data},
    }


async def test_a_device_subscribes_reads_changes_and_leaves(site):
    ani = await site.member("ani")
    assert (await ani.get(PATH)).status_code == 404
    assert (await ani.put(PATH, json={"data": {}})).status_code == 404
    one = (await ani.post(PATH, json=wanted(policy="followed"))).json()
    assert (one["endpoint"], one["server_key"]) == ("https://push.example/1", "the-key")
    assert (one["standard"], one["policy"]) == (True, "followed")
    assert {name for name, on in one["alerts"].items() if on} == {"mention", "follow"}
    assert (await ani.get(PATH)).json() == one
    changed = await ani.put(PATH, json={"data": {"alerts": {"poll": True}, "policy": "all"}})
    assert {name for name, on in changed.json()["alerts"].items() if on} == {"poll"}
    form = {
        "subscription[endpoint]": "https://push.example/2",
        "subscription[keys][p256dh]": POINT,
        "subscription[keys][auth]": AUTH,
        "data[alerts][admin.sign_up]": "true",
    }
    again = (await ani.post(PATH, data=form)).json()
    assert (again["endpoint"], again["standard"]) == ("https://push.example/2", False)
    assert again["alerts"]["admin.sign_up"] is True
    assert (await ani.delete(PATH)).json() == {}
    assert (await ani.get(PATH)).status_code == 404


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        ("endpoint", "ftp://push.example/1", "push_endpoint_invalid"),
        ("endpoint", "https:///nothing", "push_endpoint_invalid"),
        ("endpoint", "https://a@push.example/", "push_endpoint_invalid"),
        ("endpoint", "https://push.example/" + "x" * 2_040, "push_endpoint_invalid"),
        ("p256dh", "AAAA", "push_key_invalid"),
        ("p256dh", "not base64!", "push_key_invalid"),
        ("auth", "AAAA", "push_key_invalid"),
        ("policy", "everybody", "push_choice_unknown"),
    ],
)
async def test_what_cannot_be_pushed_to_is_refused(site, place, value, code):
    ani = await site.member("ani")
    body = wanted()
    if place == "policy":
        body["data"]["policy"] = value
    elif place == "endpoint":
        body["subscription"]["endpoint"] = value
    else:
        body["subscription"]["keys"][place] = value
    answer = await ani.post(PATH, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await ani.get(PATH)).status_code == 404


async def test_outside_of_tests_an_endpoint_is_https_and_has_a_name(tmp_path):
    async with open_site(tmp_path, acceptance=False) as site:
        ani = await site.member("ani")
        for address in ("http://push.example/", "https://10.0.0.1/", "https://localhost/"):
            answer = await ani.post(PATH, json=wanted(address))
            assert answer.json()["code"] == "push_endpoint_invalid", address
        assert (await ani.post(PATH, json=wanted())).status_code == 200


async def test_a_mention_reaches_the_device_in_its_language(site, service):
    ani, bob = await site.member("ani"), await site.member("bob")
    headers = {**ani.headers, "Accept-Language": "id"}
    (await site.client.post(PATH, json=wanted(), headers=headers)).raise_for_status()
    await publish(bob, "@ani <b>hello</b>\n" + "x" * 200)
    await bob.post(f"/api/v1/accounts/{ani.id}/follow")
    await publish(bob, "@ani behind", spoiler_text="careful")
    await pushed(site)
    mention, follow, behind = service.payloads()
    told = (await ani.get("/api/v1/notifications")).json()
    assert mention["notification_id"] == int(told[2]["id"])
    assert (mention["notification_type"], mention["access_token"]) == ("mention", "")
    assert mention["preferred_locale"] == "id"
    assert "bob" in mention["title"]
    assert mention["title"] != "bob mentioned you"
    assert mention["body"].startswith("@ani <b>hello</b> xxx")
    assert len(mention["body"]) == 140
    assert mention["icon"].startswith("http")
    assert follow["notification_type"] == "follow"
    assert behind["body"] == "careful"
    assert service.sent[0].endpoint == "https://push.example/1"


async def test_only_what_is_wanted_is_pushed(site, service):
    ani, bob = await site.member("ani"), await site.member("bob")
    post = await publish(ani, "one")
    (await ani.post(PATH, json=wanted(policy="follower"))).raise_for_status()
    await publish(bob, "@ani")
    await bob.post(f"/api/v1/statuses/{post}/favourite")
    await pushed(site)
    assert service.sent == []
    await ani.put(PATH, json={"data": {"alerts": {"mention": True}, "policy": "none"}})
    await publish(bob, "@ani")
    await pushed(site)
    assert service.sent == []
    await ani.put(PATH, json={"data": {"alerts": {"mention": True}}})
    spared = {"title": "t", "context": ["notifications"], "filter_action": "hide"}
    words = [{"keyword": "coffee"}]
    await ani.post("/api/v2/filters", json={**spared, "keywords_attributes": words})
    await publish(bob, "@ani coffee")
    await publish(bob, "@ani tea")
    await pushed(site)
    assert [one["body"] for one in service.payloads()] == ["@ani tea"]


async def test_what_a_policy_holds_back_is_not_pushed(site, service):
    ani = await site.member("ani")
    (await ani.post(PATH, json=wanted())).raise_for_status()
    site.clock.advance(2 * DAY_MS)
    eve = await site.member("eve")
    await publish(eve, "@ani")
    await pushed(site)
    assert service.sent == []


async def test_a_device_that_is_gone_is_forgotten(site, service):
    ani, bob = await site.member("ani"), await site.member("bob")
    (await ani.post(PATH, json=wanted())).raise_for_status()
    service.outcomes = ["later", "gone"]
    await publish(bob, "@ani")
    await pushed(site)
    assert len(service.sent) == 2
    assert (await ani.get(PATH)).status_code == 404


async def test_what_cannot_be_delivered_is_given_up_and_the_next_still_goes(site, service):
    ani, bob = await site.member("ani"), await site.member("bob")
    (await ani.post(PATH, json=wanted())).raise_for_status()
    service.outcomes = ["later", "later", "later", "refused"]
    for number in range(3):
        await publish(bob, f"@ani {number}")
        await pushed(site)
    assert [one["body"] for one in service.payloads()] == ["@ani 0"] * 3 + ["@ani 1", "@ani 2"]
    assert (await ani.get(PATH)).status_code == 200


async def test_a_token_that_ended_pushes_no_more(site, service):
    ani, bob = await site.member("ani"), await site.member("bob")
    (await ani.post(PATH, json=wanted())).raise_for_status()
    await revoke_token(site.world, ani.created.access_token)
    await publish(bob, "@ani")
    await pushed(site)
    assert service.sent == []


async def test_a_device_that_hangs_holds_up_no_other_and_its_line_is_short(service):
    service.hold = asyncio.Event()
    slow = PushDelivery(service)
    message = PushMessage("https://slow.example/", b"", b"", standard=True, payload=b"")

    async def gone() -> None:
        raise AssertionError

    for number in range(WAITING_MOST + 10):
        slow.offer(1, msgspec.structs.replace(message, payload=b"%d" % number), gone)
        await asyncio.sleep(0)
    other = msgspec.structs.replace(message, endpoint="https://quick.example/")
    slow.offer(2, other, gone)
    service.hold.set()
    await slow.idle()
    assert len(service.sent) == WAITING_MOST + 2
    assert other in service.sent


def test_every_title_is_translated():
    assert set(push_telling.TITLES.values()) <= catalogue_keys("id")


@pytest.mark.loopback
@pytest.mark.parametrize("standard", [True, False])
async def test_a_mention_is_read_by_a_real_device_and_by_nobody_else(
    socket_enabled, tmp_path, standard
):
    device = ec.generate_private_key(ec.SECP256R1())
    receiver = Receiver()
    server = await asyncio.start_server(receiver, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/device"
    vapid = Vapid(b"k" * 32, "mailto:us@venire.test", ManualClock())
    web_push = WebPush(vapid, SystemChance(), Gate(loopback=True))
    delivery = PushDelivery(web_push)
    parts = lambda _world: {"push": delivery}  # noqa: E731 - as the site takes it
    async with open_site(tmp_path, subscriptions=hears_pushes, parts=parts) as site:
        ani, bob = await site.member("ani"), await site.member("bob")
        body = wanted(url)
        keys = {"p256dh": url_safe(point_of(device.public_key())), "auth": url_safe(b"a" * 16)}
        body["subscription"] |= {"keys": keys, "standard": standard}
        (await ani.post(PATH, json=body)).raise_for_status()
        await publish(bob, "@ani for your eyes")
        await pushed(site)
    ((headers, sealed),) = receiver.got
    assert b"eyes" not in sealed
    plain = (
        read(sealed, device, b"a" * 16)
        if standard
        else read_draft(sealed, headers, device, b"a" * 16)
    )
    assert msgspec.json.decode(plain)["body"] == "@ani for your eyes"
    await delivery.close()
    await web_push.close()
    server.close()
    await server.wait_closed()


async def test_apps_and_instance_tell_the_key(site):
    instance = (await site.client.get("/api/v2/instance")).json()
    assert instance["configuration"]["vapid"] == {"public_key": "the-key"}
    app = await site.client.post(
        "/api/v1/apps",
        json={"client_name": "x", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob"},
    )
    assert app.json()["vapid_key"] == "the-key"
