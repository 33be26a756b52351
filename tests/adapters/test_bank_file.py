"""Files for the bank: valid by the schema alone, the same bytes each time, exact in every unit."""

from __future__ import annotations

import functools
import re

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st
from sepaxml import validation

from venire.adapters.payouts.bank_file import (
    FORMS,
    Iso20022File,
    Template,
    is_bic,
    is_iban,
    plain_text,
)
from venire.kernel.errors import Invalid
from venire.kernel.money import BankLine, BankOrder, Destination, Digits
from venire.kernel.vendors import Rejected

pytestmark = pytest.mark.anyio

IBAN = "DE89370400440532013000"
NUMBER = Destination("bank", name="Sari", account="0012345678", bic="BMRIIDJA")


@functools.cache
def schema(form):
    path = validation.__file__.replace("validation.py", f"schemas/{form}.xsd")
    return xmlschema.XMLSchema(path)


def template(form="pain.001.001.09", **more) -> Template:
    held = {
        "account": "1234567890",
        "bic": "CENAIDJA",
        "currencies": frozenset({"IDR", "JPY", "KWD"}),
    }
    return Template("Yayasan Venire", form, **{**held, **more})


def order(currency="IDR", lines=((5, 1_000_000),), to=NUMBER, title="juror pay") -> BankOrder:
    return BankOrder(
        77,
        currency,
        1_767_225_600_000,
        tuple(BankLine(number, amount, to) for number, amount in lines),
        title,
    )


@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize(
    ("currency", "digits", "lines", "total"),
    [
        ("IDR", {}, ((5, 1_000_000), (6, 50)), "10000.50"),
        ("IDR", {"IDR": 0}, ((5, 1_000_000), (6, 50)), "1000050"),
        ("JPY", {}, ((5, 700),), "700"),
        ("KWD", {}, ((5, 1_001),), "1.001"),
    ],
)
async def test_a_file_is_valid_and_sums_up_in_every_currency(form, currency, digits, lines, total):
    writer = Iso20022File(template(form), Digits(digits))
    content = await writer.write(order(currency, lines))
    schema(form).validate(content.decode())
    text = content.decode()
    assert re.findall(r"<CtrlSum>([^<]*)<", text) == [total, total]
    assert re.findall(r"<NbOfTxs>([^<]*)<", text) == [str(len(lines))] * 2
    assert re.findall(r"<EndToEndId>payout-(\d+)<", text) == [str(number) for number, _ in lines]
    assert await writer.write(order(currency, lines)) == content


@pytest.mark.parametrize("form", sorted(FORMS))
async def test_sepa_is_iban_to_iban_in_euros(form):
    writer = Iso20022File(
        Template("Verein", form, iban=IBAN, sepa=True, currencies=frozenset({"EUR"})), Digits()
    )
    to = Destination("bank", name="Jörg", iban=IBAN)
    content = await writer.write(order("EUR", to=to))
    schema(form).validate(content.decode())
    assert b"<Cd>SEPA</Cd>" in content
    assert not writer.serves(NUMBER, "EUR")
    assert not writer.serves(to, "IDR")


@settings(max_examples=40, deadline=None)
@given(name=st.text(max_size=90), title=st.text(max_size=200), amount=st.integers(1, 10**12))
async def test_whatever_somebody_is_called_the_file_is_valid_or_refused(name, title, amount):
    writer = Iso20022File(template(), Digits())
    to = Destination("bank", name=name, account="0012345678", bic="BMRIIDJA")
    try:
        content = await writer.write(order(lines=((5, amount),), to=to, title=title))
    except Rejected:
        assert not name
        return
    schema("pain.001.001.09").validate(content.decode())
    assert content.count(b"<CdtTrfTxInf>") == 1


@pytest.mark.parametrize(
    "to",
    [
        Destination("bank", name="Sari", account="0012345678"),
        Destination("bank", name="Sari", account="12", bic="BMRIIDJA"),
        Destination("bank", name="Sari", iban="DE00370400440532013000"),
        Destination("connect", account="acct_12345678"),
        Destination("bank", account="0012345678", bic="BMRIIDJA"),
    ],
)
async def test_whom_the_bank_cannot_pay_is_in_no_file(to):
    writer = Iso20022File(template(), Digits())
    assert not writer.serves(to, "IDR")
    with pytest.raises(Rejected, match="destination_unfit"):
        await writer.write(order(to=to))


@given(
    form=st.sampled_from(sorted(FORMS)),
    bic=st.text("AZ019", max_size=11)
    | st.sampled_from(["", "X", "1234ID00", "BMRIIDJ1", "BMRIIDJO"]),
    numbered=st.booleans(),
)
@settings(max_examples=60, deadline=None)
async def test_nobodys_bank_code_makes_a_file_that_the_bank_refuses(form, bic, numbered):
    where = {"account": "0012345678"} if numbered else {"iban": IBAN}
    to = Destination("bank", name="Sari", bic=bic, **where)
    writer = Iso20022File(template(form), Digits())
    if writer.serves(to, "IDR"):
        schema(form).validate((await writer.write(order(to=to))).decode())
    else:
        with pytest.raises(Rejected, match="destination_unfit"):
            await writer.write(order(to=to))


async def test_an_empty_file_and_one_without_end_are_refused():
    writer = Iso20022File(template(), Digits())
    for lines in ((), tuple((number, 1) for number in range(501))):
        with pytest.raises(Rejected, match="file_invalid"):
            await writer.write(order(lines=lines))


@pytest.mark.parametrize(
    "more",
    [
        {"form": "pain.001.001.02"},
        {"account": "", "iban": "DE00"},
        {"bic": "no"},
        {"sepa": True},
        {"name": " "},
    ],
)
def test_a_template_that_cannot_be_meant_is_refused_at_start(more):
    held = {"name": "Venire", "account": "1234567890", **more}
    with pytest.raises(Invalid, match="settings_invalid"):
        Template(**held)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (IBAN, True),
        ("GB82WEST12345698765432", True),
        ("DE88370400440532013000", False),
        ("", False),
    ],
)
def test_check_digits_of_an_iban_are_looked_at(text, known):
    assert is_iban(text) is known


def test_texts_are_on_one_line_and_never_empty():
    assert plain_text("a\n\tb\x00", 70) == "a b"
    assert plain_text("", 70) == "-"
    assert len(plain_text("x" * 100, 70)) == 70
    assert is_bic("CENAIDJA")
    assert not is_bic("CENAIDJAX")
