"""What protects a juror: consent, dose, break, skip, two steps, pause, leaving, a late conflict."""

from __future__ import annotations

import contextlib

import msgspec
import pytest

from tests.kit.courthouse import THREAT, Courthouse, open_courthouse
from venire.cases import exhibits, found_conflicts, pay, store
from venire.jury import actions as jury
from venire.jury import choices, warning
from venire.jury import store as jury_store
from venire.people import departures
from venire.posts import actions as posts
from venire.posts import store as post_store
from venire.posts.media.model import Attachment
from venire.storage.tables.service import JUDGED_OBJECTS, JudgedObjectRow
from venire.treasury import actions as treasury

pytestmark = pytest.mark.anyio
MINUTE_MS = 60_000


@contextlib.asynccontextmanager
async def strict(house: Courthouse):
    """The house as a site for people: breaks are kept, ages are not waived."""
    object.__setattr__(house.world.site, "acceptance", False)
    try:
        yield
    finally:
        object.__setattr__(house.world.site, "acceptance", True)


async def opened(house: Courthouse, number=0):
    author = await house.site.member(f"author_{number}")
    await house.post(author, f"{THREAT} {number}")


async def with_picture(house: Courthouse, post_id: int) -> str:
    """Put a picture on a post as an edit would; the key of its file."""
    key = await house.court.media.objects.put(b"not really a picture")
    picture = Attachment(1, "image", key, None, "image/png", "n" * 32, blurhash="LEHV6n")
    post = await posts.load(house.world, post_id)
    changed = msgspec.structs.replace(post, version=post.version + 1, attachments=(picture,))
    write = post_store.put_post(changed)
    await house.site.storage.commit(f"post:{post.id}", [write], expect=post.version)
    return key


async def first(house: Courthouse):
    juror, summons = (await house.summoned())[0]
    return juror, f"/api/v1/jury/summons/{summons['id']}", summons


async def test_service_begins_with_a_warning_whose_version_is_kept(tmp_path):
    async with open_courthouse(tmp_path) as house, strict(house):
        ayu = await house.site.member("ayu")
        before = (await ayu.get("/api/v1/jury")).json()
        assert before["state"] == "none"
        assert {"no_consent", "too_young", "new_account", "untrained"} <= set(before["missing"])
        assert not before["eligible"]
        assert len(before["warning"]["text"]) == len(warning.WARNINGS)
        assert "10 times a day" in " ".join(before["warning"]["text"])
        for body in ({}, {"consent": False}, {"consent": True, "version": "2019-01"}):
            refused = await ayu.post("/api/v1/jury/opt_in", json=body)
            assert refused.json()["code"] in {"consent_missing", "warning_changed"}
        assert await jury_store.load(house.site.storage, ayu.id) is None
        headers = {**ayu.headers, "Accept-Language": "id"}
        body = {"consent": True, "version": warning.VERSION}
        said = await house.site.client.post("/api/v1/jury/opt_in", json=body, headers=headers)
        assert said.json()["consent"]["version"] == warning.VERSION
        kept = await choices.consent_of(house.site.storage, ayu.id)
        assert kept is not None
        assert (kept.warning, kept.at_ms) == (warning.VERSION, house.site.clock.now_ms())


async def test_whoever_is_appointed_has_consented_to_nothing_yet(tmp_path):
    async with open_courthouse(tmp_path) as house, strict(house):
        ayu = await house.site.member("ayu")
        await jury.appoint(house.world, ayu.id, bench=False, paid=True)
        shown = (await ayu.get("/api/v1/jury")).json()
        assert "no_consent" in shown["missing"]
        assert "untrained" not in shown["missing"]
        await ayu.post("/api/v1/jury/opt_in", json={"consent": True})
        assert "no_consent" not in (await ayu.get("/api/v1/jury")).json()["missing"]


async def test_nothing_of_a_post_is_shown_before_it_is_asked_for(tmp_path):
    async with open_courthouse(tmp_path, jurors=12) as house:
        await opened(house)
        juror, path, summons = await first(house)
        assert summons["warning"] == "It may hold threats, or calls for violence."
        seated = await juror.post(f"{path}/accept")
        assert "traitors" not in seated.text
        assert seated.json()["content"] == "hidden"
        assert not set(exhibits.HIDDEN) & seated.json().keys()
        shown = (await juror.get(path)).json()
        assert shown["content"] == "shown"
        assert "traitors" in shown["text"]
        other, summons = (await house.summoned())[1]
        asked = await other.post(
            f"/api/v1/jury/summons/{summons['id']}/accept", json={"show": True}
        )
        assert "traitors" in asked.json()["text"]


