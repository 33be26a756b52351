"""A village of 300, and an author whom 200 of them know: judged in time, by whom nobody can tell.

The policy is the one that `venire init --preset small` writes; nobody is paid, there is no bench.
Reporter and author use Mastodon.py. What an outsider learns is worked out from what the site
serves to strangers over HTTP, and from nothing else.
"""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.calling import call, only_json
from tests.flows.outsiders import Outsider
from tests.flows.phones import open_phones, until
from venire.cases import store
from venire.cases.policy import load_policy
from venire.cases.public import note_policy
from venire.cli.founding.presets import small_policy
from venire.jury import actions as jury
from venire.jury import freezing
from venire.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS
from venire.people import addresses, follows, relations, standing
from venire.people.counts import load_site_counts
from venire.treasury import actions as treasury

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(180)]

INDEPENDENT = Path(__file__).parent.parent / "jury" / "independent_draw.py"
INSULT = "Our new baker is a fool and a thief. Nobody should buy from him, tell your friends."
SQUARE = "The fountain on the square is dry again, and nobody at the town hall will say why."
HARASSMENT = 3
ENOUGH = 20
JURORS = 150
TIES = {
    "follows_the_author": 70,
    "followed": 40,
    "friend": 50,
    "blocked": 14,
    "blocks_the_author": 10,
    "muted": 6,
    "mutes_the_author": 6,
    "household": 4,
}
"""How 200 of the village know the author: every kind of tie that keeps somebody off a jury."""
HABITS = ("votes", "forgets", "votes", "declines", "votes", "dithers", "votes")
"""Of those who are asked, in turn: one never answers, one declines, one is seated and gone."""
OTHERS = 4
"""More authors, each with 200 ties of their own, judged from the same pool."""


# the village


async def settle_in(house, author_id: int, reporter_id: int, folder: Path) -> dict[str, list]:
    """Make a village of 300 of a house that two live in already; who knows the author, and how."""
    (folder / "policy.toml").write_text(small_policy())
    object.__setattr__(house.court, "policy", load_policy(folder / "policy.toml"))
    await note_policy(house.court)
    house.site.clock.advance(9 * HOUR_MS)
    admin = await house.site.member("mayor", role="admin")
    people = [await house.site.member(f"v{number}") for number in range(297)]
    lot = random.Random(300)
    house.people, jurors = people, lot.sample(people, JURORS)
    for juror in jurors:
        (await juror.post("/api/v1/jury/opt_in", json={"consent": True})).raise_for_status()
        house.jurors.append(juror)
    known = [admin.id, *(one.id for one in lot.sample(people, 199))]
    left = iter(known)
    ties = {kind: [next(left) for _ in range(count)] for kind, count in TIES.items()}
    assert len(set(known)) == sum(TIES.values()) == 200
    assert reporter_id not in known
    await tie(house.world, author_id, ties)
    await house.settle()
    await freezing.freeze(house.world, house.court.sequencer, house.court.policy, frozen_by="clock")
    assert (await load_site_counts(house.world)).users - 1 == 300
    return ties


async def tie(world, author_id: int, ties: dict[str, list]) -> None:
    for one in ties["follows_the_author"] + ties["friend"]:
        await follows.follow(world, one, author_id)
    for one in ties["followed"] + ties["friend"]:
        await follows.follow(world, author_id, one)
    for kind, other in (("block", "blocks"), ("mute", "mutes")):
        for one in ties["blocked" if kind == "block" else "muted"]:
            await relations.put_relation(world, author_id, kind, one)
        for one in ties[f"{other}_the_author"]:
            await relations.put_relation(world, one, kind, author_id)
    for one in (author_id, *ties["household"]):
        where = await addresses.address_writes(world, one, "8.8.4.4")
        await world.storage.commit(f"account:{one}", where)


async def more_authors(house) -> dict[str, str]:
    """Four others, whom other two hundreds follow, each with a post that somebody reports."""
    lot = random.Random(301)
    found: dict[str, str] = {}
    for number in range(OTHERS):
        author = house.jurors[number]
        for one in lot.sample([each for each in house.people if each is not author], 200):
            await follows.follow(house.world, one.id, author.id)
        await house.settle()
        post = await house.post(author, f"{SQUARE} That is day {number}.")
        reporter = house.jurors[-1 - number]
        body = {"account_id": str(author.id), "status_ids": [post], "rule_ids": ["3"]}
        (await reporter.post("/api/v1/reports", json=body)).raise_for_status()
        await house.settle()
        found[author.username] = (await house.case_on(post)).public_id
    return found


