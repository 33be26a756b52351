"""Where `verify record` looks: a site's URL, a folder of tiles, or a data folder written out."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx

from venire.cli.options import on_house
from venire.kernel.errors import NotFound
from venire.record.model import Tile
from venire.record.tiles import tile_path, tiles_of
from venire.server.wiring import House

_TIMEOUT_S = 20


@contextlib.contextmanager
def written_out(source: str) -> Iterator[str]:
    """The log's prefix as `verify_path` reads it. Raises NotFound `record_not_there`."""
    if source.startswith(("http://", "https://")):
        yield prefix_of(source.rstrip("/"))
        return
    folder = Path(source)
    if (folder / "checkpoint").is_file():
        yield source
        return
    if not (folder / "venire.db").is_file():
        raise NotFound(
            "record_not_there",
            f"{source} is neither a data folder nor a folder with a checkpoint and tiles",
        )
    with write_log(source) as place:
        yield place


@contextlib.contextmanager
def write_log(data: str) -> Iterator[str]:
    """A data folder's log in a folder of its own, while the block runs."""
    with tempfile.TemporaryDirectory(prefix="venire-record-") as place:
        on_house(lambda house: _write(house, Path(place)), data=data)
        yield place


def prefix_of(url: str) -> str:
    """The site's address does, and so does its record's."""
    if url.endswith("/record"):
        return url
    try:
        found = httpx.get(f"{url}/checkpoint", timeout=_TIMEOUT_S, trust_env=False)
    except httpx.HTTPError:
        return url
    return url if found.is_success else f"{url}/record"


async def _write(house: House, place: Path) -> None:
    """Write checkpoint, tiles and bundles as a static server would serve them."""
    sequencer = house.court.sequencer
    signed = await sequencer.checkpoint()
    (place / "checkpoint").write_bytes(signed)
    size = int(signed.decode().split("\n")[1])
    for tile in tiles_of(size):
        await _save(house, place, tile)


async def _save(house: House, place: Path, tile: Tile) -> None:
    path = place / tile_path(tile)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(await house.court.sequencer.resource(tile))
