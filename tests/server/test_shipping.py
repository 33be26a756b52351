"""A running site ships its journal, publishes what is elsewhere, and stops where it is fenced."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time

import httpx
import pyrage
import pytest

from tests.continuity import shipping_kit
from venire.adapters.objects.named import Place, open_store
from venire.cli.drills.site import free_port
from venire.continuity.journal.generations import note_fenced
from venire.continuity.journal.lineage import After
from venire.continuity.journal.stores import Store
from venire.continuity.recovery.claiming import claim, hand_of
from venire.events import CaseChanged
from venire.kernel.chance import SeededChance
from venire.kernel.errors import Unavailable
from venire.server.settings import Settings, load_settings
from venire.server.shipping import DRILL_KEY, drill_recipient
from venire.server.wiring import open_house
from venire.server.workers import leading

pytestmark = pytest.mark.anyio


def settled(tmp_path, *names, more=""):
    """A data folder whose settings name stores in folders beside it."""
    folder = tmp_path / "data"
    folder.mkdir(exist_ok=True)
    recipient = shipping_kit.KEY.to_public()
    blocks = "".join(
        f'[[stores]]\nname = "{name}"\nurl = "file://{tmp_path / name}"\n' for name in names
    )
    text = f'backup_recipients = ["{recipient}"]\n{more}\n{blocks}'
    (folder / "venire.toml").write_text(text)
    return folder


def settings_of(folder) -> Settings:
    return load_settings({"data": str(folder)}, {})


def eventually(check, within_s=25.0):
    until = time.monotonic() + within_s
    while not check():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.05)


@contextlib.contextmanager
def started(folder, port):
    log = folder.parent / f"{port}.log"
    command = [sys.executable, "-m", "venire", "run", "--data", str(folder), "--port", str(port)]
    with log.open("ab") as sink:
        process = subprocess.Popen([*command, "--workers", "2"], stdout=sink, stderr=sink)
    try:
        yield process, log
    finally:
        process.kill()
        process.wait()


def answers(port, path="/health"):
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False).is_success
    return False


@pytest.mark.loopback
async def test_a_site_ships_from_its_start_and_stops_for_good_when_another_takes_over(tmp_path):
    folder, port = settled(tmp_path, "first", "second"), free_port()
    with started(folder, port) as (process, log):
        eventually(lambda: answers(port, "/record/checkpoint"))
        eventually(lambda: list((tmp_path / "second" / "journal" / "00000001").glob("*.seg")))
        objects = open_store(Place(url=f"file://{tmp_path / 'first'}"))
        assert await shipping_kit.journal_in(objects)
        assert "kept_on_this_host_only" not in log.read_text(), "it waited for its own shipper"

        told = tmp_path / "second" / "generations" / "00000002.json"
        told.write_text("{}")
        await asyncio.sleep(1)
        assert process.poll() is None, "anybody with the store's password could have said that"
        told.unlink()
        seed = (folder / "keys" / "record.key").read_bytes()
        hand = hand_of((folder / "record.pub").read_text(), seed)
        who = {"site": "localhost", "origin": "other", "program": "0", "now_ms": 0}
        second = Store("second", open_store(Place(url=f"file://{tmp_path / 'second'}")))
        await claim([second], After(1, 1, "00" * 32), **who, hand=hand)
        eventually(lambda: process.poll() is not None)
        assert process.returncode == 1
        assert "error: fenced" in log.read_text()
    with started(folder, port) as (process, log):
        assert process.wait(25) == 1
        assert "error: fenced" in log.read_text()


async def test_a_checkpoint_is_told_once_its_entries_are_in_a_store(tmp_path, caplog):
    folder = settled(tmp_path, "first", more="store_patience_s = 1")
    async with open_house(settings_of(folder)) as house:
        sequencer = house.court.sequencer
        async with leading(house, lambda: None):
            before = await sequencer.checkpoint()
            index = await sequencer.append("one", b"an entry")
            told = await sequencer.checkpoint()
            assert told != before
            size = int(told.split(b"\n")[1])
            assert size > index

        # Nobody ships any more: what is added is kept here, and not told of.
        sequencer.start()
        await sequencer.append("two", b"another")
        assert await sequencer.checkpoint() == told
        assert await sequencer.size() > size
        await sequencer.stop()
    assert "kept_on_this_host_only" in caplog.text


async def test_without_stores_nothing_waits_and_the_journal_is_kept_for_none(tmp_path):
    folder = settled(tmp_path, "first")
    async with open_house(settings_of(folder)) as house, leading(house, lambda: None):
        await house.court.sequencer.append("one", b"an entry")
        assert await house.storage.position("ship:first") > 0
    folder = settled(tmp_path)
    async with open_house(settings_of(folder)) as house:
        assert house.storage.offsite is None
        async with leading(house, lambda: None):
            far = (1 << 63) - 1

            async def let_go():
                return await house.storage.position("ship:first") == far

            await shipping_kit.until(let_go)


async def test_a_fenced_folder_is_not_opened(tmp_path):
    folder = settled(tmp_path, "first")
    async with open_house(settings_of(folder)) as house:
        await note_fenced(house.storage, 2)
    with pytest.raises(Unavailable) as refused:
        async with open_house(settings_of(folder)):
            pass
    assert refused.value.code == "fenced"


def test_the_drills_key_is_made_once_and_readable_by_the_owner_alone(tmp_path):
    chance = SeededChance("drill")
    (tmp_path / "keys").mkdir()

    first, second = drill_recipient(tmp_path, chance), drill_recipient(tmp_path, chance)

    assert str(first) == str(second)
    path = tmp_path / "keys" / DRILL_KEY
    assert path.stat().st_mode & 0o777 == 0o600
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    assert str(pyrage.x25519.Identity.from_str(lines[0]).to_public()) == str(first)


async def test_a_site_that_ships_each_five_seconds_makes_nobody_wait_for_it(tmp_path):
    folder = settled(tmp_path, "first", more="ship_every_ms = 5000")
    async with open_house(settings_of(folder)) as house, leading(house, lambda: None):
        storage = house.storage
        await storage.kept_elsewhere()
        took_s = []
        for number in range(4):
            began_s = time.monotonic()
            await storage.commit(f"case:{number}", [], [CaseChanged(number)], durable="strict")
            took_s.append(time.monotonic() - began_s)
    assert sorted(took_s)[1] < 2, took_s


@pytest.mark.loopback
def test_whichever_process_somebody_waits_in_the_one_that_ships_hears_of_it(tmp_path):
    more = 'ship_every_ms = 5000\ndurable = "remote"'
    folder, port = settled(tmp_path, "first", more=more), free_port()
    with started(folder, port):
        eventually(lambda: answers(port, "/record/checkpoint"))
        took_s = []
        for _ in range(8):
            began_s = time.monotonic()
            # Over a connection of its own: the kernel chooses who answers.
            made = httpx.post(
                f"http://127.0.0.1:{port}/api/v1/apps",
                data={"client_name": "one", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob"},
                trust_env=False,
                timeout=15,
            )
            assert made.status_code == 200
            took_s.append(time.monotonic() - began_s)
    assert max(took_s) < 4, took_s
