"""`venire relocate` where something went wrong before, and what it says elsewhere meanwhile."""

from __future__ import annotations

import asyncio

import pytest
from pyrage.x25519 import Identity

from tests.cli.calling import call, told
from tests.continuity.moving_kit import Killed, Running
from venire.cli import relocating as command
from venire.continuity.names import beacon, whereabouts
from venire.continuity.names.beacon import Whereabouts
from venire.continuity.recovery import claiming, relocating
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import NotFound, Unavailable
from venire.record.note import Signer, sign_note
from venire.server.backup_sources import stores_of
from venire.server.settings import Settings, load_settings
from venire.server.shipping import DRILL_KEY
from venire.storage.engines.sqlite_upkeep import faults_of

pytestmark = pytest.mark.anyio
TO = "https://new.example.org"
KEEPERS = [Signer(f"keeper-{number}", bytes([number]) * 32) for number in range(1, 4)]


@pytest.fixture
async def site(tmp_path):
    made = Running(tmp_path)
    (made.data / "venire.toml").write_text(
        f"beacon_signers = {[str(one.verifier) for one in KEEPERS]}\n"
        f'backup_recipients = ["{made.recipient}"]\nbase_url = "https://example.org"\n'
        f'[[stores]]\nname = "first"\nurl = "file://{tmp_path / "first"}"\n'
    )
    (made.data / "keys" / DRILL_KEY).write_text(f"{made.identity}\n")
    (made.data / "media" / "ab").mkdir(parents=True)
    (made.data / "media" / "ab" / "picture").write_bytes(b"a walk by the lake")
    await made.start()
    yield made
    await made.stop()


def settings_of(site) -> Settings:
    return load_settings({"data": str(site.data)}, {})


async def to_folder(site):
    settings = settings_of(site)
    (store,) = stores_of(settings)
    target = site.folder / "there"
    return await command._to_folder(settings, store, target, lambda _n: lambda _d, _t: None)


async def test_a_move_to_a_folder_that_was_killed_once_decided_is_finished_by_the_next_one(
    site, monkeypatch
):
    async def die(*_given: object, **_named: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(claiming, "claim_exactly", die)
        patched.setattr(relocating, "_TAKEN_S", 0.5)
        with pytest.raises((Killed, Unavailable)):
            await to_folder(site)
    assert not (site.folder / "there" / "venire.db").exists()
    done = await asyncio.wait_for(to_folder(site), 30)
    assert (done.to, done.generation) == ("", 2)
    assert (site.folder / "there" / "media" / "ab" / "picture").exists()
    assert faults_of(site.folder / "there" / "venire.db") == []
    assert await site.missing_there() == set()


async def test_a_beacon_sends_nobody_to_a_host_that_does_not_stand_by(site):
    now_ms = site.clock.now_ms()
    said = Whereabouts("example.org", 1, now_ms, now_ms + DAY_MS, (TO,))
    switch = command._Switch((), sign_note(beacon.write(said), KEEPERS[:2]))
    settings = settings_of(site)
    (store,) = stores_of(settings)
    with pytest.raises(Unavailable) as refused:
        await command._to_address(settings, store, TO, switch)
    assert refused.value.code == "standby_not_ready"
    with pytest.raises(NotFound):
        await whereabouts.shown(site.world)


async def test_a_beacon_goes_along_and_one_of_a_move_that_failed_is_named(
    site, monkeypatch, capsys
):
    monkeypatch.setattr(relocating, "_SHIPPED_S", 0.0)
    now_ms = site.clock.now_ms()
    said = Whereabouts("example.org", 1, now_ms, now_ms + DAY_MS, (TO,))
    switch = command._Switch((), sign_note(beacon.write(said), KEEPERS[:2]))
    settings = settings_of(site)
    (store,) = stores_of(settings)
    standby = site.standby()
    following = asyncio.create_task(standby.run())
    await asyncio.wait_for(standby.ready.wait(), 20)
    site.tasks[0].cancel()
    with pytest.raises(Unavailable) as refused:
        await command._to_address(settings, store, TO, switch)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert refused.value.code == "store_behind"
    assert (await whereabouts.shown(site.world)).sequence == 1
    assert "BEACON     the site stays here" in capsys.readouterr().err


def test_names_and_beacons_are_not_switched_for_a_folder(tmp_path):
    data = tmp_path / "data"
    call("account", "create", "ayunda", "--email", "ayunda@mail.test", "--data", data)
    (data / "venire.toml").write_text(
        f'backup_recipients = ["{Identity.generate().to_public()}"]\n'
        f'[[stores]]\nname = "first"\nurl = "file://{tmp_path}"\n'
    )
    told(call("relocate", "--to", tmp_path / "there", "--data", data, "--point",
              "example.org=203.0.113.7", "--json", "-"), "address_stays")  # fmt: skip
