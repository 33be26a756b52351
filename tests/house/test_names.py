"""Names say what a thing is: no drawers, sentences for tests, snake_case for codes."""

from __future__ import annotations

import re
from pathlib import Path

from tests.house.reading import read
from tools.pages.errors import kinds, raised
from venire.kernel import errors

DRAWERS = frozenset({"utils", "util", "common", "helpers", "helper", "manager", "base", "misc"})
_CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LEAST_WORDS = 3
TWO_KINDS = {
    "case_busy": "in a subscriber it only makes the relay tell the event again; no client sees it",
}
"""Codes that have two kinds, each with its reason."""
_UNSEEN = frozenset({"refused", "record_fault"})
"""`refused` is a bug and reaches a client as `internal_error`; `record_fault` is what verifying
says of another's log under the code that reading it has."""


def test_no_module_or_folder_is_a_drawer(tracked: list[Path], root: Path) -> None:
    for path in tracked:
        parts = path.relative_to(root).with_suffix("").parts
        assert not DRAWERS.intersection(parts), f"{path.relative_to(root)}: name what is in it"


def test_the_name_of_a_test_is_a_sentence(python: dict[Path, str], root: Path) -> None:
    for path, text in python.items():
        if not path.is_relative_to(root / "tests"):
            continue
        for name, _ in read(text).functions:
            if name.startswith("test_"):
                words = name.removeprefix("test_").split("_")
                assert len(words) >= _LEAST_WORDS, f"{path.name}: {name}"


def test_tests_lie_where_their_subject_does(root: Path) -> None:
    rooms = {path.parent.name for path in (root / "venire").glob("*/__init__.py")}
    beside = {"house", "conformance", "flows", "kit", "redteam"}
    for path in (root / "tests").rglob("test_*.py"):
        folder = path.relative_to(root / "tests").parts[0]
        assert folder in rooms | beside or folder == path.name, f"tests/{folder}: no such room"


def test_nothing_is_mocked(python: dict[Path, str]) -> None:
    for path, text in python.items():
        for name in read(text).imports:
            parts = name.split(".")
            assert parts[:2] != ["unittest", "mock"], f"{path}: a fake, not a mock"
            assert parts[0] not in {"mock", "pytest_mock"}, f"{path}: a fake, not a mock"


def test_every_error_code_is_snake_case() -> None:
    found = list(raised())
    assert len(found) > 100, "the scan finds next to nothing: it must not pass by looking away"
    for each in found:
        assert _CODE.fullmatch(each.code), f"{each.path}:{each.line}: {each.code!r}"
        assert len(each.code) <= 48, f"{each.path}:{each.line}: {each.code!r} is a sentence"


def test_every_problem_of_the_house_is_known_to_the_scan() -> None:
    subclasses = {each.__name__ for each in errors.Problem.__subclasses__()}
    assert subclasses <= kinds().keys()


def test_one_code_is_one_kind_of_problem() -> None:
    """A client that reads a code must not have to guess whether to try again."""
    by_code: dict[str, set[str]] = {}
    for each in raised():
        by_code.setdefault(each.code, set()).update({kinds()[each.kind]} - _UNSEEN)
    double = {code for code, known in by_code.items() if len(known) > 1}
    assert double == TWO_KINDS.keys()
