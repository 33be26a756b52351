"""Commands, run in the test's own process; standard error is kept apart."""

from __future__ import annotations

import json

from click.testing import CliRunner

from venire.cli.main import main


def call(*arguments, sent=None):
    """Run a command here; standard error is kept apart."""
    return CliRunner().invoke(main, [str(each) for each in arguments], input=sent)


def told(result, code, *, status=1):
    """A refusal: its code and a hint on standard error, nothing on the other, no traceback."""
    assert result.exit_code == status, result.output + result.stderr
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.stdout == ""
    first, *rest = result.stderr.splitlines()
    assert first == f"error: {code}"
    assert rest
    assert all(line.startswith("  ") for line in rest)
    return result.stderr


def only_json(result):
    """What a command with `--json -` printed: one value, and not a word beside it."""
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    assert result.stdout.count("\n") == 1
    return json.loads(result.stdout)
