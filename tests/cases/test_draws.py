"""Who may sit and who is left: small pools, decoys, and what a draw has to read for it."""

from __future__ import annotations

import json

import msgspec
import pytest

from tests.cases.test_drawing import a_house, a_threat, said, verifies, wait
from tests.kit.courthouse import THREAT
from venire.cases import draw_facts, draws
from venire.cases.model import Case
from venire.jury import actions as jury
from venire.jury import choices
from venire.jury.pool import exclusion_rule_hash
from venire.kernel.clock import MINUTE_MS
from venire.people import relations
from venire.storage.tables.draws import BUSY_JURORS

pytestmark = pytest.mark.anyio


def small(house, preset="small"):
    policy = house.court.policy
    changed = msgspec.structs.replace(policy.jury, preset=preset)
    object.__setattr__(house.court, "policy", msgspec.structs.replace(policy, jury=changed))


def a_case(house, author, **more):
    return Case(
        id=house.world.ids.next(),
        public_id=more.pop("public_id", "ab" * 16),
        subject_kind="account",
        subject_id=author.id,
        author_id=author.id,
        opened_at_ms=house.world.now_ms(),
        due_at_ms=house.world.now_ms(),
        policy_version="1",
        categories=more.pop("categories", ("incitement",)),
        sources=("detector",),
        **more,
    )


async def tie(house, author, jurors):
    for juror in jurors:
        (await juror.post(f"/api/v1/accounts/{author.id}/follow")).raise_for_status()


async def barred(house, drawn):
    sheet = await house.court.pools.of(drawn.epoch)
    return {sheet.accounts[index] for index in drawn.excluded}


async def test_in_a_small_community_follows_that_are_not_returned_are_let_pass_first(tmp_path):
    async with a_house(tmp_path, jurors=10) as house:
        small(house)
        author = await house.site.member("author")
        await tie(house, author, house.jurors[:9])
        back = await author.post(f"/api/v1/accounts/{house.jurors[0].id}/follow")
        back.raise_for_status()
        drawn = await draws.prepare(house.court, a_case(house, author), seats=3)
        assert (drawn.panel, drawn.eligible) == ("one_way_follows", 9)
        assert await barred(house, drawn) == {house.jurors[0].id}
        assert drawn.rule_hash == exclusion_rule_hash(one_way_follows=True)
        post = await house.post(author, THREAT)
        case = await house.case_on(post)
        (draw,) = await said(house, "draw")
        assert draw["small_pool"] is True
        assert draw["exclusion_rule"] == exclusion_rule_hash(one_way_follows=True)
        ours, _ = await verifies(house, case, tmp_path / "public")
        assert "SMALL POOL, one-way follows let pass" in ours


async def test_where_even_that_leaves_too_few_the_bench_takes_the_case(tmp_path):
    async with a_house(tmp_path, jurors=6) as house:
        small(house)
        author = await house.site.member("author")
        for juror in house.jurors[:4]:
            await relations.put_relation(house.world, author.id, "block", juror.id)
        assert await draws.prepare(house.court, a_case(house, author), seats=3) is None
        case = await house.case_on(await house.post(author, THREAT))
        assert case.round.kind == "bench"
        assert await said(house, "draw") == []


@pytest.mark.parametrize(("blocked", "panel"), [(1, "all_who_remain"), (2, None)])
@pytest.mark.parametrize("preset", ["small", "large"])
async def test_an_appeal_is_judged_by_all_who_remain_if_they_are_five(
    tmp_path, preset, blocked, panel
):
    async with a_house(tmp_path, jurors=6) as house:
        small(house, preset)
        author = await house.site.member("author")
        for juror in house.jurors[:blocked]:
            await relations.put_relation(house.world, author.id, "block", juror.id)
        drawn = await draws.prepare(house.court, a_case(house, author), seats=11, appeal=True)
        assert (drawn and drawn.panel) == panel
        assert panel is None or drawn.eligible == 5


async def test_in_a_large_community_a_pool_of_friends_is_no_pool(tmp_path):
    async with a_house(tmp_path, jurors=6) as house:
        author = await house.site.member("author")
        await tie(house, author, house.jurors[:4])
        assert await draws.prepare(house.court, a_case(house, author), seats=3) is None
        drawn = await draws.prepare(house.court, a_case(house, author), seats=2)
        assert (drawn.panel, drawn.eligible) == ("ordinary", 2)


async def test_who_left_paused_or_opted_out_since_the_freeze_is_not_drawn(tmp_path):
    async with a_house(tmp_path, jurors=8) as house:
        author = await house.site.member("author")
        case = a_case(house, author)
        assert (await draws.prepare(house.court, case, seats=3)).eligible == 8
        left, pausing, picky, *_ = (juror.id for juror in house.jurors)
        await jury.opt_out(house.world, left)
        await choices.pause(house.world, pausing, 2)
        await jury.opt_in(house.world, picky, opt_outs=frozenset({"incitement"}))
        drawn = await draws.prepare(house.court, case, seats=3)
        assert await barred(house, drawn) == {left, pausing, picky}
        other = a_case(house, author, categories=("hate",))
        assert await barred(house, await draws.prepare(house.court, other, seats=3)) == {
            left,
            pausing,
        }
        house.site.clock.advance(3 * 24 * 60 * MINUTE_MS)
        assert await barred(house, await draws.prepare(house.court, other, seats=3)) == {left}


