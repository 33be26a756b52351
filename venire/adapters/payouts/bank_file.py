"""Orders for the site's own bank as ISO 20022 pain.001, checked against the schema before use.

The shape is a template of the operator's: which version, whether accounts are IBANs or numbers with
a BIC, whether it is SEPA. `sepaxml` brings the schemas and checks; it writes SEPA alone, with two
digits for every currency and the machine's own clock, so the elements are put together here. The
same order is the same bytes, so a file that was lost on the way is made again and not paid twice.
"""

from __future__ import annotations

import asyncio
import functools
import re
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, cast

import msgspec
from sepaxml import validation

from venire.kernel.clock import iso_ms, utc_day
from venire.kernel.errors import Invalid
from venire.kernel.money import BankLine, BankOrder, Destination, Digits
from venire.kernel.vendors import Rejected

if TYPE_CHECKING:
    from xmlschema import XMLSchema

Form = Literal["pain.001.001.03", "pain.001.001.09"]
FORMS: Final = frozenset({"pain.001.001.03", "pain.001.001.09"})
LINES_MOST: Final = 500
_NAME: Final = 70
_TEXT: Final = 140
_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}", re.ASCII)
_BIC: Final = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?", re.ASCII)
_OLD_BIC: Final = re.compile(r"[A-Z]{6}[A-Z2-9][A-NP-Z0-9]([A-Z0-9]{3})?", re.ASCII)
"""Narrower in the older version."""
_NUMBER: Final = re.compile(r"[A-Za-z0-9]{4,34}", re.ASCII)
_MODULUS: Final = 97


class Template(msgspec.Struct, frozen=True):
    """How the bank wants its orders, and who gives them. `sepa`: the scheme, for EUR alone."""

    name: str
    form: Form = "pain.001.001.09"
    iban: str = ""
    account: str = ""
    bic: str = ""
    sepa: bool = False
    currencies: frozenset[str] = frozenset({"IDR"})

    def __post_init__(self) -> None:
        sound = self.form in FORMS and self.name.strip() and len(self.name) <= _NAME
        if not sound or not (is_iban(self.iban) or is_number(self.account)):
            raise Invalid("settings_invalid", "bank file: name, form, and an iban or an account")
        if self.bic and not is_bic(self.bic, self.form):
            raise Invalid("settings_invalid", "bank file: bic has 8 or 11 characters")
        if self.sepa and (self.currencies != {"EUR"} or not self.iban):
            raise Invalid("settings_invalid", "bank file: SEPA is EUR, from an iban")


_reading = threading.Lock()


@functools.cache
def _schema(form: str) -> XMLSchema:
    """The schema that the library brings: a sixth of a second goes into reading it."""
    # Loaded by the first file: it changes how every later import sees ElementTree.
    import xmlschema

    return xmlschema.XMLSchema(Path(validation.__file__).with_name("schemas") / f"{form}.xsd")


def _check(content: bytes, form: str) -> None:
    """Raise Rejected `file_invalid` for what the schema does not allow."""
    from xmlschema import XMLSchemaValidationError

    with _reading:
        try:
            _schema(form).validate(content.decode())
        except (XMLSchemaValidationError, ET.ParseError) as error:
            raise Rejected("file_invalid") from error


