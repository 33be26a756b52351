"""`venire detect`, `venire train-detector`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from venire.cli.options import json_option, print_result
from venire.cli.progress import Stages
from venire.detectors.run import detect_jsonl, load_models


@click.command()
def detect() -> None:
    """Score posts: JSONL {id,text,lang?} in, JSONL {id,score,category,signals} out."""
    encoder = msgspec.json.Encoder()
    for result in detect_jsonl(sys.stdin.buffer, load_models()):
        sys.stdout.buffer.write(encoder.encode(result) + b"\n")
    sys.stdout.buffer.flush()


@click.command("train-detector")
@click.argument(
    "folders",
    metavar="DIR...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option(
    "--dev",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    help="Where thresholds and calibration are fitted (DIR/../dev).",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("incitement.npz"),
    help="Where the weights go; the model card lies beside them.",
)
@json_option
def train_detector(
    folders: tuple[Path, ...], dev: Path | None, out: Path, json_to: str | None
) -> None:
    """Train the detector on labelled JSONL; needs scikit-learn (requirements/dev.lock)."""
    from venire.detectors.training import train

    beside = folders[0].parent / "dev"
    with Stages(quiet=json_to == "-") as stages:
        report = train(
            list(folders),
            out,
            dev or (beside if beside.is_dir() else None),
            lambda name, _share: stages.stage(name, None),
        )
    lines = [f"{name:<28} {value}" for name, value in report.items()]
    print_result(report, json_to, "\n".join(lines))


COMMANDS = (detect, train_detector)
