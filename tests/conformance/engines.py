"""The engines that must answer alike. Another one is one line in `ENGINES`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from tests.cluster.keyspace import open_empty
from tests.conformance.model_engine import ModelStorage
from venire.kernel.clock import ManualClock
from venire.kernel.ids import Ids
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.verbs import Storage, Table


class Engine(Storage, Protocol):
    """The verbs, and an end."""

    async def close(self) -> None:
        """Let go of whatever is held."""


Opener = Callable[[Path, ManualClock, Sequence[Table[Any]]], Awaitable[Engine]]


async def _model(_folder: Path, clock: ManualClock, _tables: Sequence[Table[Any]]) -> Engine:
    return ModelStorage(clock, Ids(clock))


async def _sqlite(folder: Path, clock: ManualClock, tables: Sequence[Table[Any]]) -> Engine:
    return SqliteStorage(folder, clock, Ids(clock), tables)


async def _cql(_folder: Path, clock: ManualClock, tables: Sequence[Table[Any]]) -> Engine:
    return await open_empty(clock, tables)


ENGINES: dict[str, Opener] = {"model": _model, "sqlite": _sqlite, "cql": _cql}
ON_A_CLUSTER = frozenset({"cql"})
"""These need a server: their tests are marked `cluster`."""
