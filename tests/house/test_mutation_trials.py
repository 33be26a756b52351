"""A trial of a mutant: in memory, within its time, and told apart by how it ended."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = """\
import time


def doubled(number):
    return number * 2
"""
TESTS = """\
from thing import doubled


def test_two_is_doubled():
    assert doubled(2) == 4
"""
MUTANTS = {
    "alike": MODULE.replace("number * 2", "2 * number"),
    "wrong": MODULE.replace("* 2", "* 3"),
    "endless": MODULE.replace("return", "while True: time.sleep(1)\n    return"),
    "broken": MODULE.replace("import time", "import no_such_thing"),
    "deadly": MODULE.replace("return", "import os; os._exit(3); return"),
    "greedy": MODULE.replace("return", "return len(b'x' * (8 << 30)) or"),
    "deaf": MODULE.replace("return", "raise SystemExit(0); return"),
}
RUN = """\
import json, os, sys
from functools import partial
from pathlib import Path
sys.path[:0] = [sys.argv[1], os.getcwd()]
from tools.mutation import trial
from tools.mutation.config import Target
trial.load_tools()
os.chdir(sys.argv[1])
target, found = Target("thing.py", ("test_thing.py",)), {}
mutants = json.loads(Path("mutants.json").read_text())
work = [
    partial(
        trial.Trial,
        source and trial.Served("thing", Path("thing.py").absolute(), source),
        target,
        known={},
        limit=60.0 if name != "endless" else 5.0,
    )
    for name, source in mutants.items()
]
names = list(mutants)
trial.run_all(work, jobs=2, done=lambda at, said: found.update({names[at]: said.killed}))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory, root: Path) -> tuple[dict[str, str], Path]:
    """What became of each mutant of a small module, and the folder that it lies in."""
    folder = tmp_path_factory.mktemp("trials")
    (folder / "thing.py").write_text(MODULE)
    (folder / "test_thing.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "mutants.json").write_text(json.dumps({"unchanged": None, **MUTANTS}))
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(folder)],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1]), folder


def test_what_does_the_same_survives(outcomes: tuple[dict[str, str], Path]) -> None:
    assert outcomes[0]["unchanged"] == ""
    assert outcomes[0]["alike"] == ""


@pytest.mark.parametrize("name", ["wrong", "greedy", "deaf"])
def test_a_mistake_is_noticed_by_the_test_that_fails(
    outcomes: tuple[dict[str, str], Path], name: str
) -> None:
    assert outcomes[0][name] == "test_thing.py::test_two_is_doubled"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("endless", "the time limit"),
        ("broken", "it cannot be imported"),
        ("deadly", "the process died"),
    ],
)
def test_what_does_not_come_back_is_killed_and_said_to_be(
    outcomes: tuple[dict[str, str], Path], name: str, said: str
) -> None:
    assert outcomes[0][name] == said


def test_no_file_is_changed_and_nothing_is_left_behind(
    outcomes: tuple[dict[str, str], Path],
) -> None:
    folder = outcomes[1]
    assert (folder / "thing.py").read_text() == MODULE
    left = {path.name for path in folder.iterdir()}
    assert left == {"thing.py", "test_thing.py", "pytest.ini", "mutants.json"}
