"""`venire benchmark`: the same load on us and on any Mastodon-API server, side by side."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import platform
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from venire import __version__
from venire.cli.benchmarks import ceiling, operations, report, shape
from venire.cli.benchmarks.delivery import delivery_figures
from venire.cli.benchmarks.driver import Driver, open_driver
from venire.cli.benchmarks.measure import Meter
from venire.cli.benchmarks.rounds import Load, drive_operations, idle_cores, memory_figures
from venire.cli.benchmarks.shape import Seeded, Shape
from venire.cli.benchmarks.sockets import Told, told_to_all
from venire.cli.benchmarks.starting import first_reads
from venire.cli.benchmarks.target import OURS, PEER, Target, own_site
from venire.cli.drills import site
from venire.cli.drills.people import Member
from venire.cli.options import json_option, print_result
from venire.cli.progress import Stages
from venire.kernel.errors import Invalid, Unavailable

_CHOICES = [operation.name for operation in operations.OPERATIONS]
_MANY = 1_000
_CHOICES += ["first", "delivery", "sockets"]


@click.command()
@click.option("--peer", default=None, metavar="URL", help="A Mastodon-API server to compare with.")
@click.option(
    "--tokens",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="Tokens of members of the peer, one a line.",
)
@click.option("--peer-pid", type=int, default=None, help="The peer's process, if it runs here.")
@click.option("--seed-peer", is_flag=True, help="Let the peer's members follow and post as ours.")
@click.option("--accounts", type=click.IntRange(2), default=120, show_default=True, help="Members.")
@click.option("--follows", type=click.IntRange(1), default=100, show_default=True, help="Each.")
@click.option("--posts", type=click.IntRange(20), default=10_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=2, show_default=True)
@click.option("--seconds", type=click.FloatRange(0.1), default=3.0, show_default=True)
@click.option("--connections", type=click.IntRange(1), default=32, show_default=True)
@click.option(
    "--workers", type=click.IntRange(0), default=0, help="Processes of our site (0: as usual)."
)
@click.option("--sockets", type=click.IntRange(0, 10_000), default=1_000, show_default=True)
@click.option("--only", multiple=True, type=click.Choice(_CHOICES), help="These alone.")
@click.option("--bare", is_flag=True, help="The bare uvicorn and Starlette ceiling as well.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Keep the seeded site here and use it again; load is driven on a copy of it.",
)
@json_option
def benchmark(json_to: str | None, **given: Any) -> None:
    """Seed a site, drive load on it (and on a peer), and print rates, latency, CPU and memory."""
    options = Options(**given)
    if options.peer is not None and options.tokens is None:
        raise Invalid("tokens_missing", "--peer needs --tokens FILE: tokens of its members")
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="venire-benchmark-")))
        stages = stack.enter_context(Stages(quiet=json_to == "-"))
        driver = stack.enter_context(open_driver())
        result = measure(options, place, driver, stages)
    print_result(result, json_to, readable(result))


@dataclasses.dataclass(frozen=True)
class Options:
    """The flags, as they were given."""

    peer: str | None
    tokens: Path | None
    peer_pid: int | None
    seed_peer: bool
    accounts: int
    follows: int
    posts: int
    seed: int
    rounds: int
    seconds: float
    connections: int
    workers: int
    sockets: int
    only: tuple[str, ...]
    bare: bool
    data: Path | None

    def wants(self, part: str) -> bool:
        """Whether a part of the run was asked for."""
        return not self.only or part in self.only

    @property
    def shape(self) -> Shape:
        """What is seeded."""
        return Shape(self.accounts, min(self.follows, self.accounts - 1), self.posts, self.seed)

    @property
    def load(self) -> Load:
        """How long and how hard."""
        return Load(self.seconds, self.rounds, self.connections)


def measure(options: Options, place: Path, driver: Driver, stages: Stages) -> dict[str, Any]:
    """Seed, start, drive; every figure of the run."""
    seeded = _seeded(options, place / "seeded", driver, stages)
    folder = place / "site"
    shutil.copytree(options.data or place / "seeded", folder)
    with contextlib.ExitStack() as stack:
        url, meter = stack.enter_context(own_site(folder, workers=options.workers))
        ours = Target(OURS, url, seeded, meter)
        targets = [ours]
        if options.peer is not None:
            targets.append(_peer(options, driver, stages))
        bare = stack.enter_context(ceiling.running_ceiling()) if options.bare else None
        stages.stage("A site just started", None)
        result = _described(options, targets)
        result["started"] = {
            "idle_cores": idle_cores(meter, min(2.0, options.seconds)),
            "memory": memory_figures(meter),
            "first_reads": first_reads(ours) if options.wants("first") else None,
        }
        chosen = [one for one in operations.OPERATIONS if options.wants(one.name)]
        result["operations"] = drive_operations(driver, targets, chosen, options.load, stages, bare)
        result["delivery"] = {
            target.name: delivery_figures(driver, target, stages, seconds=options.seconds)
            for target in targets
            if options.wants("delivery")
        }
        result["sockets"] = {
            target.name: _sockets(target, options.sockets, stages)
            for target in targets
            if options.sockets and options.wants("sockets")
        }
        for target in targets:
            target.settle()
        result["after"] = {
            "idle_cores": idle_cores(meter, min(2.0, options.seconds)),
            "memory": memory_figures(meter),
        }
    built: dict[str, Any] = msgspec.to_builtins(result)
    return built


def _described(options: Options, targets: Sequence[Target]) -> dict[str, Any]:
    """What was driven on what."""
    return {
        "venire": __version__,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "shape": options.shape,
        "load": options.load,
        "workers": options.workers,
        "sites": {target.name: target.url for target in targets},
    }


def _sockets(target: Target, count: int, stages: Stages) -> Told | None:
    stages.stage(f"Telling {count:,} sockets, {target.name}", None)
    try:
        return told_to_all(target, count=count, events=10 if count >= _MANY else 3)
    except Unavailable as problem:
        stages.note(f"{target.name}: {problem.hint}")
        return None


def _seeded(options: Options, folder: Path, driver: Driver, stages: Stages) -> Seeded:
    """A seeded site, at rest, in `--data` or else in `folder`."""
    folder = options.data or folder
    there = shape.kept(folder)
    if there is not None:
        if there.shape != options.shape:
            raise Invalid(
                "other_shape", f"{folder} was seeded with another shape: choose another --data"
            )
        return there
    if folder.exists() and any(folder.iterdir()):
        raise Unavailable(
            "folder_not_ours", f"{folder} holds something else: choose another --data"
        )
    folder.mkdir(parents=True, exist_ok=True)
    made = site.create_account(folder, "bench_admin", "admin", "acceptance")
    admin = Member(made["username"], made["id"], made["access_token"])
    with own_site(folder, workers=options.workers) as (url, meter):
        seeded = shape.seed_site(driver, url, options.shape, admin, stages)
        stages.stage("Coming to rest", None)
        Target(OURS, url, seeded, meter).settle()
    shape.keep(folder, seeded)
    return seeded


def _peer(options: Options, driver: Driver, stages: Stages) -> Target:
    """The peer, with the members whose tokens were given."""
    assert options.peer is not None and options.tokens is not None  # noqa: S101, PT018 - asked before
    url = options.peer.rstrip("/")
    members = asyncio.run(shape.found_members(url, shape.read_tokens(options.tokens)))
    meter = Meter(options.peer_pid) if options.peer_pid is not None else None
    if options.seed_peer:
        own = msgspec.structs.replace(
            options.shape,
            accounts=len(members),
            follows=min(options.follows, len(members) - 1),
        )
        return Target(PEER, url, shape.seed_members(driver, url, own, members, stages), meter)
    posts = asyncio.run(shape.found_posts(url, members, wanted=1_000))
    there = Shape(len(members), min(options.follows, len(members) - 1), len(posts), options.seed)
    return Target(PEER, url, Seeded(there, members, posts), meter)


def readable(result: dict[str, Any]) -> str:
    """The figures for a person."""
    return report.whole(result)


COMMANDS = (benchmark,)