async def test_a_skip_costs_nothing_is_not_counted_and_the_next_is_asked(tmp_path):
    async with open_courthouse(tmp_path, jurors=12) as house:
        await opened(house)
        juror, path, _ = await first(house)
        asked_before = {one.id for one, _ in await house.summoned()}
        await juror.post(f"{path}/accept")
        assert (await juror.get("/api/v1/jury")).json()["served_today"] == 1
        assert (await juror.post(f"{path}/skip")).status_code == 200
        shown = (await juror.get("/api/v1/jury")).json()
        assert shown["served_today"] == 0
        assert shown["eligible"]
        await house.settle()
        assert {one.id for one, _ in await house.summoned()} - asked_before
        assert (await juror.get(path)).status_code == 404
        assert (await juror.get("/api/v1/jury/statements")).json()["months"] == []


async def test_after_the_days_dose_a_seat_goes_on_to_others(tmp_path):
    async with open_courthouse(tmp_path, jurors=8) as house:
        policy = house.court.policy
        panel = msgspec.structs.replace(policy.panel, dose=2)
        object.__setattr__(house.court, "policy", msgspec.structs.replace(policy, panel=panel))
        for number in range(3):
            await opened(house, number)
        votes: dict[int, int] = {}
        full = 0
        for juror in house.jurors:
            for summons in (await juror.get("/api/v1/jury/summons")).json():
                path = f"/api/v1/jury/summons/{summons['id']}"
                taken = await juror.post(f"{path}/accept")
                if taken.status_code == 429:
                    assert taken.json()["code"] == "dose_reached"
                    assert int(taken.headers["retry-after"]) > 0
                    full += 1
                    assert (await juror.get(path)).status_code == 404
                elif taken.is_success and not summons["bench"]:
                    await juror.post(f"{path}/ballot", json={"vote": "keeps"})
                    votes[juror.id] = votes.get(juror.id, 0) + 1
                await house.settle()
        assert max(votes.values()) <= 2


async def test_a_break_is_kept_nothing_is_taken_and_nothing_is_shown(tmp_path):
    async with open_courthouse(tmp_path, jurors=3) as house:
        policy = house.court.policy
        kinder = msgspec.structs.replace(policy.jury, break_after=1)
        object.__setattr__(house.court, "policy", msgspec.structs.replace(policy, jury=kinder))
        await opened(house, 1)
        await opened(house, 2)
        juror = house.jurors[0]
        waiting = (await juror.get("/api/v1/jury/summons")).json()
        assert len(waiting) == 2
        one, two = (f"/api/v1/jury/summons/{summons['id']}" for summons in waiting)
        async with strict(house):
            await juror.post(f"{one}/accept")
            assert (await juror.get(one)).status_code == 200
            await juror.post(f"{one}/ballot", json={"vote": "keeps"})
            refused = await juror.post(f"{two}/accept")
            assert (refused.status_code, refused.json()["code"]) == (429, "on_break")
            assert (await juror.get("/api/v1/jury")).json()["break_until"] is not None
            # The seat waits: it is there when the break is over.
            house.site.clock.advance(policy.jury.break_minutes * MINUTE_MS)
            assert (await juror.post(f"{two}/accept")).status_code == 200
            assert (await juror.get(two)).status_code == 200


async def test_a_seat_that_would_lapse_in_a_break_goes_on_at_once(tmp_path):
    async with open_courthouse(tmp_path, jurors=3) as house:
        policy = house.court.policy
        kinder = msgspec.structs.replace(policy.jury, break_after=1)
        object.__setattr__(house.court, "policy", msgspec.structs.replace(policy, jury=kinder))
        await opened(house, 1)
        await opened(house, 2)
        juror = house.jurors[0]
        waiting = (await juror.get("/api/v1/jury/summons")).json()
        one, two = (f"/api/v1/jury/summons/{summons['id']}" for summons in waiting)
        async with strict(house):
            house.site.clock.advance((policy.panel.summons_minutes - 5) * MINUTE_MS)
            await juror.post(f"{one}/accept")
            await juror.post(f"{one}/ballot", json={"vote": "keeps"})
            assert (await juror.post(f"{two}/accept")).json()["code"] == "on_break"
            again = await juror.post(f"{two}/accept")
            assert again.json()["code"] == "summons_answered"


