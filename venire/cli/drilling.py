"""`venire drill notice`, `venire drill vendors`, `venire simulate jury`, `venire demo`."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any, cast

import click
import msgspec

from venire.cli.corpus import write_corpus
from venire.cli.demo import demo
from venire.cli.drills import notice as notice_drill
from venire.cli.drills import site
from venire.cli.drills.entries import record_lines
from venire.cli.drills.figures import figures_table
from venire.cli.drills.people import Member
from venire.cli.drills.score import run_lines, score
from venire.cli.options import data_option, json_option, print_result
from venire.cli.progress import Stages
from venire.cli.recorded import written_out
from venire.kernel.errors import Problem
from venire.record.verify import verify_path


@click.group()
def drill() -> None:
    """Rehearse what the site is for, and score it."""


@drill.command("notice")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--truth", type=click.Path(exists=True, path_type=Path), default=None)
@click.option("--answers", type=click.Path(exists=True, path_type=Path), default=None)
@click.option("--limit", type=int, default=None, help="The first N rows of the stream only.")
@click.option("--jurors", type=click.IntRange(0, 5000), default=400, show_default=True)
@click.option("--juror-accuracy", type=click.FloatRange(0, 1), default=0.85, show_default=True)
@click.option("--seed", default="1", show_default=True)
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), default=None)
@click.option("--run", "run_to", type=click.Path(path_type=Path), default=None, metavar="OUT.jsonl")
@json_option
def drill_notice(
    path: Path,
    truth: Path | None,
    answers: Path | None,
    limit: int | None,
    jurors: int,
    juror_accuracy: float,
    seed: str,
    data: Path | None,
    run_to: Path | None,
    json_to: str | None,
) -> None:
    """Post a stream, send a notice, let simulated jurors judge; PATH `demo` is our own corpus."""
    options = notice_drill.Options(jurors, juror_accuracy, seed)
    with tempfile.TemporaryDirectory(prefix="venire-drill-") as place:
        folder = path
        if str(path) == "demo" and not path.exists():
            folder = Path(place) / "corpus"
            write_corpus(folder)
        material = notice_drill.read_material(folder, truth, answers, limit)
        with Stages(quiet=json_to == "-") as stages:
            figures = perform(data or Path(place) / "data", material, options, stages, run_to)
    print_result(figures, json_to, figures_table(figures))


def perform(
    folder: Path,
    material: notice_drill.Material,
    options: notice_drill.Options,
    stages: Stages,
    run_to: Path | None,
) -> dict[str, Any]:
    """Run the drill on a site of its own in `folder`; return its figures."""
    made = site.create_account(folder, "drill_operator", "admin", "acceptance")
    admin = Member(made["username"], made["id"], made["access_token"])
    with site.running_site(folder) as url:
        run = asyncio.run(notice_drill.perform(url, material, admin, options, stages))
        stages.stage("Verifying the record", None)
        with written_out(url) as prefix:
            report = verify_path(prefix, (folder / "record.pub").read_text().strip())
        figures = score(run, record_size=report.size, record_verified=True)
        if run_to is not None:
            run_to.write_text(
                "\n".join(run_lines(run, record_lines(url, report.size))) + "\n",
                encoding="utf-8",
            )
    return figures


def _keep(data: str | None, result: dict[str, Any], *, quiet: bool) -> None:
    """Keep a result with the site in a folder; where that cannot be, the result stands anyway."""
    from venire.cli.drills.vendors.running import note

    try:
        kept = note(data, result)
    except Problem as problem:
        click.echo(f"  NOT kept in the register: {problem.code}: {problem.hint}", err=True)
        return
    if not quiet:
        click.echo("  kept in the register" if kept else "  no site in --data: not kept anywhere")


@drill.command("vendors")
@click.argument("name", metavar="NAME")
@click.option(
    "--posts",
    type=click.IntRange(0),
    default=100_000,
    show_default=True,
    help="On the site of january-2021 and return.",
)
@click.option(
    "--counterparts",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    envvar="VENIRE_DRILL_COUNTERPARTS",
    show_envvar=True,
    help="Real counterparts by kind (TOML), in the place of stand-ins.",
)
@data_option
@json_option
def drill_vendors(
    name: str, posts: int, counterparts: Path | None, data: str | None, json_to: str | None
) -> None:
    """Take a vendor away from a site of the drill's own, and time what follows; NAME `list` lists.

    The result is kept in the register of the site in --data, where there is one.
    """
    from venire.cli.drills.vendors.every import DRILLS
    from venire.cli.drills.vendors.results import table
    from venire.cli.drills.vendors.running import perform as perform_vendors

    if name == "list":
        for known, found in sorted(DRILLS.items()):
            click.echo(f"  {known:<22}{found.says}")
        return
    with Stages(quiet=json_to == "-") as stages:
        result = perform_vendors(
            name, lambda step: stages.stage(step, None), posts=posts, counterparts=counterparts
        )
    print_result(result, json_to, table(result))
    _keep(data, result, quiet=json_to == "-")
    if not result["passed"]:
        raise SystemExit(1)


@click.group()
def simulate() -> None:
    """Simulations of rules, with the rules' own code."""


@simulate.command("jury")
@click.option(
    "--accuracy",
    type=click.FloatRange(0, 1),
    default=None,
    help="Of honest jurors, each way.  [default: 0.8; 0.85 with --faction or --rule contested]",
)
@click.option("--base-rate", type=click.FloatRange(0, 1), default=0.3, show_default=True)
@click.option("--lenient", type=click.FloatRange(0, 1), default=0.0, show_default=True)
@click.option("--faction", type=click.FloatRange(0, 1), default=0.0, show_default=True)
@click.option(
    "--rule",
    type=click.Choice(["sequential", "uncapped", "contested", "three_of_five", "four_of_five"]),
    default="sequential",
    show_default=True,
)
@click.option("--cases", type=click.IntRange(1), default=40_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@json_option
def simulate_jury_command(
    accuracy: float | None,
    base_rate: float,
    lenient: float,
    faction: float,
    rule: str,
    cases: int,
    seed: int,
    json_to: str | None,
) -> None:
    """What a panel rule finds, misses and costs; hung cases go to a bench right 95 times of 100."""
    from venire.jury.simulation import SimulatedRule, simulate_jury

    figures = simulate_jury(
        accuracy=accuracy,
        base_rate=base_rate,
        lenient=lenient,
        faction=faction,
        rule=cast("SimulatedRule", rule),
        cases=cases,
        seed=seed,
    )
    result = msgspec.to_builtins(figures)
    lines = [f"{name:<18} {value:.4f}" for name, value in result.items()]
    print_result(result, json_to, "\n".join(lines))


COMMANDS = (drill, simulate, demo)
