"""The benchmark measures what it says: on a site of its own, beside a peer, by hand-made bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.calling import call, only_json
from venire.cli.benchmarks import shape
from venire.cli.benchmarks.answers import Reader, unchunked
from venire.cli.benchmarks.driver import open_driver, plan_for
from venire.cli.benchmarks.load import NUMBER, Call
from venire.cli.benchmarks.measure import Meter, tree
from venire.cli.benchmarks.rounds import Cell, median_cell
from venire.cli.benchmarks.shape import Seeded, Shape
from venire.cli.benchmarks.sockets import frames
from venire.cli.drills.people import Member
from venire.cli.drills.site import started_site
from venire.kernel.errors import Invalid, NotFound

SMALL = ["--accounts", "8", "--follows", "5", "--posts", "60", "--rounds", "1"]
QUICK = [*SMALL, "--seconds", "0.2", "--connections", "4", "--sockets", "20"]


def run(*arguments: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "venire", "benchmark", *arguments, "--json", "-"],
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# Whole runs.


@pytest.mark.loopback
def test_a_run_measures_every_operation_beside_a_peer_and_the_ceiling(tmp_path):
    folder = tmp_path / "peer"
    folder.mkdir()
    flags = ("--data", folder, "--profile", "acceptance", "--json", "-")
    made = [
        only_json(call("account", "create", f"peer_{n}", "--email", f"p{n}@mail.test", *flags))
        for n in range(6)
    ]
    tokens = tmp_path / "tokens.txt"
    tokens.write_text("# members\n" + "\n".join(one["access_token"] for one in made) + "\n")
    kept = str(tmp_path / "kept")
    with started_site(folder) as (url, process):
        result = run(
            *(*QUICK, "--peer", url, "--tokens", str(tokens), "--peer-pid", str(process.pid)),
            *("--seed-peer", "--bare", "--data", kept),
        )
    cells = result["operations"]
    assert {"home", "local", "status", "notifications", "search", "instance", "post"} <= set(cells)
    for name in ("home", "local", "status", "notifications", "instance", "post", "favourite"):
        cell = cells[name]["venire"]
        assert cell["failures"] == 0, (name, cell["failed"])
        assert cell["requests"] > 20
        assert 0.02 < cell["cpu_ms"] < 100
        assert cell["p50_ms"] <= cell["p99_ms"]
        assert cell["rps"] > 20
    for name in ("home", "post"):
        ours, peer = cells[name]["venire"], cells[name]["peer"]
        assert peer["failures"] == 0, peer["failed"]
        # The peer is one of our own sites: the same figures, give or take a busy machine.
        assert 0.1 < ours["cpu_ms"] / peer["cpu_ms"] < 10
    assert cells["tiny"]["ceiling"]["cpu_ms"] < cells["home"]["venire"]["cpu_ms"]
    sent = result["delivery"]["venire"]["sustained"]
    assert sent["followers"] == 5
    assert sent["posts_per_s"] <= sent["answered_per_s"]
    assert result["delivery"]["venire"]["visible"]["most_ms"] > 0
    assert result["delivery"]["peer"]["visible"]["followers"] == 5
    assert result["started"]["first_reads"]["median_cpu_ms"] > 0
    assert result["after"]["memory"]["pss_mb"] > 20
    again = run(*QUICK, "--data", kept, "--only", "instance")
    assert again["operations"]["instance"]["venire"]["failures"] == 0


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--peer", "http://127.0.0.1:1"], "tokens_missing"),
        (["--data", "{full}"], "folder_not_ours"),
    ],
)
def test_what_cannot_be_driven_is_refused_with_its_code(tmp_path, arguments, code):
    (tmp_path / "something").write_text("of somebody else")
    given_ = [one.replace("{full}", str(tmp_path)) for one in arguments]
    done = subprocess.run(
        [sys.executable, "-m", "venire", "benchmark", *QUICK, "--only", "instance", *given_],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"error: {code}" in done.stderr
    assert (tmp_path / "something").exists()


# The generator.


class Scripted(BaseHTTPRequestHandler):
    """Answers in ways that a site should not."""

    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[bytes]] = []

    def do_GET(self) -> None:
        if self.path == "/chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n")
            return
        status, body = {
            "/list": (200, b"[1,2,3]"),
            "/empty": (200, b""),
            "/broken": (200, b"[1,"),
            "/error": (500, b'{"error":"x"}'),
        }[self.path]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append(body)
        self.send_response(200)
        told = b'{"id":"%d"}' % len(self.seen)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def scripted(socket_enabled):
    Scripted.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("path", "entries", "fails"),
    [
        ("/list", 3, False),
        ("/list", 4, True),
        ("/chunked", 2, False),
        ("/chunked", 3, True),
        ("/empty", 0, True),
        ("/broken", 0, True),
        ("/error", 0, True),
    ],
)
def test_an_answer_that_is_not_what_it_should_be_is_counted(scripted, path, entries, fails):
    with open_driver() as driver:
        plan = plan_for(scripted, [Call(path)], connections=1, entries=entries)
        outcome = driver.run(plan)
    assert outcome.requests == 1
    assert (outcome.failures == 1) is fails
    assert bool(outcome.failed) is fails


@pytest.mark.loopback
def test_each_call_of_a_plan_without_time_is_sent_once_and_numbers_never_come_twice(scripted):
    calls = [Call("/x", "POST", body=f'{{"text":"{n} {NUMBER}"}}') for n in range(30)]
    with open_driver() as driver:
        outcome = driver.run(plan_for(scripted, calls, connections=3, keep_ids=True))
        more = driver.run(plan_for(scripted, calls[:1], connections=1, first_number=500))
    assert outcome.requests == 30
    assert outcome.failures == more.failures == 0
    assert sorted(map(int, outcome.ids)) == list(range(1, 31))
    texts = [json.loads(body)["text"] for body in Scripted.seen]
    assert sorted(int(text.split()[0]) for text in texts[:30]) == list(range(30))
    assert len({text.split()[1] for text in texts}) == 31


@pytest.mark.loopback
def test_a_plan_with_time_lasts_as_long_and_counts_all_that_it_sent(scripted):
    with open_driver() as driver:
        outcome = driver.run(plan_for(scripted, [Call("/list")], connections=2, seconds=0.4))
    assert 0.35 < outcome.seconds < 2
    assert sum(outcome.slices) == outcome.requests > 5
    assert 0 < outcome.cpu_s < outcome.seconds


def test_only_plain_http_is_driven():
    for address in ("https://example.org", "example.org", "ftp://example.org"):
        with pytest.raises(Invalid, match="address_not_plain"):
            plan_for(address, [])


def test_a_server_that_hangs_up_is_a_failure(socket_enabled):
    with open_driver() as driver:
        listening = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
        url = f"http://127.0.0.1:{listening.server_port}"
        hang_up = threading.Thread(target=lambda: listening.get_request()[0].close())  # noqa: PLW0108 - later
        hang_up.start()
        outcome = driver.run(plan_for(url, [Call("/list")], connections=1))
        hang_up.join()
        listening.server_close()
    assert outcome.requests == 0
    assert outcome.failures == 1


# Bytes.

bodies = st.binary(max_size=300)


def answer(body: bytes, *, chunks: int, status: int = 200) -> bytes:
    head = b"HTTP/1.1 %d Whatever\r\nServer: x\r\n" % status
    if not chunks:
        return head + b"Content-LENGTH: %d\r\n\r\n%b" % (len(body), body)
    parts = [body[place : place + chunks] for place in range(0, len(body), chunks)]
    chunked = b"".join(b"%x;ext=1\r\n%b\r\n" % (len(part), part) for part in parts)
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked + b"0\r\n\r\n"


@given(st.lists(st.tuples(bodies, st.integers(0, 90)), min_size=1, max_size=4), st.integers(1, 400))
def test_answers_are_read_whole_however_they_are_cut(answers, cut):
    reader = Reader()
    for body, chunks in answers:
        sent = answer(body, chunks=chunks, status=200 + len(body) % 300)
        pieces = [sent[place : place + cut] for place in range(0, len(sent), cut)]
        done = [reader.feed(piece) for piece in pieces]
        assert done == [False] * (len(pieces) - 1) + [True]
        assert reader.body == body
        assert reader.status == 200 + len(body) % 300


@given(bodies, st.integers(1, 90), st.integers(0, 40))
def test_a_chunked_body_that_is_not_all_there_is_not_a_body(body, size, missing):
    whole = answer(body, chunks=size)
    start = whole.index(b"\r\n\r\n") + 4
    assert unchunked(whole, start) == body
    if missing:
        assert unchunked(whole[:-missing], start) is None


@given(st.lists(st.binary(max_size=70_000), max_size=4), st.integers(0, 20))
def test_frames_of_a_socket_are_counted_by_their_kind(bodies, missing):
    buffer = bytearray()
    for body in bodies:
        size = len(body)
        if size < 126:
            head = bytes([0x81, size])
        elif size < 1 << 16:
            head = bytes([0x81, 126]) + size.to_bytes(2, "big")
        else:
            head = bytes([0x81, 127]) + size.to_bytes(8, "big")
        buffer += head + body
    rest = bytearray(buffer)
    if buffer and missing:
        last = max(1, min(missing, len(bodies[-1]) + 2))
        cut = bytearray(buffer[:-last])
        assert list(frames(cut)) == [1] * (len(bodies) - 1)
    assert list(frames(rest)) == [1] * len(bodies)
    assert not rest


# Measuring.


def test_the_meter_counts_children_and_what_ended_threads_used():
    code = "import time,sys\nuntil=time.process_time()+0.3\nwhile time.process_time()<until: pass\n"
    code += "print('done', flush=True)\nsys.stdin.read()"
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        meter = Meter(os.getpid())
        before = meter.cpu_s()
        assert child.stdout is not None
        child.stdout.readline()
        assert child.pid in tree(os.getpid())
        assert meter.cpu_s() - before > 0.15
        assert meter.memory().rss >= meter.memory().pss > 1 << 20
    finally:
        child.communicate()
    after = meter.cpu_s()
    assert after >= before
    assert child.pid not in tree(os.getpid())


def test_a_tree_at_rest_is_known_to_rest():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        time.sleep(0.2)
        assert Meter(child.pid).rest(span_s=0.1, patience_s=5) < 5
    finally:
        child.communicate(b"\n")


def test_a_cell_is_the_median_of_its_rounds():
    def cell(rps: float, cpu: float | None) -> Cell:
        return Cell(rps, 1, 2, cpu, 1, 10, 1, 100, 0.1, failed=["x"])

    middle = median_cell([cell(10, 1), cell(30, 3), cell(20, 2)])
    assert (middle.rps, middle.cpu_ms, middle.requests, middle.failures) == (20, 2, 30, 3)
    assert [one["rps"] for one in middle.rounds] == [10, 30, 20]
    assert median_cell([cell(10, None)]).cpu_ms is None


# The shape.


@given(st.integers(2, 40), st.integers(1, 60))
def test_everybody_follows_and_is_followed_by_as_many(accounts, follows):
    small = Shape(accounts, follows, 0)
    members = [Member(str(place), str(place), "") for place in range(accounts)]
    seeded = Seeded(small, members, [])
    followers: dict[int, set[int]] = {place: set() for place in range(accounts)}
    for place in range(accounts):
        chosen = list(shape.followed(small, place))
        assert place not in chosen
        assert len(set(chosen)) == min(follows, accounts - 1)
        for other in chosen:
            followers[other].add(place)
    for place in range(accounts):
        found = [int(member.id) for member in seeded.followers(place)]
        assert set(found) == followers[place]
        assert len(found) == len(followers[place])


def test_the_same_seed_writes_the_same_posts_and_another_part_others():
    small = Shape(10, 5, 50)
    assert shape.written(small, 50) == shape.written(small, 50)
    assert shape.written(small, 50) != shape.written(Shape(10, 5, 50, seed=2), 50)
    assert shape.written(small, 50) != shape.written(small, 50, part="more")
    searched = [one for one in shape.written(small, 400) if shape.SEARCHED in one.text.lower()]
    assert len(searched) >= 50


def test_tokens_are_read_one_a_line(tmp_path: Path):
    file = tmp_path / "tokens"
    file.write_text("# of the peer\nalice aaa\n\nbbb  # the second\n")
    assert shape.read_tokens(file) == ["aaa", "bbb"]
    file.write_text("# nothing\n")
    with pytest.raises(NotFound, match="no_tokens"):
        shape.read_tokens(file)
