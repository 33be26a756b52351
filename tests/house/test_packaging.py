"""An installed program has every file that it reads: an editable one would not notice."""

from __future__ import annotations

import fnmatch
import tomllib
from pathlib import Path


def test_every_file_of_the_package_is_packed(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["venire"]
    ends = [pattern.removeprefix("**/") for pattern in patterns]
    data = [
        path
        for path in (root / "venire").rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    ]
    assert len(data) > 30
    for path in data:
        assert any(fnmatch.fnmatch(path.name, end) for end in ends), path.relative_to(root)
