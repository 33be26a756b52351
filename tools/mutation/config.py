"""What is mutated, by which tests it is judged, and which mutants are argued to be no mistakes."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
TARGETS = Path(__file__).with_name("targets.toml")
OPERATORS = ROOT / "build" / "mutation"
"""Where `make check-mutation` installs requirements/mutation.lock."""
EQUIVALENT = Path(__file__).with_name("equivalent.toml")


class Target(NamedTuple):
    """A module, and the tests that should notice a mistake in it.

    `conftest`: whether they need the fixtures of their folders, which costs each trial a second.
    """

    module: str
    tests: tuple[str, ...]
    conftest: bool = False

    @property
    def name(self) -> str:
        """As it is imported."""
        return self.module.removesuffix(".py").replace("/", ".")


class Equivalent(NamedTuple):
    """A mutant that does what the module does. `operator` may end in `*`."""

    module: str
    operator: str
    before: str
    after: str
    reason: str


def floor() -> float:
    """The least score of a module, in per cent."""
    return float(_read(TARGETS)["floor"])


def targets() -> list[Target]:
    """All of them, in the order in which they are run."""
    return [
        Target(each["module"], tuple(each["tests"]), each.get("conftest", False))
        for each in _read(TARGETS)["target"]
    ]


def equivalents() -> list[Equivalent]:
    """All that are argued."""
    return [
        Equivalent(module, each["operator"], each["before"], each["after"], each["reason"])
        for module, argued in _read(EQUIVALENT).items()
        for each in argued
    ]


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))
