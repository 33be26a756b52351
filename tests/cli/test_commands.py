"""The commands' contract: names, keys, what goes to which stream, and how each one ends."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import sqlite3
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.kit.courthouse import MILD, THREAT
from venire.cases.policy import DEFAULT
from venire.cli.main import main
from venire.jury import actions as jury
from venire.notices import store
from venire.people import actions as people
from venire.posts import actions as publishing
from venire.posts.model import Draft
from venire.record.note import Signer
from venire.server.settings import Settings, load_settings
from venire.server.wiring import open_house

ACCOUNT = {"id", "username", "email", "password", "access_token", "role"}


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


def every_command(group, path=()):
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from every_command(command, (*path, name))


@pytest.fixture
def folder(tmp_path):
    """A site's data folder, with a pool in its record and nobody in the pool."""
    made = tmp_path / "data"

    async def begin():
        async with open_house(Settings(data=str(made))) as house:
            house.court.sequencer.start()
            for _ in range(3):
                await jury.freeze(
                    house.world, house.court.sequencer, house.court.policy, frozen_by="clock"
                )

    asyncio.run(begin())
    return made


# Every command.


@pytest.mark.parametrize("path", [(), *every_command(main)], ids=" ".join)
def test_each_command_says_what_it_does_and_takes(path):
    shown = call(*path, "--help")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert shown.stdout.startswith(f"Usage: main {' '.join(path)}".strip())
    assert call(*path, "-h").stdout == shown.stdout
    command = main
    for name in path:
        command = command.commands[name]
    assert command.help
    for option in command.params:
        assert option.opts[-1] in shown.stdout or isinstance(option, click.Argument)
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
        (["run", "--workers", "2"], "one_process_only"),
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
    assert set(listed[0]) == {"name", "state", "bench", "paid", "missing"}
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


# The record.


def verify(folder, key, *more):
    return call("verify", "record", folder, "--key", key, *more)


def change(folder, sql, *parameters):
    """Somebody with access to the disk changes a row behind the program's back."""
    with sqlite3.connect(folder / "venire.db") as database:
        assert database.execute(sql, parameters).rowcount == 1
    database.close()


def test_a_record_verifies_from_its_data_folder(folder):
    report = only_json(verify(folder, folder / "record.pub", "--json", "-"))
    assert report["size"] == 3
    assert report["counts"] == {"epoch": 3}
    shown = verify(folder, folder / "record.pub")
    assert "The record verifies." in shown.stdout
    sound = only_json(call("fsck", "--data", folder, "--json", "-"))
    assert (sound["entries"], sound["problems"]) == (3, [])
    assert (
        sound["root"] == base64.b64decode(report["root"]).hex() or sound["root"] == report["root"]
    )
    assert call("fsck", "--data", folder).stdout.rstrip().endswith("sound")


ENTRY = "UPDATE record_entries SET entry = ? WHERE leaf_index = 1"
SWAPPED = ENTRY.replace("?", "(SELECT entry FROM record_entries WHERE leaf_index = 0)")
TAMPERED = {
    "an entry is another": (SWAPPED,),
    "an entry is no entry": (ENTRY, b"nonsense"),
    "an entry is gone": ("DELETE FROM record_entries WHERE leaf_index = 1",),
    "the head is another": ("UPDATE record_heads SET root = ?", b"x" * 32),
}


@pytest.mark.parametrize("changed", TAMPERED.values(), ids=TAMPERED)
def test_a_tampered_record_does_not_verify_and_fsck_says_where(folder, changed):
    change(folder, *changed)
    broken = verify(folder, folder / "record.pub", "--json", "-")
    assert broken.exit_code == 1
    assert broken.stderr.startswith("error: ")
    assert "Traceback" not in broken.output
    found = call("fsck", "--data", folder, "--json", "-")
    assert found.exit_code == 1
    assert json.loads(found.stdout)["problems"]
    assert found.stderr.startswith("error: record_not_sound")
    readable = call("fsck", "--data", folder)
    assert readable.exit_code == 1
    assert "NOT SOUND" in readable.stdout


def test_a_tile_that_is_not_of_its_entries_is_found(folder):
    change(folder, "UPDATE record_tiles SET hashes = ? WHERE level = 0", b"x" * 96)
    assert verify(folder, folder / "record.pub").exit_code == 1
    found = call("fsck", "--data", folder, "--json", "-")
    assert any("tile 0/0" in problem for problem in json.loads(found.stdout)["problems"])


def test_only_the_key_that_signed_verifies(folder, tmp_path):
    name = (folder / "record.pub").read_text().split("+")[0]
    key = tmp_path / "key"
    for content, code in (
        (f"{Signer(name, b'x' * 32).verifier}\n".encode(), "bad_signature"),
        (b"no key", "verifier_key_malformed"),
        (bytes(range(128, 256)), "verifier_key_malformed"),
        (b" \n", "key_file_empty"),
    ):
        key.write_bytes(content)
        told(verify(folder, key), code)


