"""`venire gold import`, `venire gold list`: the questions that jurors are calibrated by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from venire.cases import gold_cases
from venire.cli.elsewhere import ask, token_option, url_option
from venire.cli.options import data_option, json_option, on_house, print_result
from venire.jury import gold, gold_actions, gold_store
from venire.kernel.errors import NotFound, TooLarge
from venire.server.wiring import House


@click.group("gold")
def gold_group() -> None:
    """Questions whose answer is known; asked in secret, they say how far a vote is trusted."""


@gold_group.command("import")
@click.argument("path", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@data_option
@url_option
@token_option
@json_option
def import_gold(
    path: Path, data: str | None, url: str | None, token_file: Path | None, json_to: str | None
) -> None:
    """Add questions, a JSON object a line: text, category, violates; camp, lang, context.

    With `"purpose": "training"` and an `explanation` by language it teaches instead of measuring.
    """
    raw = _read(path)
    if url is not None:
        added = ask("POST", url, "/api/v1/admin/questions", token_file, content=raw)
    else:
        added = on_house(lambda house: _add(house, raw), data=data)
    readable = f"{added['added']} questions are new, {added['known']} were there before"
    print_result(added, json_to, readable)


def _read(path: Path) -> bytes:
    if not path.exists():
        raise NotFound("file_not_found", f"{path} is not there")
    with path.open("rb") as file:
        raw = file.read(gold.FILE_BYTES + 1)
    if len(raw) > gold.FILE_BYTES:
        raise TooLarge("gold_file_too_large", "16 MiB at most", limit=gold.FILE_BYTES)
    return raw


async def _add(house: House, raw: bytes) -> dict[str, Any]:
    questions = gold.read_questions(raw, gold_cases.askable(house.court))
    added = await gold_actions.add(house.world, questions, gold_actions.Origin("file"))
    return {"added": added.added, "known": added.known}


@gold_group.command("list")
@data_option
@json_option
def list_gold(data: str | None, json_to: str | None) -> None:
    """How many questions there are, of which category and camp. No text: it would be read."""

    async def act(house: House) -> list[dict[str, Any]]:
        return await gold_store.counted(house.world.storage, gold_cases.askable(house.court))

    rows = on_house(act, data=data)
    lines = [
        f"{row['purpose']:<9} {row['category']:<12} {row['camp'] or '-':<20}"
        f" {'violates' if row['violates'] else 'keeps':<9} {row['origin']:<8} {row['live']:>6}"
        for row in rows
    ]
    print_result(rows, json_to, "\n".join(lines) or "there are no questions yet")


COMMANDS = (gold_group,)
