"""What a post costs until the last follower sees it, and what readers feel meanwhile."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Sequence

import msgspec

from venire.cli.benchmarks.driver import Driver, plan_for
from venire.cli.benchmarks.load import NUMBER, Call
from venire.cli.benchmarks.operations import BY_NAME, Turn
from venire.cli.benchmarks.shape import Stages, post_call, written
from venire.cli.benchmarks.target import Target
from venire.cli.benchmarks.wire import Wire, open_wire
from venire.cli.demo_corpus.composer import Dice
from venire.cli.drills.people import Member
from venire.kernel.chance import SeededChance
from venire.kernel.errors import Unavailable

_BURST_S = 3.0
_TRIALS, _LEAST_TRIALS = 20, 3
_WATCHED = 2.0
_LEAST_S = 0.5
_BREATH_S = 0.1
"""Between two posts, where the site cannot say that it has nothing left to do."""
_SLICE_S = 0.1
_PATIENCE_S = 60.0
_POSTS = 2_000


class Sustained(msgspec.Struct):
    """A burst of posts, until every follower of the last one sees it and nothing is left to do."""

    posts: int
    posts_per_s: float
    answered_per_s: float
    drain_s: float
    cpu_ms_per_post: float | None
    followers: int


class Visible(msgspec.Struct):
    """From sending a post, alone, to the last of its author's followers seeing it at home."""

    median_ms: float
    most_ms: float
    answer_ms: float
    followers: int
    trials: int
    late: int


class Backlog(msgspec.Struct):
    """Reads of homes while what a burst of posts left behind is worked off."""

    idle_rps: float
    rps: float
    share_of_idle: float
    posts: int
    drained_after_s: float | None


def sustained(driver: Driver, target: Target, *, seconds: float = _BURST_S) -> Sustained:
    """Post as fast as it goes, then wait until all has arrived."""
    meter = target.meter
    before, began = meter.cpu_s() if meter else 0.0, time.perf_counter()
    outcome = target.drive(driver, _posts(target), seconds=seconds, keep_ids=True)
    answered = time.perf_counter()
    if outcome.failures:
        raise Unavailable("posting_failed", outcome.failed[0], failures=outcome.failures)
    last = max(outcome.ids, key=lambda one: (len(one), one))
    with open_wire(target.url) as wire:
        followers = _followers_of(target, wire, last)
        _until_all_see(wire, last, followers)
        target.settle()
        _until_all_see(wire, last, followers)
    ended = time.perf_counter()
    cpu = meter.cpu_s() - before if meter else None
    return Sustained(
        posts=outcome.requests,
        posts_per_s=outcome.requests / (ended - began),
        answered_per_s=outcome.rate,
        drain_s=ended - answered,
        cpu_ms_per_post=None if cpu is None else cpu / outcome.requests * 1e3,
        followers=len(followers),
    )


def _posts(target: Target) -> list[Call]:
    part = f"burst {target.turns}"
    return [
        post_call(target.seeded.members[one.author], f"{one.text} {NUMBER}")
        for one in written(target.seeded.shape, _POSTS, part=part)
    ]


def _followers_of(target: Target, wire: Wire, post: str) -> list[Member]:
    members = target.seeded.members
    shown = json.loads(wire.ask(Call(f"/api/v1/statuses/{post}", token=members[0].token)).well)
    author = str(shown["account"]["id"])
    place = next(place for place, one in enumerate(members) if one.id == author)
    return target.seeded.followers(place)


def _sees(wire: Wire, post: str, member: Member) -> bool:
    home = Call("/api/v1/timelines/home?limit=1", token=member.token)
    return f'"{post}"'.encode() in wire.ask(home).well


