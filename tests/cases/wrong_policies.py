"""The shipped policy with one line of it made wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from venire.cases.policy import DEFAULT, load_policy
from venire.kernel.errors import Invalid


def refused_at_its_line(folder: Path, section: str, wrong: str) -> str:
    """The hint of the refusal, once it names the line of a section that was made wrong."""
    lines = DEFAULT.read_text().splitlines()
    start = next(n for n, line in enumerate(lines) if line.split("#")[0].strip() == section)
    key = wrong.split(" =", maxsplit=1)[0]
    number = next(n for n in range(start + 1, len(lines)) if lines[n].startswith(f"{key} ="))
    lines[number] = wrong
    path = folder / "policy.toml"
    path.write_text("\n".join(lines))
    with pytest.raises(Invalid) as refused:
        load_policy(path)
    assert refused.value.code == "policy_invalid"
    assert f"line {number + 1}:" in refused.value.hint
    return refused.value.hint
