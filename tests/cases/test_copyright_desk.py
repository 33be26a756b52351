"""Notice and counter-notice: who claims what, who answers, who sees whom, and which clock runs."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases.attacks import messages_to
from tests.kit.courthouse import Courthouse, open_courthouse
from tests.kit.site import BASE_URL
from venire.cases import copyright_desk
from venire.cases.copyright_model import business_days_after
from venire.kernel.clock import DAY_MS, parse_iso_ms
from venire.kernel.errors import Unavailable
from venire.people import standing

pytestmark = pytest.mark.anyio

C = "/api/v1/copyright/notices"
NAME, ADDRESS, PHONE = "Carla Claimant", "1 Zebra Lane", "+49 30 5550199"


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path) as opened:
        yield opened


async def finish(house: Courthouse) -> None:
    for _ in range(4):
        await house.settle()
        house.site.clock.advance(100)


def claim(*posts, **more):
    return {
        "name": NAME,
        "email": "carla@works.example",
        "address": ADDRESS,
        "phone": PHONE,
        "work": "The photograph 'Harbour at dusk', published in 2019",
        "urls": [f"{BASE_URL}/@{author}/{post}" for author, post in posts],
        "good_faith": True,
        "accurate": True,
        "signature": NAME,
        **more,
    }


ANSWER = {
    "name": "Ursula Uploader",
    "address": "2 Yak Street",
    "contact": "ursula@mail.test",
    "mistake": True,
    "jurisdiction": True,
    "signature": "Ursula Uploader",
}


async def claimed(house: Courthouse):
    """A post that was removed for a notice, and everyone around it."""
    moderator = await house.site.member("mona", "moderator")
    uploader = await house.site.member("uploader")
    post = await house.post(uploader, "look at the harbour")
    sent = await house.site.client.post(C, json=claim(("uploader", post)))
    assert sent.status_code == 202, sent.text
    await finish(house)
    notice = sent.json()
    assert (await uploader.get(f"/api/v1/statuses/{post}")).status_code == 200, "nothing by itself"
    accepted = await moderator.post(f"{C}/{notice['id']}/accept")
    assert accepted.is_success, accepted.text
    await finish(house)
    return moderator, uploader, post, notice


async def visible(house: Courthouse, post: str) -> bool:
    return (await house.site.client.get(f"/api/v1/statuses/{post}")).status_code == 200


async def test_an_unanswered_notice_removes_and_costs_and_is_never_before_a_panel(house):
    await house.seat_pool(8)
    moderator, uploader, post, notice = await claimed(house)
    assert not await visible(house, post)
    assert not await house.summoned()
    case = await house.case_on(post)
    assert (case.measure, case.found, case.round) == ("remove", "copyright", None)
    assert (await standing.standing(house.world, uploader.id)).points == 2
    told = (await uploader.get("/api/v1/notifications")).json()
    texts = [one["status"]["content"] for one in told if one["type"] == "mention"]
    assert any(f"/copyright/{notice['id']}" in text for text in texts)
    seen = (await moderator.get(f"{C}/{notice['id']}")).json()
    assert seen["items"][0]["infringements"] == 1
    assert not seen["items"][0]["repeat_infringer"]


async def test_an_answered_one_comes_back_after_ten_business_days_with_its_points(house):
    moderator, uploader, post, notice = await claimed(house)
    path = f"{C}/{notice['id']}/items/1/counter"
    for missing in ANSWER:
        short = {key: value for key, value in ANSWER.items() if key != missing}
        refused = await uploader.post(path, json=short)
        assert (refused.status_code, refused.json()["code"]) == (422, "counter_notice_incomplete")
        assert refused.json()["data"]["missing"] == [missing]
    answered = await uploader.post(path, json=ANSWER)
    assert answered.is_success, answered.text
    item = answered.json()
    waits = parse_iso_ms(item["restore_at"]) - parse_iso_ms(item["countered_at"])
    assert 12 * DAY_MS <= waits <= 16 * DAY_MS
    assert item["restore_by"] > item["restore_at"]
    again = await uploader.post(path, json=ANSWER)
    assert (again.status_code, again.json()["code"]) == (409, "transition_not_allowed")
    house.site.clock.advance(waits - DAY_MS)
    await finish(house)
    assert not await visible(house, post)
    house.site.clock.advance(DAY_MS)
    await finish(house)
    assert await visible(house, post)
    assert (await standing.standing(house.world, uploader.id)).points == 0
    seen = (await moderator.get(f"{C}/{notice['id']}")).json()
    assert (seen["items"][0]["state"], seen["items"][0]["infringements"]) == ("restored", 0)


async def test_an_action_before_a_court_keeps_it_removed(house):
    _, uploader, post, notice = await claimed(house)
    await uploader.post(f"{C}/{notice['id']}/items/1/counter", json=ANSWER)
    path = f"{C}/{notice['id']}/items/1/filed"
    wrong = await house.site.client.post(path, json={"secret": "0" * 48, "filed": "Docket 1"})
    assert wrong.status_code == 404
    secret = {"secret": notice["secret"]}
    empty = await house.site.client.post(path, json={**secret, "filed": " "})
    assert empty.json()["code"] == "filed_missing"
    filed = await house.site.client.post(path, json={**secret, "filed": "N.D. Cal. 3:26-cv-1"})
    assert filed.json()["items"][0]["state"] == "action_filed"
    house.site.clock.advance(30 * DAY_MS)
    await finish(house)
    assert not await visible(house, post)


async def test_a_claimant_sees_the_answer_and_may_take_the_notice_back(house):
    _, uploader, post, notice = await claimed(house)
    await uploader.post(f"{C}/{notice['id']}/items/1/counter", json=ANSWER)
    secret = {"secret": notice["secret"]}
    seen = (await house.site.client.post(f"{C}/{notice['id']}/claimant", json=secret)).json()
    assert seen["items"][0]["counter"]["address"] == ANSWER["address"]
    taken = await house.site.client.post(f"{C}/{notice['id']}/withdraw", json=secret)
    assert taken.json()["state"] == "withdrawn"
    await finish(house)
    assert await visible(house, post)
    assert (await standing.standing(house.world, uploader.id)).points == 0
    told = " ".join(await messages_to(uploader))
    assert "the claim of copyright was taken back" in told
    assert "within the rules" not in told, "nobody has judged whose work it is"


async def test_the_claimant_is_known_to_the_uploader_without_an_address_and_to_no_one_else(house):
    moderator, uploader, post, notice = await claimed(house)
    stranger = await house.site.member("stranger")
    copy = (await uploader.get(f"{C}/{notice['id']}")).json()
    assert (copy["claimant"], copy["address"], copy["phone"]) == (
        NAME,
        "[redacted]",
        "[redacted]",
    )
    assert ADDRESS not in json.dumps(copy)
    assert PHONE not in json.dumps(copy)
    assert (await stranger.get(f"{C}/{notice['id']}")).status_code == 404
    assert (await house.site.client.get(f"{C}/{notice['id']}")).status_code == 401
    assert (await stranger.get(C)).status_code == 403
    answer = await stranger.post(f"{C}/{notice['id']}/items/1/counter", json=ANSWER)
    assert answer.status_code == 404
    case = await house.case_on(post)
    for path in (f"/api/v1/cases/{case.public_id}", "/api/v1/statements", f"/@uploader/{post}"):
        for reader in (uploader, stranger):
            assert NAME not in (await reader.get(path)).text, path
    rows = (await moderator.get(C)).json()
    assert rows[0]["notice"]["address"] == ADDRESS


async def test_a_notice_that_lacks_something_says_what(house):
    await house.site.member("uploader")
    whole = claim(("uploader", "1"))
    for missing in ("name", "email", "address", "work", "urls", "signature"):
        short = {key: value for key, value in whole.items() if key != missing}
        refused = await house.site.client.post(C, json=short)
        assert (refused.status_code, refused.json()["code"]) == (422, "copyright_notice_incomplete")
        assert refused.json()["data"]["missing"] == [missing]
    for sworn in ("good_faith", "accurate"):
        refused = await house.site.client.post(C, json={**whole, sworn: False})
        assert refused.json()["data"]["missing"] == [sworn]
    assert (await house.site.client.post(C, json={**whole, "email": "x"})).status_code == 422
    many = {**whole, "urls": whole["urls"] * 51}
    assert (await house.site.client.post(C, json=many)).json()["code"] == "too_many_values"
    assert (await house.site.client.post(C, json={**whole, "work": "x" * 5_000})).status_code == 422


async def test_what_is_elsewhere_private_or_ones_own_is_not_removed(house):
    moderator = await house.site.member("mona", "moderator")
    uploader = await house.site.member("uploader")
    private = await house.post(uploader, "for followers", visibility="private")
    own = await house.post(moderator, "my harbour")
    urls = [f"{BASE_URL}/@uploader/{private}", "https://elsewhere.example/@a/7"]
    sent = (await house.site.client.post(C, json=claim(urls=urls))).json()
    assert [item["state"] for item in sent["items"]] == ["not_found", "not_found"]
    sent = (await house.site.client.post(C, json=claim(("mona", own)))).json()
    refused = await moderator.post(f"{C}/{sent['id']}/accept")
    assert (refused.status_code, refused.json()["code"]) == (403, "own_case")
    parody = {"reason": "a parody"}
    assert (await moderator.post(f"{C}/{sent['id']}/refuse", json=parody)).status_code == 403
    other = await house.site.member("otto", "moderator")
    denied = await other.post(f"{C}/{sent['id']}/refuse", json=parody)
    assert denied.json()["state"] == "refused"
    assert (await other.post(f"{C}/{sent['id']}/accept")).status_code == 409
    assert await visible(house, own)


async def test_who_is_named_again_and_again_is_counted_as_such(house):
    moderator = await house.site.member("mona", "moderator")
    uploader = await house.site.member("uploader")
    for number in range(3):
        post = await house.post(uploader, f"harbour {number}")
        sent = (await house.site.client.post(C, json=claim(("uploader", post)))).json()
        await moderator.post(f"{C}/{sent['id']}/accept")
        await finish(house)
    seen = (await moderator.get(f"{C}/{sent['id']}")).json()
    assert (seen["items"][0]["infringements"], seen["items"][0]["repeat_infringer"]) == (3, True)


async def test_while_a_second_claimant_stands_one_answer_does_not_bring_it_back(house):
    moderator, uploader, post, notice = await claimed(house)
    second = (await house.site.client.post(C, json=claim(("uploader", post), name="Dora"))).json()
    await moderator.post(f"{C}/{second['id']}/accept")
    await finish(house)
    await uploader.post(f"{C}/{notice['id']}/items/1/counter", json=ANSWER)
    house.site.clock.advance(20 * DAY_MS)
    await finish(house)
    assert not await visible(house, post)
    secret = {"secret": second["secret"]}
    await house.site.client.post(f"{C}/{second['id']}/withdraw", json=secret)
    await finish(house)
    assert await visible(house, post)


async def test_killed_while_it_removes_it_goes_on_and_tells_each_uploader_once(house, monkeypatch):
    moderator = await house.site.member("mona", "moderator")
    uploader = await house.site.member("uploader")
    made = [await house.post(uploader, f"harbour {n}") for n in range(5)]
    named = [("uploader", post) for post in made]
    sent = (await house.site.client.post(C, json=claim(*named))).json()
    await moderator.post(f"{C}/{sent['id']}/accept")
    real, calls = copyright_desk.copyright_effects.remove, [0]

    async def dies(*asked):
        calls[0] += 1
        done = await real(*asked)
        if calls[0] % 2:
            raise Unavailable("killed_here")
        return done

    monkeypatch.setattr(copyright_desk.copyright_effects, "remove", dies)
    for _ in range(12):
        with contextlib.suppress(Unavailable):
            await copyright_desk.go_on(house.court, f"{sent['id']}:accepted")
        await house.site.settle()
    monkeypatch.setattr(copyright_desk.copyright_effects, "remove", real)
    await finish(house)
    assert not any([await visible(house, post) for post in made])
    assert {len((await house.case_on(post)).struck) for post in made} == {1}
    seen = (await moderator.get(f"{C}/{sent['id']}")).json()
    assert {item["state"] for item in seen["items"]} == {"removed"}


@given(st.integers(1_600_000_000_000, 1_900_000_000_000), st.integers(1, 40))
def test_business_days_are_never_fewer_days_and_end_on_one(at_ms, days):
    after = business_days_after(at_ms, days)
    assert (after - at_ms) % DAY_MS == 0
    assert days <= (after - at_ms) // DAY_MS <= days + 2 * (days // 5 + 1)
    assert (after // DAY_MS + 3) % 7 < 5
