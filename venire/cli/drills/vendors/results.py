"""What a drill of vendors shows: times, and what was lost. The keys are a contract."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from venire.kernel.clock import SystemClock, iso_ms

LOSABLE: Final = ("posts", "ballots", "verdicts", "payments", "record")


class Step(msgspec.Struct, frozen=True):
    """Something that happened; `at_s` counts from the moment of the loss, below 0 before it."""

    name: str
    at_s: float
    good: bool = True
    note: str = ""


class Log:
    """Keeps the steps of a drill, and the three moments that it is scored by."""

    def __init__(self, drill: str, say: Callable[[str], None]) -> None:
        self.drill = drill
        self._say = say
        self._began_s = time.monotonic()
        self._lost_at_s: float | None = None
        self._started = iso_ms(SystemClock().now_ms())
        self._steps: list[tuple[str, float, bool, str]] = []
        self._detected_s: float | None = None
        self._switched_s: float | None = None
        self.lost: dict[str, int] = dict.fromkeys(LOSABLE, 0)
        self._cast: dict[str, dict[int, bool]] = {}

    def now_s(self) -> float:
        """Seconds since the drill began."""
        return time.monotonic() - self._began_s

    def since_loss_s(self) -> float:
        """Seconds since the vendor was taken away."""
        return self.now_s() - (self._lost_at_s or 0.0)

    def step(self, name: str, *, good: bool = True, note: str = "") -> bool:
        """Something happened, as it should or not; says which."""
        self._steps.append((name, self.now_s(), good, note))
        self._say(name if good else f"{name}: NOT AS IT SHOULD ({note})")
        return good

    def cast(self, kind: str, place: int, *, real: bool) -> None:
        """Who plays a vendor: a real counterpart or our own stand-in; `place` 0 is the one lost."""
        self._cast.setdefault(kind, {})[place] = real

    def gone(self, what: str) -> None:
        """From now on the vendor is away: the clock of the drill begins, the last time for good."""
        self._lost_at_s = self.now_s()
        self._detected_s = self._switched_s = None
        self.step(f"gone: {what}")

    def detected(self) -> None:
        """The site knows of it, or a person could."""
        if self._detected_s is None:
            self._detected_s = self.since_loss_s()
            self.step("detected")

    def switched(self) -> None:
        """What the vendor did is done again."""
        if self._switched_s is None:
            self._switched_s = self.since_loss_s()
            self.step("working again")

    def result(self, *, within_s: float) -> dict[str, Any]:
        """The result as it is printed; passed when nothing was lost, in time, each step good."""
        origin = self._lost_at_s or 0.0
        steps = [
            {"name": name, "at_s": round(at_s - origin, 3), "good": good, "note": note}
            for name, at_s, good, note in self._steps
        ]
        in_time = self._switched_s is not None and self._switched_s <= within_s
        return {
            "drill": self.drill,
            "started": self._started,
            "detected_s": _rounded(self._detected_s),
            "switched_s": _rounded(self._switched_s),
            "lost": self.lost,
            "counterparts": {
                kind: ["real" if real else "stand-in" for _, real in sorted(places.items())]
                for kind, places in sorted(self._cast.items())
            },
            "passed": in_time
            and self._detected_s is not None
            and not any(self.lost.values())
            and all(one["good"] for one in steps),
            "steps": steps,
        }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def table(result: dict[str, Any]) -> str:
    """A result as a person reads it."""
    lines = [f"  {result['drill']}: {'passed' if result['passed'] else 'NOT PASSED'}"]
    for step in result["steps"]:
        mark = " " if step["good"] else "!"
        note = f"  ({step['note']})" if step["note"] else ""
        lines.append(f"  {mark} {step['at_s']:>9.3f} s  {step['name']}{note}")
    lost = ", ".join(f"{count} {name}" for name, count in result["lost"].items() if count)
    for name in ("detected_s", "switched_s"):
        value = result[name]
        lines.append(f"  {name:<12}{'never' if value is None else f'{value:.3f}'}")
    lines.append(f"  lost        {lost or 'nothing'}")
    lines += [f"  {kind:<14}{', '.join(some)}" for kind, some in result["counterparts"].items()]
    return "\n".join(lines)
