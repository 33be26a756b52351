"""The record is checked by Go's sumdb/note and sumdb/tlog, which no one here wrote."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from venire.record.note import Signer, add_signatures

PROGRAM = Path(__file__).parent / "go"
SIZE = 700

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="session")
def recordcheck(tmp_path_factory):
    """The built program; the tests are skipped only where Go or its module cannot be had."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("go is not on the PATH")
    # Whatever Go is here has to do: a newer toolchain is not fetched for a test.
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off"}

    def run(*arguments):
        return subprocess.run(
            [go, *arguments],
            cwd=PROGRAM,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    downloaded = run("mod", "download")
    said = downloaded.stderr.strip()
    assert "checksum mismatch" not in said, said
    if downloaded.returncode != 0:
        pytest.skip(f"the module golang.org/x/mod cannot be had: {said.splitlines()[-1:]}")
    program = tmp_path_factory.mktemp("go") / "recordcheck"
    built = run("build", "-mod=readonly", "-o", str(program), ".")
    assert built.returncode == 0, built.stderr
    return program


@pytest.fixture
def check(recordcheck):
    def run(source, key, count=0):
        return subprocess.run(
            [recordcheck, "-source", str(source), "-key", key, "-count", str(count)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def check_files(check, write_log, tmp_path):
    return lambda files, *rest: check(write_log(tmp_path, files), *rest)


@pytest.fixture(scope="session")
def log(log_of):
    return log_of(SIZE)


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 512, SIZE])
def test_go_proves_every_entry_of_a_log(size, log_of, check_files, key):
    done = check_files(log_of(size), key)
    assert (done.returncode, done.stdout) == (0, f"proven {size} of {size}\n"), done.stderr


def test_go_finds_the_tiles_of_a_log_with_long_paths(
    sample_entries, build_log, signer, check_files
):
    """Beyond 256,000 entries a path has two parts, and the tree three levels of tiles."""
    files = build_log(sample_entries(500) * 520, signer)
    assert "tile/entries/x001/000" in files
    assert "tile/2/000.p/3" in files
    done = check_files(files, str(signer.verifier), 60)
    assert (done.returncode, done.stdout) == (0, "proven 60 of 260000\n"), done.stderr


@pytest.mark.loopback
@pytest.mark.enable_socket
def test_go_proves_a_log_over_http(log, serve, check, key):
    with serve({f"/record/{path}": content for path, content in log.items()}) as url:
        done = check(f"{url}/record", key, 50)
    assert (done.returncode, done.stdout) == (0, f"proven 50 of {SIZE}\n"), done.stderr


def test_go_opens_a_checkpoint_that_a_witness_has_cosigned(log, check_files, key):
    witness = Signer("witness.example", bytes(32))
    cosigned = add_signatures(log["checkpoint"], [witness.sign("anything\n")])
    done = check_files({**log, "checkpoint": cosigned}, key, 5)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "path",
    [
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/002.p/188",
        "tile/0/001",
        "tile/0/002.p/188",
        "tile/1/000.p/2",
    ],
)
def test_go_refuses_a_tampered_tile_or_bundle(path, log, check_files, key):
    # The last byte but two lies within an entry, not in a length.
    changed = log[path][:-3] + bytes([log[path][-3] ^ 1]) + log[path][-2:]
    done = check_files({**log, path: changed}, key)
    assert (done.returncode, done.stdout) == (1, "")
    assert "recordcheck: entry" in done.stderr


@pytest.mark.parametrize("line", [0, 1, 2, 4])
def test_go_refuses_a_tampered_checkpoint(line, log, check_files, key):
    lines = log["checkpoint"].split(b"\n")
    middle = len(lines[line]) // 2
    lines[line] = lines[line][:middle] + b"1" + lines[line][middle + 1 :]
    changed = b"\n".join(lines)
    assert changed != log["checkpoint"]
    done = check_files({**log, "checkpoint": changed}, key)
    assert (done.returncode, done.stdout) == (1, "")
    assert "recordcheck: checkpoint" in done.stderr


def test_go_refuses_another_key(log, check_files):
    other = Signer("record.venire.example", bytes(32))
    done = check_files(log, str(other.verifier))
    assert done.returncode == 1
    assert "checkpoint" in done.stderr
