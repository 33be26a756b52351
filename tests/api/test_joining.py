"""At the door: ages and guardians, closed networks and mail domains, work to do, crowds."""

from __future__ import annotations

import contextlib

import httpx
import pytest

from tests.kit.site import BASE_URL, OpenSite, open_site
from venire.api.settings import ApiSettings
from venire.people import actions, challenges, consent, networks, site_rules
from venire.people.admission import come_of_age
from venire.people.joining import Door
from venire.people.mail_rules import canonical_hash
from venire.people.site_rules import Rule
from venire.people.store import find_by_handle, load_login

pytestmark = pytest.mark.anyio

CARRIER = "100.128.7.9"


class Hosts:
    """Name servers that know one thing."""

    def __init__(self, answer):
        self.answer = answer

    async def mail_hosts(self, _domain: str):
        return self.answer


def settings(**door: object) -> ApiSettings:
    return ApiSettings(
        confirmed_contact_required=False,
        minimum_age=13,
        rate_limits=False,
        door=Door(**door),
    )


@contextlib.asynccontextmanager
async def a_door(folder, **door):
    async with open_site(folder, acceptance=False, settings=settings(**door)) as site:
        yield site


@pytest.fixture
async def real(tmp_path):
    """A site for people: ages and defences are asked for."""
    async with a_door(tmp_path) as site:
        yield site


