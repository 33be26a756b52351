"""A member's number over the API, with real vendors' stand-ins behind; receipts and operators."""

from __future__ import annotations

import json
import time

import msgspec
import pytest

from tests.kit.texting import open_texts
from venire.cases.erasure import erased_tables
from venire.cases.personal_data import personal_data
from venire.kernel.clock import MINUTE_MS, utc_day
from venire.people import challenges, phones, texts
from venire.people.admin_log import log_page
from venire.people.store import load_login, save_login
from venire.people.tokens import issue_token

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]
PHONE = "/api/v1/accounts/phone"
NUMBER = "+6281234567890"


async def given(member, vendors, number=NUMBER):
    asked = await member.post(PHONE, json={"number": number})
    assert asked.status_code == 200, asked.text
    said = await member.post(f"{PHONE}/verify", json={"code": vendors.code(number)})
    assert said.status_code == 200, said.text
    return said.json()


async def test_a_site_without_vendors_says_so(house, bob):
    shown = (await bob.get(PHONE)).json()
    assert shown == {"countries": [], "challenge": None, "phone": None, "waiting": None}
    refused = await bob.post(PHONE, json={"number": NUMBER})
    assert (refused.status_code, refused.json()["code"]) == (404, "texts_off")
    assert (await bob.delete(PHONE)).status_code == 200
    assert (await bob.get("/api/v1/jury/chats")).json() == {"services": [], "chats": []}
    unknown = await bob.post("/api/v1/jury/chats", json={"service": "ntfy", "recipient": "x"})
    assert unknown.json()["code"] == "chat_unknown"


async def test_a_number_is_asked_for_proved_shown_masked_exported_and_taken_away(house, bob):
    async with open_texts(house.court) as vendors:
        asked = await bob.post(PHONE, json={"number": "0812 3456 7890", "region": "ID"})
        assert asked.json().keys() == {"until", "again_at"}
        waiting = (await bob.get(PHONE)).json()["waiting"]
        assert (waiting["number"], waiting["tries_left"]) == ("+62…890", 5)
        wrong = await bob.post(f"{PHONE}/verify", json={"code": "000000"})
        assert wrong.json()["code"] == "phone_code_wrong"
        shown = await bob.post(f"{PHONE}/verify", json={"code": vendors.code(NUMBER)})
        assert shown.json()["phone"]["number"] == "+62…890"
        assert NUMBER not in shown.text
        held = [
            line
            async for name, lines in personal_data(house.world, bob.id)
            if name == "data/phones.jsonl"
            async for line in lines
        ]
        assert json.loads(held[0])["number"] == NUMBER
        gone = await bob.delete(PHONE)
        assert gone.json()["phone"] is None
        held = [
            line
            async for name, lines in personal_data(house.world, bob.id)
            if name == "data/phones.jsonl"
            async for line in lines
        ]
        assert NUMBER not in str(held)


async def test_a_closed_account_is_passed_over_in_the_same_request(house, bob):
    async with open_texts(house.court) as vendors:
        vendors.twilio.closed = True
        began = time.monotonic()
        asked = await bob.post(PHONE, json={"number": NUMBER})
        assert asked.status_code == 200
        assert time.monotonic() - began < 2.0
        assert [to for to, _ in vendors.infobip.sent] == [NUMBER]
        # Shut until a person has looked: nothing is asked there again.
        asked_there = len(vendors.twilio.calls)
        await bob.post(PHONE, json={"number": "+6281234567891"})
        assert len(vendors.twilio.calls) == asked_there
        assert len(vendors.infobip.sent) == 2


@pytest.mark.parametrize("fault", ["hang", "garbage", "inside", "429", "500", "empty", "cut"])
async def test_a_vendor_that_is_out_of_its_mind_costs_nobody_their_code(house, bob, fault):
    async with open_texts(house.court) as vendors:
        vendors.twilio.order(fault)
        began = time.monotonic()
        await given(bob, vendors)
        assert time.monotonic() - began < 3.0


