"""A data file as it stood at one place of the journal: copied while others write to it.

The copy lies beside the data for as long as it is cut up: reading goes on in it, not in the file
that the site writes to, so a slow store never holds anybody up.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, cast

import apsw
import msgspec
import zstandard

from venire.kernel.chance import Chance
from venire.kernel.errors import NotFound, Unavailable
from venire.storage.engines.sqlite_upkeep import FACTS, copy_file, marks_of

LEFT: Final = ".snapshot-"
_SPARE_BYTES: Final = 64 << 20
_NAME_BYTES: Final = 32
_STAYS_BEHIND: Final = "backup-drill.key"
"""The one key that stays behind: whoever has a backup and no offline key must not have this."""
_FILE_BYTES: Final = 4 << 20
_NOT_COUNTED: Final = frozenset({"outbox", "meta", "cursors"})
"""Pruned, or moved, without a commit."""
_LEVEL: Final = 3


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """How far a copy had come, and how many rows it holds of each table.

    `counts` leaves out what had lapsed: when that is swept away is nobody's commit.
    """

    sequence: int
    generation: int
    newest_ms: int
    schema: int
    size: int
    record_size: int
    record_root: str
    counts: dict[str, int]
    cursors: dict[str, int]


@contextlib.contextmanager
def captured(data: Path, now_ms: int, chance: Chance) -> Iterator[tuple[Path, Facts]]:
    """A checked copy of a site's data file, gone when the block ends.

    NotFound `site_not_there`; Unavailable `disk_full`, `copy_not_sound`, `data_damaged`.
    """
    marks = marks_of(data / FACTS)
    if marks is None:
        raise NotFound("site_not_there", f"there is no site in {data}")
    wanted, free = marks.size + _SPARE_BYTES, shutil.disk_usage(data).free
    if free < wanted:
        raise Unavailable(
            "disk_full",
            f"the snapshot needs {wanted >> 20} MB and {free >> 20} MB are free: make room first",
            place=str(data),
        )
    for left in data.glob(f"{LEFT}*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = data / f"{LEFT}{chance.token(6).hex()}"
    folder.mkdir(mode=0o700)
    try:
        copy = folder / FACTS
        copy_file(data / FACTS, copy, lambda _done, _total: None)
        yield copy, facts_of(copy, now_ms)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def facts_of(file: Path, now_ms: int, *, busy: bool = False) -> Facts:
    """How far a data file has come. `busy`: others may be writing to it."""
    # Immutable: neither a log nor a lock is made beside it.
    how = "mode=ro" if busy else "immutable=1"
    connection = apsw.Connection(
        f"file:{file}?{how}", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    )
    try:
        # One view of it for all that is asked.
        connection.execute("BEGIN")
        return _facts(connection, now_ms)
    finally:
        connection.close()


def _facts(connection: apsw.Connection, now_ms: int) -> Facts:
    def one(sql: str, *values: int) -> Any:
        found = connection.execute(sql, values).fetchone()
        return None if found is None else found[0]

    there = {
        str(name): str(sql)
        for name, sql in connection.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'table'"
            " AND name NOT LIKE 'sqlite_%' ORDER BY name"
        ).fetchall()
    }
    counts: dict[str, int] = {}
    for name, sql in there.items():
        counting = f'SELECT count(*) FROM "{name}"'  # noqa: S608 - the file's own names
        if "expires_at_ms" in sql:
            counting += " WHERE expires_at_ms IS NULL OR expires_at_ms > ?"
            counts[name] = int(one(counting, now_ms))
        elif name not in _NOT_COUNTED:
            counts[name] = int(one(counting))
    generation, head = 0, cast("Any", None)
    if "record_heads" in there:
        head = connection.execute(
            "SELECT size, root FROM record_heads ORDER BY epoch DESC LIMIT 1"
        ).fetchone()
    if "ship_generations" in there:
        generation = int(one("SELECT number FROM ship_generations") or 0)
    cursors: list[Any] = connection.execute("SELECT name, position FROM cursors").fetchall()
    return Facts(
        sequence=int(one("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'") or 0),
        generation=generation,
        newest_ms=int(one("SELECT at_ms FROM outbox ORDER BY sequence DESC LIMIT 1") or 0),
        schema=int(one("SELECT value FROM meta WHERE name = 'schema_version'") or 0),
        size=int(one("PRAGMA page_count")) * int(one("PRAGMA page_size")),
        record_size=0 if head is None else int(head[0]),
        record_root="" if head is None else bytes(head[1]).hex(),
        counts=counts,
        cursors={str(name): int(position) for name, position in cursors},
    )


def pieces(file: Path, part_bytes: int) -> Iterator[bytes]:
    """A file in equal parts; the last one may be shorter."""
    with file.open("rb") as opened:
        while content := opened.read(part_bytes):
            yield content


def name_of(content: bytes, naming_key: bytes) -> str:
    """The name of a part: the same for the same bytes, and telling a store nothing of them."""
    return hashlib.blake2b(content, key=naming_key, digest_size=_NAME_BYTES).hexdigest()


def naming_key_for(secret: bytes, recipients: Sequence[str]) -> bytes:
    """What names the parts that these may read: nobody else's part is taken for one of theirs."""
    who = "\n".join(sorted(recipients)).encode()
    return hashlib.blake2b(who, key=secret, digest_size=_NAME_BYTES).digest()


def pack(content: bytes) -> bytes:
    """Compress."""
    return zstandard.ZstdCompressor(level=_LEVEL).compress(content)


def unpack(content: bytes, most: int) -> bytes:
    """What was packed, of at most so many bytes. Unavailable `part_damaged`."""
    try:
        # Bounded before it grows: a few bytes may claim to be any number of them.
        if not 0 <= zstandard.frame_content_size(content) <= most:
            raise Unavailable("part_damaged", "it claims to be larger than it may be")
        return zstandard.ZstdDecompressor().decompress(content, max_output_size=most)
    except zstandard.ZstdError as error:
        raise Unavailable("part_damaged", "it cannot be unpacked") from error


def carried_files(data: Path) -> dict[str, bytes]:
    """What a new host needs to serve under the same name: settings, the record's key, all keys."""
    wanted = [data / "record.pub", *sorted(data.glob("*.toml"))]
    keys = data / "keys"
    if keys.is_dir():
        wanted += sorted(path for path in keys.iterdir() if path.name != _STAYS_BEHIND)
    found: dict[str, bytes] = {}
    for path in wanted:
        if path.is_file() and not path.name.startswith(".") and path.stat().st_size <= _FILE_BYTES:
            found[str(path.relative_to(data))] = path.read_bytes()
    return found
