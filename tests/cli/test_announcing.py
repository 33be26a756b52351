"""`venire announce`: what members are told, and how it is taken back."""

from __future__ import annotations

import pytest

from tests.cli.calling import call, only_json, told


@pytest.fixture(autouse=True)
def _site(tmp_path):
    made = call("account", "create", "ani", "--email", "ani@mail.test", "--data", tmp_path)
    assert made.exit_code == 0, made.stderr


def test_an_announcement_is_made_and_taken_back(tmp_path):
    made = only_json(
        call(
            *("announce", "Maintenance tonight", "--ends", "2100-01-01T00:00"),
            *("--data", tmp_path, "--json", "-"),
        )
    )
    assert made["text"] == "Maintenance tonight"
    assert made["ends_at_ms"] == 4_102_444_800_000
    gone = call("announce", "--withdraw", made["id"], "--data", tmp_path)
    assert (gone.exit_code, gone.stdout) == (0, f"withdrawn  {made['id']}\n")
    told(call("announce", "--withdraw", made["id"], "--data", tmp_path), "record_not_found")


@pytest.mark.parametrize("arguments", [["", "--ends", "never"], ["x", "--ends", "soon"], [" "]])
def test_an_announcement_that_makes_no_sense_is_refused(tmp_path, arguments):
    told(call("announce", *arguments, "--data", tmp_path), "announcement_invalid")


def test_neither_or_both_of_text_and_withdrawal_are_a_slip(tmp_path):
    for arguments in ([], ["x", "--withdraw", "1"]):
        assert call("announce", *arguments, "--data", tmp_path).exit_code == 2