async def test_with_every_vendor_gone_it_is_said_and_the_site_goes_on(house, bob):
    async with open_texts(house.court) as vendors:
        vendors.twilio.closed = vendors.infobip.closed = True
        refused = await bob.post(PHONE, json={"number": NUMBER})
        assert (refused.status_code, refused.json()["code"]) == (503, "texts_unavailable")
        assert (await bob.get("/api/v1/accounts/verify_credentials")).status_code == 200


async def test_known_and_unknown_numbers_are_answered_alike(house, bob):
    async with open_texts(house.court) as vendors:
        await given(bob, vendors)
        ann = await house.site.member("ann")
        known = await ann.post(PHONE, json={"number": NUMBER})
        house.site.clock.advance(MINUTE_MS)
        other = await house.site.member("other")
        unknown = await other.post(PHONE, json={"number": "+6281234567891"})
        assert known.status_code == unknown.status_code == 200
        assert known.json().keys() == unknown.json().keys()
        # And one that takes no texts at all is answered like them.
        vendors.twilio.order("400")
        taken = await ann.post(f"{PHONE}/verify", json={"code": vendors.code(NUMBER)})
        assert (taken.status_code, taken.json()["code"]) == (409, "phone_taken")


async def test_a_code_belongs_to_the_token_that_asked(house, bob):
    async with open_texts(house.court) as vendors:
        await bob.post(PHONE, json={"number": NUMBER})
        await issue_token(
            house.world,
            client_id="x",
            scopes=["read", "write"],
            account_id=bob.id,
            secret="another",
        )
        headers = {"Authorization": "Bearer another"}
        code = {"code": vendors.code(NUMBER)}
        refused = await house.site.client.post(f"{PHONE}/verify", json=code, headers=headers)
        assert refused.json()["code"] == "phone_code_wrong"
        shown = await house.site.client.get(PHONE, headers=headers)
        assert shown.json()["waiting"] is None


async def test_work_is_asked_of_who_confirmed_no_address(house, bob):
    login = await load_login(house.world, bob.id)
    assert login is not None
    bare = msgspec.structs.replace(login, confirmed_at_ms=None)
    assert await save_login(house.world, login, bare)
    async with open_texts(house.court):
        made = (await bob.get(PHONE)).json()["challenge"]
        refused = await bob.post(PHONE, json={"number": NUMBER, "challenge": made["challenge"]})
        assert refused.json()["code"] == "challenge_failed"
        answer = next(
            str(n)
            for n in range(10**8)
            if challenges.solves(made["challenge"], str(n), made["bits"])
        )
        work = {"challenge": made["challenge"], "challenge_answer": answer}
        assert (await bob.post(PHONE, json={"number": NUMBER, **work})).status_code == 200


async def test_bad_numbers_are_refused_in_words(house, bob):
    async with open_texts(house.court) as vendors:
        for number, code in (
            ("", "parameter_missing"),
            ("x", "phone_invalid"),
            ("+14155552671", "phone_country_closed"),
            ("+62213456789", "phone_kind_refused"),
            ("0812 3456 7890", "phone_invalid"),
        ):
            refused = await bob.post(PHONE, json={"number": number})
            assert refused.status_code == 422
            assert refused.json()["code"] == code
        assert (await bob.post(PHONE, json={"number": "9" * 400})).status_code == 422
        assert (await bob.post(PHONE, json={"number": ["x"]})).status_code == 422
        assert vendors.texts == []


async def receipt(house, where: str, body: bytes, **headers: str):
    path = where.removeprefix("http://venire.test")
    return await house.site.client.post(path, content=body, headers=headers)


async def day_of(house):
    return (await texts.figures(house.world, house.court.phones))["days"][-1]


