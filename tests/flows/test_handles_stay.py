"""A site whose name is taken goes on under another, and a third: nobody is called anything else."""

from __future__ import annotations

import contextlib
import csv
import io
import re
import time

import httpx
import pytest

from venire.cli.drills.site import create_account, run_command, started_site

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(180)]

OLD, NEW, THIRD = "old.example", "new.example", "third.example"


class Village:
    """A folder, whoever lives in it, and an address at a time."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        (folder / "acceptance-profile").write_text("A test made this folder.\n")
        self.settings(OLD)
        self.members = {
            name: create_account(folder, name, "member", "acceptance") for name in ("ani", "bimo")
        }

    def settings(self, host):
        (self.folder / "venire.toml").write_text(
            f'profile = "acceptance"\nbase_url = "https://{host}"\n'
            'passkey_domains = ["standby.example"]\n'
        )

    @contextlib.contextmanager
    def at(self, host):
        self.settings(host)
        with started_site(self.folder, workers=1, base_url=f"https://{host}") as (reached, _):
            yield Here(self, reached, host)


class Here:
    """The site where it is now, reached under any of its names."""

    def __init__(self, village, reached, host):
        self.village, self.reached, self.host = village, reached, host

    def ask(self, method, path, who=None, host=None, status=200, **sent):
        headers = {"Host": host or self.host}
        if who is not None:
            headers["Authorization"] = f"Bearer {self.village.members[who]['access_token']}"
        answer = httpx.request(
            method, f"{self.reached}{path}", headers=headers, trust_env=False, timeout=30, **sent
        )
        assert answer.status_code == status, answer.text[:500]
        return answer

    def get(self, path, who=None, host=None, **query):
        return self.ask("GET", path, who, host, params=query).json()

    def says(self, who, text):
        return self.ask("POST", "/api/v1/statuses", who, json={"status": text}).json()

    def finger(self, resource, host=None, status=200):
        path = "/.well-known/webfinger"
        return self.ask("GET", path, None, host, status, params={"resource": resource}).json()


@pytest.fixture
def village(tmp_path):
    return Village(tmp_path / "data")


def test_the_handles_mentions_and_identities_of_a_site_outlive_its_name(village):
    with village.at(OLD) as here:
        here.ask("POST", "/api/v1/tags/lake/follow", "bimo")
        ani = village.members["ani"]["id"]
        here.ask("POST", f"/api/v1/accounts/{ani}/follow", "bimo")
        first = here.says("ani", f"@bimo and @bimo@{OLD}: the #lake is frozen")
        assert [one["username"] for one in first["mentions"]] == ["bimo"]
        before = here.get(f"/api/v1/accounts/{ani}", "bimo")
        assert before["uri"] == f"https://{OLD}/users/ani"
    with village.at(NEW) as here:
        identities_are_what_they_were(here, before, first)
        everybody_is_found_under(here, OLD, NEW)
        mentions_reach_under(here, OLD, NEW)
        the_site_says_who_it_is(here)
        what_is_taken_along_says_it_too(here, first)
    with village.at(THIRD) as here:
        identities_are_what_they_were(here, before, first)
        everybody_is_found_under(here, OLD, NEW, THIRD, "standby.example")
        mentions_reach_under(here, OLD, NEW, THIRD)
    log = (village.folder / "server.log").read_text(errors="replace")
    assert f"handles end with @{OLD}, as they did before" in log
    looked = run_command("init", "--check", "--data", str(village.folder))
    assert f"end with @{OLD}, the site is at {THIRD}" in looked


def identities_are_what_they_were(here, before, first):
    account = here.get(f"/api/v1/accounts/{before['id']}", "bimo")
    post = here.get(f"/api/v1/statuses/{first['id']}", "bimo")
    assert (account["acct"], account["uri"]) == (before["acct"], before["uri"])
    assert account["url"] == f"https://{here.host}/@ani"
    assert post["uri"] == first["uri"]
    assert post["uri"].startswith(f"https://{OLD}/users/ani/")
    assert post["url"].startswith(f"https://{here.host}/@ani/")
    assert [one["acct"] for one in post["mentions"]] == ["bimo"]
    assert post["mentions"][0]["url"] == f"https://{here.host}/@bimo"
    assert OLD not in re.sub(r">[^<]*<", "><", post["content"])
    wait_for(lambda: first["id"] in ids(here.get("/api/v1/timelines/tag/lake", "bimo")))
    wait_for(lambda: first["id"] in mentions_of(here, "bimo"))
    assert here.get("/api/v1/tags/lake", "bimo")["following"] is True


def everybody_is_found_under(here, *names):
    ani = here.village.members["ani"]["id"]
    for name in names:
        for written in (f"@ani@{name}", f"ani@{name.upper()}", f"@ani@{name}."):
            accounts = here.get("/api/v2/search", "bimo", q=written)["accounts"]
            assert [one["id"] for one in accounts] == [ani], written
        assert here.get("/api/v1/accounts/lookup", acct=f"ani@{name}")["id"] == ani
        (found,) = here.get("/api/v2/search", "bimo", q=f"https://{name}/@ani")["accounts"]
        assert found["id"] == ani
        for host in names:
            finger = here.finger(f"acct:ani@{name}", host)
            assert finger["subject"] == f"acct:ani@{OLD}"
            assert finger["aliases"] == [f"https://{here.host}/@ani", f"https://{OLD}/users/ani"]
        assert here.finger(f"https://{name}/users/ani")["subject"] == f"acct:ani@{OLD}"
    for stranger in ("evil.test", f"{OLD}.evil.test", f"www.{OLD}"):
        assert here.get("/api/v2/search", "bimo", q=f"@ani@{stranger}")["accounts"] == []
        here.finger(f"acct:ani@{stranger}", status=404)


def mentions_reach_under(here, *names):
    for name in names:
        post = here.says("ani", f"@bimo@{name} come and skate, says {here.host}")
        assert [one["username"] for one in post["mentions"]] == ["bimo"]
        assert f'href="https://{here.host}/@bimo"' in post["content"]
        wait_for(lambda said=post["id"]: said in mentions_of(here, "bimo"))
        found = here.get("/api/v2/search", "bimo", q=f"https://{name}/@ani/{post['id']}")
        assert [one["id"] for one in found["statuses"]] == [post["id"]]
    stranger = here.says("ani", f"@bimo@{OLD}.evil.test is somebody else")
    assert stranger["mentions"] == []


def the_site_says_who_it_is(here):
    for host in (OLD, NEW):
        assert here.get("/api/v2/instance", host=host)["domain"] == OLD
        assert here.get("/api/v1/instance", host=host)["uri"] == OLD
        meta = here.ask("GET", "/.well-known/host-meta", host=host).text
        assert f"https://{NEW}/.well-known/webfinger?resource={{uri}}" in meta
        (link,) = here.get("/.well-known/nodeinfo", host=host)["links"]
        assert link["href"].startswith(f"https://{NEW}/")
    issuer = here.get("/.well-known/oauth-authorization-server")
    assert issuer["issuer"] == f"https://{NEW}/"
    assert issuer["authorization_endpoint"].startswith(f"https://{NEW}/")
    record = here.ask("GET", "/record/checkpoint").text
    assert record.startswith(f"{OLD}/record\n")
    assert here.ask("GET", "/about", host=NEW).text.count(NEW) >= 1


def what_is_taken_along_says_it_too(here, first):
    here.ask("POST", f"/api/v1/statuses/{first['id']}/bookmark", "bimo")
    follows = here.ask("GET", "/api/v1/exports/files/following_accounts.csv", "bimo").text
    assert [row[0] for row in csv.reader(io.StringIO(follows))][1:] == [f"ani@{OLD}"]
    kept = here.ask("GET", "/api/v1/exports/files/bookmarks.csv", "bimo").text
    assert kept.split() == [first["uri"]]
    brought = here.ask(
        "POST",
        "/api/v1/imports",
        "ani",
        status=202,
        data={"type": "muting"},
        files={"data": ("file", f"bimo@{NEW}\nbimo@{OLD}\n".encode())},
    ).json()["id"]
    wait_for(lambda: here.get(f"/api/v1/imports/{brought}", "ani")["state"] == "done")
    assert here.get("/api/v1/mutes", "ani")[0]["acct"] == "bimo"
    assert here.get(f"/api/v1/imports/{brought}", "ani")["waiting"] == 0
    here.ask("POST", f"/api/v1/accounts/{here.village.members['bimo']['id']}/unmute", "ani")


def ids(found):
    return [one["id"] for one in found]


def mentions_of(here, who):
    told = here.get("/api/v1/notifications", who)
    return [one["status"]["id"] for one in told if one["type"] == "mention"]


def wait_for(there, within_s=30.0):
    until_s = time.monotonic() + within_s
    while not there():
        assert time.monotonic() < until_s
        time.sleep(0.05)
