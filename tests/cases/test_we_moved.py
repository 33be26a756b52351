from __future__ import annotations

import pytest

from tests.kit.courthouse import open_courthouse
from venire.continuity.names import beacon, whereabouts
from venire.continuity.names.beacon import Whereabouts
from venire.kernel.clock import DAY_MS, MINUTE_MS
from venire.people import letters
from venire.people.letter_words import words_of
from venire.record.note import Signer, sign_note
from venire.storage.tables.letters import LETTERS

pytestmark = pytest.mark.anyio

_SIGNERS = [Signer(f"keeper-{number}", bytes([number]) * 32) for number in range(1, 4)]


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path, jurors=0) as opened:
        keys = tuple(str(signer.verifier) for signer in _SIGNERS)
        object.__setattr__(opened.world.site, "beacon_signers", keys)
        object.__setattr__(opened.world.site, "letters", True)
        yield opened


def _goes_to(house, address: str) -> None:
    object.__setattr__(house.world.site, "base_url", address)


async def _publish(house, sequence: int, address: str = "https://example.net") -> None:
    now_ms = house.world.now_ms()
    name, onion = house.world.site.domain, f"http://{'a' * 56}.onion"
    said = Whereabouts(name, sequence, now_ms, now_ms + DAY_MS, (address,), onion)
    await whereabouts.publish(house.world, sign_note(beacon.write(said), _SIGNERS[:2]))
    await house.settle()


async def _moved(house) -> list[int]:
    rows, _ = await house.site.storage.scan(LETTERS, None, 500)
    return sorted(row.account_id for row in rows if row.kind == letters.MOVED)


async def test_nobody_is_told_before_the_site_is_where_its_beacon_leads(house):
    member = await house.site.member("ayu")
    await _publish(house, 1, "https://example.org")
    await _publish(house, 2)
    assert await _moved(house) == []
    for address in ("https://example.org", "https://elsewhere.example"):
        _goes_to(house, address)
        house.site.clock.advance(MINUTE_MS)
        await house.settle()
        assert await _moved(house) == []
    _goes_to(house, "https://example.net")
    house.site.clock.advance(MINUTE_MS)
    await house.settle()
    assert int(member.id) in await _moved(house)


async def test_a_site_that_is_at_its_onion_address_tells_so(house):
    member = await house.site.member("ayu")
    _goes_to(house, f"http://{'a' * 56}.onion")
    await _publish(house, 2)
    assert int(member.id) in await _moved(house)


async def test_everybody_has_one_letter_of_a_move_and_none_of_the_first_beacon(house):
    members = [await house.site.member(f"member_{number}") for number in range(5)]
    await _publish(house, 1, "https://example.org")
    assert await _moved(house) == []
    _goes_to(house, "https://example.net")
    await _publish(house, 2)
    told = await _moved(house)
    assert set(told) >= {int(one.id) for one in members}
    assert len(told) == len(set(told))
    await _publish(house, 2)
    assert await _moved(house) == told


async def test_a_beacon_that_is_only_renewed_tells_nobody_that_the_site_has_moved(house):
    await house.site.member("ayu")
    await _publish(house, 1)
    await _publish(house, 2)
    assert await _moved(house) == []
    _goes_to(house, "https://example.org")
    await _publish(house, 3, "https://example.org")
    assert await _moved(house)


async def test_more_than_a_page_of_accounts_is_told_to_the_last(house, monkeypatch):
    monkeypatch.setattr("venire.cases.we_moved._PAGE", 3)
    members = [await house.site.member(f"member_{number}") for number in range(8)]
    _goes_to(house, "https://example.net")
    await _publish(house, 2)
    assert set(await _moved(house)) >= {int(one.id) for one in members}


@pytest.mark.parametrize(("language", "says"), [("en", "reached here"), ("id", "alamat berikut")])
async def test_the_letter_leads_to_the_site_in_the_members_language(house, language, says):
    member = await house.site.member("ayu")
    _goes_to(house, "https://example.net")
    await _publish(house, 2)
    rows, _ = await house.site.storage.scan(LETTERS, None, 500)
    row = next(one for one in rows if one.account_id == int(member.id))
    login = await letters.load_login(house.world, row.account_id)
    link = await letters.link_of(house.world, row, login)
    assert link == "https://example.net"
    import msgspec

    spoken = msgspec.structs.replace(row, language=language)
    assert says in words_of(spoken, house.world.site, "ayu", link).text