async def test_signed_receipts_count_and_forged_replayed_or_turned_ones_do_not(house, bob):
    async with open_texts(house.court) as vendors:
        await bob.post(PHONE, json={"number": NUMBER})
        (reference,) = vendors.twilio.texts
        where, body, signature = vendors.twilio.report(reference, "delivered")
        signed = {"x-twilio-signature": signature}
        form = "application/x-www-form-urlencoded"
        forged = [
            (where, body, {}),
            (where, body, {"x-twilio-signature": "AAAA"}),
            (where, body.replace(b"delivered", b"failed"), signed),
            (where + "0", body, signed),
            (where.replace("key=", "key=0"), body, signed),
            (where, body + b"&x=1", signed),
            (where.replace("/first/", "/third/"), body, signed),
            (where.replace("/first/", "/second/"), body, signed),
            (where, b"\xff\xfe", signed),
            (where, b"", signed),
        ]
        for place, sent, headers in forged:
            answer = await receipt(house, place, sent, **headers)
            assert answer.status_code == 404, place
        assert (await day_of(house))["delivered"] == 0
        for _ in range(3):
            said = await receipt(house, where, body, **signed, **{"content-type": form})
            assert said.status_code == 204
        # An earlier word that comes late, and a contradiction: delivered it stays.
        for late in ("sent", "queued", "failed"):
            place, sent, sign = vendors.twilio.report(reference, late)
            await receipt(house, place, sent, **{"x-twilio-signature": sign})
        day = await day_of(house)
        assert (day["delivered"], day["failed"], day["unknown"]) == (1, 0, 0)


async def test_a_receipt_without_a_signature_needs_the_address_that_nobody_else_knows(house, bob):
    async with open_texts(house.court) as vendors:
        vendors.twilio.closed = True
        await bob.post(PHONE, json={"number": NUMBER})
        (key,) = vendors.infobip.texts
        where, body, _ = vendors.infobip.report(key, 2, "UNDELIVERABLE_NOT_DELIVERED")
        secret = where.rpartition("/")[2]
        assert len(secret) == 32
        for name in ("third", "twilio", "%2E%2E", "x" * 500):
            path = f"/api/v1/vendors/texts/{name}/{secret}"
            assert (await house.site.client.post(path, content=body)).status_code == 404
        for wrong in ("0" * 32, secret[:-1], secret.upper() + "x", "é"):
            answer = await receipt(house, where.replace(secret, wrong), body)
            assert answer.status_code == 404
        for odd in (b"", b"[]", b"{}", b'{"results":1}', b'{"results":[1]}', b"\x00"):
            assert (await receipt(house, where, odd)).status_code in {204, 404}
        assert (await day_of(house))["failed"] == 0
        assert (await receipt(house, where, body)).status_code == 204
        assert (await receipt(house, where, body)).status_code == 204
        assert (await day_of(house))["failed"] == 1
        large = await receipt(house, where, b" " * 70_000)
        assert large.status_code == 413


async def test_operators_see_counts_and_no_number_and_an_admin_stops_it_all(
    house, admin, moderator, bob
):
    async with open_texts(house.court) as vendors:
        await given(bob, vendors)
        assert (await bob.get("/api/v1/admin/texts")).status_code == 403
        shown = await moderator.get("/api/v1/admin/texts")
        (day,) = shown.json()["days"]
        assert (day["dial"], day["sent"], day["verified"]) == (62, 1, 1)
        assert "81234" not in shown.text
        assert "report_addresses" not in shown.json()
        addresses = (await admin.get("/api/v1/admin/texts")).json()["report_addresses"]
        assert addresses.keys() == {"first", "second"}
        assert shown.json()["spent_this_hour"] == 10
        refused = await moderator.post("/api/v1/admin/texts", json={"stopped": True})
        assert refused.status_code == 403
        stopped = await admin.post("/api/v1/admin/texts", json={"stopped": True})
        assert stopped.json()["stopped"] is True
        ann = await house.site.member("ann")
        said = await ann.post(PHONE, json={"number": "+6281234567891"})
        assert (said.status_code, said.json()["code"]) == (503, "texts_stopped")
        await admin.post("/api/v1/admin/texts", json={"stopped": False})
        await given(ann, vendors, "+6281234567891")
        log = await log_page(house.world, utc_day(house.world.now_ms())[:7])
        assert [line.action for line in log] == ["allow_texts", "stop_texts"]


async def test_a_number_is_gone_with_its_account(house, bob):
    async with open_texts(house.court) as vendors:
        await given(bob, vendors)
        names = {table.name for table in erased_tables()}
        assert {"phones", "phone_numbers", "phone_codes", "juror_chats"} <= names
        assert await phones.has_phone(house.world, bob.id)
