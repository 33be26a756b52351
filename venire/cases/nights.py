"""The night's work: which verdicts are judged again, how far each juror is trusted, who is taught.

One row for each night. Killed anywhere it is begun again from the start, and every part finds what
was done before: a verdict that is chosen has its row, a rate that is written is not written again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from venire.cases import delivery, rejudging
from venire.cases.court import Court
from venire.jury import gold_store, store, training
from venire.jury.calibration import (
    CaseBallot,
    Estimate,
    GoldAnswers,
    calibrate,
    dawid_skene,
    is_below,
    pool_mean,
)
from venire.jury.gold_store import Figures
from venire.jury.model import Rates, Vote
from venire.kernel.clock import DAY_MS, HOUR_MS, parse_iso_ms, utc_day
from venire.kernel.errors import Conflict
from venire.kernel.i18n import translate
from venire.people import actions as people
from venire.storage.tables.calibration import NightRow

_log = logging.getLogger(__name__)
_LOOK_S: Final = 60
_MISSED_MOST: Final = 7
_TRIES: Final = 10
_DIGITS: Final = 4
_VOTES: Final[tuple[Vote, Vote]] = ("keeps", "violates")


def day_ms(day: str) -> int:
    """When a day begins, in UTC."""
    return parse_iso_ms(f"{day}T00:00:00.000Z")


class Said(NamedTuple):
    """A ballot in a case whose truth is known."""

    juror_id: int
    truth: bool
    violates: bool
    at_ms: int


class Window(NamedTuple):
    """What a night reads: the ballots of the last days, and the truths that are known of them."""

    ballots: list[CaseBallot]
    known: dict[int, bool]
    said: list[Said]
    verdicts: int


async def keep_nights(court: Court) -> None:
    """Do each night's work when it has come, for ever: the leader's task."""
    while True:
        try:
            for day in await due(court):
                if not await run(court, day):
                    break
        except asyncio.CancelledError:
            raise
        except Exception:  # noqa: BLE001 - the next look begins the night again
            _log.exception("night_not_done")
        await asyncio.sleep(_LOOK_S)


async def due(court: Court) -> list[str]:
    """The days whose night has come and is not done, oldest first; a week of them at most."""
    now_ms = court.world.now_ms()
    last_ms = now_ms - court.policy.calibration.night_hour * HOUR_MS - DAY_MS
    found: list[str] = []
    for back in range(_MISSED_MOST):
        day = utc_day(last_ms - back * DAY_MS)
        row = await gold_store.night(court.world.storage, day)
        if row is not None and row.state == "done":
            break
        found.append(day)
        if row is None and not await gold_store.newest_nights(court.world.storage, day, limit=1):
            # The first night of a site, or of this version: there is nothing to catch up with.
            break
    return found[::-1]


async def run(court: Court, day: str) -> bool:
    """Do the night's work for a day; whether it is done. Not before a later pool is frozen."""
    storage = court.world.storage
    row = await gold_store.night(storage, day)
    if row is not None and row.state == "done":
        return True
    if row is None:
        epoch = await rejudging.epoch_after(court.world, day_ms(day) + DAY_MS)
        if epoch is None:
            return False
        row = await gold_store.save_night(storage, _begun(court, day, epoch))
    chosen = await rejudging.choose(court, day, row.epoch)
    window = await read_window(court, day)
    estimate = await asyncio.to_thread(
        dawid_skene, window.ballots, known=window.known, prior=court.policy.panel.prior
    )
    changed = await write_rates(court, estimate.rates)
    retrained = await _retrain(court, day, window, estimate.rates)
    figures = _figures(window, estimate, chosen, changed, retrained)
    done = msgspec.structs.replace(
        row,
        state="done",
        done_at_ms=court.world.now_ms(),
        figures=msgspec.json.encode(figures),
    )
    await gold_store.save_night(storage, done)
    return True


def _begun(court: Court, day: str, epoch: int) -> NightRow:
    return NightRow(
        year=int(day[:4]),
        day=day,
        state="begun",
        epoch=epoch,
        begun_at_ms=court.world.now_ms(),
        done_at_ms=None,
        figures=b"{}",
        version=0,
    )


def _figures(
    window: Window, estimate: Estimate, chosen: int, changed: int, retrained: int
) -> Figures:
    mean = pool_mean(estimate.rates.values())
    return Figures(
        chosen=chosen,
        verdicts=window.verdicts,
        ballots=len(window.ballots),
        known=len(window.known),
        jurors=len(estimate.rates),
        changed=changed,
        retrained=retrained,
        rounds=estimate.rounds,
        h=round(mean.h, _DIGITS) if estimate.rates else 0.0,
        f=round(mean.f, _DIGITS) if estimate.rates else 0.0,
    )


