"""A site under load: our own, started and stopped here, or a peer that runs already."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from venire.cli.benchmarks.driver import Driver, plan_for
from venire.cli.benchmarks.load import Call, Outcome
from venire.cli.benchmarks.measure import Meter
from venire.cli.benchmarks.shape import Seeded
from venire.cli.drills import site
from venire.kernel.errors import Unavailable

OURS = "venire"
PEER = "peer"
_SETTLED_S = 120.0
_QUIET = 3


class Target:
    """Where load goes, what was seeded there, and a meter where its processes are here."""

    def __init__(self, name: str, url: str, seeded: Seeded, meter: Meter | None) -> None:
        self.name = name
        self.url = url
        self.seeded = seeded
        self.meter = meter
        self.turns = 0
        self.client = httpx.Client(base_url=url, timeout=60, trust_env=False)

    def drive(
        self,
        driver: Driver,
        calls: list[Call],
        *,
        seconds: float,
        connections: int = 32,
        entries: int = 0,
        keep_ids: bool = False,
    ) -> Outcome:
        """Load this site; the numbers in bodies never come twice."""
        self.turns += 1
        plan = plan_for(
            self.url,
            calls,
            seconds=seconds,
            connections=connections,
            entries=entries,
            keep_ids=keep_ids,
            first_number=self.turns * 1_000_000,
        )
        return driver.run(plan)

    def drained(self) -> bool | None:
        """Whether all that follows from posts has happened; None where nobody can say."""
        admin = self.seeded.admin
        if admin is None:
            return None
        answer = self.client.get("/api/v1/admin/health", headers=admin.headers)
        return bool(answer.raise_for_status().json()["drained"])

    def settle(self) -> float:
        """Wait until nothing is left to do; the seconds that took. Unavailable when it never ends.

        Where the site itself cannot say, its processes are watched until they are idle.
        """
        began = time.monotonic()
        if self.drained() is None:
            if self.meter is not None:
                self.meter.rest(patience_s=_SETTLED_S)
            return time.monotonic() - began
        quiet = 0
        while time.monotonic() - began < _SETTLED_S:
            # A handler may still be between two commits.
            quiet = quiet + 1 if self.drained() else 0
            if quiet == _QUIET:
                return time.monotonic() - began
            time.sleep(0.02)
        raise Unavailable("load_does_not_drain", f"work was left after {_SETTLED_S:.0f} s")


@contextlib.contextmanager
def own_site(folder: Path, *, workers: int) -> Iterator[tuple[str, Meter]]:
    """A site of our own in the acceptance profile, with a meter on its processes."""
    process: subprocess.Popen[bytes]
    with site.started_site(folder, workers=workers) as (url, process):
        yield url, Meter(process.pid)
