"""DATA/venire.toml, changed line by line: what an operator wrote there, comments too, stays."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from venire.kernel.chance import Chance
from venire.kernel.errors import Conflict, Invalid
from venire.server.settings import Settings, check_settings

NAME = "venire.toml"


def read_written(folder: Path) -> dict[str, Any]:
    """What the file says; empty where there is none. Invalid `settings_invalid`."""
    try:
        return dict(msgspec.toml.decode((folder / NAME).read_bytes()))
    except FileNotFoundError:
        return {}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid("settings_invalid", f"{NAME}: {error}") from error


def with_changes(text: str, changes: Mapping[str, Any]) -> str:
    """A settings file with some values changed, each in its line or in a new one at the end.

    Raises Conflict `settings_not_changeable` where a value does not stand in one line.
    """
    before = msgspec.toml.decode(text)
    lines = text.splitlines()
    for name, value in changes.items():
        written = f"{name} = {_toml(value)}"
        places = [n for n, line in enumerate(lines) if re.match(rf"\s*{name}\s*=", line)]
        if places:
            lines[places[0]] = written
        else:
            lines.append(written)
    changed = "\n".join(lines) + "\n"
    try:
        good = msgspec.toml.decode(changed) == {**before, **_plain(changes)}
    except msgspec.DecodeError:
        good = False
    if not good:
        raise Conflict(
            "settings_not_changeable",
            f"{NAME} is written in a way that cannot be changed here: change it by hand",
            settings=", ".join(f"{name} = {_toml(value)}" for name, value in changes.items()),
        )
    return changed


def _plain(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in changes.items()
    }


def _toml(value: Any) -> str:
    """A value as TOML; its strings and those of JSON are the same but for one sign."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def check_changes(folder: Path, changes: Mapping[str, Any]) -> None:
    """Refuse values that no site could start with. Invalid `settings_invalid`."""
    try:
        new = msgspec.convert({**read_written(folder), **_plain(changes)}, Settings, strict=True)
    except msgspec.ValidationError as error:
        raise Invalid("settings_invalid", str(error)) from error
    check_settings(new)


def write(folder: Path, text: str, chance: Chance) -> None:
    """Replace the file; whoever reads it meanwhile finds the old one or the new one."""
    replace_file(folder / NAME, text.encode(), 0o600, chance)


def replace_file(path: Path, content: bytes, mode: int, chance: Chance) -> None:
    """Write a file beside and rename it, on the disk when this returns."""
    fresh = path.with_name(f".{path.name}.{chance.token(6).hex()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
