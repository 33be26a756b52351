"""A disk that is really full: what is refused is said, nothing is lost, with room it goes on."""

from __future__ import annotations

import asyncio

import pytest

from tests.continuity.recovery.small_disk import MB, mounted
from tests.continuity.restore_kit import Ground, folder_store, rows_of
from tests.continuity.shipping_kit import (
    caught_up,
    journal_in,
    segments_in,
    shipping,
    store,
    until,
)
from venire.adapters.objects.named import Place, open_store
from venire.continuity.journal import ship_states
from venire.continuity.recovery import captured
from venire.events import CaseChanged
from venire.kernel.errors import Problem, Unavailable
from venire.server import backups
from venire.storage.engines.sqlite_upkeep import faults_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def disk(tmp_path):
    with mounted(tmp_path, 192 * MB) as made:
        yield made


@pytest.fixture
async def ground(tmp_path, disk):
    """A site on the small disk, with stores on the large one."""
    made = Ground(disk.place / "site")
    made.stores = [folder_store(tmp_path, "first"), folder_store(tmp_path, "second")]
    await made.begin()
    yield made
    await made.close()


async def commit(ground, number: int) -> None:
    await ground.storage.commit(f"post:{number}", [], [CaseChanged(number)])


async def write_until_full(ground, first: int = 1) -> list[int]:
    """Commit, eight at once, until the disk refuses; which ones were acknowledged."""
    done: list[int] = []
    for start in range(first, first + 100_000, 8):
        numbers = range(start, start + 8)
        answers = await asyncio.gather(
            *(commit(ground, n) for n in numbers), return_exceptions=True
        )
        done += [n for n, answer in zip(numbers, answers, strict=True) if answer is None]
        refused = [answer for answer in answers if answer is not None]
        if refused:
            assert {one.code for one in refused} == {"storage_full_or_failing"}
            return done
    pytest.fail("the disk was never full")


async def in_journal(ground) -> list[int]:
    entries = await ground.storage.tail(0, 1_000_000)
    return [one.event.case_id for one in entries if isinstance(one.event, CaseChanged)]


async def test_a_commit_is_refused_and_what_was_acknowledged_is_in_the_journal(ground, disk):
    disk.fill(leaving=300_000)
    done = await write_until_full(ground)
    assert len(done) > 50
    assert await in_journal(ground) == done
    disk.empty()
    await commit(ground, 10_000_000)
    await ground.close()
    assert faults_of(ground.data / "venire.db") == []
    ground.open()
    assert await in_journal(ground) == [*done, 10_000_000]


async def test_a_site_that_is_killed_on_a_full_disk_opens_again_with_room(ground, disk, tmp_path):
    disk.fill(leaving=300_000)
    done = await write_until_full(ground)
    killed = disk.place / "killed"
    disk.empty()
    # As a kill leaves it: the file and its log, not closed.
    killed.mkdir()
    for name in ("venire.db", "venire.db-wal"):
        (killed / name).write_bytes((ground.data / name).read_bytes())
    other = Ground(tmp_path / "elsewhere")
    await other.close()
    for name in ("venire.db", "venire.db-wal"):
        (other.data / name).write_bytes((killed / name).read_bytes())
    other.open()
    assert await in_journal(other) == done
    await other.close()


async def test_the_journal_goes_on_to_its_stores_once_there_is_room(ground, disk):
    memory = open_store(Place(url="memory:///"))
    async with shipping(ground.world, store(memory)):
        for n in range(1, 20):
            await commit(ground, n)
        await caught_up(ground.world, memory)
        disk.fill()
        done = await write_until_full(ground, first=100)
        disk.empty()
        await commit(ground, 10_000_000)
        await caught_up(ground.world, memory)
    shipped = await journal_in(memory)
    assert shipped == (await ground.storage.journal(0, 1_000_000))[: len(shipped)]
    assert await in_journal(ground) == [*range(1, 20), *done, 10_000_000]


async def test_a_store_whose_disk_is_full_is_behind_alone_and_catches_up(disk, world):
    full, other = open_store(Place(url=f"file://{disk.place}/store")), "memory:///"
    memory = open_store(Place(url=other))
    async with shipping(world, store(full), store(memory, "second")):
        for n in range(20):
            await world.storage.commit("post:1", [], [CaseChanged(n)])
        await caught_up(world, full)
        disk.fill()

        async def failing() -> bool:
            await world.storage.commit("post:1", [], [CaseChanged(20)] * 20)
            row = await ship_states.load(world.storage, "first")
            return row is not None and row.state == "failing"

        await until(failing)
        await caught_up(world, memory)
        # What did not fit is not there in part: each that has a name is whole.
        assert await journal_in(full)
        disk.empty()
        await caught_up(world, full)
    first, second = await journal_in(full), await journal_in(memory)
    mine = await world.storage.journal(0, 1_000_000)
    assert first == mine[: len(first)]
    assert second == mine[: len(second)]
    assert len(await segments_in(full)) > 1


async def test_a_snapshot_that_does_not_fit_is_refused_before_it_is_copied(ground, disk):
    await ground.write(50)
    await ground.ship()
    disk.fill(leaving=MB)
    with pytest.raises(Unavailable) as refused:
        await ground.snapshot()
    assert refused.value.code == "disk_full"
    assert not list(ground.data.glob(f"{captured.LEFT}*"))
    await ground.write(5)
    disk.empty()
    assert [one.error for one in await ground.snapshot()] == ["", ""]


@pytest.mark.parametrize("kind", ["shipped", "local"])
async def test_a_disk_that_fills_up_while_it_is_copied_is_said_and_nothing_is_left(
    ground, disk, monkeypatch, kind
):
    """The room was there when it was looked for, and others took it meanwhile."""
    await ground.write(400)
    real = captured.copy_file

    def while_others_write(*arguments):
        disk.fill(leaving=MB // 4)
        real(*arguments)

    async def take() -> None:
        if kind == "shipped":
            await ground.snapshot()
        else:
            backups.take(ground.data, now_ms=1, chance=ground.chance, reason="snapshot")

    with monkeypatch.context() as patched:
        for module in (captured, backups):
            patched.setattr(module, "copy_file", while_others_write)
        with pytest.raises(Problem) as refused:
            await take()
    assert refused.value.code == "disk_full"
    assert not list(ground.data.glob(f"{captured.LEFT}*"))
    assert not list((ground.data / backups.FOLDER).glob("*"))
    disk.empty()
    await take()


@pytest.mark.parametrize(("part", "more"), [(0.2, 0), (0.9, 0), (1, 200_000), (1, 800_000)])
async def test_a_restore_that_does_not_fit_leaves_nothing_and_is_done_with_room(
    tmp_path, disk, part, more
):
    """Of what the snapshot takes, and then of what the journal adds to it."""
    ground = Ground(tmp_path)
    await ground.begin()
    await ground.write(200)
    await ground.snapshot()
    size = (ground.data / "venire.db").stat().st_size
    for n in range(40):
        await ground.storage.commit(f"case:{n}", [], [CaseChanged(n)] * 1_000)
    await ground.ship()
    await ground.close()
    assert (ground.data / "venire.db").stat().st_size > size + 1_200_000
    wanted = await rows_of(ground.data, ground.clock)
    target = disk.place / "restored"
    disk.fill(leaving=round(part * size) + more)
    with pytest.raises(Unavailable) as refused:
        await ground.restore(data=target)
    assert refused.value.code == "disk_full"
    assert not (target / "venire.db").exists()
    disk.empty()
    assert (await ground.restore(data=target)).complete
    assert await rows_of(target, ground.clock) == wanted
