"""`python -m tools.mutation [MODULE ...]`: the mutation score of the code that carries the trust.

Says how far it is, each survivor by name, and in the end a line for each module; exits 1 when a
module is below the floor of `targets.toml`. No file is changed: a mutant lives in the memory of the
child process that is to notice it (`trial.py`).
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from tools.mutation import config, trial

if TYPE_CHECKING:
    from tools.mutation.operators import Mutant

_LEAST_LIMIT = 15.0
_SLOWER = 8
"""So many times what the unchanged module takes: others may use the machine meanwhile."""
_PROGRESS_S = 20.0


class Score(NamedTuple):
    """What became of a module's mutants. `late`: those of the killed that ran out of time."""

    module: str
    killed: int
    late: int
    survived: int
    equivalent: int
    seconds: float

    @property
    def percent(self) -> float:
        """Killed, of those that could be."""
        return 100 * self.killed / max(self.killed + self.survived, 1)


class _Sheet:
    """Takes the outcomes of a module's mutants down, in whatever order they come."""

    def __init__(self, target: config.Target, made: list[Mutant], *, killers: bool) -> None:
        self.target, self.made, self.killers = target, made, killers
        self.argued = [each for each in config.equivalents() if each.module == target.module]
        self.used: Counter[config.Equivalent] = Counter()
        self.survived: dict[int, str] = {}
        self.killed = self.late = 0
        self.started = self.said = time.monotonic()

    def done(self, place: int, outcome: trial.Outcome) -> None:
        """Take one down."""
        mutant = self.made[place]
        reason = next((each for each in self.argued if _is(mutant, each)), None)
        if outcome.killed:
            self.killed += 1
            self.late += outcome.killed == trial.TIME_LIMIT
            if reason is not None:
                _say(f"  {mutant.name} is said to be equivalent, yet {outcome.killed} noticed it")
            if self.killers:
                _say(f"  {mutant.name}  by {outcome.killed} in {outcome.seconds:.1f} s")
        elif reason is not None:
            self.used[reason] += 1
        else:
            self.survived[place] = mutant.name
        self._say_how_far()

    def _say_how_far(self) -> None:
        now = time.monotonic()
        if now - self.said < _PROGRESS_S:
            return
        self.said = now
        so_far = self.killed + len(self.survived) + self.used.total()
        left_s = (now - self.started) / so_far * (len(self.made) - so_far)
        _say(
            f"  {so_far} of {len(self.made)}, {len(self.survived)} survived,"
            f" {left_s:.0f} s to go in {self.target.module}"
        )

    def score(self) -> Score:
        """What it comes to."""
        return Score(
            self.target.module,
            self.killed,
            self.late,
            len(self.survived),
            self.used.total(),
            time.monotonic() - self.started,
        )


def main() -> int:
    """Run what was asked for, or everything."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", help="only these, by any part of their path")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--line", type=int, help="only mutants of this line")
    parser.add_argument("--killers", action="store_true", help="say which test killed which")
    asked = parser.parse_args()
    trial.load_tools()
    scores = []
    for target in config.targets():
        if asked.modules and not any(part in target.module for part in asked.modules):
            continue
        if not (config.ROOT / target.module).is_file():
            _say(f"{target.module}: not there")
            continue
        scores.append(_scored(target, asked))
    return _summed_up(scores)


def _scored(target: config.Target, asked: argparse.Namespace) -> Score:
    if str(config.OPERATORS) not in sys.path:
        # Last, so that what it brings along shadows nothing that the tests run on.
        sys.path.append(str(config.OPERATORS))
    from tools.mutation import operators

    path = config.ROOT / target.module
    made = operators.mutants(target.module, operators.read(path))
    made = [each for each in made if asked.line in {None, each.line}]
    baseline = _baseline(target)
    _say(f"{target.module}: {len(made)} mutants; its tests take {baseline.seconds:.1f} s")
    sheet = _Sheet(target, made, killers=asked.killers)
    work = [
        partial(
            trial.Trial,
            trial.Served(target.name, path, mutant.source),
            target,
            known=baseline.durations,
            limit=max(_LEAST_LIMIT, baseline.seconds * _SLOWER),
        )
        for mutant in made
    ]
    trial.run_all(work, jobs=asked.jobs, done=sheet.done)
    # Whoever edited a file meanwhile would have killed every mutant from then on.
    _baseline(target)
    for _, name in sorted(sheet.survived.items()):
        _say(f"  survived: {name}")
    for each in sheet.argued if asked.line is None else ():
        if not sheet.used[each]:
            _say(f"  stale in equivalent.toml: {each.operator}: {each.before} -> {each.after}")
    score = sheet.score()
    _say(_row(score))
    return score


def _is(mutant: Mutant, argued: config.Equivalent) -> bool:
    fits = mutant.operator == argued.operator or (
        argued.operator.endswith("*") and mutant.operator.startswith(argued.operator[:-1])
    )
    return fits and (mutant.before, mutant.after) == (argued.before, argued.after)


def _baseline(target: config.Target) -> trial.Outcome:
    found: list[trial.Outcome] = []
    start = partial(trial.Trial, None, target, known={}, limit=600.0)
    trial.run_all([start], jobs=1, done=lambda _, outcome: found.append(outcome))
    if found[0].killed:
        raise SystemExit(f"{target.module}: {found[0].killed} fails though nothing was changed")
    return found[0]


def _row(score: Score) -> str:
    return (
        f"{score.module:<32} killed {score.killed:>4} (late {score.late:>2})"
        f"  survived {score.survived:>3}"
        f"  equivalent {score.equivalent:>3}  score {score.percent:5.1f} %  {score.seconds:5.0f} s"
    )


def _summed_up(scores: list[Score]) -> int:
    _say("")
    for score in scores:
        _say(_row(score))
    whole = Score(
        "all",
        sum(score.killed for score in scores),
        sum(score.late for score in scores),
        sum(score.survived for score in scores),
        sum(score.equivalent for score in scores),
        sum(score.seconds for score in scores),
    )
    _say(_row(whole))
    low = [score.module for score in scores if score.percent < config.floor()]
    if low:
        _say(f"below {config.floor():.0f} %: {', '.join(low)}")
    return 1 if low or not scores else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
