from __future__ import annotations

import os
from pathlib import Path

import pytest

from venire.notices.attachments import FolderFiles, PartFiles, memory_file
from venire.notices.model import MAX_SCREENSHOT_BYTES, SourceFile


def test_a_file_in_the_folder_is_found_and_read(tmp_path: Path):
    (tmp_path / "001.png").write_bytes(b"pixels")
    found = FolderFiles(tmp_path).look("001.png")
    assert isinstance(found, SourceFile)
    assert (found.size, found.read()) == (6, b"pixels")


def test_a_missing_file_is_missing(tmp_path: Path):
    assert FolderFiles(tmp_path).look("002.png") == "missing_file"


@pytest.mark.parametrize("name", ["../outside.png", "sub/inside.png", "/etc/hostname"])
def test_a_name_that_climbs_is_outside_even_where_a_file_is(tmp_path: Path, name):
    folder = tmp_path / "notice"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "inside.png").write_bytes(b"x")
    (tmp_path / "outside.png").write_bytes(b"x")
    assert FolderFiles(folder).look(name) == "path_outside"


def test_a_link_is_outside_wherever_it_leads(tmp_path: Path):
    (tmp_path / "real.png").write_bytes(b"x")
    (tmp_path / "link.png").symlink_to("real.png")
    (tmp_path / "broken.png").symlink_to("nowhere")
    files = FolderFiles(tmp_path)
    assert files.look("link.png") == "path_outside"
    assert files.look("broken.png") == "path_outside"


def test_a_pipe_and_a_folder_are_no_files(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    files = FolderFiles(tmp_path)
    assert files.look("pipe.png") == "missing_file"
    assert files.look("folder.png") == "missing_file"


def test_a_file_that_turned_into_a_link_meanwhile_is_not_followed(tmp_path: Path):
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "001.png").write_bytes(b"pixels")
    found = FolderFiles(tmp_path).look("001.png")
    (tmp_path / "001.png").unlink()
    (tmp_path / "001.png").symlink_to("secret")
    assert isinstance(found, SourceFile)
    with pytest.raises(OSError, match="symbolic links"):
        found.read()


def test_a_50_megabyte_file_is_too_large_and_never_read(tmp_path: Path):
    with (tmp_path / "huge.png").open("wb") as opened:
        opened.truncate(50 * 1024 * 1024)
    files = FolderFiles(tmp_path)
    assert files.look("huge.png") == "too_large"
    head = files.head("huge.png")
    assert head is not None
    assert len(head.read()) == MAX_SCREENSHOT_BYTES + 1


def test_a_name_is_found_whichever_way_its_accents_are_written(tmp_path: Path):
    (tmp_path / "cafe\u0301.png").write_bytes(b"x")
    assert isinstance(FolderFiles(tmp_path).look("caf\u00e9.png"), SourceFile)
    parts = PartFiles([memory_file("caf\u00e9.png", b"x")])
    assert isinstance(parts.look("cafe\u0301.png"), SourceFile)


def test_the_parts_of_an_upload_are_looked_up_by_name():
    parts = PartFiles([memory_file("a.png", b"1"), memory_file("a.png", b"2")])
    found = parts.look("a.png")
    assert isinstance(found, SourceFile)
    assert found.read() == b"1"
    assert parts.look("b.png") == "missing_file"
    assert parts.look("../a.png") == "path_outside"
    large = SourceFile("l.png", MAX_SCREENSHOT_BYTES + 1, lambda: b"")
    assert PartFiles([large]).look("l.png") == "too_large"
