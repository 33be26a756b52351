from __future__ import annotations

import pytest

from tests.kit.courthouse import open_courthouse
from venire.continuity.names import beacon
from venire.continuity.names.beacon import Whereabouts
from venire.events import BeaconPublished
from venire.kernel.clock import DAY_MS
from venire.record.note import Signer, sign_note

pytestmark = pytest.mark.anyio

_SIGNERS = [Signer(f"keeper-{number}", bytes([number]) * 32) for number in range(1, 4)]


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path, jurors=0) as opened:
        keys = tuple(str(signer.verifier) for signer in _SIGNERS)
        object.__setattr__(opened.world.site, "beacon_signers", keys)
        yield opened


def _signed(house, sequence=1, signers=2, address="https://example.net") -> bytes:
    now_ms = house.world.now_ms()
    said = Whereabouts(house.world.site.domain, sequence, now_ms, now_ms + 30 * DAY_MS, (address,))
    return sign_note(beacon.write(said), _SIGNERS[:signers])


async def _publish(admin, content: bytes):
    return await admin.post("/api/v1/admin/beacon", content=content)


async def test_what_two_signed_is_shown_to_everybody_byte_for_byte(house):
    assert (await house.site.client.get("/.well-known/venire-beacon")).status_code == 404
    admin = await house.site.member("keeper", "admin")
    signed = _signed(house)
    answer = await _publish(admin, signed)
    assert answer.json()["addresses"] == ["https://example.net"]
    assert (await _publish(admin, signed)).status_code == 200
    shown = await house.site.client.get("/.well-known/venire-beacon")
    assert shown.content == signed
    told = [one.event for one in await house.site.storage.tail(0, 1_000)]
    assert told.count(BeaconPublished(1, "renewed")) == 1


async def test_an_older_one_and_one_with_one_signature_are_refused_and_change_nothing(house):
    admin = await house.site.member("keeper", "admin")
    newest = _signed(house, 2)
    assert (await _publish(admin, newest)).status_code == 200
    older = await _publish(admin, _signed(house, 1))
    assert older.status_code == 409
    alone = await _publish(admin, _signed(house, 3, signers=1))
    assert (alone.status_code, alone.json()["code"]) == (422, "beacon_too_few_signers")
    other = await _publish(admin, _signed(house, 2, address="https://example.com"))
    assert other.json()["code"] == "beacon_rolled_back"
    assert (await _publish(admin, b"")).status_code == 422
    assert (await house.site.client.get("/.well-known/venire-beacon")).content == newest


async def test_nobody_but_an_admin_publishes_one(house):
    for role in ("member", "moderator"):
        someone = await house.site.member(f"some_{role}", role)
        assert (await _publish(someone, _signed(house))).status_code == 403


async def test_a_site_that_names_no_keys_believes_nobody(house):
    object.__setattr__(house.world.site, "beacon_signers", ())
    admin = await house.site.member("keeper", "admin")
    answer = await _publish(admin, _signed(house))
    assert answer.json()["code"] == "beacon_has_no_keys"