class Panel:
    """What the jurors of a round do: some decline, some never answer, some sleep over it."""

    def __init__(self, phones, post_id: str, number: int, votes: list[str]) -> None:
        self.phones, self.post_id, self.number, self.votes = phones, post_id, number, votes
        self.lot = random.Random(number)
        self.habits = itertools.cycle(HABITS)
        self.plans: dict[int, tuple[str, int]] = {}
        self.cast = 0

    async def _look(self):
        house = self.phones.house
        case = await house.case_on(self.post_id)
        now_ms = house.site.clock.now_ms()
        awake = 7 <= now_ms % DAY_MS // HOUR_MS < 22
        seats = await store.seats(house.site.storage, case.id, self.number)
        members = {member.id: member for member in house.jurors}
        for seat in seats:
            if seat.juror_id not in self.plans:
                waits_ms = self.lot.randrange(20, 220) * MINUTE_MS
                self.plans[seat.juror_id] = (next(self.habits), seat.offered_at_ms + waits_ms)
            habit, from_ms = self.plans[seat.juror_id]
            if seat.state in {"offered", "seated"} and awake and now_ms >= from_ms:
                await self._act(members[seat.juror_id], habit)
        await house.settle()
        return await house.case_on(self.post_id)

    async def _act(self, juror, habit: str) -> None:
        """One juror, as a stranger's app would do it: by summons, seat and ballot."""
        waiting = (await juror.get("/api/v1/jury/summons")).json()
        if not waiting or habit == "forgets":
            return
        path = f"/api/v1/jury/summons/{waiting[0]['id']}"
        if habit == "declines":
            (await juror.post(f"{path}/decline")).raise_for_status()
            return
        if waiting[0]["state"] == "offered":
            (await juror.post(f"{path}/accept")).raise_for_status()
        if habit == "votes":
            vote = self.votes[min(self.cast, len(self.votes) - 1)]
            (await juror.post(f"{path}/ballot", json={"vote": vote})).raise_for_status()
            self.cast += 1
        await self.phones.house.settle()

    def sits(self):
        """Let time pass until the round is over; the case, and what the record is to say."""
        for _ in range(400):
            case = self.phones.call(self._look)
            if case.state == "decided" and case.appeal is None:
                return case
            self.phones.pass_time(30 * MINUTE_MS)
        raise AssertionError("it was not decided")

    def states(self) -> dict[str, int]:
        async def read():
            case = await self.phones.house.case_on(self.post_id)
            return await store.seats(self.phones.house.site.storage, case.id, self.number)

        states = [seat.state for seat in self.phones.call(read)]
        return {state: states.count(state) for state in sorted(set(states))}


def verified(phones, outsider: Outsider, case: str) -> list[dict]:
    """The draws of a case as our program finds them by its address, and another by its files."""
    shown = call("verify", "draw", case, "--url", phones.url, "--json", "-")
    report = only_json(shown)
    assert report["verified"] is True
    command = [sys.executable, "-I", str(INDEPENDENT), str(outsider.folder), case]
    theirs = subprocess.run(command, capture_output=True, text=True, check=False)
    assert theirs.returncode == 0, theirs.stdout
    assert len(theirs.stdout.splitlines()) == len(report["rounds"])
    return report["rounds"]


def told(phone, kind: str) -> list:
    return [one for one in phone.notifications(limit=40) if one.type == kind]


def letters(phone) -> str:
    return " ".join(one.status.content for one in told(phone, "mention"))


async def nobody_was_paid(house) -> None:
    assert await jury.bench(house.world) == []
    assert house.court.policy.pay.rate == 0
    checked = await treasury.audit(house.world)
    assert checked.faults == []
    for juror in house.jurors:
        assert (await juror.get("/api/v1/jury/statements")).json()["owed"] == 0


def in_time(phones, panel: Panel, due_ms: int):
    """Let a round sit; its case when it is over, within the clock, by replaced jurors too."""
    case = panel.sits()
    assert case.decided_at_ms < due_ms
    states = panel.states()
    assert states["declined"] >= 1
    assert states["timed_out"] >= 1
    assert states["voted"] == panel.cast
    return case


def reported(phones, arif, rina) -> str:
    """The author's post, reported by a neighbour from her app; its id."""
    post = arif.status_post(INSULT)
    phones.settle()
    rina.report(arif.me().id, status_ids=[post.id], rule_ids=[HARASSMENT], comment="He ruins him.")
    phones.settle()
    until(lambda: letters(rina))
    return str(post.id)


def appealed(phones, arif) -> None:
    """The author is told in his app, and appeals by the link in it."""
    until(lambda: told(arif, "moderation_warning"))
    assert "/statements/" in letters(arif)
    assert "rina" not in letters(arif)
    with phones.browser(arif) as page:
        statement = page.get("/api/v1/statements").json()[0]["id"]
        reason = {"reason": "It is a quarrel about bread. He calls me worse."}
        page.post(f"/api/v1/statements/{statement}/appeal", json=reason).raise_for_status()
    phones.settle()


