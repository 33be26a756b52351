"""What the mutation run is told: modules and tests that are there, and reasons that still hold."""

from __future__ import annotations

import re
from pathlib import Path

from tools.mutation import config

_REASON_WORDS = 6


def test_the_floor_is_ninety_per_cent() -> None:
    assert config.floor() >= 90


def test_every_target_and_its_tests_are_there(root: Path) -> None:
    targets = config.targets()
    assert len({target.module for target in targets}) == len(targets) >= 8
    for target in targets:
        assert (root / target.module).is_file(), f"{target.module} is gone: take it off the list"
        for test in target.tests:
            assert (root / test).is_file(), f"{target.module} is judged by {test}, which is gone"


def test_what_carries_the_trust_is_among_the_targets() -> None:
    modules = {target.module for target in config.targets()}
    assert modules >= {
        "venire/kernel/states.py",
        *(f"venire/jury/{name}.py" for name in ("draw", "pool", "sheets", "beacon", "verifying")),
        *(f"venire/jury/{name}.py" for name in ("panel", "rules", "calibration", "model")),
        *(f"venire/cases/{name}.py" for name in ("rules", "rounds", "panels", "judges", "appeals")),
        *(f"venire/cases/{name}.py" for name in ("clocks", "closing", "limits", "reporter_rules")),
        *(f"venire/treasury/{name}.py" for name in ("model", "ledger", "totals")),
    }


def test_a_mutant_that_is_called_equivalent_has_its_line_and_its_reason(root: Path) -> None:
    targets = {target.module for target in config.targets()}
    for each in config.equivalents():
        assert each.module in targets
        lines = (root / each.module).read_text(encoding="utf-8").splitlines()
        assert each.before in {line.strip() for line in lines}, f"{each.module}: {each.before}"
        assert each.before != each.after
        assert len(each.reason.split()) >= _REASON_WORDS, f"{each.before}: say why"


def test_few_mutants_are_called_equivalent() -> None:
    """Each is a mistake that nothing would notice: a module with many is written too loosely."""
    for target in config.targets():
        argued = [each for each in config.equivalents() if each.module == target.module]
        assert len(argued) <= 25, target.module


def test_its_lock_is_hashed_and_names_no_address(root: Path) -> None:
    text = (root / "requirements" / "mutation.lock").read_text(encoding="utf-8")
    named = re.findall(r"^([a-z0-9-]+)==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    wanted = (root / "requirements" / "mutation.in").read_text(encoding="utf-8").splitlines()
    assert named == sorted(line for line in wanted if line and not line.startswith("#"))
    assert "://" not in text
