"""Asking several places for one thing: the next one as soon as this one is slow, or has it not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from venire.kernel.errors import Problem
from venire.kernel.vendors import VendorFault

T = TypeVar("T")
BUDGET_S: Final = 0.3
"""How long one place has before the next one is asked beside it."""


async def first_of(
    places: Sequence[Callable[[], Awaitable[T | None]]], budget_s: float = BUDGET_S
) -> T | None:
    """What the first place says that has it; None where all say that they have it not.

    Those that are still being asked are then left. Raises the last fault (VendorFault or Problem)
    where nobody has it and not everybody could say so.
    """
    left = list(places)
    running: set[asyncio.Task[T | None]] = set()
    fault: Exception | None = None
    try:
        while left or running:
            if left:
                running.add(asyncio.ensure_future(_asked(left.pop(0))))
            done, running = await asyncio.wait(
                running,
                timeout=budget_s if left else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                error = task.exception()
                if isinstance(error, (VendorFault, Problem)):
                    fault = error
                elif error is not None:
                    raise error
                elif (found := task.result()) is not None:
                    return found
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    if fault is not None:
        raise fault
    return None


async def _asked(place: Callable[[], Awaitable[T | None]]) -> T | None:
    return await place()