def judged_by_strangers(phones, post: str, ties: dict[str, list]) -> None:
    """None of the 200 sat, but on the appeal some whose follow is not returned; nobody twice."""

    async def read(number: int) -> set[int]:
        case = await phones.house.case_on(post)
        seats = await store.seats(phones.house.site.storage, case.id, number)
        return {seat.juror_id for seat in seats}

    first, second = phones.call(read, 1), phones.call(read, 2)
    one_way = {*ties["follows_the_author"], *ties["followed"]}
    known = {one for each in ties.values() for one in each}
    assert not first & known
    assert not second & (known - one_way)
    assert second & one_way, "the rule for small pools was not tried"
    assert not first & second


def test_the_village_of_three_hundred(tmp_path, record_property):
    with open_phones(tmp_path) as phones:
        arif, rina = phones.sign_up("arif"), phones.sign_up("rina")
        author = int(arif.me().id)
        ties = phones.call(settle_in, phones.house, author, int(rina.me().id), tmp_path)
        post = reported(phones, arif, rina)
        due_ms = phones.call(phones.house.case_on, post).due_at_ms
        first = Panel(phones, post, 1, ["violates"] * 3 + ["keeps"] + ["violates"] * 20)
        case = in_time(phones, first, due_ms)
        assert (case.judged_by, case.measure) == ("panel", "remove")
        assert phones.call(standing.standing, phones.house.world, author).points == 4
        hours = [(case.decided_at_ms - case.opened_at_ms) / HOUR_MS]

        appealed(phones, arif)
        case = phones.call(phones.house.case_on, post)
        assert (case.round.kind, case.round.seats) == ("appeal", 11)
        from_ms = phones.house.site.clock.now_ms()
        second = Panel(phones, post, 2, ["violates"] * 2 + ["keeps"] * 20)
        case = in_time(phones, second, case.due_at_ms)
        assert (case.judged_by, case.measure, second.cast) == ("appeal", "none", 11)
        assert phones.call(standing.standing, phones.house.world, author).points == 0
        assert str(rina.status(post).id) == post
        # Receipt, outcome, and that it was changed.
        until(lambda: len(told(rina, "mention")) == 3)
        hours.append((case.decided_at_ms - from_ms) / HOUR_MS)
        judged_by_strangers(phones, post, ties)

        cases = {"arif": case.public_id, **phones.call(more_authors, phones.house)}
        phones.call(nobody_was_paid, phones.house)
        fewest = seen_from_outside(phones, tmp_path / "public", cases)
    record_property(
        "figure",
        f"panel {hours[0]:.1f} h, appeal {hours[1]:.1f} h; each seat any of {fewest} or more",
    )


def seen_from_outside(phones, folder: Path, cases: dict[str, str]) -> int:
    """The draws verify, and tell nobody who sat: the fewest members that a seat could be."""
    names = {"mayor", "arif", "rina", *(f"v{number}" for number in range(297))}
    outsider = Outsider(phones, folder, names)
    found = {author: verified(phones, outsider, case) for author, case in cases.items()}
    for each in (each for rounds in found.values() for each in rounds):
        assert not each["shared_sheet"]
        # Nor does it help to know by name who is in the pool.
        assert each["size"] - each["excluded"] >= ENOUGH
    first, second = found["arif"]
    assert (first["judged_by"], first["small_pool"]) == ("panel", False)
    # Where the panel's own leave fewer than forty, more are let pass, and the record says so.
    assert (second["judged_by"], second["small_pool"]) == ("appeal", True)
    assert (first["one_way_follows"], second["one_way_follows"]) == (False, True)
    judges = {one["judged_by"] for one in outsider.log if "judged_by" in one}
    assert judges == {"panel", "appeal"}, "somebody other than the lot had to decide"

    seats = outsider.seats(cases)
    fewest = min(len(held_by) for _, held_by in seats)
    assert len(seats) > 40
    assert fewest >= ENOUGH
    # The same look at pools whose places stay those of the same members finds who sits.
    truly = {epoch: phones.call(phones.house.court.pools.of, epoch) for epoch in outsider.sheets}
    kept = outsider.seats(cases, lambda epoch, place: truly[epoch].accounts[place])
    called = {juror.id: juror.username for juror in phones.house.jurors}
    assert len(kept) == len(seats)
    assert all(called[who] in held_by for who, held_by in kept)
    assert min(len(held_by) for _, held_by in kept) < ENOUGH
    return fewest
