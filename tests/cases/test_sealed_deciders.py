"""Of the two who may decide a sealed case, whoever decided it never hears the appeal."""

from __future__ import annotations

import msgspec
import pytest

from tests.kit.courthouse import open_courthouse
from venire.cases import appeals_filing, child_safety
from venire.cases.policy import ChildSafetyPolicy

pytestmark = pytest.mark.anyio

S = "/api/v1/admin/sealed"
FOUND = {"verdict": "violates", "reason": "It is."}
KEPT = {"verdict": "keeps", "reason": "It is harmless."}


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path) as opened:
        named = ChildSafetyPolicy(person="nina", deputy="dora", authority="NCMEC", keep_days=400)
        policy = msgspec.structs.replace(opened.court.policy, child_safety=named)
        object.__setattr__(opened.court, "policy", policy)
        yield opened


async def found_by_nina(house):
    """A sealed case that nina has found to be so; both who are named, its author, its path."""
    nina, dora = [await house.site.member(name, "moderator") for name in ("nina", "dora")]
    author, reporter = [await house.site.member(name) for name in ("author", "reporter")]
    post = await house.post(author, "words that harm a child")
    report = {"account_id": str(author.id), "status_ids": [post], "rule_ids": ["6"]}
    assert (await reporter.post("/api/v1/reports", json=report)).is_success
    await house.settle()
    path = f"{S}/{(await house.case_on(post)).public_id}/decide"
    assert (await nina.post(path, json=FOUND)).is_success
    await house.settle()
    return nina, dora, author, post, path


async def appeal(house, author, post) -> None:
    case = await house.case_on(post)
    await appeals_filing.appeal_case(house.court, author.id, case.public_id, "It is a drawing.")
    await house.settle()


async def test_finding_the_same_once_more_is_refused_and_leaves_the_appeal_to_the_second(house):
    nina, dora, author, post, path = await found_by_nina(house)
    again = await dora.post(path, json=FOUND)
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_change")
    await appeal(house, author, post)
    barred = await nina.post(path, json=KEPT)
    assert (barred.status_code, barred.json()["code"]) == (403, "second_person_needed")
    assert (await dora.post(path, json=KEPT)).is_success


async def test_whoever_decided_before_somebody_else_did_hears_no_appeal_either(house):
    nina, dora, author, post, path = await found_by_nina(house)
    case = await house.case_on(post)
    _, row = await child_safety.show(house.court, dora.id, case.public_id)
    # As if both had decided at once: the row names the later one alone.
    await child_safety._save(house.world, row, decided_by=dora.id)
    await appeal(house, author, post)
    for one in (nina, dora):
        barred = await one.post(path, json=KEPT)
        assert (barred.status_code, barred.json()["code"]) == (403, "second_person_needed")
