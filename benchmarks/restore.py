"""A site restored from a store, beside litestream: `python -m benchmarks.restore [MB] [FOLDER]`.

Both restore the same data file, in the same run, from a folder on the same disk, one after the
other, each three times in turns. Ours is encrypted (age), proven by keyed hashes, brought to the
disk and looked at for the record; litestream's is neither encrypted nor asked for its own check.
litestream is taken from the PATH or from build/counterparts/bin; without it only ours is measured.
"""

# ruff: noqa: INP001 - a command, not a package

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pyrage.x25519 import Identity
from rich.console import Console
from rich.table import Table as Printed

from venire.adapters.objects.named import Place, open_store
from venire.continuity.journal.stores import Store
from venire.continuity.recovery import snapshots
from venire.continuity.recovery.restoring import Asked, restore
from venire.kernel.chance import SystemChance
from venire.kernel.clock import SystemClock
from venire.record.note import Signer
from venire.storage.engines.sqlite_replay import SqliteReplay
from venire.storage.tables.every import ALL
from venire.storage.tables.posts import POSTS
from venire.storage.verbs import Column

MB = 1_000
ROUNDS = 3
_WORDS = 3_000
_AT_ONCE = 5_000
_SEED = b"b" * 32
_COUNTERPARTS = Path(__file__).parents[1] / "build" / "counterparts" / "bin"


def words(number: int) -> str:
    """A text of some 400 letters that compresses as people's do."""
    digest = hashlib.sha512(str(number).encode()).digest()
    picked = [int.from_bytes(digest[at : at + 2], "big") % _WORDS for at in range(0, 64, 2)]
    return " ".join(hashlib.sha256(str(one).encode()).hexdigest()[: 4 + one % 14] for one in picked)


def value(column: Column, number: int) -> object:
    """A value of a column; most posts leave empty what they may."""
    if column.optional and (number + len(column.name)) % 16:
        return None
    if column.kind == "int":
        return number
    if column.kind == "text":
        if column.name not in {"text", "html"}:
            return "public"
        return words(number if column.name == "text" else ~number)
    return {"blob": b"[]", "real": 0.0, "bool": 0}[column.kind]


def make_site(data: Path, megabytes: int) -> int:
    """A data folder of about so many megabytes; how many posts it has."""
    (data / "keys").mkdir(parents=True)
    (data / "keys" / "record.key").write_bytes(_SEED)
    (data / "record.pub").write_text(f"{Signer('example.org/record', _SEED).verifier}\n")
    (data / "venire.toml").write_text('title = "Benchmark"\n')
    replay = SqliteReplay(data / "venire.db", ALL)
    number = 0
    while (data / "venire.db").stat().st_size + _log_bytes(data) < megabytes << 20:
        rows = [
            tuple(value(column, number + place) for column in POSTS.columns)
            for place in range(_AT_ONCE)
        ]
        replay.put_rows(POSTS, rows)
        number += _AT_ONCE
    replay.finish()
    return number


def _log_bytes(data: Path) -> int:
    log = data / "venire.db-wal"
    return log.stat().st_size if log.exists() else 0


def ours(folder: Path, data: Path) -> tuple[float, list[float], int]:
    """Seconds for the snapshot and for each restore; bytes in the store."""
    identity = Identity.generate()
    place = folder / "ours"
    store = Store("first", open_store(Place(url=f"file://{place}")))
    chance, clock = SystemChance(), SystemClock()
    origin = snapshots.Origin(site="example.org", generation=1, naming_key=b"n" * 32)
    began = time.perf_counter()
    asyncio.run(
        snapshots.take_physical(
            data, [store], origin, [identity.to_public()], now_ms=clock.now_ms(), chance=chance
        )
    )
    took = time.perf_counter() - began

    def once() -> float:
        target = folder / "restored"
        asked = Asked(data=target, shelves=(store,), identities=(identity,))
        began = time.perf_counter()
        asyncio.run(restore(asked, clock, chance, lambda _name: lambda _done, _total: None))
        took = time.perf_counter() - began
        shutil.rmtree(target)
        return took

    size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    return took, [once() for _ in range(ROUNDS)], size


def theirs(folder: Path, data: Path, program: str) -> tuple[float, list[float], int]:
    """The same with litestream."""
    place = folder / "theirs"
    environment = {name: text for name, text in os.environ.items() if name != "AWS_CA_BUNDLE"}
    copy = folder / "source.db"
    shutil.copyfile(data / "venire.db", copy)

    def call(*words_given: str) -> float:
        began = time.perf_counter()
        subprocess.run(  # noqa: S603 - the peer, by its own name
            [program, *words_given], check=True, capture_output=True, env=environment
        )
        return time.perf_counter() - began

    took = call("replicate", "-once", "-force-snapshot", str(copy), f"file://{place}")

    def once() -> float:
        target = folder / "theirs.db"
        took = call("restore", "-o", str(target), f"file://{place}")
        if target.stat().st_size < (data / "venire.db").stat().st_size // 2:
            raise SystemExit("litestream restored something else")
        target.unlink()
        return took

    size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    return took, [once() for _ in range(ROUNDS)], size


def main(megabytes: int, parent: str | None) -> None:
    """Measure and print."""
    there = shutil.which("litestream", path=f"{_COUNTERPARTS}:{os.environ.get('PATH', '')}")
    with tempfile.TemporaryDirectory(dir=parent) as name:
        folder = Path(name)
        posts = make_site(folder / "data", megabytes)
        size = (folder / "data" / "venire.db").stat().st_size
        printed = Printed(title=f"{size >> 20} MB, {posts} posts", title_justify="left")
        for heading in ("", "snapshot s", "restore s (best, worst)", "in the store MB"):
            printed.add_column(heading, justify="right")
        peers = [("venire", ours(folder, folder / "data"))]
        if there is not None:
            peers.append(("litestream", theirs(folder, folder / "data", there)))
        for peer, (took, restores, stored) in peers:
            best, worst = min(restores), max(restores)
            printed.add_row(peer, f"{took:.1f}", f"{best:.1f}, {worst:.1f}", f"{stored >> 20}")
        Console().print(printed)
        if there is None:
            Console().print("litestream is not there: go install it into build/counterparts/bin")


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else MB,
        sys.argv[2] if len(sys.argv) > 2 else None,  # noqa: PLR2004 - the folder
    )
