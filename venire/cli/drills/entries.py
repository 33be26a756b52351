"""The record's entries as the run file has them, fetched as anyone would fetch them."""

from __future__ import annotations

from typing import Any

import httpx

from venire.record.entry import decode_entry
from venire.record.model import ENTRIES
from venire.record.tiles import parse_bundle, tile_path, tiles_of


def record_lines(url: str, size: int) -> list[dict[str, Any]]:
    """{"type": "record", "index", "case"} of each entry; the case where its header says it."""
    lines: list[dict[str, Any]] = []
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        for tile in tiles_of(size):
            if tile.level != ENTRIES:
                continue
            content = client.get(f"/record/{tile_path(tile)}").raise_for_status().content
            for entry in parse_bundle(content, tile.width):
                case = decode_entry(entry).header.get("case")
                lines.append({"type": "record", "index": len(lines), "case": case})
    return lines
