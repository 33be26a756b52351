"""The site's own keys: made once, for the owner alone, and never silently others."""

from __future__ import annotations

import os
import stat
import threading

import pytest

from venire.kernel.chance import SeededChance, SystemChance
from venire.kernel.errors import Unavailable
from venire.record.note import parse_verifier_key
from venire.server import keys
from venire.server.settings import Settings
from venire.server.wiring import open_house

ORIGIN = "example.org/record"


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


def test_a_key_is_made_once_and_read_ever_after(folder):
    made = keys.read_or_make(folder, "record.key", SeededChance("a"))
    assert len(made) == 32
    assert keys.read_or_make(folder, "record.key", SeededChance("b")) == made
    assert keys.read_or_make(folder, "other.key", SeededChance("b")) != made
    assert sorted(path.name for path in (folder / "keys").iterdir()) == ["other.key", "record.key"]


def test_only_the_owner_may_read_a_key_whatever_the_umask(folder):
    before = os.umask(0)
    try:
        keys.claim_folder(folder, acceptance=False)
        keys.read_or_make(folder, "record.key", SystemChance())
    finally:
        os.umask(before)
    assert mode(folder) == 0o700
    assert mode(folder / "keys") == 0o700
    assert mode(folder / "keys" / "record.key") == 0o600


def test_of_many_who_make_a_key_at_once_one_does(folder):
    made, together = [], threading.Barrier(8)

    def make(number):
        together.wait()
        made.append(keys.read_or_make(folder, "record.key", SeededChance(str(number))))

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1


def test_what_a_crash_left_half_made_does_not_stop_the_next_start(folder):
    (folder / "keys").mkdir(parents=True)
    # In a container every start has the same process id.
    (folder / "keys" / f".record.key.{os.getpid()}").write_bytes(b"half")
    made = keys.read_or_make(folder, "record.key", SystemChance())
    assert len(made) == 32


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_damaged_key_is_not_replaced_but_told(folder, content):
    (folder / "keys").mkdir(parents=True)
    (folder / "keys" / "record.key").write_bytes(content)
    with pytest.raises(Unavailable, match="key_damaged"):
        keys.read_or_make(folder, "record.key", SystemChance())
    assert (folder / "keys" / "record.key").read_bytes() == content


def test_the_public_half_is_written_once_and_its_name_holds_for_ever(folder):
    signer = keys.record_signer(folder, ORIGIN, SystemChance())
    line = (folder / "record.pub").read_text()
    assert parse_verifier_key(line) == signer.verifier
    assert signer.verifier.name == ORIGIN
    before = (folder / "record.pub").stat()
    renamed = keys.record_signer(folder, "moved.example/record", SystemChance())
    assert renamed.verifier == signer.verifier
    assert (folder / "record.pub").stat().st_mtime_ns == before.st_mtime_ns


def test_of_many_who_begin_a_record_at_once_all_have_one_name(folder):
    made, together = [], threading.Barrier(8)
    folder.mkdir()

    def begin(number):
        together.wait()
        signer = keys.record_signer(folder, f"{number}.example/record", SystemChance())
        made.append(str(signer.verifier))

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert set(made) == {(folder / "record.pub").read_text().strip()}


def test_a_record_whose_key_is_another_is_not_gone_on_with(folder):
    keys.record_signer(folder, ORIGIN, SystemChance())
    (folder / "keys" / "record.key").unlink()
    with pytest.raises(Unavailable, match="record_key_changed"):
        keys.record_signer(folder, ORIGIN, SystemChance())


def test_a_public_half_that_was_tampered_with_is_told(folder):
    keys.record_signer(folder, ORIGIN, SystemChance())
    public = folder / "record.pub"
    for text in (public.read_text().replace("example", "exbmple"), "", "no key\n", "a b+c+d\n"):
        public.write_text(text)
        with pytest.raises(Unavailable, match="record_key_changed"):
            keys.record_signer(folder, ORIGIN, SystemChance())
        assert public.read_text() == text


# The acceptance profile's own folder.


def test_the_acceptance_profile_takes_an_empty_folder_or_its_own(folder):
    for _ in range(2):
        keys.claim_folder(folder, acceptance=True)
        (folder / "venire.db").touch()
    keys.claim_folder(folder, acceptance=False)


def test_the_acceptance_profile_refuses_a_folder_of_people(folder):
    folder.mkdir()
    (folder / "venire.db").touch()
    with pytest.raises(Unavailable, match="folder_not_for_acceptance"):
        keys.claim_folder(folder, acceptance=True)
    assert [path.name for path in folder.iterdir()] == ["venire.db"]


@pytest.mark.anyio
async def test_a_house_that_people_live_in_is_not_opened_for_acceptance(folder):
    async with open_house(Settings(data=str(folder))):
        pass
    with pytest.raises(Unavailable, match="folder_not_for_acceptance"):
        async with open_house(Settings(data=str(folder), profile="acceptance")):
            pass


@pytest.mark.anyio
async def test_nothing_in_a_new_data_folder_is_for_others_to_read(folder):
    before = os.umask(0o022)
    try:
        # Made beforehand by an operator, as `mkdir` makes it.
        folder.mkdir(mode=0o755)
        async with open_house(Settings(data=str(folder))) as house:
            await house.court.objects.put(b"a screenshot")
            found = {path: mode(path) for path in folder.rglob("*") if path.is_file()}
    finally:
        os.umask(before)
    assert folder / "keys" / "record.key" in found
    public = folder / "record.pub"
    readable = [path.name for path, bits in found.items() if bits & 0o077 and path != public]
    assert not readable or mode(folder) & 0o077 == 0
