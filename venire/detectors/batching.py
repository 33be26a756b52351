"""Judges posts together that are asked about in the same turn of the loop.

Weighing one post alone costs five times what it costs among a hundred: most of it is the overhead
of the array library.
"""

from __future__ import annotations

import asyncio

from venire.detectors.model import Evidence, Judgement, Models
from venire.detectors.run import judge_all


class Bench:
    """Collects questions until the loop turns, then answers them all."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._asked: list[tuple[Evidence, asyncio.Future[Judgement]]] = []

    async def judge(self, evidence: Evidence) -> Judgement:
        """Judge one post, with whatever else is asked meanwhile."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Judgement] = loop.create_future()
        if not self._asked:
            loop.call_soon(self._answer)
        self._asked.append((evidence, answer))
        return await answer

    def _answer(self) -> None:
        asked, self._asked = self._asked, []
        try:
            judgements = judge_all([evidence for evidence, _ in asked], self._models)
        except Exception as error:  # noqa: BLE001 - one post that cannot be read is not its neighbours' fault
            if len(asked) == 1:
                self._fail(asked[0][1], error)
            else:
                self._one_by_one(asked)
            return
        for (_, answer), judgement in zip(asked, judgements, strict=True):
            if not answer.done():
                answer.set_result(judgement)

    def _one_by_one(self, asked: list[tuple[Evidence, asyncio.Future[Judgement]]]) -> None:
        for evidence, answer in asked:
            try:
                (judgement,) = judge_all([evidence], self._models)
            except Exception as error:  # noqa: BLE001 - told to whoever asked
                self._fail(answer, error)
            else:
                if not answer.done():
                    answer.set_result(judgement)

    @staticmethod
    def _fail(answer: asyncio.Future[Judgement], error: Exception) -> None:
        if not answer.done():
            answer.set_exception(error)
