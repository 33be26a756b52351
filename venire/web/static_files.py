"""Style sheet, icons, manifest: read once, named by content, so that browsers may keep them."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import Final, NamedTuple

FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}


class StaticFile(NamedTuple):
    """One file as it is served; `version` changes with its content."""

    content: bytes
    media_type: str
    version: str


@functools.cache
def every_file() -> dict[str, StaticFile]:
    """All of them, by their path below `/static/`. A path that is not here does not exist."""
    found = {}
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file() and path.suffix in _TYPES:
            content = path.read_bytes()
            name = path.relative_to(FOLDER).as_posix()
            digest = hashlib.sha256(content).hexdigest()[:12]
            found[name] = StaticFile(content, _TYPES[path.suffix], digest)
    return found


def address_of(name: str) -> str:
    """The address of a file, with its version."""
    return f"/static/{name}?v={every_file()[name].version}"
