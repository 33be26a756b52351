"""What the house tests look at: the files that belong to the repository, and the docs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """Every file that is or would be committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    paths = [ROOT / name.decode() for name in listed.split(b"\0") if name]
    found = sorted({path for path in paths if path.is_file()})
    assert len(found) > 50, "git lists next to nothing: every test below would pass"
    return found


@pytest.fixture(scope="session")
def texts(tracked: list[Path]) -> dict[Path, str]:
    """Those that are text."""
    found: dict[Path, str] = {}
    for path in tracked:
        content = path.read_bytes()
        if b"\0" not in content:
            found[path] = content.decode("utf-8")
    return found


@pytest.fixture(scope="session")
def python(texts: dict[Path, str]) -> dict[Path, str]:
    """The Python files."""
    return {path: text for path, text in texts.items() if path.suffix == ".py"}


@pytest.fixture(scope="session")
def pages(texts: dict[Path, str]) -> dict[Path, str]:
    """The Markdown files."""
    return {path: text for path, text in texts.items() if path.suffix == ".md"}
