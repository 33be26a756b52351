"""`python -m tools.mutation [MODULE ...]`: the mutation score of the code that carries the trust.

Prints a line for each module and each survivor by name; exits 1 when a module is below the floor
of `targets.toml`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from functools import partial
from typing import NamedTuple

from tools.mutation import config, trial

_LEAST_LIMIT = 15.0
_SLOWER = 8
"""So many times what the unchanged module takes: others may use the machine meanwhile."""


class Score(NamedTuple):
    """What became of a module's mutants."""

    module: str
    killed: int
    survived: int
    equivalent: int
    seconds: float

    @property
    def percent(self) -> float:
        """Killed, of those that could be."""
        return 100 * self.killed / max(self.killed + self.survived, 1)


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
    limit = max(_LEAST_LIMIT, baseline.seconds * _SLOWER)
    argued = [each for each in config.equivalents() if each.module == target.module]
    used: Counter[config.Equivalent] = Counter()
    survived: dict[int, str] = {}
    killed: list[str] = []
    started = time.monotonic()

    def done(place: int, outcome: trial.Outcome) -> None:
        mutant = made[place]
        reason = next((each for each in argued if _is(mutant, each)), None)
        if outcome.killed:
            killed.append(mutant.name)
            if reason is not None:
                _say(f"  {mutant.name} is said to be equivalent, yet {outcome.killed} noticed it")
            if asked.killers:
                _say(f"  {mutant.name}  by {outcome.killed} in {outcome.seconds:.1f} s")
        elif reason is not None:
            used[reason] += 1
        else:
            survived[place] = mutant.name

    work = [
        partial(
            trial.Trial,
            trial.Served(target.name, path, mutant.source),
            target.tests,
            known=baseline.durations,
            limit=limit,
        )
        for mutant in made
    ]
    trial.run_all(work, jobs=asked.jobs, done=done)
    # Whoever edited a file meanwhile would have killed every mutant from then on.
    _baseline(target)
    for _, name in sorted(survived.items()):
        _say(f"  survived: {name}")
    for each in argued if asked.line is None else ():
        if not used[each]:
            _say(f"  stale in equivalent.toml: {each.operator}: {each.before} -> {each.after}")
    score = Score(
        target.module,
        len(killed),
        len(survived),
        used.total(),
        time.monotonic() - started,
    )
    _say(_row(score))
    return score


def _is(mutant: object, argued: config.Equivalent) -> bool:
    operator = getattr(mutant, "operator", "")
    fits = operator == argued.operator or (
        argued.operator.endswith("*") and operator.startswith(argued.operator[:-1])
    )
    same = (getattr(mutant, "before", ""), getattr(mutant, "after", ""))
    return fits and same == (argued.before, argued.after)


def _baseline(target: config.Target) -> trial.Outcome:
    found: list[trial.Outcome] = []
    start = partial(trial.Trial, None, target.tests, known={}, limit=600.0)
    trial.run_all([start], jobs=1, done=lambda _, outcome: found.append(outcome))
    if found[0].killed:
        raise SystemExit(f"{target.module}: {found[0].killed} fails though nothing was changed")
    return found[0]


def _row(score: Score) -> str:
    return (
        f"{score.module:<32} killed {score.killed:>4}  survived {score.survived:>3}"
        f"  equivalent {score.equivalent:>3}  score {score.percent:5.1f} %  {score.seconds:5.0f} s"
    )


def _summed_up(scores: list[Score]) -> int:
    _say("")
    for score in scores:
        _say(_row(score))
    whole = Score(
        "all",
        sum(score.killed for score in scores),
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
