"""The public record for people: its newest entries in words, one entry, how to check it all.

`/record/checkpoint`, `/record/tile/...`, `/record/pool/...` and `/record/key` are the log itself:
the API serves them.
"""

from __future__ import annotations

import json

from starlette.responses import Response

from venire.jury import store as jury
from venire.kernel.errors import NotFound
from venire.kernel.ids import parse_id
from venire.record.entry import decode_entry
from venire.record.model import ENTRIES, TILE_WIDTH, Tile
from venire.record.tiles import parse_bundle, tile_path, width_at
from venire.record.tree import leaf_hash
from venire.web.entry_words import Reader, put_in_words
from venire.web.visit import Visit

_PAGE = 30


def _reader(visit: Visit) -> Reader:
    return Reader(visit.t, visit.language, visit.court.policy)


async def _entries(visit: Visit, size: int, first: int, end: int) -> list[tuple[int, bytes]]:
    """The entries from `first` up to, not with, `end`, in order."""
    found: list[tuple[int, bytes]] = []
    for number in range(first // TILE_WIDTH, -(-end // TILE_WIDTH)):
        tile = Tile(ENTRIES, number, width_at(ENTRIES, number, size))
        content = await visit.court.sequencer.resource(tile)
        start = number * TILE_WIDTH
        found += list(enumerate(parse_bundle(content, tile.width), start))
    return [(index, entry) for index, entry in found if first <= index < end]


async def show(visit: Visit) -> Response:
    """The newest entries, the checkpoint, the key, and how to verify."""
    sequencer = visit.court.sequencer
    size = await sequencer.size()
    below = parse_id(visit.request.query_params.get("below", ""))
    end = size if below is None else min(below, size)
    first = max(0, end - _PAGE)
    reader = _reader(visit)
    shown = []
    for index, content in reversed(await _entries(visit, size, first, end)):
        said = put_in_words(decode_entry(content).header, reader)
        shown.append(
            {"index": index, "title": said.title, "hour": said.hour, "sentence": said.sentence}
        )
    epochs = await jury.newest_epochs(visit.world.storage, 3)
    frozen = [row.epoch for row in epochs if row.state == "frozen"]
    return visit.page(
        "record.html",
        size=size,
        entries=shown,
        older=first if first > 0 else None,
        newer=None if end >= size else min(size, end + _PAGE),
        checkpoint=(await sequencer.checkpoint()).decode(),
        key=sequencer.verifier_key,
        epoch=frozen[0] if frozen else None,
    )


async def show_entry(visit: Visit) -> Response:
    """One entry, in words and as it stands in the log."""
    index = parse_id(visit.request.path_params["index"])
    size = await visit.court.sequencer.size()
    if index is None or index >= size:
        raise NotFound("record_not_found", "The record is not that long")
    ((_, content),) = await _entries(visit, size, index, index + 1)
    entry = decode_entry(content)
    number = index // TILE_WIDTH
    return visit.page(
        "entry.html",
        index=index,
        size=size,
        e=put_in_words(entry.header, _reader(visit)),
        commitments=sorted(entry.commitments.items()),
        raw=json.dumps(json.loads(content), indent=1, ensure_ascii=False),
        leaf_hash=leaf_hash(content).hex(),
        bundle_path=tile_path(Tile(ENTRIES, number, width_at(ENTRIES, number, size))),
    )
