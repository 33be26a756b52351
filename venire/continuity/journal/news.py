"""What the lines to the stores wait for: something was committed, somebody waits for a store.

Told for every commit, it costs next to nothing while nobody has listened since the last one; and
where nothing is committed, nobody is woken.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from typing import Final

from venire.kernel.clock import DAY_MS

URGENT_S: Final = 0.1
"""From one segment's cut to the next one's while somebody waits: many who wait go together too."""


@dataclasses.dataclass(frozen=True)
class Pace:
    """How a line moves. `gap_s`: from one segment's cut to the next one's, at least.

    `look_s`: how often it looks for other hosts; `glance_s`: whether there are commits of other
    processes, which tell of none without events.
    """

    gap_s: float = 0.1
    look_s: float = 10.0
    glance_s: float = 0.15
    patience_s: float = 10.0
    given_up_ms: int = 7 * DAY_MS


class News:
    """Tells all lines at once."""

    def __init__(self) -> None:
        self._ears: list[Ear] = []
        self.heard = True
        """Whether any line has listened since it was last told."""

    def ear(self) -> Ear:
        """For one line: it hears what is told from now on."""
        made = Ear(self)
        self._ears.append(made)
        return made

    def tell(self) -> None:
        """Something was committed; harmless when it was not."""
        if self.heard:
            self.heard = False
            for ear in self._ears:
                ear.new.set()

    def hurry(self) -> None:
        """Somebody waits until the last commit is in a store."""
        for ear in self._ears:
            ear.urgent.set()
        self.tell()


class Ear:
    """One line's side of it."""

    def __init__(self, news: News) -> None:
        self._news = news
        self.new = asyncio.Event()
        self.urgent = asyncio.Event()

    def listen(self) -> None:
        """What was told until now is looked for at once: only what comes after it is news."""
        self.new.clear()
        self.urgent.clear()
        self._news.heard = True

    async def wait(self, most_s: float) -> None:
        """Until there is news, or a time is over."""
        await _until(self.new, most_s)

    async def rest(self, began_s: float, gap_s: float) -> None:
        """Until a time after a moment of the loop's clock; not for so long where somebody waits."""
        loop = asyncio.get_running_loop()
        soonest_s = began_s + min(gap_s, URGENT_S) - loop.time()
        if soonest_s > 0:
            await asyncio.sleep(soonest_s)
        await _until(self.urgent, began_s + gap_s - loop.time())


async def _until(event: asyncio.Event, most_s: float) -> None:
    if most_s > 0 and not event.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(most_s):
                await event.wait()
