"""Runs a drill in a folder of its own, and keeps what it showed with the operator's site."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec

from venire.cli.drills.vendors.endpoints import read
from venire.cli.drills.vendors.every import DRILLS
from venire.cli.drills.vendors.results import Log
from venire.cli.drills.vendors.stage import open_stage
from venire.continuity.vendors import drill_results
from venire.kernel.errors import NotFound, Problem
from venire.server.settings import load_settings
from venire.server.wiring import open_house


def perform(
    name: str, say: Callable[[str], None], *, posts: int, counterparts: Path | None = None
) -> dict[str, Any]:
    """Run a drill; its result, also when it broke off. NotFound `drill_unknown`.

    `posts`: how many lie on the site of a drill that is about a whole one. `counterparts`: a file
    that names real ones (`endpoints`). Invalid `counterparts_invalid`.
    """
    found = DRILLS.get(name)
    if found is None:
        known = ", ".join(sorted(DRILLS))
        raise NotFound("drill_unknown", f"there are: {known}", drill=name)
    endpoints = read(counterparts)
    log = Log(name, say)
    with tempfile.TemporaryDirectory(prefix="venire-drill-") as place:
        try:
            with open_stage(Path(place), log, posts=posts, endpoints=endpoints) as stage:
                found.perform(stage)
        except Problem as problem:
            # What it came to is a result too: the operator must see where it ended.
            log.step("broken off", good=False, note=f"{problem.code}: {problem.hint}"[:500])
        except (httpx.HTTPError, OSError) as error:
            log.step("broken off", good=False, note=f"{type(error).__name__}: {error}"[:500])
    return log.result(within_s=found.within_s)


def note(data: str | None, result: dict[str, Any]) -> bool:
    """Keep a result in the register of the site in a folder, if there is one; whether it was."""
    settings = load_settings({"data": data})
    if not (settings.folder / "venire.db").exists():
        return False
    switched_s = result["switched_s"]

    async def write() -> None:
        async with open_house(settings) as house:
            await drill_results.note(
                house.world,
                result["drill"],
                passed=result["passed"],
                switched_ms=None if switched_s is None else round(switched_s * 1_000),
                result=msgspec.json.encode(result),
            )

    asyncio.run(write())
    return True
