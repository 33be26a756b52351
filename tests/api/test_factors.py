"""Factors by the API: shown to who holds a token, changed by who shows that it is they."""

from __future__ import annotations

import base64

import pytest

from venire.cli.drills.counterparts.authenticator import Authenticator
from venire.people import factor_rows, phones, totp
from venire.people.admin_log import log_page

pytestmark = pytest.mark.anyio

F = "/api/v1/accounts/factors"


async def shown(member):
    answer = await member.post(f"{F}/confirmation", json={"password": "correct horse"})
    assert answer.status_code == 200, answer.text


def code_at(site, secret, *, steps=0):
    key = base64.b32decode(secret.replace(" ", ""))
    return totp.code_at(key, totp.step_of(site.clock.now_ms()) + steps)


async def with_app(site, member):
    await shown(member)
    began = (await member.post(f"{F}/totp")).json()
    assert began["uri"].startswith("otpauth://totp/Venire:")
    answer = await member.post(f"{F}/totp/confirm", json={"code": code_at(site, began["secret"])})
    assert answer.headers["cache-control"] == "private, no-store"
    return began["secret"], answer.json()["recovery_codes"]


async def test_nothing_is_changed_by_a_token_alone(site):
    ayu = await site.member("ayu")
    _, codes = await with_app(site, ayu)
    site.clock.advance(10 * 60_000)
    before = await factor_rows.load_row(site.world, ayu.id)
    for method, path in (
        ("POST", "/passkeys/options"),
        ("POST", "/passkeys"),
        ("DELETE", "/passkeys/1"),
        ("POST", "/totp"),
        ("POST", "/totp/confirm"),
        ("DELETE", "/totp"),
        ("POST", "/mail_code"),
        ("DELETE", "/mail_code"),
        ("POST", "/text_code"),
        ("DELETE", "/text_code"),
        ("POST", "/recovery_codes"),
    ):
        answer = await site.client.request(
            method, f"{F}{path}", headers=ayu.headers, json={"name": "x", "code": "1"}
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "confirmation_needed"), path
    assert await factor_rows.load_row(site.world, ayu.id) == before
    for wrong in ({"password": "no"}, {"code": "000000"}, {"recovery_code": "0-x"}):
        answer = await ayu.post(f"{F}/confirmation", json=wrong)
        assert (answer.status_code, answer.json()["code"]) == (403, "confirmation_wrong")
    assert (await ayu.post(f"{F}/confirmation", json={})).status_code == 422
    good = await ayu.post(f"{F}/confirmation", json={"recovery_code": codes[0]})
    assert good.status_code == 200


async def test_an_app_a_letter_and_codes_come_and_go(site):
    ayu = await site.member("ayu")
    secret, codes = await with_app(site, ayu)
    assert len(codes) == 10
    assert (await ayu.post(f"{F}/totp")).json()["code"] == "totp_there"
    shut_out = await ayu.post(f"{F}/mail_code")
    assert (shut_out.status_code, shut_out.json()["code"]) == (409, "no_mailbox"), "no letters here"
    object.__setattr__(site.world.site, "letters", True)
    assert (await ayu.post(f"{F}/mail_code")).json() == {"recovery_codes": []}
    there = (await ayu.get(F)).json()
    assert there["needed"]
    assert there["recovery_codes_left"] == 10
    assert there["totp_since"]
    assert there["mail_code_since"]
    assert there["mail_code_paused_until"] is None
    assert secret.replace(" ", "") not in str(there)
    site.clock.advance(totp.STEP_MS)
    assert (await ayu.post(f"{F}/text_code")).json()["code"] == "no_phone"
    await phones.give(site.world, ayu.id, "+6281234567890", "ID")
    assert (await ayu.post(f"{F}/text_code")).status_code == 200
    assert (await ayu.get(F)).json()["text_code_since"]
    assert (await ayu.delete(f"{F}/text_code")).status_code == 200
    assert (await ayu.post(f"{F}/text_code")).status_code == 200
    by_code = await ayu.post(f"{F}/confirmation", json={"code": code_at(site, secret)})
    assert by_code.status_code == 200
    again = await ayu.post(f"{F}/confirmation", json={"code": code_at(site, secret)})
    assert again.status_code == 403, "used already"
    new = (await ayu.post(f"{F}/recovery_codes")).json()["recovery_codes"]
    assert not set(new) & set(codes)
    assert (await ayu.delete(f"{F}/totp")).status_code == 200
    assert (await ayu.delete(f"{F}/mail_code")).status_code == 200
    there = (await ayu.get(F)).json()
    assert (there["needed"], there["recovery_codes_left"]) == (False, 0)
    assert there["text_code_since"] is None, "never alone"
    assert (await ayu.post(f"{F}/text_code")).json()["code"] == "text_alone"
    assert (await ayu.post(f"{F}/recovery_codes")).json()["code"] == "no_factor"
    assert (await ayu.post(f"{F}/totp/confirm", json={"code": "1"})).json()["code"] == "code_wrong"