async def read_window(court: Court, day: str) -> Window:
    """The ballots of the days up to this one, the newest first, as many as the policy lets in."""
    limits, storage = court.policy.calibration, court.world.storage
    window = Window([], {}, [], 0)
    verdicts = 0
    truths: dict[int, bool | None] = {}
    for back in range(limits.window_days):
        of_day = utc_day(day_ms(day) - back * DAY_MS)
        again = {
            (row.case_id, row.round): row.bench_verdict == "violates"
            async for row in gold_store.rejudgings_on(storage, of_day)
            if row.bench_verdict is not None
        }
        async for row in gold_store.verdicts_on(storage, of_day):
            if row.question_id and row.question_id not in truths:
                truths[row.question_id] = await _answer_to(court, row.question_id)
            truth = (
                truths[row.question_id] if row.question_id else again.get((row.case_id, row.round))
            )
            if row.question_id and truth is None:
                # Doubted, wrong or gone: its ballots say nothing of anybody.
                continue
            verdicts += 1
            if truth is not None:
                window.known[row.case_id] = truth
            for juror, vote in msgspec.json.decode(row.ballots, type=list[tuple[int, int]]):
                window.ballots.append(CaseBallot(row.case_id, juror, _VOTES[vote]))
                if truth is not None:
                    window.said.append(Said(juror, truth, bool(vote), row.at_ms))
        if len(window.ballots) >= limits.window_ballots:
            break
    return window._replace(verdicts=verdicts)


async def _answer_to(court: Court, question_id: int) -> bool | None:
    row = await gold_store.load(court.world.storage, question_id)
    return None if row is None or row.state in {"doubted", "wrong"} else row.violates


async def write_rates(court: Court, rates: Mapping[int, Rates]) -> int:
    """Write each juror's rates, where they have changed; how many had."""
    changed = 0
    for juror_id, learnt in sorted(rates.items()):
        rounded = msgspec.structs.replace(
            learnt, h=round(learnt.h, _DIGITS), f=round(learnt.f, _DIGITS)
        )
        changed += await _write(court, juror_id, rounded)
    return changed


async def _write(court: Court, juror_id: int, rates: Rates) -> bool:
    for _ in range(_TRIES):
        row = await store.load_row(court.world.storage, juror_id)
        if row is None or store.juror_of(row).rates == rates:
            return False
        juror = msgspec.structs.replace(store.juror_of(row), rates=rates)
        try:
            await court.world.storage.commit(
                f"juror:{juror_id}", [store.put_juror(juror, row.version + 1)], expect=row.version
            )
        except Conflict:
            continue
        return True
    return False


async def _retrain(court: Court, day: str, window: Window, rates: Mapping[int, Rates]) -> int:
    """Send whoever is below the floor back to training, and say so kindly.

    Only by answers to what is known, and only by those given since the last training: a majority
    must not send those to school who disagree with it.
    """
    limits = court.policy.calibration
    known = calibrate(_tallies(window.said, {}))
    below = [
        one for one, each in known.items() if is_below(each, limits.floor, limits.known_answers)
    ]
    since = {one: await training.passed_at_ms(court.world, one) for one in below}
    fresh = calibrate(_tallies(window.said, since))
    count = 0
    for juror_id in sorted(below):
        still = fresh.get(juror_id)
        if still is None or not is_below(still, limits.floor, limits.known_answers):
            continue
        if not is_below(rates[juror_id], limits.floor, 0):
            continue
        count += await _teach(court, day, juror_id)
    return count


async def _teach(court: Court, day: str, juror_id: int) -> bool:
    """Tell a juror, then change how they stand: killed in between, it is told once all the same."""
    juror = await store.load(court.world.storage, juror_id)
    if juror is None or juror.state != "active" or juror.bench:
        return False
    language = await people.language_of(court.world, juror_id)
    text = translate(language, _KINDLY, url=f"{court.world.site.base_url}/jury/training")
    await delivery.tell(court, juror_id, text, key=f"retraining:{juror_id}:{day}")
    return await training.retrain(court.world, juror_id)


_KINDLY: Final = (
    "Thank you for serving. Some kinds of posts are hard to judge, and we would like to go through"
    " a few with you before you sit again. It takes about ten minutes, and you are drawn again as"
    " before afterwards: {url}"
)


def _tallies(said: list[Said], since: Mapping[int, int]) -> dict[int, GoldAnswers]:
    """Each juror's answers to what is known, after a moment of that juror's."""
    counts: dict[int, list[int]] = {}
    for one in said:
        if one.at_ms <= since.get(one.juror_id, -1):
            continue
        tally = counts.setdefault(one.juror_id, [0, 0, 0, 0])
        at = 0 if one.truth else 2
        tally[at] += one.violates
        tally[at + 1] += 1
    return {juror: GoldAnswers(*tally) for juror, tally in counts.items()}
