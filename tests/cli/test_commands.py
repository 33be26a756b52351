"""The commands' contract: names, keys, what goes to which stream, and how each one ends."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from tests.cli.calling import call, only_json, told
from tests.kit.courthouse import MILD, THREAT
from tools.pages.commands import commands_of
from venire.cli.main import main

ACCOUNT = {"id", "username", "email", "password", "access_token", "role"}


def every_command(group, path=()):
    for name, command in commands_of(group).items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from every_command(command, (*path, name))


# Every command.


@pytest.mark.parametrize("path", [(), *every_command(main)], ids=" ".join)
def test_each_command_says_what_it_does_and_takes(path):
    shown = call(*path, "--help")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert shown.stdout.startswith(f"Usage: main {' '.join(path)}".strip())
    assert call(*path, "-h").stdout == shown.stdout
    command = main
    for name in path:
        command = commands_of(command)[name]
    assert command.help
    for option in command.params:
        hidden = isinstance(option, click.Argument) or option.hidden
        assert hidden or option.opts[-1] in shown.stdout
    missing = call(*path, "--no-such-option")
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert "no-such-option" in missing.stderr


def test_the_commands_of_the_contract_are_there():
    known = {" ".join(path) for path in every_command(main)}
    assert known >= {
        *("run", "fsck", "demo", "detect", "train-detector"),
        *("drill notice", "simulate jury", "verify record"),
        *("notice import", "notice show", "notice reply"),
        *("account create", "juror add", "juror list"),
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["account", "create"],
        ["account", "create", "x", "--email", "x@mail.test", "--role", "king"],
        ["notice", "import"],
        ["verify", "record", "x"],
        ["verify", "record", "x", "--key", "/no/such/file"],
        ["run", "--port", "x"],
        ["run", "--profile", "x"],
        ["simulate", "jury", "--accuracy", "2"],
        ["simulate", "jury", "--cases", "0"],
        ["train-detector"],
        ["drill", "notice", "x", "--jurors", "-1"],
        ["fsck", "--data", __file__],
        ["simulate", "jury", "--json", "/no/such/folder/out.json"],
        ["simulate", "jury", "--json", "/"],
    ],
    ids=" ".join,
)
def test_a_slip_of_usage_ends_with_2_and_says_what(arguments):
    result = call(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage:" in result.stderr
    assert "Error:" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["fsck", "--data", "{}"], "site_not_there"),
        (["juror", "list", "--data", "{}"], "site_not_there"),
        (["juror", "add", "x", "--data", "{}"], "site_not_there"),
        (["notice", "import", "{}", "--data", "{}"], "site_not_there"),
        (["notice", "show", "1", "--data", "{}"], "site_not_there"),
        (["notice", "reply", "1", "--data", "{}"], "site_not_there"),
        (["verify", "record", "{}", "--key", __file__], "record_not_there"),
        (["drill", "notice", "{}"], "drill_folder_invalid"),
        (["run", "--role", "web"], "role_not_here"),
        (["run", "--data", "{}", "--host", "::", "--profile", "acceptance"], "settings_invalid"),
        (["account", "create", "x", "--email", "x", "--data", "/proc/none"], "system_refused"),
    ],
)  # fmt: skip
def test_a_command_that_cannot_ends_with_1_and_makes_nothing(tmp_path, arguments, code):
    place = tmp_path / "nothing"
    told(call(*(each.format(place) for each in arguments)), code)
    assert list(tmp_path.iterdir()) == []


# Accounts and jurors.


def test_an_account_is_made_and_its_secrets_are_shown_once(tmp_path):
    create = ("account", "create", "alice", "--email", "a@mail.test", "--data", tmp_path / "data")
    made = only_json(call(*create, "--role", "admin", "--json", "-"))
    assert set(made) == ACCOUNT
    assert (made["username"], made["email"], made["role"]) == ("alice", "a@mail.test", "admin")
    assert made["id"].isdigit()
    assert len(made["password"]) >= 20
    assert "ERR_TAKEN" in told(call(*create), "validation_failed")
    told(call("account", "create", "a b", *create[3:]), "validation_failed")
    told(call("account", "create", "bob", "--email", "nobody", *create[5:]), "validation_failed")


def test_the_result_goes_to_a_file_and_the_readable_one_to_the_person(tmp_path):
    out = tmp_path / "out.json"
    create = ("account", "create", "alice", "--email", "a@mail.test", "--data", tmp_path / "data")
    shown = call(*create, "--json", out)
    made = json.loads(out.read_text())
    assert set(made) == ACCOUNT
    assert shown.exit_code == 0
    assert made["access_token"] in shown.stdout
    assert "@alice (member)" in shown.stdout


def test_jurors_are_appointed_by_name_and_listed(folder):
    told(call("juror", "add", "alice", "--data", folder), "account_not_found")
    for name in ("alice", "bob"):
        email = f"{name}@mail.test"
        call("account", "create", name, "--email", email, "--data", folder)
    assert call("juror", "add", "@alice", "--bench", "--data", folder).exit_code == 0
    assert call("juror", "add", "bob", "--paid", "--data", folder).exit_code == 0
    listed = only_json(call("juror", "list", "--json", "-", "--data", folder))
    assert {row["name"]: (row["bench"], row["paid"]) for row in listed} == {
        "alice": (True, False),
        "bob": (False, True),
    }
    kept = {"id", "name", "state", "bench", "paid", "missing"}
    assert set(listed[0]) == kept | {
        "warning",
        "currency",
        "owed",
        "owed_text",
        "payouts",
        "owed_before",
    }
    assert {row["name"]: row["missing"][:1] for row in listed} == {
        "alice": [],
        "bob": ["no_consent"],
    }
    assert [(row["owed"], row["owed_text"]) for row in listed] == [(0, "EUR 0.00")] * 2
    readable = call("juror", "list", "--data", folder).stdout
    assert "alice" in readable
    assert "bench" in readable


# Simulation and detection.


def test_a_simulated_jury_gives_its_four_figures(tmp_path):
    simulate = ("simulate", "jury", "--cases", "200", "--seed", "7")
    figures = only_json(call(*simulate, "--json", "-"))
    assert set(figures) == {"recall", "false_removals", "ballots_per_case", "hung"}
    assert all(isinstance(value, float) for value in figures.values())
    assert only_json(call(*simulate, "--json", "-")) == figures
    assert only_json(call(*simulate[:-1], "8", "--json", "-")) != figures
    assert "recall" in call(*simulate).stdout
    for rule in ("three_of_five", "four_of_five", "contested"):
        only_json(call(*simulate, "--rule", rule, "--json", "-"))


def test_detect_answers_each_line_in_order_with_score_category_and_signals():
    lines = [
        json.dumps({"id": "a", "text": THREAT, "lang": "en"}),
        "",
        json.dumps({"id": 7, "text": MILD}),
        "no json",
        json.dumps({"id": "b"}),
        json.dumps({"id": "", "text": "\ud800", "more": 1}),
    ]
    result = call("detect", sent="\n".join(lines))
    assert (result.exit_code, result.stderr) == (0, "")
    threat, mild, *rest = [json.loads(line) for line in result.stdout.splitlines()]
    assert set(threat) == set(mild) == {"id", "score", "category", "signals"}
    assert (threat["id"], mild["id"]) == ("a", 7)
    assert (threat["category"], mild["category"]) == ("incitement", None)
    assert 0 <= mild["score"] < threat["score"] <= 1
    for signal in threat["signals"]:
        assert set(signal) >= {"detector", "score", "spans"}
    assert threat["signals"]
    assert [(each["line"], each["code"]) for each in rest[:2]] == [(4, "not_json"), (5, "bad_row")]
    assert len(rest) == 3
    assert call("detect", sent="").stdout == ""


def test_a_detector_is_not_trained_on_nothing(tmp_path):
    result = call("train-detector", tmp_path, "--json", "-")
    told(result, "no_training_data")


def test_the_module_is_the_command_too():
    assert (Path(main.callback.__code__.co_filename).parent.parent / "__main__.py").exists()
    assert call("--version").stdout.startswith("venire")
