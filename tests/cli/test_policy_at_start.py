"""A policy that cannot be carried out: no site begins under it, and the line at fault is named."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.calling import call, told
from venire.cases.policy import DEFAULT
from venire.cli.drills.site import free_port

WRONG = {
    "a threshold below even odds": ("violates_at = 0.99\n", "violates_at = 0.4\n"),
    "a threshold that is certainty": ("violates_at = 0.99\n", "violates_at = 1.0\n"),
    "fewer ballots at most than at least": ("max_ballots = 15\n", "max_ballots = 2\n"),
    "an unknown category": ('name = "hate"\n', 'name = "rudeness"\n'),
    "a sealed category before a panel": ('judges = "named_person"\n', 'judges = "panel"\n'),
    "a word for a number": ("dose = 10 ", 'dose = "ten" '),
}


def under(folder, right, wrong):
    """Give a site a policy with one wrong line; the numbers of the lines that may be named."""
    text = DEFAULT.read_text(encoding="utf-8")
    assert right in text
    said = text.replace(right, wrong, 1)
    (folder / "policy.toml").write_text(said, encoding="utf-8")
    (folder / "venire.toml").write_text('policy = "policy.toml"\n', encoding="utf-8")
    return text[: text.index(right)].count("\n") + 1


@pytest.mark.parametrize(("right", "wrong"), WRONG.values(), ids=WRONG)
def test_no_command_opens_a_site_under_it(folder, right, wrong):
    line = under(folder, right, wrong)
    said = told(call("fsck", "--data", folder), "policy_invalid")
    named = int(said.split("policy.toml, line ")[1].split(":")[0])
    # A rule over several lines is named by one of them: the panel's bounds, a category's head.
    assert abs(named - line) <= 4, said


@pytest.mark.loopback
@pytest.mark.timeout(60)
def test_the_server_does_not_start_under_it_and_says_where_it_is_wrong(folder):
    line = under(folder, 'name = "hate"\n', 'name = "rudeness"\n')
    before = sorted(path.name for path in folder.rglob("*"))
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "venire", "run", "--data", str(folder)),
            *("--port", str(free_port()), "--workers", "1"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert ended.returncode == 1
    assert "error: policy_invalid" in ended.stderr
    assert f"policy.toml, line {line}" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert {path.name for path in folder.rglob("*")} >= set(before)
