"""Whom a desk's matter is about is kept out of it, whatever their role."""

from __future__ import annotations

import json

import msgspec
import pytest

from tests.cases.test_copyright_desk import ADDRESS, ANSWER, PHONE, C, claim, finish
from tests.cases.test_orders import D, O, demand, messages, order, the_people
from tests.kit.courthouse import open_courthouse
from venire.cases.policy import ChildSafetyPolicy
from venire.kernel.clock import DAY_MS, iso_ms

pytestmark = pytest.mark.anyio

S = "/api/v1/admin/sealed"
WHY = {"reason": "it is so"}


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path) as opened:
        yield opened


def refused(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def silence(house) -> dict[str, str]:
    until = iso_ms(house.site.clock.now_ms() + 3 * DAY_MS)
    return {"silent_ground": "Art. 3", "silent_until": until}


async def test_an_uploader_who_moderates_reads_the_uploaders_copy_and_may_answer(house):
    mona, otto = [await house.site.member(name, "moderator") for name in ("mona", "otto")]
    post = await house.post(mona, "my harbour")
    sent = (await house.site.client.post(C, json=claim(("mona", post)))).json()
    path = f"{C}/{sent['id']}"
    assert (await mona.get(path)).status_code == 404, "before it was accepted there is no copy"
    assert (await mona.get(C)).json() == []
    assert len((await otto.get(C)).json()) == 1
    for act in ("accept", "refuse"):
        assert refused(await mona.post(f"{path}/{act}", json=WHY)) == (403, "own_case")
    assert (await otto.post(f"{path}/accept")).is_success
    await finish(house)
    copy = (await mona.get(path)).json()
    assert copy["address"] == copy["phone"] == "[redacted]"
    listed = (await mona.get(C)).json()
    assert not {ADDRESS, PHONE} & set(json.dumps([copy, listed]).split('"'))
    assert (await otto.get(path)).json()["notice"]["address"] == ADDRESS
    assert (await mona.post(f"{path}/items/1/counter", json=ANSWER)).is_success


async def test_the_claimants_mail_address_is_not_in_the_uploaders_copy(house):
    otto = await house.site.member("otto", "moderator")
    uploader = await house.site.member("uploader")
    post = await house.post(uploader, "a harbour")
    sent = (await house.site.client.post(C, json=claim(("uploader", post)))).json()
    assert (await otto.post(f"{C}/{sent['id']}/accept")).is_success
    await finish(house)
    copy = await uploader.get(f"{C}/{sent['id']}")
    assert copy.is_success
    assert "carla@works.example" not in copy.text


async def test_a_silent_order_is_read_by_those_who_decide_it_and_by_whoever_registered_it(house):
    mona, anna, author = await the_people(house)
    otto = await house.site.member("otto", "moderator")
    boss = await house.site.member("boss", "admin")
    post = await house.post(author, "a word on the minister")
    made = (await mona.post(O, json=order(post, **silence(house)))).json()
    path = f"{O}/{made['id']}"
    for reader in (mona, anna, boss):
        assert [one["id"] for one in (await reader.get(O)).json()] == [made["id"]]
        assert (await reader.get(path)).is_success
    assert (await otto.get(O)).json() == []
    assert (await otto.get(path)).status_code == 404
    assert (await otto.post(f"{path}/dispute", json=WHY)).status_code == 404
    logged = (await otto.get("/api/v1/admin/log")).text
    assert "K-2026-17" not in logged
    house.site.clock.advance(3 * DAY_MS)
    assert (await otto.get(path)).is_success


async def test_an_approver_neither_sees_a_silent_order_on_their_own_post_nor_hears_of_it(house):
    mona, anna, _ = await the_people(house)
    post = await house.post(anna, "a word on the minister")
    made = (await mona.post(O, json=order(post, **silence(house)))).json()
    await finish(house)
    path = f"{O}/{made['id']}"
    assert (await anna.get(O)).json() == []
    assert (await anna.get(path)).status_code == 404
    assert await messages(anna) == []
    for act in ("approve", "refuse", "dispute", "lift"):
        assert (await anna.post(f"{path}/{act}", json=WHY)).status_code == 404, act
    assert (await mona.get(path)).json()["state"] == "registered"


async def test_nobody_registers_or_decides_an_order_on_their_own_post(house):
    mona, anna, _ = await the_people(house)
    own = await house.post(mona, "my word on the minister")
    assert refused(await mona.post(O, json=order(own))) == (403, "own_case")
    post = await house.post(anna, "a word on the minister")
    made = (await mona.post(O, json=order(post))).json()
    for act in ("approve", "refuse", "dispute", "lift"):
        answer = await anna.post(f"{O}/{made['id']}/{act}", json=WHY)
        assert refused(answer) == (403, "own_case"), act


async def test_an_admin_is_kept_out_of_a_demand_about_themselves(house):
    one, two, three = [await house.site.member(name, "admin") for name in ("one", "two", "three")]
    made = (await one.post(D, json=demand(two, **silence(house)))).json()
    path = f"{D}/{made['id']}"
    step = {"state": "refused", "reason": "no"}
    assert (await two.get(D)).json() == []
    assert (await two.get(path)).status_code == 404
    assert (await two.post(f"{path}/review", json=step)).status_code == 404
    assert refused(await one.post(D, json=demand(one))) == (403, "own_case")
    assert len((await three.get(D)).json()) == 1
    assert (await three.post(f"{path}/review", json=step)).is_success


async def test_a_named_person_opens_nothing_of_a_sealed_case_about_themselves(house):
    named = ChildSafetyPolicy(person="nina", deputy="dora", authority="NCMEC", keep_days=400)
    policy = msgspec.structs.replace(house.court.policy, child_safety=named)
    object.__setattr__(house.court, "policy", policy)
    nina, dora = [await house.site.member(name, "moderator") for name in ("nina", "dora")]
    reporter = await house.site.member("reporter")
    post = await house.post(nina, "words that harm a child")
    report = {"account_id": str(nina.id), "status_ids": [post], "rule_ids": ["6"]}
    filed = await reporter.post("/api/v1/reports", json={**report, "comment": "I know you"})
    assert filed.is_success
    await house.settle()
    case = (await house.case_on(post)).public_id
    assert [one["case"] for one in (await dora.get(S)).json()] == [case]
    assert (await nina.get(S)).json() == []
    found = {"verdict": "violates", "reason": "It is."}
    assert (await dora.post(f"{S}/{case}/decide", json=found)).is_success
    await house.settle()
    sent = {"authority": "NCMEC", "reference": "R-1"}
    answers = [await nina.get(f"{S}/{case}")] + [
        await nina.post(f"{S}/{case}/{act}", json=body)
        for act, body in (("open", {}), ("packet", {}), ("reported", sent), ("decide", found))
    ]
    assert {refused(one) for one in answers} == {(403, "own_case")}
    assert "I know you" not in "".join(one.text for one in answers)
    trail = (await dora.get(f"{S}/{case}")).json()["trail"]
    assert {line["actor_id"] for line in trail} == {str(dora.id)}