def test_a_damaged_database_is_said_to_be_one(folder):
    (folder / "venire.db").write_bytes(b"this was never a database" * 400)
    for name in ("venire.db-wal", "venire.db-shm"):
        (folder / name).unlink(missing_ok=True)
    result = call("fsck", "--data", folder)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert isinstance(result.exception, SystemExit)


# Notices.


def test_a_notice_is_kept_shown_and_answered_from_the_data_folder(folder, tmp_path):
    notice = tmp_path / "notice.json"
    items = [{"n": 1, "text": MILD}, {"n": 2, "screenshot": "../gone.png"}]
    notice.write_text(json.dumps({"reference": "1", "items": items}))
    data = ("--data", folder)
    kept = only_json(call("notice", "import", notice, "--provider", "aws", *data, "--json", "-"))
    assert set(kept) == {"ref", "items"}
    assert kept["items"] == 2
    assert kept["ref"] in call("notice", "import", notice, "--provider", "aws", *data).stdout
    shown = only_json(call("notice", "show", kept["ref"], *data, "--json", "-"))
    assert (shown["ref"], shown["state"], shown["provider"]) == (kept["ref"], "reading", "aws")
    assert [(item["n"], item["state"], item["code"]) for item in shown["items"]] == [
        (1, "received", None),
        (2, "unreadable", "path_outside"),
    ]
    assert set(shown["items"][0]) >= {"n", "state", "code", "posts", "confidence", "held_at"}
    readable = call("notice", "show", kept["ref"], *data).stdout
    assert "path_outside" in readable
    out = tmp_path / "reply"
    written = call("notice", "reply", kept["ref"], "--out", out, *data)
    assert written.exit_code == 0
    assert sorted(path.name for path in out.iterdir()) == ["reply.csv", "reply.json", "reply.txt"]
    assert written.stdout.splitlines() == sorted(str(path) for path in out.iterdir())
    for ref in ("1", "x", "-1", str(1 << 70)):
        for command in ("show", "reply"):
            assert call("notice", command, "--", ref).exit_code == 1
            told(call("notice", command, *data, "--", ref), "notice_not_found")


@pytest.mark.parametrize(("posts", "waits"), [(3, True), (5, False)])
def test_a_large_notice_is_measured_by_what_is_posted_here_too(folder, tmp_path, posts, waits):
    policy = DEFAULT.read_text().replace("items_and_share = 200", "items_and_share = 1")
    (folder / "mine.toml").write_text(policy.replace("over_share = 0.05", "over_share = 0.5"))
    (folder / "venire.toml").write_text('policy = "mine.toml"')
    notice = tmp_path / "notice.csv"
    notice.write_text("n,url\n1,https://a.example/1\n2,https://a.example/2\n")

    async def publish():
        async with open_house(load_settings({"data": str(folder)}, {})) as house:
            author = await people.create_account(
                house.world, "author", "a@mail.test", "long enough"
            )
            for number in range(posts):
                draft = Draft(text=f"{MILD} {number}")
                await publishing.publish(house.world, int(author.id), draft)

    async def kept(ref):
        async with open_house(load_settings({"data": str(folder)}, {})) as house:
            return await store.load(house.storage, int(ref))

    asyncio.run(publish())
    ref = only_json(call("notice", "import", notice, "--data", folder, "--json", "-"))["ref"]
    assert asyncio.run(kept(ref)).needs_confirmation == waits


def test_what_cannot_be_imported_is_refused_with_the_place(folder, tmp_path):
    for name, content, code in (
        ("a.json", b'{"items": [', "notice_not_json"),
        ("b.csv", b"a,b\n", "notice_csv_header"),
        ("c.json", b"[]", "notice_not_an_object"),
    ):
        (tmp_path / name).write_bytes(content)
        told(call("notice", "import", tmp_path / name, "--data", folder), code)
    token = tmp_path / "token"
    token.write_bytes(b"\xff\n\x00")
    sent = ("--url", "http://127.0.0.1:9", "--token-file", token)
    told(call("notice", "show", "1", *sent), "token_file_invalid")
    told(call("notice", "import", tmp_path / "none", "--data", folder), "notice_path_missing")
    told(call("notice", "import", tmp_path, "--data", folder), "notice_path_missing")


@pytest.mark.loopback
def test_a_site_that_does_not_answer_is_said_not_to(tmp_path):
    token, notice = tmp_path / "token", tmp_path / "notice.json"
    token.write_text("secret\n")
    notice.write_text('{"items": []}')
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with_token = ("--url", url, "--token-file", token)
        for command in (("notice", "import", notice), ("notice", "show", "1")):
            said = told(call(*command, *with_token), "site_unreachable")
            assert url in said
            assert "secret" not in said
            told(call(*command, "--url", url), "token_file_missing")
            told(call(*command, "--url", "nonsense", "--token-file", token), "site_unreachable")
        key = tmp_path / "key"
        key.write_text(f"{Signer('example.org/record', b'x' * 32).verifier}\n")
        told(call("verify", "record", url, "--key", key), "source_unreachable")


def test_the_module_is_the_command_too():
    assert (Path(main.callback.__code__.co_filename).parent.parent / "__main__.py").exists()
    assert call("--version").stdout.startswith("venire")