async def test_passkeys_are_made_used_to_show_who_one_is_and_removed(site):
    ayu, device = await site.member("ayu"), Authenticator()
    await shown(ayu)
    options = (await ayu.post(f"{F}/passkeys/options")).json()
    assert options["rp"]["id"] == "venire.test"
    assert options["user"]["name"] == "ayu"
    made = device.make(options)
    answer = await ayu.post(f"{F}/passkeys", json={"name": "phone", "credential": made})
    assert len(answer.json()["recovery_codes"]) == 10
    assert answer.json()["passkey"]["name"] == "phone"
    again = await ayu.post(f"{F}/passkeys", json={"name": "phone", "credential": made})
    assert (again.status_code, again.json()["code"]) == (422, "passkey_refused")
    for odd in ("{", "[]", {}, {"rawId": 7}, None, 5, [1], "x" * 20_000):
        answer = await ayu.post(f"{F}/passkeys", json={"name": "phone", "credential": odd})
        assert answer.status_code == 422, odd
    site.clock.advance(10 * 60_000)
    asked = (await ayu.get(f"{F}/confirmation")).json()
    foreign = device.use(asked, origin="https://evil.test")
    answer = await ayu.post(f"{F}/confirmation", json={"credential": foreign})
    assert answer.status_code == 403
    answer = await ayu.post(f"{F}/confirmation", json={"credential": device.use(asked)})
    assert answer.status_code == 200
    (there,) = (await ayu.get(F)).json()["passkeys"]
    assert there["used_at"]
    bimo = await site.member("bimo")
    await shown(bimo)
    assert (await bimo.delete(f"{F}/passkeys/{there['id']}")).status_code == 404
    assert (await ayu.delete(f"{F}/passkeys/{there['id']}")).status_code == 200
    assert (await ayu.get(F)).json()["passkeys"] == []


async def test_at_an_address_that_is_not_ours_there_are_no_passkeys(site):
    ayu = await site.member("ayu")
    await shown(ayu)
    headers = {**ayu.headers, "Host": "evil.test"}
    answer = await site.client.post(f"{F}/passkeys/options", headers=headers)
    assert answer.json()["code"] == "passkey_refused"


async def test_an_admin_clears_factors_with_a_reason_and_a_moderator_does_not(site):
    ayu = await site.member("ayu")
    chief, helper = await site.member("chief", "admin"), await site.member("helper", "moderator")
    await with_app(site, ayu)
    place = f"/api/v1/admin/accounts/{ayu.id}/factors"
    path = {"reason": "lost phone and paper"}
    refused = await site.client.request("DELETE", place, headers=helper.headers, json=path)
    assert refused.status_code == 403
    unsaid = await chief.delete(place)
    assert unsaid.json()["code"] == "parameter_missing"
    gone = await site.client.request(
        "DELETE", "/api/v1/admin/accounts/1/factors", headers=chief.headers, json=path
    )
    assert gone.status_code == 404
    done = await site.client.request("DELETE", place, headers=chief.headers, json=path)
    assert done.status_code == 200
    assert not (await ayu.get(F)).json()["needed"]
    await with_app(site, chief)
    site.clock.advance(10 * 60_000)
    own = f"/api/v1/admin/accounts/{chief.id}/factors"
    itself = await site.client.request("DELETE", own, headers=chief.headers, json=path)
    assert (itself.status_code, itself.json()["code"]) == (403, "confirmation_needed")
    assert (await chief.get(F)).json()["needed"]
    lines = await log_page(site.world, "2026-01")
    assert [(one.action, one.reason) for one in lines] == [
        ("clear_factors", "lost phone and paper")
    ]