def _until_all_see(wire: Wire, post: str, members: Sequence[Member]) -> None:
    """Unavailable `post_not_delivered` when one still does not after a minute."""
    until = time.monotonic() + _PATIENCE_S
    waiting = list(members)
    while waiting:
        waiting = [member for member in waiting if not _sees(wire, post, member)]
        if time.monotonic() > until:
            raise Unavailable("post_not_delivered", f"{len(waiting)} followers do not see a post")


def visible(target: Target, *, trials: int = _TRIALS) -> Visible:
    """Post one at a time; watch four followers at once, then look at all the others.

    Reading a hundred homes takes longer than the fan-out. The first and the last of the list and
    two drawn by lot are watched; whoever of the rest has not got it by then counts until it has.
    """
    dice = Dice(SeededChance("visible"))
    seen, answers, late, count = [], [], 0, 0
    with open_wire(target.url) as wire:
        for trial in range(trials):
            place = dice.below(len(target.seeded.members))
            followers = target.seeded.followers(place)
            count = len(followers)
            middle = dice.shuffled(followers[1:-1])
            text = f"Good morning, this is number {target.turns} {trial} of the day."
            answer = wire.ask(post_call(target.seeded.members[place], text))
            answers.append(time.perf_counter() - answer.sent_at)
            post = str(json.loads(answer.well)["id"])
            _until_all_see(wire, post, [followers[0], followers[-1], *middle[:2]])
            moment = time.perf_counter() - answer.sent_at
            missing = [one for one in middle[2:] if not _sees(wire, post, one)]
            if missing:
                late += len(missing)
                _until_all_see(wire, post, missing)
                moment = time.perf_counter() - answer.sent_at
            seen.append(moment)
            if target.drained() is None:
                time.sleep(_BREATH_S)
            else:
                target.settle()
    target.turns += 1
    return Visible(
        median_ms=statistics.median(seen) * 1e3,
        most_ms=max(seen) * 1e3,
        answer_ms=statistics.median(answers) * 1e3,
        followers=count,
        trials=trials,
        late=late,
    )


def reads_in_backlog(driver: Driver, target: Target, *, seconds: float = _BURST_S) -> Backlog:
    """Read homes at rest; post a burst; read again from the moment it ends until it is drained.

    Where nobody can say when it is, the whole span counts.
    """
    home = BY_NAME["home"]
    calls = home.calls(target.seeded, Turn(0))
    watch_s = max(seconds * _WATCHED, 1.0)
    target.settle()
    idle = target.drive(driver, calls, seconds=min(seconds, 2.0), entries=home.entries)
    burst = target.drive(driver, _posts(target), seconds=seconds)
    driver.start(plan_for(target.url, calls, seconds=watch_s, entries=home.entries))
    began = time.monotonic()
    drained: float | None = None
    while not driver.finished(0.05):
        if drained is None and target.drained():
            drained = time.monotonic() - began
    outcome = driver.result()
    span = min(max(drained or watch_s, _LEAST_S), watch_s)
    slices = outcome.slices[: max(1, round(span / _SLICE_S))]
    rate = sum(slices) / (len(slices) * _SLICE_S)
    target.settle()
    return Backlog(
        idle_rps=idle.rate,
        rps=rate,
        share_of_idle=rate / idle.rate if idle.rate else 0.0,
        posts=burst.requests,
        drained_after_s=drained,
    )


def delivery_figures(
    driver: Driver, target: Target, stages: Stages, *, seconds: float
) -> dict[str, Sustained | Visible | Backlog]:
    """All three on one site."""
    stages.stage(f"Posting until drained, {target.name}", None)
    whole = sustained(driver, target, seconds=seconds)
    stages.stage(f"Seen by the last follower, {target.name}", None)
    last = visible(target, trials=max(_LEAST_TRIALS, round(_TRIALS * seconds / _BURST_S)))
    stages.stage(f"Reading behind a backlog, {target.name}", None)
    behind = reads_in_backlog(driver, target, seconds=seconds)
    return {"sustained": whole, "visible": last, "reads_in_backlog": behind}
