"""A state in the log: told when it begins, when it turns into another one, and when it is over.

A worker that looks each second would say each second what it cannot do, until the log is full of it
and nobody reads the one line that is news.
"""

from __future__ import annotations

import logging
from collections.abc import Container
from typing import Any, NamedTuple

from venire.kernel.errors import Problem


class ToldOnce:
    """States of one name, each `of` something (a store, a subscriber): few enough to be kept.

    What is logged says how it is (`said`); at the end it says `over`, and `times`: how often it was
    found so.
    """

    def __init__(self, log: logging.Logger, event: str, level: int = logging.ERROR) -> None:
        self._log = log
        self._event = event
        self._level = level
        self._standing: dict[str, _State] = {}

    def is_so(
        self, said: str = "", *, of: str = "", error: Exception | None = None, **extra: Any
    ) -> None:
        """It is so now. `error`: why; one of another kind, or with another code, is news."""
        kind = said if error is None else _kind(error)
        before = self._standing.get(of)
        self._standing[of] = _State(kind, before.times + 1 if before else 1, extra)
        if before is None or before.said != kind:
            told = {"said": kind, **extra}
            self._log.log(self._level, self._event, extra=told, exc_info=error)

    def is_over(self, *, of: str = "") -> None:
        """It is not so now: news where it was."""
        state = self._standing.pop(of, None)
        if state is not None:
            # As loud as a warning, so that whoever reads of the beginning reads of the end.
            told = {"said": state.said, "over": True, "times": state.times, **state.extra}
            self._log.warning(self._event, extra=told)

    def are_over(self, *, but: Container[str] = ()) -> None:
        """None of them is so now, but for these."""
        for of in [one for one in self._standing if one not in but]:
            self.is_over(of=of)


class _State(NamedTuple):
    said: str
    times: int
    extra: dict[str, Any]


def _kind(error: Exception) -> str:
    return error.code if isinstance(error, Problem) else type(error).__name__
