"""`venire init`: one line makes a site; again, it changes what is asked and keeps the keys."""

from __future__ import annotations

import asyncio
import configparser
import os
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest

from tests.cli.calling import call, only_json, told
from venire.cases.policy import load_policy
from venire.cli.founding.checks import check_machine
from venire.cli.founding.machine import caddyfile, nginx_site, systemd_unit
from venire.cli.founding.presets import PRESETS, small_policy
from venire.kernel.clock import ManualClock
from venire.kernel.errors import Conflict, Invalid
from venire.people.store import find_by_handle
from venire.server.settings import Settings, load_settings
from venire.server.settings_file import with_changes
from venire.server.wiring import open_house

pytestmark = pytest.mark.loopback
ADMIN = ("--admin", "ayu", "--admin-email", "ayu@mail.test")


def made(folder, *more):
    """A site as one line makes it; what it said."""
    return only_json(
        call(
            "init", "--data", folder, "--yes", "--domain", "localhost", *ADMIN, "--json", "-",
            *more,
        )
    )  # fmt: skip


def written(folder: Path) -> dict:
    return tomllib.loads((folder / "venire.toml").read_text(encoding="utf-8"))


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "keys").iterdir()}


def test_one_line_makes_a_site_with_an_admin_and_everything_for_the_machine(tmp_path):
    folder = tmp_path / "data"
    said = made(folder)
    assert said["url"] == "https://localhost"
    assert said["admin"]["made"]
    assert said["admin"]["link"].startswith("https://localhost/password/")
    assert {"venire.toml", "policy.toml", "keys/record.key", "deploy/venire.service"} < set(
        said["written"]
    )
    settings = load_settings({"data": str(folder)}, {})
    assert settings.trusted_proxies == ("127.0.0.1", "::1")
    assert (settings.host, settings.workers, settings.registrations) == (
        "127.0.0.1",
        1,
        "approval",
    )
    assert load_policy(folder / "policy.toml").jury.preset == "small"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "venire.toml").stat().st_mode & 0o777 == 0o600

    async def role():
        async with open_house(settings) as house:
            account = await find_by_handle(house.world, "ayu")
            return account.role

    assert asyncio.run(role()) == "admin"


def test_a_second_time_changes_what_is_asked_and_nothing_else(tmp_path):
    folder = tmp_path / "data"
    made(folder)
    before, keys = written(folder), bytes_of(folder)
    path = folder / "venire.toml"
    path.write_text("# mine\n" + path.read_text() + "log_level = 'debug'  # for a week\n")
    again = only_json(call("init", "--data", folder, "--yes", "--json", "-"))
    assert again["changed"] == {}
    assert again["written"] == []
    assert again["admin"] is None
    assert {"keys/record.key", "deploy/venire.service"} <= set(again["kept"])

    changed = only_json(
        call("init", "--data", folder, "--title", "Warga", "--port", "8100", "--json", "-")
    )
    assert changed["changed"] == {"title": "Warga", "port": 8100}
    assert written(folder) == {**before, "title": "Warga", "port": 8100, "log_level": "debug"}
    text = path.read_text()
    assert text.startswith("# mine\n")
    assert "# for a week" in text
    assert bytes_of(folder) == keys
    assert (folder / "deploy" / "venire.service.new").exists() is False
    assert "8100" in (folder / "deploy" / "Caddyfile.new").read_text()


def test_an_admin_gets_a_new_link_and_a_member_none(tmp_path):
    folder = tmp_path / "data"
    first = made(folder)["admin"]
    second = only_json(call("init", "--data", folder, "--admin", "AYU", "--json", "-"))["admin"]
    assert (second["username"], second["made"]) == ("ayu", False)
    assert second["link"] != first["link"]
    call("account", "create", "budi", "--email", "budi@mail.test", "--data", folder)
    told(call("init", "--data", folder, "--admin", "budi"), "not_an_admin")
    told(call("init", "--data", folder, "--admin", "citra"), "admin_email_missing")


def test_a_member_whom_no_letter_reaches_gets_a_link_from_the_operator(tmp_path):
    folder = tmp_path / "data"
    made(folder)
    call("account", "create", "budi", "--email", "budi@mail.test", "--data", folder)
    link = only_json(call("account", "link", "@Budi", "--data", folder, "--json", "-"))["link"]
    assert link.startswith("https://localhost/password/")
    told(call("account", "link", "citra", "--data", folder), "account_not_found")


