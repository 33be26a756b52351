"""`venire verify record`; `venire verify draw` is in `drawn.py`."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from venire.cli.drawn import verify_draw
from venire.cli.options import json_option, print_result
from venire.cli.progress import bar
from venire.cli.recorded import written_out
from venire.kernel.errors import Invalid
from venire.record.verify import verify_path


@click.group()
def verify() -> None:
    """Check what the site publishes, from outside."""


@verify.command("record")
@click.argument("source", metavar="PATH|URL")
@click.option(
    "--key",
    "key_file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The verifier key (DATA/record.pub), had from elsewhere than the server it checks.",
)
@json_option
def record(source: str, key_file: Path, json_to: str | None) -> None:
    """Verify a record: its signature, its root from every entry, every tile."""
    with written_out(source) as prefix, bar("Verifying") as show:
        report = verify_path(prefix, read_key(key_file), progress=show)
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(report.counts.items()))
    readable = "\n".join(
        [
            "The record verifies.",
            f"origin   {report.origin}",
            f"size     {report.size} entries: {counts or 'none yet'}",
            f"root     {report.root}",
        ]
    )
    print_result(msgspec.structs.asdict(report), json_to, readable)


def read_key(path: Path) -> str:
    """The one line of a key file. Raises Invalid `key_file_empty`."""
    text = path.read_text(errors="replace").strip()
    if not text:
        raise Invalid("key_file_empty", f"{path} holds no key")
    return text


verify.add_command(verify_draw)

COMMANDS = (verify,)