async def test_who_has_had_the_dose_of_the_day_is_not_drawn_and_is_the_day_after(tmp_path):
    async with a_house(tmp_path, jurors=4) as house:
        panel = msgspec.structs.replace(house.court.policy.panel, dose=4)
        policy = msgspec.structs.replace(house.court.policy, panel=panel)
        object.__setattr__(house.court, "policy", policy)
        for number in range(5):
            await a_threat(house, f"author_{number}")
        seats = [len(header["indices"]) for header in await said(house, "seat")]
        assert max(seats) == 3
        author = await house.site.member("last")
        taken = {
            juror.id: len((await juror.get("/api/v1/jury/summons")).json())
            for juror in house.jurors[:4]
        }
        full = {juror for juror, count in taken.items() if count >= 4}
        assert full
        facts = await draw_facts.facts_of(
            house.court, a_case(house, author), await house.court.pools.current()
        )
        assert {who for who, count in facts.seats_today.items() if count >= 4} == full
        house.site.clock.advance(24 * 60 * MINUTE_MS)
        facts = await draw_facts.facts_of(
            house.court, a_case(house, author), await house.court.pools.current()
        )
        assert facts.seats_today == {}


async def test_the_followers_of_somebody_famous_are_found_from_the_pools_side(tmp_path):
    async with a_house(tmp_path, jurors=5) as house:
        author = await house.site.member("author")
        await tie(house, author, house.jurors[:2])
        for number in range(6):
            fan = await house.site.member(f"fan_{number}")
            await tie(house, author, [fan])
        drawn = await draws.prepare(house.court, a_case(house, author), seats=3)
        assert await barred(house, drawn) == {juror.id for juror in house.jurors[:2]}


class Counting:
    """How often storage is asked."""

    def __init__(self, storage, monkeypatch):
        self.asked = 0
        for name in ("get", "range", "get_many"):
            monkeypatch.setattr(storage, name, self._counted(getattr(storage, name)))

    def _counted(self, verb):
        def asked(*given, **more):
            self.asked += 1
            return verb(*given, **more)

        return asked


async def test_a_draw_reads_as_much_of_a_large_pool_as_of_a_small_one(tmp_path, monkeypatch):
    asked = []
    for size in (8, 80):
        folder = tmp_path / str(size)
        folder.mkdir()
        async with a_house(folder, jurors=size) as house:
            author = await house.site.member("author")
            for juror in house.jurors[:3]:
                await relations.put_relation(house.world, author.id, "block", juror.id)
            case = a_case(house, author)
            await draws.prepare(house.court, case, seats=3)
            with monkeypatch.context() as patched:
                counting = Counting(house.site.storage, patched)
                await draws.prepare(house.court, case, seats=3)
            asked.append(counting.asked)
    assert asked[0] == asked[1] < 60


async def test_blocking_somebody_and_looking_again_tells_nothing_of_who_serves(tmp_path):
    """Of two draws of one author neither places nor pseudonyms can be laid beside each other."""
    async with a_house(tmp_path, jurors=60) as house:
        author = await house.site.member("author")
        before = await draws.prepare(house.court, a_case(house, author), seats=3)
        await relations.put_relation(house.world, author.id, "block", house.jurors[0].id)
        after = await draws.prepare(house.court, a_case(house, author), seats=3)
        documents = [
            json.loads(await house.court.pools.document(drawn.epoch)) for drawn in (before, after)
        ]
        first, second = (set(document["pseudonyms"]) for document in documents)
        assert len(first) == len(second) == 60
        assert not first & second
        # Nor does their number: it is padded by more, and less, than one block.
        counts = {
            len(
                (
                    await draws.prepare(
                        house.court, a_case(house, author, public_id=f"{n:032x}"), seats=3
                    )
                ).excluded
            )
            for n in range(40)
        }
        assert len(counts) > 5


async def test_from_public_data_each_seat_could_be_any_of_twenty(tmp_path):
    """The author is tied to most of the pool, and many draws of the same hour are laid beside."""
    async with a_house(tmp_path, jurors=70) as house:
        small(house)
        author = await house.site.member("author")
        await tie(house, author, house.jurors[:46])
        authors = [await house.site.member(f"other_{number}") for number in range(4)]
        for number, other in enumerate(authors):
            await tie(house, other, house.jurors[number::4])
        for member in (author, *authors):
            await house.post(member, THREAT)
        await wait(house, 1_000, step_ms=1_000)
        drawn = await said(house, "draw")
        assert len(drawn) == 5
        names = []
        for draw in drawn:
            document = json.loads(await house.court.pools.document(draw["epoch"]))
            left = document["size"] - len(draw["excluded"])
            assert left >= 20
            names += document["pseudonyms"]
        # No place of one draw is a place of another: what each excludes cannot be combined.
        assert len(set(names)) == len(names) == 5 * 70


async def test_hints_of_who_is_busy_lapse(tmp_path):
    async with a_house(tmp_path, jurors=3) as house:
        panel = msgspec.structs.replace(house.court.policy.panel, dose=1)
        policy = msgspec.structs.replace(house.court.policy, panel=panel)
        object.__setattr__(house.court, "policy", policy)
        await a_threat(house)
        rows, _ = await house.site.storage.scan(BUSY_JURORS)
        assert len(rows) == 3
        house.site.clock.advance(3 * 24 * 60 * MINUTE_MS)
        await house.site.storage.sweep()
        rows, _ = await house.site.storage.scan(BUSY_JURORS)
        assert rows == []
