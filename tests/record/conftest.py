"""The kit of the record's tests: a signer, sample entries, and a whole log as files."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from venire.record import checkpoint, entry, tiles, tree
from venire.record.model import Checkpoint, Tile
from venire.record.note import Signer

ORIGIN = "record.venire.example"
CATEGORIES = ("incitement", "hate", "harassment")


def make_entries(count: int, label: str = "sample") -> list[bytes]:
    """Distinct valid entries of a few types and sizes."""
    made = []
    for number in range(count):
        salt = hashlib.sha256(f"{label} {number}".encode()).digest()
        common = {"hour": "2026-11-21T10Z", "rules": "2026-11", "source": "notice"}
        header = {**common, "category": CATEGORIES[number % 3], "automated": number % 2 == 0}
        if number % 4 == 0:
            header |= {"type": "verdict", "verdict": "violates", "ballots": 3 + number % 9}
        else:
            header |= {"type": "hold"}
        names = ("post", "author", "reason")[: 1 + number % 3]
        values = {name: f"{label} {name} {number}" for name in names}
        made.append(entry.encode_entry(header, entry.commit_all(values, salt)))
    return made


def build_files(
    entries: Sequence[bytes], signer: Signer, origin: str = ORIGIN, cuts: Sequence[int] = ()
) -> dict[str, bytes]:
    """A log in tlog-tiles layout by path, grown through the sizes in `cuts`, partial tiles kept."""
    written: dict[Tile, bytes] = {}
    frontier = tree.EMPTY
    for size in (*cuts, len(entries)):
        added = entries[frontier.size : size]
        leaves = [tree.leaf_hash(each) for each in added]
        written |= tiles.tiles_for(frontier.size, leaves, written.__getitem__)
        written |= tiles.bundles_for(frontier.size, added, written.__getitem__)
        frontier = tree.extend(frontier, leaves)
    files = {tiles.tile_path(tile): content for tile, content in written.items()}
    head = Checkpoint(origin=origin, size=frontier.size, root=tree.root(frontier))
    return files | {"checkpoint": checkpoint.sign_checkpoint(head, signer)}


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    """The same log as a folder."""
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


@contextmanager
def served(answers):
    """A server on loopback; an answer is bytes, or (status, headers, body)."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one packet: apart, the client's delayed ACK costs 40 ms

        def do_GET(self):
            answer = answers.get(self.path, (404, {}, b""))
            status, headers, body = answer if isinstance(answer, tuple) else (200, {}, answer)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# Session-wide, so that hypothesis may ask for them again in every example.


@pytest.fixture(scope="session")
def signer():
    return Signer(ORIGIN, hashlib.sha256(b"record key of the tests").digest())


@pytest.fixture(scope="session")
def key(signer):
    return str(signer.verifier)


@pytest.fixture(scope="session")
def sample_entries():
    return make_entries


@pytest.fixture(scope="session")
def build_log():
    return build_files


@pytest.fixture(scope="session")
def write_log():
    return write_files


@pytest.fixture(scope="session")
def log_of(signer):
    """A log of so many sample entries, as files by path."""

    def build(count, label="sample", cuts=()):
        return build_files(make_entries(count, label), signer, cuts=cuts)

    return build


@pytest.fixture(scope="session")
def serve():
    return served
