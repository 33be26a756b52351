"""Files and functions stay small enough to be read at one sitting; exceptions give their reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.reading import read

FILE_LINES = 400
FUNCTION_LINES = 50
SIGN_LINES = 60
_LIST = Path(__file__).with_name("allowed_sizes.txt")
_REASON_WORDS = 4
_SLACK = 20


def _measured(python: dict[Path, str], root: Path) -> dict[str, int]:
    """What is over its limit: `path` or `path::function`, and its lines."""
    over: dict[str, int] = {}
    for path, text in python.items():
        name = path.relative_to(root).as_posix()
        if (lines := len(text.splitlines())) > FILE_LINES:
            over[name] = lines
        for function, length in read(text).functions:
            if length > FUNCTION_LINES:
                over[f"{name}::{function}"] = length
    return over


def _allowed() -> dict[str, tuple[int, str]]:
    allowed: dict[str, tuple[int, str]] = {}
    for line in _LIST.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            name, lines, reason = (part.strip() for part in line.split("|", 2))
            allowed[name] = (int(lines), reason)
    return allowed


def test_no_file_has_more_than_400_lines_and_no_function_more_than_50(
    python: dict[Path, str], root: Path
) -> None:
    allowed = _allowed()
    over = {
        name: lines
        for name, lines in _measured(python, root).items()
        if lines > allowed.get(name, (0, ""))[0]
    }
    assert not over, "split these, or give a reason in tests/house/allowed_sizes.txt"


def test_every_exception_gives_its_reason_and_is_still_needed(
    python: dict[Path, str], root: Path
) -> None:
    over = _measured(python, root)
    for name, (lines, reason) in _allowed().items():
        assert len(reason.split()) >= _REASON_WORDS, f"{name}: say why"
        assert name in over, f"{name} is small again: take it off the list"
        assert over[name] > lines - _SLACK, f"{name} has {over[name]} lines now: lower its ceiling"


@pytest.mark.parametrize(("lines", "counted"), [(50, 50), (51, 51)])
def test_a_function_is_measured_from_its_first_line_to_its_last(lines: int, counted: int) -> None:
    text = "@decorated\ndef one():\n" + "    pass\n" * (lines - 1)
    assert list(read(text).functions) == [("one", counted)]


def test_every_room_has_a_door_sign_of_at_most_60_lines(root: Path) -> None:
    rooms = [path.parent for path in (root / "venire").glob("*/__init__.py")]
    assert len(rooms) > 8, "there are more rooms than that"
    for room in rooms:
        sign = room / "README.md"
        assert sign.is_file(), f"{room.name} has no README.md"
        lines = sign.read_text(encoding="utf-8").splitlines()
        assert 5 <= len(lines) <= SIGN_LINES, f"{room.name}: {len(lines)} lines"


def test_a_door_sign_names_only_files_that_are_there(root: Path) -> None:
    import re

    for sign in (root / "venire").glob("*/README.md"):
        named = re.findall(r"^\|.*", sign.read_text(encoding="utf-8"), re.MULTILINE)
        for file in re.findall(r"`([a-z_/]+\.(?:py|toml|npz|txt))`", "\n".join(named)):
            there = (root / file).exists() or any(sign.parent.rglob(file))
            assert there, f"{sign.parent.name}/README.md names {file}"