async def app_token(site: OpenSite) -> str:
    asked = {"client_name": "Test", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob"}
    app = (await site.client.post("/api/v1/apps", json={**asked, "scopes": "read write"})).json()
    granted = await site.client.post(
        "/oauth/token",
        data={
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
            "grant_type": "client_credentials",
            "scope": "read write",
        },
    )
    return granted.json()["access_token"]


async def sign_up(site: OpenSite, *, address: str = "8.8.4.4", **changes: object):
    name = changes.get("username", "newcomer")
    given = {
        "username": name,
        "email": f"{name}@post.example",
        "password": "long enough",
        "agreement": True,
        "locale": "en",
        "date_of_birth": "1990-05-17",
        **changes,
    }
    transport = httpx.ASGITransport(app=site.checker, client=(address, 40_000))
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
        headers = {"Authorization": f"Bearer {await app_token(site)}"}
        return await client.post("/api/v1/accounts", json=given, headers=headers)


def faults(answer) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    details = answer.json()["details"]
    assert all(one["description"] for rows in details.values() for one in rows)
    return {name: rows[0]["error"] for name, rows in details.items()}


async def state_of(site: OpenSite, username: str = "newcomer") -> str:
    account = await find_by_handle(site.world, username)
    assert account is not None
    return account.state


# ages


async def test_an_adult_joins_and_only_the_year_of_birth_is_kept(real):
    assert (await sign_up(real, date_of_birth="1990-05-17T00:00:00.000Z")).status_code == 200
    account = await find_by_handle(real.world, "newcomer")
    assert (account.state, account.minor, account.privacy) == ("active", False, "public")
    assert (await load_login(real.world, account.id)).birth_year == 1990


@pytest.mark.parametrize(
    ("born", "country", "error"),
    [
        ("2013-01-02", "", "ERR_BELOW_LIMIT"),
        ("2012-01-02", "KR", "ERR_BELOW_LIMIT"),
        ("", "", "ERR_BLANK"),
        ("31/12/1990", "", "ERR_INVALID"),
        ("2030-01-01", "", "ERR_INVALID"),
    ],
)
async def test_nobody_below_the_age_of_their_country_joins(real, born, country, error):
    answer = await sign_up(real, date_of_birth=born, country=country)
    assert faults(answer) == {"date_of_birth": error}
    assert await find_by_handle(real.world, "newcomer") is None


async def test_a_country_is_two_letters_or_nothing(real):
    assert faults(await sign_up(real, country="Utopia"))["country"] == "ERR_INCLUSION"
    assert (await sign_up(real, country="id")).status_code == 200


async def test_a_minor_begins_hidden_and_cannot_be_recommended(real):
    answer = await sign_up(real, date_of_birth="2009-06-01")
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    me = (await real.client.get("/api/v1/accounts/verify_credentials", headers=headers)).json()
    assert (me["source"]["privacy"], me["locked"]) == ("private", True)
    changed = await real.client.patch(
        "/api/v1/accounts/update_credentials",
        headers=headers,
        json={"discoverable": True, "indexable": True, "display_name": "Nadia Young"},
    )
    assert (changed.json()["discoverable"], changed.json()["indexable"]) == (False, False)
    other = await real.member("other")
    for asked in ("Nadia", "newc", "young"):
        found = await other.get("/api/v1/accounts/search", params={"q": asked})
        assert found.json() == []


async def test_a_minor_is_one_until_the_year_in_which_they_turn_eighteen_is_over(real):
    await sign_up(real, date_of_birth="2009-06-01")
    account = await find_by_handle(real.world, "newcomer")
    real.clock.advance(int(1.9 * 365 * 86_400_000))
    await come_of_age(real.world, account.id)
    assert (await find_by_handle(real.world, "newcomer")).minor
    real.clock.advance(40 * 86_400_000)
    await come_of_age(real.world, account.id)
    assert not (await find_by_handle(real.world, "newcomer")).minor


async def test_under_the_age_of_consent_an_account_waits_for_its_guardian(real):
    answer = await sign_up(
        real, date_of_birth="2011-06-01", country="DE", guardian_email="parent@post.example"
    )
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    me = await real.client.get("/api/v1/accounts/verify_credentials", headers=headers)
    assert me.status_code == 403
    account = await find_by_handle(real.world, "newcomer")
    assert account.state == "consent"
    link = await consent.consent_link(
        real.world, await consent.load_consent(real.world, account.id)
    )
    token = link.rpartition("/")[2]
    asked = await consent.consent_asked(real.world, token)
    assert asked.guardian_email == "parent@post.example"
    await consent.give_consent(real.world, asked.account_id)
    assert await state_of(real) == "active"
    me = await real.client.get("/api/v1/accounts/verify_credentials", headers=headers)
    assert me.status_code == 200
    kept = await consent.load_consent(real.world, account.id)
    assert (kept.state, kept.guardian_email) == ("given", None)


async def test_a_link_for_consent_works_once_and_cannot_be_forged(real):
    await sign_up(real, date_of_birth="2011-06-01", country="DE")
    account = await find_by_handle(real.world, "newcomer")
    row = await consent.load_consent(real.world, account.id)
    token = (await consent.consent_link(real.world, row)).rpartition("/")[2]
    for forged in ("", "x", token[:-2] + "AA", token[:5], "A" * 500, token[::-1]):
        with pytest.raises(Exception, match="record_not_found"):
            await consent.consent_asked(real.world, forged)
    await consent.give_consent(real.world, account.id)
    with pytest.raises(Exception, match="consent_answered"):
        await consent.consent_asked(real.world, token)


async def test_a_guardian_is_somebody_else(real):
    answer = await sign_up(
        real, date_of_birth="2011-06-01", guardian_email="NEWCOMER@post.example "
    )
    assert faults(answer) == {"guardian_email": "ERR_INVALID"}


# names


@pytest.mark.parametrize("name", ["admin", "Adm1n", "ADMIN_", "m0derator", "5upport", "vernire"])
async def test_no_name_passes_for_the_sites_own(real, name):
    if name == "vernire":
        # "rn" is read as "m": this one is nobody's.
        assert (await sign_up(real, username=name)).status_code == 200
        return
    assert faults(await sign_up(real, username=name)) == {"username": "ERR_RESERVED"}


async def test_no_name_passes_for_one_of_the_staff(real):
    await real.member("olivia_boss", "admin")
    assert faults(await sign_up(real, username="Ol1via_B0ss")) == {"username": "ERR_RESERVED"}
    await real.member("olivia_plain")
    assert (await sign_up(real, username="Ol1via_Plain")).status_code == 200


async def test_every_fault_is_named_in_mastodons_words(real):
    answer = await sign_up(
        real, username="", email="", password="", agreement=False, reason="x" * 2_001
    )
    assert faults(answer) == {
        "username": "ERR_BLANK",
        "email": "ERR_BLANK",
        "password": "ERR_BLANK",
        "agreement": "ERR_ACCEPTED",
        "reason": "ERR_TOO_LONG",
    }
    assert answer.json()["details"]["email"][1]["error"] == "ERR_INVALID"
    long = await sign_up(real, username="a" * 31, password="p" * 257)
    assert faults(long) == {"username": "ERR_TOO_LONG", "password": "ERR_TOO_LONG"}


async def rule(site: OpenSite, kind: str, value: str, **more) -> None:
    await site_rules.add_rule(site.world, Rule(kind, 0, value, **more), actor_id=1)
    networks.forget_networks(site.world)


async def test_a_blocked_mail_domain_and_what_lies_in_it_lets_nobody_in(real):
    await rule(real, site_rules.EMAIL_DOMAIN, "bad.example")
    for email in ("a@bad.example", "a@deep.Bad.example"):
        assert faults(await sign_up(real, email=email)) == {"email": "ERR_BLOCKED"}
    assert (await sign_up(real, email="a@notbad.example")).status_code == 200


async def test_a_blocked_mailbox_is_known_however_it_is_written(real):
    await rule(real, site_rules.CANONICAL_EMAIL, canonical_hash("troll@post.example"))
    for email in ("troll@post.example", "T.r.oll+again@POST.example"):
        assert faults(await sign_up(real, email=email)) == {"email": "ERR_BLOCKED"}


async def test_throw_away_addresses_are_refused(real):
    assert faults(await sign_up(real, email="a@mailinator.com")) == {"email": "ERR_BLOCKED"}
    assert faults(await sign_up(real, email="a@x.yopmail.com")) == {"email": "ERR_BLOCKED"}


@pytest.mark.parametrize(
    ("hosts", "outcome"),
    [([], "ERR_UNREACHABLE"), (["mx.bad.example"], "ERR_BLOCKED"), (None, "pending")],
)
async def test_a_domain_without_mail_is_refused_and_one_that_cannot_be_asked_waits(
    tmp_path, hosts, outcome
):
    async with a_door(tmp_path, resolver=Hosts(hosts)) as site:
        await rule(site, site_rules.EMAIL_DOMAIN, "bad.example")
        answer = await sign_up(site)
        if outcome == "pending":
            assert answer.status_code == 200
            assert await state_of(site) == "pending"
        else:
            assert faults(answer) == {"email": outcome}


# networks


async def test_a_network_closed_to_sign_ups_is_told_so_and_others_are_not(real):
    await rule(real, site_rules.NETWORK, "8.8.0.0/16", severity="sign_up_block")
    answer = await sign_up(real)
    assert (answer.status_code, answer.json()["code"]) == (403, "sign_up_blocked")
    assert (await sign_up(real, address="9.9.9.9")).status_code == 200


async def test_a_network_in_doubt_waits_for_a_moderator(real):
    await rule(real, site_rules.NETWORK, "8.8.4.4/32", severity="sign_up_requires_approval")
    assert (await sign_up(real)).status_code == 200
    assert await state_of(real) == "pending"


async def test_no_access_is_known_at_every_address_of_a_network_and_ends_by_itself(real):
    until_ms = real.clock.now_ms() + 3_600_000
    await rule(real, site_rules.NETWORK, "2001:db8::/32", severity="no_access", until_ms=until_ms)
    await rule(real, site_rules.NETWORK, "8.8.4.0/24", severity="no_access")
    for address in ("2001:db8::7", "8.8.4.4", "::ffff:8.8.4.4"):
        assert await networks.blocked_network(real.world, address)
    for address in ("2001:db9::7", "8.8.5.4", "", "not an address"):
        assert not await networks.blocked_network(real.world, address)
    real.clock.advance(3_600_001)
    assert not await networks.blocked_network(real.world, "2001:db8::7")
    assert (await sign_up(real)).status_code == 403


async def test_the_hardest_of_several_networks_holds(real):
    await rule(real, site_rules.NETWORK, "8.8.4.0/24", severity="sign_up_requires_approval")
    await rule(real, site_rules.NETWORK, "8.0.0.0/8", severity="sign_up_block")
    assert await networks.severity_of(real.world, "8.8.4.4") == "sign_up_block"
    assert await networks.severity_of(real.world, "9.8.4.4") is None


async def test_a_crowd_from_one_network_waits_for_a_moderator_and_is_not_refused(tmp_path):
    async with a_door(tmp_path, per_network=2) as site:
        for number in range(2):
            await sign_up(site, username=f"guest{number}", address=CARRIER)
            assert await state_of(site, f"guest{number}") == "active"
        assert (await sign_up(site, address=CARRIER)).status_code == 200
        assert await state_of(site) == "pending"
        await sign_up(site, username="elsewhere", address="9.9.9.9")
        assert await state_of(site, "elsewhere") == "active"
        site.clock.advance(86_400_001)
        await sign_up(site, username="tomorrow", address=CARRIER)
        assert await state_of(site, "tomorrow") == "active"


# work

BITS = 8


def solved(challenge: str) -> str:
    return next(
        str(number) for number in range(1 << 20) if challenges.solves(challenge, str(number), BITS)
    )


async def asked(site: OpenSite) -> str:
    answer = await site.client.get("/api/v1/signup/challenge")
    assert answer.json()["bits"] == BITS
    return answer.json()["challenge"]


async def test_an_answered_challenge_opens_the_door_once(tmp_path):
    async with a_door(tmp_path, challenge_bits=BITS) as site:
        challenge = await asked(site)
        work = {"challenge": challenge, "challenge_answer": solved(challenge)}
        assert (await sign_up(site, **work)).status_code == 200
        assert await state_of(site) == "active"
        again = await sign_up(site, username="second", **work)
        assert faults(again) == {"challenge": "ERR_INVALID"}


async def test_a_client_that_knows_no_challenge_waits_for_a_moderator(tmp_path):
    async with a_door(tmp_path, challenge_bits=BITS) as site:
        assert (await sign_up(site)).status_code == 200
        assert await state_of(site) == "pending"


async def test_a_challenge_that_is_wrong_late_forged_or_too_easy_is_refused(tmp_path):
    async with a_door(tmp_path, challenge_bits=BITS) as site:
        challenge = await asked(site)
        answer = solved(challenge)
        easy = (await challenges.make_challenge(site.world, 0)).challenge
        for one, other in (
            (challenge, "no"),
            (challenge[:-1] + ("A" if challenge[-1] != "A" else "B"), answer),
            (easy, "0"),
            ("1.2.3.4", "0"),
            ("x" * 290, answer),
        ):
            refused = await sign_up(site, challenge=one, challenge_answer=other)
            assert faults(refused) == {"challenge": "ERR_INVALID"}
        site.clock.advance(challenges.LASTS_MS)
        late = await sign_up(site, challenge=challenge, challenge_answer=answer)
        assert faults(late) == {"challenge": "ERR_INVALID"}


async def test_where_no_challenge_is_asked_none_is_made(real):
    answer = await real.client.get("/api/v1/signup/challenge")
    assert answer.json() == {"challenge": None, "algorithm": None, "bits": 0, "expires_at": None}


async def test_the_acceptance_profile_has_none_of_it(tmp_path):
    door = settings(challenge_bits=BITS, per_network=1, resolver=Hosts([]))
    async with open_site(tmp_path, settings=door) as site:
        for number in range(3):
            answer = await sign_up(site, username=f"guest{number}", date_of_birth="")
            assert answer.status_code == 200
            assert await state_of(site, f"guest{number}") == "active"


async def test_a_disabled_account_opens_nothing(real):
    alice = await real.member("alice")
    await actions.change_account(real.world, alice.id, disabled=True)
    assert (await alice.get("/api/v1/accounts/verify_credentials")).status_code == 403
    assert await actions.sign_in(real.world, "alice", "correct horse") is None
