"""A house whose panels are asked what is known: its policy, its questions, its clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from tests.kit.courthouse import Courthouse
from venire.cases import gold_cases, store
from venire.cases.model import Case
from venire.jury import gold_actions
from venire.jury.gold import Question
from venire.kernel.clock import HOUR_MS
from venire.storage.tables.calibration import GOLD
from venire.storage.tables.cases import CASES

TEXTS = (
    ("Whoever opens that gate tomorrow gets dragged behind the truck until nothing is left.", True),
    ("The gate opens at six tomorrow. Bring your own cups, the machine is broken again.", False),
)


def set_policy(house: Courthouse, **changes: Any) -> None:
    """Change the section `calibration` of the policy in force."""
    policy = house.court.policy
    changed = msgspec.structs.replace(policy.calibration, **changes)
    object.__setattr__(
        house.site.court, "policy", msgspec.structs.replace(policy, calibration=changed)
    )


async def add_gold(house: Courthouse, *questions: Question) -> None:
    """Put questions on the shelf."""
    await gold_actions.add(house.world, questions, gold_actions.Origin("file"))


def question(number: int, *, violates: bool, category: str = "incitement", **more: Any) -> Question:
    """A question of its own words."""
    text = (
        f"{TEXTS[0 if violates else 1][0]} ({number} in words: {'x' * (number % 50 + 1)}{number})"
    )
    return Question(text=text, category=category, violates=violates, **more)


async def all_cases(house: Courthouse, asks: str) -> list[Case]:
    """The cases of one kind, oldest first."""
    rows, _ = await house.site.storage.scan(CASES)
    found = [await store.load(house.site.storage, row.id) for row in rows]
    return sorted(
        (one for one in found if one is not None and one.asks == asks), key=lambda c: c.id
    )


async def all_questions(house: Courthouse) -> list[Any]:
    """Every question there is."""
    rows, _ = await house.site.storage.scan(GOLD)
    return rows


async def ask(house: Courthouse, like: Case) -> Case:
    """Open a question in the shape of a case, as its timer would."""
    before = {case.id for case in await all_cases(house, "gold")}
    await gold_cases.on_due(house.court, f"{house.world.ids.next()}:{like.id}")
    await house.settle()
    (opened,) = [c for c in await all_cases(house, "gold") if c.id not in before]
    return opened


async def pass_hours(house: Courthouse, hours: float) -> None:
    """Let time pass, and what is due in it happen."""
    house.site.clock.advance(int(hours * HOUR_MS))
    await house.settle()


async def seats(house: Courthouse, case: Case) -> Sequence[Any]:
    """Who was asked in a case."""
    return await store.seats(house.site.storage, case.id)
