"""The same random operations give the same answers on every engine, and a wrong one is noticed."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis.errors import NoSuchExample

from tests.conformance.engines import ENGINES
from tests.conformance.model_engine import ModelStorage
from tests.conformance.operations import OPERATIONS, Operation, Player
from tests.conformance.seeded_bugs import BUGS
from tests.conformance.tables import TABLES
from venire.kernel.clock import ManualClock
from venire.kernel.ids import Ids
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.verbs import Delete, Put

EXAMPLES = 150
_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def modelled(operations: Sequence[Operation], kind: type[ModelStorage] = ModelStorage) -> list[Any]:
    clock = ManualClock()
    return asyncio.run(Player(kind(clock, Ids(clock)), clock).answers(operations))


def played(name: str, operations: Sequence[Operation]) -> list[Any]:
    async def play(folder: Path) -> list[Any]:
        clock = ManualClock()
        engine = ENGINES[name](folder, clock, TABLES)
        if isinstance(engine, SqliteStorage):
            # What is compared here is answers; durability has tests of its own.
            engine._writer._connection.execute("PRAGMA synchronous = OFF")
        try:
            return await Player(engine, clock).answers(operations)
        finally:
            await engine.close()

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(play(Path(folder)))


@pytest.mark.parametrize("name", [name for name in ENGINES if name != "model"])
def test_an_engine_answers_like_the_model(name):
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=_SLOW)
    @given(OPERATIONS)
    def compare(operations: list[Operation]) -> None:
        expected = modelled(operations)
        found = played(name, operations)
        for place, (answer, right) in enumerate(zip(found, expected, strict=True)):
            assert answer == right, operations[: place + 1][-1:]

    compare()


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_the_comparison_notices_an_engine_that_is_wrong(bug):
    budget = settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=_SLOW,
    )
    try:
        find(OPERATIONS, lambda ops: modelled(ops, bug) != modelled(ops), settings=budget)
    except NoSuchExample:
        pytest.fail(f"{bug.__name__} went unnoticed in {EXAMPLES} examples")