def test_handles_may_end_with_another_name_and_stay_when_the_address_changes(tmp_path):
    folder = tmp_path / "data"
    said = made(folder, "--domain", "people.example", "--base-url", "https://social.example")
    assert said["changed"]["handle_domain"] == "people.example"
    assert written(folder)["base_url"] == "https://social.example"
    (found,) = [one for one in said["checks"] if one["name"] == "handles"]
    assert found["found"] == "end with @people.example, the site is at social.example"
    again = call("init", "--data", folder, "--yes", "--base-url", "https://next.example")
    assert "end with @people.example, the site is at next.example" in again.stdout
    assert written(folder)["handle_domain"] == "people.example"
    same = ("--domain", "localhost", "--base-url", "https://localhost")
    assert "handle_domain" not in made(tmp_path / "same", *same)["changed"]


@pytest.mark.parametrize(
    "left_out",
    [("--domain", "localhost"), ("--admin", "ayu"), ("--admin-email", "ayu@mail.test")],
)
def test_what_a_new_site_needs_is_asked_for_by_name(tmp_path, left_out):
    words = ["--domain", "localhost", *ADMIN]
    place = words.index(left_out[0])
    result = call("init", "--data", tmp_path / "data", "--yes", *words[:place], *words[place + 2 :])
    assert result.exit_code == 2
    assert left_out[0] in result.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (("--mail", "mail.example"), "mail_invalid"),
        (("--mail", "smtp://me@mail.example"), "mail_password_invalid"),
        (("--base-url", "https://localhost/path"), "settings_invalid"),
        (("--domain", "no domain"), "settings_invalid"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(tmp_path, more, code):
    folder = tmp_path / "data"
    told(call("init", "--data", folder, "--yes", "--domain", "localhost", *ADMIN, *more), code)
    assert not folder.exists()


def test_a_policy_of_ones_own_is_checked_and_copied(tmp_path):
    folder, mine = tmp_path / "data", tmp_path / "mine.toml"
    mine.write_text("version = 'x'\n")
    told(
        call("init", "--data", folder, "--yes", "--domain", "localhost", *ADMIN, "--policy", mine),
        "policy_invalid",
    )
    assert not folder.exists()
    mine.write_text(small_policy().replace("-small", "-mine"))
    made(folder, "--policy", mine)
    assert load_policy(folder / "policy.toml").version.endswith("-mine")


def test_a_mail_password_is_kept_among_the_keys_and_nowhere_else(tmp_path):
    folder, secret = tmp_path / "data", tmp_path / "secret"
    secret.write_text("correct horse\n")
    made(
        folder, "--mail", "smtp://me%40mail.test@127.0.0.1:1", "--mail-password-file", secret,
        "--preset", "large",
    )  # fmt: skip
    kept = folder / "keys" / "mail.password"
    assert kept.read_text() == "correct horse\n"
    assert kept.stat().st_mode & 0o777 == 0o600
    for path in folder.rglob("*"):
        if path.is_file() and path != kept:
            assert b"correct horse" not in path.read_bytes(), path
    assert written(folder)["auto_upgrade"] is False
    assert "policy" not in written(folder)


def test_looking_changes_nothing_and_says_what_is_wrong(tmp_path):
    folder = tmp_path / "data"
    made(folder)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        call("init", "--data", folder, "--port", port)
        before = {path: path.read_bytes() for path in folder.glob("*.toml")}
        result = call("init", "--data", folder, "--check")
        assert result.exit_code == 1
        assert "error: machine_unfit" in result.stderr
        assert "look at: port" in result.stderr
        assert f"port {port}" in result.stdout
    assert {path: path.read_bytes() for path in folder.glob("*.toml")} == before


def test_checks_name_a_clock_that_is_behind_and_a_folder_others_may_read(tmp_path):
    tmp_path.chmod(0o755)
    settings = Settings(data=str(tmp_path), base_url="http://127.0.0.1:8000", port=0)
    found = {check.name: check for check in check_machine(settings, ManualClock(0))}
    assert found["clock"].state == "wrong"
    assert found["folder"].state == "warning"
    assert found["domain"].state == "good"
    assert found["policy"].state == "good"
    assert all(check.hint for check in found.values() if check.state != "good")


# files for the machine


@pytest.fixture
def settings(tmp_path):
    return Settings(
        data=str(tmp_path), base_url="https://warga.example", workers=1, port=8000, host="127.0.0.1"
    )


def test_the_service_may_write_to_its_data_and_nowhere_else(settings, tmp_path):
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str
    unit.read_string(systemd_unit(settings))
    service = unit["Service"]
    assert service["ReadWritePaths"] == str(tmp_path)
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"
    assert service["User"] != "root"
    assert service["ExecStart"].endswith(f"run --data {tmp_path}")
    assert service["CapabilityBoundingSet"] == ""
    low = systemd_unit(msgspec.structs.replace(settings, port=80))
    assert "CapabilityBoundingSet=CAP_NET_BIND_SERVICE" in low


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_understands_the_service(settings, tmp_path):
    path = tmp_path / "venire.service"
    path.write_text(systemd_unit(settings))
    done = subprocess.run(
        ["systemd-analyze", "verify", path], capture_output=True, text=True, check=False
    )
    assert "venire.service" not in done.stderr, done.stderr


def test_a_folder_that_no_service_could_name_is_refused(settings):
    for name in ("a folder", "per%cent", "new\nline"):
        with pytest.raises(Invalid) as refused:
            systemd_unit(msgspec.structs.replace(settings, data=f"/srv/{name}"))
        assert refused.value.code == "folder_unfit"


def test_proxies_pass_on_sockets_and_the_callers_own_address(settings):
    caddy, nginx = caddyfile(settings), nginx_site(settings)
    assert caddy.startswith("warga.example {\n")
    assert "reverse_proxy 127.0.0.1:8000" in caddy
    assert "server_name warga.example;" in nginx
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in nginx
    assert "proxy_set_header Upgrade $http_upgrade;" in nginx
    for text in (caddy, nginx):
        assert text.count("{") == text.count("}")
    six = msgspec.structs.replace(settings, host="::1")
    assert "[::1]:8000" in caddyfile(six)
    everywhere = msgspec.structs.replace(settings, host="0.0.0.0")  # noqa: S104
    assert "127.0.0.1:8000" in nginx_site(everywhere)


def test_every_preset_is_a_site_that_starts(tmp_path):
    for name, values in PRESETS.items():
        text = with_changes("", values)
        folder = tmp_path / name
        folder.mkdir()
        (folder / "venire.toml").write_text(text)
        loaded = msgspec.structs.asdict(load_settings({"data": str(folder)}, {}))
        assert {key: loaded[key] for key in values} == values


# the settings file


def test_a_value_is_changed_in_its_line_or_added_at_the_end():
    text = '# a\ntitle = "one"  # old\n\nport=1 \n'
    assert with_changes(text, {"port": 2, "contact": 'a "b" \\ c', "trusted_proxies": ("x",)}) == (
        '# a\ntitle = "one"  # old\n\nport = 2\ncontact = "a \\"b\\" \\\\ c"\n'
        'trusted_proxies = ["x"]\n'
    )
    assert with_changes("", {"auto_upgrade": False}) == "auto_upgrade = false\n"


def test_strange_text_comes_back_as_it_went_in():
    for value in ("é – 漢字 🙂", "\x7f\x00\t\n", "a'b\"c", "\\u0041"):
        assert tomllib.loads(with_changes("", {"title": value})) == {"title": value}


@pytest.mark.parametrize(
    "text",
    [
        'trusted_proxies = [\n  "a",\n]\n',
        'title = """\none\ntwo"""\n',
    ],
)
def test_what_stands_in_several_lines_is_left_to_the_operator(text):
    with pytest.raises(Conflict) as refused:
        with_changes(text, {"trusted_proxies": ("b",), "title": "x"})
    assert refused.value.code == "settings_not_changeable"
    assert "title" in str(refused.value.data["settings"])


def test_the_result_is_also_for_people(tmp_path):
    result = call("init", "--data", tmp_path / "data", "--yes", "--domain", "localhost", *ADMIN)
    assert result.exit_code == 0, result.stderr
    assert "systemctl enable --now venire" in result.stdout
    assert "choose a password for @ayu" in result.stdout


def test_at_a_terminal_everything_is_asked_for(tmp_path):
    folder, (ours, theirs) = tmp_path / "data", os.openpty()
    command = [sys.executable, "-m", "venire", "init", "--data", folder, "--title", "Warga"]
    answers = ["localhost", "none", "", "id", "ayu", "ayu@mail.test", "", ""]
    with subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        os.close(theirs)
        os.write(ours, "".join(f"{answer}\n" for answer in answers).encode())
        said, asked = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == 0, asked
    assert "Name of the site" not in asked, "what was said by a flag is not asked"
    assert asked.count(":") >= len(answers) - 1
    assert "choose a password for @ayu" in said
    assert (written(folder)["language"], written(folder)["contact"]) == ("id", "ayu@mail.test")
    assert written(folder)["base_url"] == "http://localhost:8000"