class Iso20022File:
    """Implements `kernel.ports.BankFile`."""

    def __init__(self, template: Template, digits: Digits) -> None:
        self._template = template
        self._digits = digits
        self.form: str = template.form

    def serves(self, to: Destination, currency: str) -> bool:
        """See the port."""
        if to.way != "bank" or currency not in self._template.currencies or not to.name:
            return False
        if to.bic and not is_bic(to.bic, self.form):
            # It would be written down all the same, and nobody else in the file would be paid.
            return False
        if self._template.sepa:
            return is_iban(to.iban)
        return is_iban(to.iban) or (is_number(to.account) and bool(to.bic))

    async def write(self, order: BankOrder) -> bytes:
        """See the port."""
        if not 0 < len(order.lines) <= LINES_MOST:
            raise Rejected("file_invalid")
        if not all(self.serves(line.to, order.currency) for line in order.lines):
            raise Rejected("destination_unfit")
        return await asyncio.to_thread(self._checked, order)

    def _checked(self, order: BankOrder) -> bytes:
        content = self._written(order)
        _check(content, self.form)
        return content

    def _written(self, order: BankOrder) -> bytes:
        root = ET.Element("Document", xmlns=f"urn:iso:std:iso:20022:tech:xsd:{self.form}")
        body = ET.SubElement(root, "CstmrCdtTrfInitn")
        total = self._digits.written(sum(line.amount for line in order.lines), order.currency)
        head = ET.SubElement(body, "GrpHdr")
        _put(head, "MsgId", f"venire-{order.file_id}")
        _put(head, "CreDtTm", iso_ms(order.made_at_ms)[:19])
        _put(head, "NbOfTxs", str(len(order.lines)))
        _put(head, "CtrlSum", total)
        _put(ET.SubElement(head, "InitgPty"), "Nm", plain_text(self._template.name, _NAME))
        self._orders(ET.SubElement(body, "PmtInf"), order, total)
        declared = b'<?xml version="1.0" encoding="UTF-8"?>\n'
        return declared + cast("bytes", ET.tostring(root, "utf-8"))

    def _orders(self, info: ET.Element, order: BankOrder, total: str) -> None:
        mine = self._template
        _put(info, "PmtInfId", f"venire-{order.file_id}-1")
        _put(info, "PmtMtd", "TRF")
        _put(info, "BtchBookg", "true")
        _put(info, "NbOfTxs", str(len(order.lines)))
        _put(info, "CtrlSum", total)
        if mine.sepa:
            _put(_under(info, "PmtTpInf", "SvcLvl"), "Cd", "SEPA")
        day = ET.SubElement(info, "ReqdExctnDt")
        if self._old:
            day.text = utc_day(order.made_at_ms)
        else:
            _put(day, "Dt", utc_day(order.made_at_ms))
        _put(ET.SubElement(info, "Dbtr"), "Nm", plain_text(mine.name, _NAME))
        self._account(ET.SubElement(info, "DbtrAcct"), mine.iban, mine.account)
        self._bank(ET.SubElement(info, "DbtrAgt"), mine.bic)
        _put(info, "ChrgBr", "SLEV" if mine.sepa else "SHAR")
        for line in order.lines:
            self._line(ET.SubElement(info, "CdtTrfTxInf"), order, line)

    def _line(self, one: ET.Element, order: BankOrder, line: BankLine) -> None:
        _put(ET.SubElement(one, "PmtId"), "EndToEndId", f"payout-{line.payout_id}")
        amount = ET.SubElement(ET.SubElement(one, "Amt"), "InstdAmt", Ccy=order.currency)
        amount.text = self._digits.written(line.amount, order.currency)
        if line.to.bic:
            self._bank(ET.SubElement(one, "CdtrAgt"), line.to.bic)
        _put(ET.SubElement(one, "Cdtr"), "Nm", plain_text(line.to.name, _NAME))
        self._account(ET.SubElement(one, "CdtrAcct"), line.to.iban, line.to.account)
        text = plain_text(f"{order.title} {line.payout_id}".strip(), _TEXT)
        _put(ET.SubElement(one, "RmtInf"), "Ustrd", text)

    def _account(self, parent: ET.Element, iban: str, account: str) -> None:
        named = ET.SubElement(parent, "Id")
        if iban:
            _put(named, "IBAN", iban)
        else:
            _put(ET.SubElement(named, "Othr"), "Id", account)

    def _bank(self, parent: ET.Element, bic: str) -> None:
        institution = ET.SubElement(parent, "FinInstnId")
        if bic:
            _put(institution, "BIC" if self._old else "BICFI", bic)
        else:
            _put(ET.SubElement(institution, "Othr"), "Id", "NOTPROVIDED")

    @property
    def _old(self) -> bool:
        return self.form == "pain.001.001.03"


def _put(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text


def _under(parent: ET.Element, *names: str) -> ET.Element:
    for name in names:
        parent = ET.SubElement(parent, name)
    return parent


def plain_text(text: str, most: int) -> str:
    """A text as banks pass it on: printable, on one line, not too long, never empty."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(shown.split())[:most].strip() or "-"


def is_iban(text: str) -> bool:
    """Whether it is an IBAN with the right check digits (ISO 13616)."""
    if not _IBAN.fullmatch(text):
        return False
    turned: Iterable[str] = text[4:] + text[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % _MODULUS == 1


def is_bic(text: str, form: str = "pain.001.001.09") -> bool:
    """Whether it has the shape of a BIC (ISO 9362), as a version of the file has it."""
    shape = _OLD_BIC if form == "pain.001.001.03" else _BIC
    return bool(shape.fullmatch(text))


def is_number(text: str) -> bool:
    """Whether it has the shape of a bank's own account number."""
    return bool(_NUMBER.fullmatch(text))
