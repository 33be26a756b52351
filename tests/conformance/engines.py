"""The engines that must answer alike. A second real one is one line in `ENGINES`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from tests.conformance.model_engine import ModelStorage
from venire.kernel.clock import ManualClock
from venire.kernel.ids import Ids
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.verbs import Storage, Table


class Engine(Storage, Protocol):
    """The verbs, and an end."""

    async def close(self) -> None:
        """Let go of whatever is held."""


Opener = Callable[[Path, ManualClock, Sequence[Table[Any]]], Engine]

ENGINES: dict[str, Opener] = {
    "model": lambda _folder, clock, _tables: ModelStorage(clock, Ids(clock)),
    "sqlite": lambda folder, clock, tables: SqliteStorage(folder, clock, Ids(clock), tables),
}
