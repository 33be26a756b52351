"""`venire mail bounce`: from a mail server's pipe to the list of dead mailboxes."""

from __future__ import annotations

import asyncio

import pytest

from tests.cli.calling import call, told
from tests.kit.reports import bounce
from venire.cli.drills.site import create_account, free_port, started_site, stop
from venire.people import bounces, letters
from venire.people.store import load_account, load_login
from venire.people.suppression import BOUNCED, reason_of
from venire.server.settings import load_settings
from venire.server.wiring import open_house
from venire.storage.tables.letters import LETTERS

pytestmark = pytest.mark.loopback


async def _returned(folder, account_id):
    """Write a letter; where it comes back to."""
    async with open_house(load_settings({"data": str(folder)}, {})) as house:
        account = await load_account(house.world, account_id)
        await letters.link_by_hand(house.world, account, letters.RESET, lasts_ms=60_000)
        ((row, *_), _) = await house.storage.scan(LETTERS)
        login = await load_login(house.world, account_id)
        return await bounces.return_path(house.world, row, login.email), login.email


async def _reason(folder, address):
    async with open_house(load_settings({"data": str(folder)}, {})) as house:
        return await reason_of(house.world, address)


def test_a_letter_that_came_back_is_taken_in_and_without_a_site_kept_by_the_mail_server(tmp_path):
    data, port = tmp_path / "data", free_port()
    made = create_account(data, "ayu", "member", "acceptance")
    written = 'profile = "acceptance"\nmail_bounces = "bounces.example.org"\nworkers = 1\n'
    (data / "venire.toml").write_text(f"{written}port = {port}\n")
    path, address = asyncio.run(_returned(data, int(made["id"])))
    message = bounce("5.1.1").replace(b"bounce@bounces.venire.test", path.encode())
    with started_site(data, port=port) as (_, process):
        taken = call("mail", "bounce", "--data", data, sent=message)
        assert (taken.exit_code, taken.stdout) == (0, "suppressed\n"), taken.stderr
        forged = call("mail", "bounce", "--data", data, "--recipient", "x@y.test", sent=message)
        assert (forged.exit_code, forged.stdout) == (0, "refused\n")
        other = tmp_path / "other.key"
        other.write_bytes(bytes(32))
        wrong = call("mail", "bounce", "--data", data, "--secret-file", other, sent=message)
        assert (wrong.exit_code, wrong.stdout) == (75, ""), "the operator puts the key right"
        stop(process)
        later = call("mail", "bounce", "--data", data, sent=message)
        assert (later.exit_code, later.stdout) == (75, "")
        assert made["access_token"] not in later.stderr
    assert asyncio.run(_reason(data, address)) == BOUNCED


def test_without_an_address_of_ours_there_is_nothing_to_take_in(tmp_path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "bounce.key").write_bytes(bytes(32))
    told(call("mail", "bounce", "--data", tmp_path, sent=b"Subject: x\n\ny\n"), "recipient_unknown")


def test_without_its_secret_the_mail_server_keeps_the_letter(tmp_path):
    assert call("mail", "bounce", "--data", tmp_path, sent=bounce("5.1.1")).exit_code == 75
