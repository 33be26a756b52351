"""What handles end with is fixed at first start, wherever the site is reached later."""

from __future__ import annotations

import dataclasses
import logging

import apsw
import pytest

from venire.cli.founding import checks
from venire.kernel.clock import parse_iso_ms
from venire.kernel.errors import Invalid, Unavailable
from venire.people.actions import create_account
from venire.people.passkeys import Party, party_of
from venire.people.store import load_account
from venire.server import site_names
from venire.server.settings import Settings, load_settings
from venire.server.site_names import Names, decide, in_force, moved
from venire.server.snapshotting import handle_domain
from venire.server.wiring import open_house, site_of

pytestmark = pytest.mark.anyio

OLD, NEW, THIRD = "https://old.example", "https://new.example", "https://third.example"
FIRST = "https://old.example/users/site"


def at(folder, base_url, **more) -> Settings:
    return Settings(data=str(folder), profile="acceptance", base_url=base_url, **more)


async def opened(settings):
    async with open_house(settings) as house:
        return house.world.site


async def test_the_handles_of_a_site_stay_when_it_goes_to_another_address_and_a_third(
    tmp_path, caplog
):
    async with open_house(at(tmp_path, OLD)) as house:
        made = await create_account(house.world, "ani", "ani@mail.test", "correct horse")
        assert (house.world.site.domain, house.world.site.host) == ("old.example", "old.example")
    caplog.clear()
    with caplog.at_level(logging.INFO):
        async with open_house(at(tmp_path, NEW)) as house:
            site = house.world.site
            account = await load_account(house.world, int(made.id))
    assert (site.domain, site.host, site.base_url) == ("old.example", "new.example", NEW)
    assert account is not None
    assert account.uri == "https://old.example/users/ani"
    (told,) = [one for one in caplog.records if one.message == "handles_stay"]
    assert (told.handles_end_with, told.reached_at) == ("old.example", "new.example")
    third = await opened(at(tmp_path, THIRD))
    assert (third.domain, third.host) == ("old.example", "third.example")
    assert all(third.own.has(name) for name in ("old.example", "new.example", "third.example"))
    again = await opened(at(tmp_path, OLD))
    assert again.own.has("third.example")


async def test_a_second_start_at_the_same_address_writes_nothing(tmp_path):
    await opened(at(tmp_path, OLD))
    file = tmp_path / site_names.NAME
    before = file.stat()
    await opened(at(tmp_path, OLD))
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert file.stat().st_mode & 0o777 == 0o600


async def test_a_trial_on_one_machine_fixes_nothing(tmp_path):
    for url in ("http://127.0.0.1:8000", "http://localhost:8000", "http://myserver"):
        site = await opened(at(tmp_path, url))
        assert site.domain == site.host
    assert not (tmp_path / site_names.NAME).exists()
    await opened(at(tmp_path, NEW))
    assert (await opened(at(tmp_path, "http://127.0.0.1:8000"))).domain == "new.example"


async def test_a_lost_file_is_made_up_for_by_the_identity_of_the_sites_own_account(tmp_path):
    await opened(at(tmp_path, OLD))
    (tmp_path / site_names.NAME).unlink()
    site = await opened(at(tmp_path, NEW))
    assert (site.domain, site.names) == ("old.example", ("old.example", "new.example"))


async def test_the_setting_counts_before_all_and_stays_when_it_is_taken_away(tmp_path, caplog):
    first = await opened(at(tmp_path, OLD, handle_domain="people.example"))
    assert (first.domain, first.host) == ("people.example", "old.example")
    assert (await opened(at(tmp_path, OLD))).domain == "people.example"
    with caplog.at_level(logging.WARNING):
        changed = await opened(at(tmp_path, NEW, handle_domain="others.example"))
    assert changed.domain == "others.example"
    assert changed.own.has("people.example")
    (told,) = [one for one in caplog.records if one.message == "handles_changed"]
    assert (told.before, told.handles_end_with) == ("people.example", "others.example")


async def test_the_record_is_named_after_what_handles_end_with(tmp_path):
    async with open_house(at(tmp_path, OLD, handle_domain="people.example")) as house:
        assert house.court.sequencer.origin == "people.example/record"
    async with open_house(at(tmp_path, NEW)) as house:
        assert house.court.sequencer.origin == "people.example/record"


