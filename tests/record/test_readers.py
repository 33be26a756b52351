"""Where a log is read from cannot lead the reader elsewhere, fill its memory, or hold it."""

from __future__ import annotations

import gzip
import os
import tracemalloc
from contextlib import contextmanager

import pytest

from venire.kernel.errors import Invalid, NotFound, TooLarge, Unavailable
from venire.record.readers import FolderReader, HttpReader
from venire.record.verify import RecordFault, verify_path

SIZE = 300


@pytest.fixture
def read_from(serve):
    @contextmanager
    def reading(answers):
        with serve(answers) as url, HttpReader(url) as reader:
            yield reader

    return reading


loopback = [pytest.mark.loopback, pytest.mark.enable_socket]


class TestOverHttp:
    pytestmark = loopback

    def test_a_log_verifies_under_a_prefix(self, log_of, serve, key):
        files = log_of(SIZE)
        with serve({f"/record/{path}": content for path, content in files.items()}) as url:
            assert verify_path(f"{url}/record", key).size == SIZE
            assert verify_path(f"{url}/record/", key).size == SIZE

    def test_a_lying_server_is_caught(self, log_of, serve, key):
        files = log_of(SIZE)
        files["tile/0/000"] = files["tile/0/000"][:-1] + b"?"
        with (
            serve({f"/{path}": content for path, content in files.items()}) as url,
            pytest.raises(RecordFault, match="tile_mismatch"),
        ):
            verify_path(url, key)

    def test_gzip_is_read(self, read_from):
        body = gzip.compress(b"plain")
        with read_from({"/a": (200, {"Content-Encoding": "gzip"}, body)}) as reader:
            assert reader.read("a", 5) == b"plain"

    def test_gzip_that_unfolds_beyond_the_limit_is_refused(self, read_from):
        bomb = gzip.compress(bytes(50_000_000))
        with read_from({"/a": (200, {"Content-Encoding": "gzip"}, bomb)}) as reader:
            tracemalloc.start()
            try:
                with pytest.raises(TooLarge, match="response_too_large"):
                    reader.read("a", 8192)
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
        assert peak < 5_000_000

    def test_broken_gzip_is_told(self, read_from):
        whole = gzip.compress(os.urandom(2000))
        answers = {
            "/cut": (200, {"Content-Encoding": "gzip"}, whole[:-9]),
            "/not": (200, {"Content-Encoding": "gzip"}, b"not gzip"),
        }
        with read_from(answers) as reader:
            for path in ("cut", "not"):
                with pytest.raises(Unavailable, match="broken gzip"):
                    reader.read(path, 8192)

    def test_an_unknown_encoding_is_refused(self, read_from):
        with (
            read_from({"/a": (200, {"Content-Encoding": "br"}, b"x")}) as reader,
            pytest.raises(Invalid, match="encoding_unknown"),
        ):
            reader.read("a", 10)

    def test_a_body_over_the_limit_is_refused(self, read_from):
        with read_from({"/a": b"x" * 11}) as reader:
            assert len(reader.read("a", 11)) == 11
            with pytest.raises(TooLarge, match="response_too_large"):
                reader.read("a", 10)

    def test_a_redirect_on_the_same_host_is_followed(self, read_from):
        answers = {"/a": (302, {"Location": "/b"}, b""), "/b": b"here"}
        with read_from(answers) as reader:
            assert reader.read("a", 10) == b"here"

    @pytest.mark.parametrize(
        "target", ["http://127.0.0.1:1/b", "http://localhost/b", "//example.org/b", "file:///etc"]
    )
    def test_a_redirect_to_another_host_is_not(self, read_from, target):
        with (
            read_from({"/a": (302, {"Location": target}, b"")}) as reader,
            pytest.raises(Invalid, match="redirect_elsewhere"),
        ):
            reader.read("a", 10)

    def test_a_redirect_without_end_is_left(self, read_from):
        with (
            read_from({"/a": (302, {"Location": "/a"}, b"")}) as reader,
            pytest.raises(Invalid, match="redirect_elsewhere"),
        ):
            reader.read("a", 10)

    def test_what_is_not_there_and_what_fails_differ(self, read_from):
        with read_from({"/gone": (410, {}, b""), "/broken": (500, {}, b"")}) as reader:
            for path in ("nothing", "gone"):
                with pytest.raises(NotFound, match="path_missing"):
                    reader.read(path, 10)
            with pytest.raises(Unavailable, match="500"):
                reader.read("broken", 10)
            assert list(reader.paths()) == []

    def test_a_server_that_is_not_there_is_told(self, serve, key):
        with serve({}) as url:
            pass
        with pytest.raises(RecordFault, match="source_unreachable"):
            verify_path(url, key)


@pytest.mark.parametrize("url", ["ftp://example.org", "http://", "example.org", "http://host:port"])
def test_what_is_no_web_address_is_refused(url):
    with pytest.raises(Invalid, match="url_malformed"):
        HttpReader(url)


def test_a_folder_is_not_left(tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    folder = tmp_path / "log"
    (folder / "tile").mkdir(parents=True)
    (folder / "tile" / "inside").write_bytes(b"inside")
    (folder / "tile" / "out").symlink_to(tmp_path / "secret")
    reader = FolderReader(folder)
    assert reader.read("tile/inside", 10) == b"inside"
    for path in ("tile/out", "../secret", str(tmp_path / "secret")):
        with pytest.raises(NotFound, match="path_missing"):
            reader.read(path, 10)


def test_what_is_not_a_plain_file_is_not_read(tmp_path):
    (tmp_path / "checkpoint").mkdir()
    os.mkfifo(tmp_path / "pipe")
    reader = FolderReader(tmp_path)
    for path in ("checkpoint", "pipe"):
        with pytest.raises(NotFound, match="path_missing"):
            reader.read(path, 10)


def test_a_file_over_the_limit_is_refused(tmp_path):
    (tmp_path / "checkpoint").write_bytes(b"x" * 11)
    reader = FolderReader(tmp_path)
    assert len(reader.read("checkpoint", 11)) == 11
    with pytest.raises(TooLarge, match="response_too_large"):
        reader.read("checkpoint", 10)
