"""The same random operations give the same answers on every engine, and a wrong one is noticed."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Sequence
from typing import Any

import pytest

from tests.conformance.conftest import each_engine
from tests.conformance.engines import ENGINES
from tests.conformance.model_engine import ModelStorage
from tests.conformance.operations import Author, Operation, Player
from tests.conformance.seeded_bugs import BUGS
from tests.conformance.tables import TABLES
from venire.kernel.clock import ManualClock
from venire.kernel.ids import Ids
from venire.storage.engines.sqlite import SqliteStorage

EXAMPLES = 120
LENGTH = 100


@functools.cache
def written(seed: int) -> tuple[Operation, ...]:
    return tuple(Author(seed).operations(LENGTH))


def modelled(operations: Sequence[Operation], kind: type[ModelStorage] = ModelStorage) -> list[Any]:
    clock = ManualClock()
    return asyncio.run(Player(kind(clock, Ids(clock)), clock).answers(operations))


@functools.cache
def right(seed: int) -> list[Any]:
    return modelled(written(seed))


def played(name: str, folder: Any, operations: Sequence[Operation]) -> list[Any]:
    async def play() -> list[Any]:
        clock = ManualClock()
        engine = await ENGINES[name](folder, clock, TABLES)
        if isinstance(engine, SqliteStorage):
            # Answers are compared here; that they are durable has tests of its own.
            engine._writer._connection.execute("PRAGMA synchronous = OFF")
        try:
            return await Player(engine, clock).answers(operations)
        finally:
            await engine.close()

    folder.mkdir()
    return asyncio.run(play())


def first_difference(operations: Sequence[Operation], found: list[Any], expected: list[Any]) -> str:
    for place, (answer, wanted) in enumerate(zip(found, expected, strict=True)):
        if answer != wanted:
            told = operations[place] if place < len(operations) else "what is left at the end"
            return f"operation {place}: {told}\n answered {answer}\n  instead of {wanted}"
    return ""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", each_engine(without=("model",)))
def test_an_engine_answers_like_the_model(name, tmp_path):
    for seed in range(EXAMPLES):
        found = played(name, tmp_path / str(seed), written(seed))
        assert not (difference := first_difference(written(seed), found, right(seed))), (
            f"seed {seed}, {difference}"
        )


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_the_comparison_notices_an_engine_that_is_wrong(bug):
    noticed = sum(modelled(written(seed), bug) != right(seed) for seed in range(EXAMPLES))

    assert noticed >= 3, f"{bug.__name__}: noticed in {noticed} of {EXAMPLES} examples"


def test_most_answers_say_something():
    """A comparison of empty answers would be none."""
    told = [
        (operation.verb, answer)
        for seed in range(EXAMPLES)
        for operation, answer in zip(written(seed), right(seed), strict=False)
    ]
    for verb in ("get", "range", "scan", "tail"):
        answers = [answer for name, answer in told if name == verb]
        assert sum(bool(answer) for answer in answers) > len(answers) / 3, verb
    refusals = {answer for _, answer in told if isinstance(answer, tuple)}
    assert {code for _, code in refusals} >= {
        "version_moved",
        "foreign_aggregate",
        "head_missing",
        "head_version_wrong",
        "partition_incomplete",
    }
