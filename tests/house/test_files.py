"""What no file of the repository may hold: machines, registries, secrets, names of tools."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_SELF = Path(__file__).resolve()
_MACHINE = re.compile(r"(?<![\w/.:-])/(?:work|root|home|Users|mnt|opt)/[\w.-]+")
_REGISTRY = re.compile(
    r"\b(?:pypi\.org|files\.pythonhosted\.org|registry\.npmjs\.org|proxy\.golang\.org"
    r"|static\.crates\.io|index\.crates\.io|conda\.anaconda\.org|ghcr\.io|docker\.io)\b"
    r"|--(?:extra-)?index-url|--find-links|--trusted-host"
)
_TOOLING = re.compile(
    r"\b(?:chatgpt|claude|copilot|gemini|subagents?|llm[- ]?agents?|coding (?:agent|assistant)s?"
    r"|ai[- ](?:agent|assistant)s?|system prompts?|as an ai)\b",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b"
)
_LARGEST = 6 << 20


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        (_MACHINE, "a path of one machine"),
        (_REGISTRY, "the address of a registry"),
        (_TOOLING, "a word of somebody's tools"),
        (_SECRET, "a secret"),
    ],
    ids=["machine", "registry", "tooling", "secret"],
)
def test_no_file_holds_what_belongs_elsewhere(
    texts: dict[Path, str], pattern: re.Pattern[str], what: str
) -> None:
    for path, text in texts.items():
        if path != _SELF:
            found = pattern.search(text)
            assert found is None, f"{path}: {what}: {found[0]!r}"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (_MACHINE, "see /home/someone/file"),
        (_REGISTRY, "from https://pypi.org/simple"),
        (_REGISTRY, "pip install --index-url x"),
        (_TOOLING, "the Coding Agent wrote"),
        (_SECRET, "-----BEGIN PRIVATE KEY-----"),
    ],
)
def test_the_patterns_find_what_they_are_for(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)


def test_a_web_path_is_not_a_machine() -> None:
    assert _MACHINE.search("GET /api/v1/timelines/home/x and https://example.org/home/x") is None


def test_no_file_is_larger_than_a_reader_would_clone(tracked: list[Path]) -> None:
    for path in tracked:
        assert path.stat().st_size <= _LARGEST, f"{path}: {path.stat().st_size} bytes"


def test_what_is_built_is_not_tracked(tracked: list[Path], root: Path) -> None:
    refused = {"__pycache__", ".venv", ".cache", "build", "data", "node_modules"}
    for path in tracked:
        parts = path.relative_to(root).parts
        assert parts[0] not in refused, path
        assert "__pycache__" not in parts, path
        assert path.suffix not in {".db", ".pyc", ".log", ".key", ".pickle", ".pkl"}, path


@pytest.mark.parametrize("lock", ["run.lock", "dev.lock"])
def test_a_lock_names_no_address_and_every_package_has_a_hash(root: Path, lock: str) -> None:
    text = (root / "requirements" / lock).read_text(encoding="utf-8")
    assert "://" not in text
    packages = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    named = [package for package in packages if re.match(r"[A-Za-z0-9]", package)]
    assert len(named) > 30
    for package in named:
        first = package.split("\n", 1)[0]
        assert re.match(r"[a-z0-9._-]+==\S+", first), f"{first}: not pinned"
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", package), f"{first}: no hash"


def test_what_a_site_runs_on_is_what_was_tested_with_it(root: Path) -> None:
    def pins(lock: str) -> set[str]:
        text = (root / "requirements" / lock).read_text(encoding="utf-8")
        return set(re.findall(r"^[a-z0-9][^\\\n;]*==[^\\\n; ]+", text, re.MULTILINE))

    assert pins("run.lock") <= pins("dev.lock")