async def test_who_pauses_or_leaves_gives_every_seat_back_and_is_drawn_no_more(tmp_path):
    async with open_courthouse(tmp_path, jurors=12) as house:
        await opened(house)
        paused, path, _ = await first(house)
        await paused.post(f"{path}/accept")
        assert (await paused.post("/api/v1/jury/pause", json={"days": 367})).status_code == 422
        shown = (await paused.post("/api/v1/jury/pause", json={"days": 7})).json()
        assert shown["paused_until"] is not None
        assert "paused" in shown["missing"]
        await house.settle()
        assert (await paused.get("/api/v1/jury/summons")).json() == []
        left, _, _ = await first(house)
        await left.post("/api/v1/jury/opt_out")
        await house.settle()
        assert (await left.get("/api/v1/jury/summons")).json() == []
        # The pool was frozen before: a new case gives whoever it still names no seat.
        for number in range(4):
            await opened(house, number + 10)
        asked = {one.id for one, _ in await house.summoned()}
        assert not asked & {paused.id, left.id}
        back = (await paused.post("/api/v1/jury/pause", json={"days": 0})).json()
        assert back["missing"] == []


async def test_what_a_juror_leaves_out_later_is_not_asked_of_them_any_more(tmp_path):
    async with open_courthouse(tmp_path, jurors=12) as house:
        juror = house.jurors[0]
        await juror.post("/api/v1/jury/opt_in", json={"consent": True, "opt_outs": ["incitement"]})
        for number in range(5):
            await opened(house, number)
        assert juror.id not in {one.id for one, _ in await house.summoned()}


async def test_a_ballot_stays_counted_and_paid_when_its_juror_deletes_the_account(tmp_path):
    async with open_courthouse(tmp_path, jurors=12) as house:
        for juror in house.jurors[:12]:
            await jury.appoint(house.world, juror.id, bench=False, paid=True)
        await opened(house)
        waiting = await house.summoned()
        (voter, one), (sitter, two) = waiting[0], waiting[1]
        path = f"/api/v1/jury/summons/{one['id']}"
        await voter.post(f"{path}/accept")
        await voter.post(f"{path}/ballot", json={"vote": "violates"})
        await sitter.post(f"/api/v1/jury/summons/{two['id']}/accept")
        for gone in (voter, sitter):
            await departures.leave(house.world, gone.id)
        await house.settle()
        case = await store.case_by_public_id(house.site.storage, one["case"])
        seats = {s.juror_id: s.state for s in await store.seats(house.site.storage, case.id)}
        assert (seats[voter.id], seats[sitter.id]) == ("voted", "declined")
        state = await jury_store.load(house.site.storage, voter.id)
        assert state is not None
        assert state.state == "left"
        house.jurors = [one for one in house.jurors if one.id not in {voter.id, sitter.id}]
        await house.vote("violates")
        await house.settle()
        decided = await store.load(house.site.storage, case.id)
        assert decided.verdict == "violates"
        cast = {s.juror_id for s in await store.seats(house.site.storage, case.id) if s.vote}
        assert voter.id in cast
        assert await treasury.owed(house.world, "EUR", voter.id) == 25


async def test_a_conflict_found_before_the_verdict_strikes_the_ballot_unpaid(tmp_path):
    async with open_courthouse(tmp_path, jurors=14) as house:
        for juror in house.jurors[:14]:
            await jury.appoint(house.world, juror.id, bench=False, paid=True)
        admin = await house.site.member("boss", role="admin")
        await opened(house)
        voter, path, summons = await first(house)
        await voter.post(f"{path}/accept")
        await voter.post(f"{path}/ballot", json={"vote": "keeps"})
        address = f"/api/v1/admin/cases/{summons['case']}/conflict"
        body = {"account_id": str(voter.id), "reason": "the author's other account"}
        assert (await voter.post(address, json=body)).status_code == 403
        told = await admin.post(address, json=body)
        assert told.json() == {"outcome": "struck"}
        assert (await admin.post(address, json=body)).json() == {"outcome": "struck"}
        log = (await admin.get("/api/v1/admin/actions")).json()
        assert "strike_ballot" in str(log)
        assert str(voter.id) not in str(log)
        late = await voter.post(f"{path}/ballot", json={"vote": "keeps"})
        assert late.json()["code"] == "ballot_already_cast"
        await house.vote("violates")
        await house.settle()
        case = await store.case_by_public_id(house.site.storage, summons["case"])
        assert case.verdict == "violates"
        assert case.round.keeps == 0
        assert await treasury.owed(house.world, "EUR", voter.id) == 0
        assert await pay.served_in(house.world, voter.id, "2026-01") == []