@pytest.mark.parametrize(
    "content",
    [
        b"handle_domain = 7",
        b"\xff",
        b"handle_domain",
        b'known = "old.example"',
        b'handle_domain = "Old.example"',
        b'handle_domain = "localhost"',
    ],
)
async def test_a_damaged_file_stops_the_start_and_says_what_to_do(tmp_path, content):
    await opened(at(tmp_path, OLD))
    (tmp_path / site_names.NAME).write_bytes(content)
    with pytest.raises(Unavailable) as refused:
        await opened(at(tmp_path, OLD))
    assert refused.value.code == "names_unreadable"
    assert "names.toml" in refused.value.hint


async def test_who_has_no_open_site_reads_the_same_names(tmp_path):
    await opened(at(tmp_path, OLD))
    settings = at(tmp_path, NEW)
    assert handle_domain(settings) == "old.example"
    assert moved(settings, in_force(settings))
    assert site_of(settings) == dataclasses.replace(
        site_of(settings, Names("old.example", ("old.example", "new.example")))
    )


async def test_passkeys_are_for_the_address_and_not_for_what_handles_end_with(tmp_path):
    await opened(at(tmp_path, OLD))
    site = await opened(at(tmp_path, NEW, passkey_domains=("standby.example",)))
    assert party_of(site, "new.example") == Party("new.example", NEW)
    assert party_of(site, "old.example") is None
    assert site.own.has("standby.example")


def test_a_letter_comes_from_where_the_site_is(tmp_path):
    assert at(tmp_path, NEW, handle_domain="old.example").mail_sender == "no-reply@new.example"


async def test_a_look_at_the_machine_says_what_handles_end_with(tmp_path):
    await opened(at(tmp_path, OLD))
    found = checks._handles(at(tmp_path, NEW))
    assert (found.state, found.found) == (
        "good",
        "end with @old.example, the site is at new.example",
    )
    assert "handle_domain" in found.hint
    assert checks._handles(at(tmp_path, OLD)).hint == ""
    (tmp_path / site_names.NAME).write_bytes(b"?")
    assert checks._handles(at(tmp_path, OLD)).state == "wrong"


def test_fifty_moves_are_remembered_and_the_first_name_always():
    kept = Names()
    for number in range(80):
        served = Settings(base_url=f"https://n{number}.example")
        kept = decide(served, kept, FIRST)
    assert kept.handle_domain == "old.example"
    assert len(kept.known) == 51
    assert kept.known[0] == "old.example"
    assert kept.known[-1] == "n79.example"
    assert decide(Settings(base_url="https://n79.example"), kept, "") == kept


@pytest.mark.parametrize(
    "name",
    ["Old.example", "old.example:443", "localhost", "127.0.0.1", "https://old.example", "*.example.org", "straße.example"],  # noqa: E501
)  # fmt: skip
def test_a_handle_domain_that_is_no_lasting_name_is_refused(tmp_path, name):
    with pytest.raises(Invalid) as refused:
        load_settings({"data": str(tmp_path), "handle_domain": name}, {})
    assert refused.value.code == "settings_invalid"
    assert "handle_domain" in refused.value.hint


def test_a_handle_domain_in_another_script_is_named_as_it_is_kept_in_the_dns(tmp_path):
    given = {"data": str(tmp_path), "handle_domain": "xn--strae-oqa.example"}
    assert load_settings(given, {}).handle_domain == "xn--strae-oqa.example"


async def test_nobody_has_a_handle_before_it_is_kept_what_handles_end_with(tmp_path, monkeypatch):
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(site_names, "replace_file", dies)
    with pytest.raises(KeyboardInterrupt):
        await opened(at(tmp_path, OLD))
    connection = apsw.Connection(str(tmp_path / "venire.db"))
    assert connection.execute("SELECT count(*) FROM accounts").fetchone() == (0,)
    connection.close()
    monkeypatch.undo()
    assert (await opened(at(tmp_path, NEW))).domain == "new.example"


async def test_everybody_is_signed_out_from_the_moment_that_the_settings_name(tmp_path):
    lost = "2026-01-01T00:00:00Z"
    site = await opened(at(tmp_path, NEW, signed_out_before=lost))
    assert site.signed_out_before_ms == parse_iso_ms(lost)
    assert (await opened(at(tmp_path, NEW))).signed_out_before_ms == 0


async def test_a_moment_that_has_not_come_yet_would_let_nobody_in_and_is_refused(tmp_path):
    with pytest.raises(Invalid, match="signed_out_before"):
        await opened(at(tmp_path, NEW, signed_out_before="2999-01-01T00:00:00Z"))


@pytest.mark.parametrize("moment", ["yesterday", "2026-13-01", "1767225600"])
def test_a_moment_that_is_none_is_refused(tmp_path, moment):
    with pytest.raises(Invalid, match="signed_out_before"):
        load_settings({"data": str(tmp_path), "signed_out_before": moment}, {})
