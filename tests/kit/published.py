"""What a site publishes, written out into a folder as a static server would serve it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from venire.record.entry import decode_entry
from venire.record.model import ENTRIES
from venire.record.tiles import parse_bundle, tile_path, tiles_of


async def publish(house: Any, folder: Path) -> Path:
    """The record of an open house, its key, and every sheet that a draw used."""
    sequencer = house.court.sequencer
    signed = await sequencer.checkpoint()
    _save(folder / "checkpoint", signed)
    _save(folder / "key", sequencer.verifier_key.encode())
    for tile in tiles_of(int(signed.decode().split("\n")[1])):
        content = await sequencer.resource(tile)
        _save(folder / tile_path(tile), content)
        if tile.level == ENTRIES:
            for leaf in parse_bundle(content, tile.width):
                await _publish_pool(house, folder / "pool", decode_entry(leaf).header)
    return folder


async def _publish_pool(house: Any, folder: Path, header: dict[str, Any]) -> None:
    if header["type"] == "draw":
        document = await house.court.pools.document(header["epoch"])
        _save(folder / str(header["epoch"]), document)


def _save(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


async def headers_of(house: Any) -> list[dict[str, Any]]:
    """The headers of the record, in its order."""
    found: list[dict[str, Any]] = []
    for tile in tiles_of(await house.court.sequencer.size()):
        if tile.level == ENTRIES:
            content = await house.court.sequencer.resource(tile)
            leaves = parse_bundle(content, tile.width)
            found += [json.loads(leaf)["header"] for leaf in leaves]
    return found