async def test_a_conflict_found_before_the_vote_gives_the_seat_back(tmp_path):
    async with open_courthouse(tmp_path, jurors=12) as house:
        await opened(house)
        juror, path, summons = await first(house)
        await juror.post(f"{path}/accept")
        outcome = await found_conflicts.found_conflicted(
            house.court, summons["case"], juror.id, actor_id=1, reason="a friend"
        )
        assert outcome == "given_back"
        nobody = await found_conflicts.found_conflicted(
            house.court, summons["case"], 12_345, actor_id=1, reason="a stranger"
        )
        assert nobody == "stands"


async def test_a_verdict_that_hung_on_a_conflicted_ballot_is_judged_again_by_others(tmp_path):
    async with open_courthouse(tmp_path, jurors=40) as house:
        admin = await house.site.member("boss", role="admin")
        await opened(house)
        _, _, summons = await first(house)
        await house.vote("violates")
        await house.settle()
        case = await store.case_by_public_id(house.site.storage, summons["case"])
        assert case.verdict == "violates"
        first_panel = {s.juror_id for s in await store.seats(house.site.storage, case.id) if s.vote}
        address = f"/api/v1/admin/cases/{summons['case']}/conflict"
        body = {"account_id": str(min(first_panel)), "reason": "the target's brother"}
        assert (await admin.post(address, json=body)).json() == {"outcome": "judged_again"}
        await house.settle()
        assert (await admin.post(address, json=body)).json() == {"outcome": "judged_again"}
        await house.vote("keeps", most=200)
        await house.settle()
        again = await store.load(house.site.storage, case.id)
        assert again.verdict == "keeps"
        second = {
            seat.juror_id
            for seat in await store.seats(house.site.storage, case.id, again.round.number)
            if seat.vote
        }
        assert len(second) >= 3
        assert not second & first_panel


async def test_a_picture_that_was_judged_before_is_not_shown_again(tmp_path):
    async with open_courthouse(tmp_path, jurors=12) as house:
        await opened(house)
        juror, path, summons = await first(house)
        await juror.post(f"{path}/accept")
        case = await store.case_by_public_id(house.site.storage, summons["case"])
        key = await with_picture(house, case.subject_id)
        shown = (await juror.get(path)).json()["media"]
        assert [(one["n"], one["known"], one["shown"]) for one in shown] == [(1, "", True)]
        assert shown[0]["blurhash"] == "LEHV6n"
        assert str(case.subject_id) not in str(shown)
        got = await juror.get(f"{path}/media/1")
        assert (got.content, got.headers["cache-control"]) == (b"not really a picture", "no-store")
        for other in ("0", "2", "x"):
            assert (await juror.get(f"{path}/media/{other}")).status_code in {404, 422}
        stranger = await house.site.member("stranger")
        assert (await stranger.get(f"{path}/media/1")).status_code == 404
        judged = JudgedObjectRow(key, case.id + 1, "violates", 0)
        await house.site.storage.put(JUDGED_OBJECTS, judged)
        shown = (await juror.get(path)).json()["media"]
        assert shown[0]["known"] == "violates"
        assert shown[0]["blurhash"] is None
        assert (await juror.get(f"{path}/media/1")).status_code == 404
        # Its own case may still look at it, on appeal.
        await house.site.storage.put(
            JUDGED_OBJECTS, msgspec.structs.replace(judged, case_id=case.id)
        )
        assert (await juror.get(f"{path}/media/1")).status_code == 200


async def test_a_verdict_remembers_the_files_it_was_given_on(tmp_path):
    async with open_courthouse(tmp_path, jurors=12) as house:
        await opened(house)
        _, _, summons = await first(house)
        case = await store.case_by_public_id(house.site.storage, summons["case"])
        key = await with_picture(house, case.subject_id)
        assert await house.site.storage.get(JUDGED_OBJECTS, (key,)) is None
        await house.vote("violates")
        await house.settle()
        kept = await house.site.storage.get(JUDGED_OBJECTS, (key,))
        assert (kept.case_id, kept.verdict) == (case.id, "violates")


async def test_give_back_under_its_older_name_is_the_same(tmp_path):
    async with open_courthouse(tmp_path, jurors=6) as house:
        await opened(house)
        juror, path, summons = await first(house)
        assert (await juror.post(f"/api/v1/jury/summons/{summons['id']}/decline")).is_success
        assert (await juror.post(f"{path}/skip")).json()["code"] == "summons_answered"
