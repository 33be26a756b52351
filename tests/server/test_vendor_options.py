"""An option that nobody reads is refused at start, and every option that is listed is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.adapters.chat.apprise_chat import SERVICES
from venire.kernel.errors import Invalid
from venire.server import mail, money, naming, texting
from venire.server.near_names import meant, nearest, of_unknown_field
from venire.server.settings import load_settings
from venire.server.vendor_options import OPTIONS
from venire.server.vendor_settings import VendorSettings, option

DOCS = Path(__file__).parents[2] / "docs"


def write(folder, text):
    (folder / "venire.toml").write_text(text, encoding="utf-8")
    return load_settings({"data": str(folder)}, {})


def block(kind, adapter, options):
    return (
        f'[[vendors]]\nkind = "{kind}"\nadapter = "{adapter}"\nname = "first"\n'
        f"options = {{ {options} }}\n"
    )


@pytest.mark.parametrize(
    ("kind", "adapter", "key", "near"),
    [
        ("payments", "stripe", "curencies", "currencies"),
        ("payments", "btcpay", "adress", "address"),
        ("payouts", "stripe-connect", "currencies", ""),
        ("payouts", "bank-file", "IBAN", "iban"),
        ("sms", "smpp", "systemid", "system_id"),
        ("sms", "twilio", "sender", ""),
        ("dns", "rfc2136", "zone", "zones"),
        ("certificates", "acme", "term_agreed", "terms_agreed"),
        ("mail", "smtp", "form", "from"),
        ("chat", "signal", "operator", "operators"),
    ],
)
def test_a_key_that_nobody_reads_is_refused_with_the_one_that_was_meant(
    tmp_path, kind, adapter, key, near
):
    with pytest.raises(Invalid) as caught:
        write(tmp_path, block(kind, adapter, f'{key} = "x"'))
    assert caught.value.code == "vendor_option_unknown"
    assert caught.value.data == {"option": key, "nearest": near}
    assert f"vendors: {kind} 'first': options: nobody reads {key!r}" in caught.value.hint
    assert (f"did you mean {near!r}?" if near else "there are ") in caught.value.hint


def test_a_block_without_an_adapter_takes_none(tmp_path):
    with pytest.raises(Invalid) as caught:
        write(tmp_path, '[[vendors]]\nkind = "bank"\nname = "b"\noptions = { iban = "x" }\n')
    assert caught.value.code == "vendor_option_unknown"
    assert "it takes none" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ('[[stores]]\nname = "a"\nurl = "file:///x"\nregoin = "eu"\n', "region"),
        ('[[stores]]\nname = "a"\nurl = "file:///x"\nend_point = "eu"\n', "endpoint"),
        ('[[vendors]]\nkind = "bank"\nname = "a"\ncontry = "ID"\n', "country"),
        ('[[prices]]\ncurrency = "IDR"\namount = 1\nperoid = "month"\n', "period"),
        ("membership_grace_day = 3\n", "membership_grace_days"),
        ('[[vendor]]\nkind = "bank"\nname = "a"\n', "vendors"),
    ],
)
def test_a_wrong_name_in_any_block_is_told_the_nearest(tmp_path, text, near):
    with pytest.raises(Invalid) as caught:
        write(tmp_path, text)
    assert caught.value.code == "settings_invalid"
    assert f"did you mean {near!r}?" in caught.value.hint


@given(st.text(max_size=300), st.lists(st.text(max_size=20), max_size=5))
def test_no_name_is_too_strange_for_a_hint(name, known):
    assert nearest(name, known) in {*known, ""}
    assert meant(name, known)
    said = f"Object contains unknown field `{name}` - at `$.stores[0]`"
    assert of_unknown_field(said, {"stores": known}).startswith(said)


def registered():
    """Every adapter that a block may name, by kind."""
    return {
        "sms": set(texting.SMS),
        "chat": set(SERVICES),
        "mail": {mail.ADAPTER},
        "payments": set(money.PAYMENTS),
        "payouts": {*money.PAYOUTS, money.BANK_FILE},
        "dns": set(naming.DNS),
        "certificates": set(naming.CERTIFICATES),
    }


def test_every_adapter_lists_its_options_and_nothing_else_does():
    expected = {(kind, name) for kind, names in registered().items() for name in names}
    assert set(OPTIONS) == expected


def _asked(path):
    """The options that a module asks for by their names."""
    text = Path(path).read_text(encoding="utf-8")
    return set(re.findall(r'option\((?:[a-z.]+, )?"([a-z_]+)"', text)) | (
        {"address"} if ".at(" in text else set()
    )


def test_what_is_listed_is_read_and_what_is_read_is_listed():
    kinds = {
        texting: {"sms"},
        money: {"payments", "payouts"},
        mail: {"mail"},
        naming: {"dns", "certificates"},
    }
    for module, some in kinds.items():
        listed = {name for (kind, _), names in OPTIONS.items() if kind in some for name in names}
        assert _asked(module.__file__) - {"operators"} == listed, module.__name__
    chats = {name for (kind, _), names in OPTIONS.items() if kind == "chat" for name in names}
    assert chats == {"address", "from", "operators"}, "as AppriseChat and texting.open_chats read"


def test_an_adapter_cannot_read_what_is_not_listed():
    vendor = VendorSettings(kind="sms", name="x", adapter="twilio", options={"account": "AC"})
    assert option(vendor, "account") == "AC"
    with pytest.raises(LookupError):
        option(vendor, "acount", "")


def test_every_option_of_an_example_in_the_docs_is_one():
    seen = 0
    block = re.compile(r"\[\[vendors\]\].*?(?=\n\s*\n|\n```|\Z)", re.DOTALL)
    for page in DOCS.glob("*.md"):
        for found in block.findall(page.read_text(encoding="utf-8")):
            kind, adapter = (
                re.search(rf'{what} = "([a-z0-9-]+)"', found) for what in ("kind", "adapter")
            )
            options = re.search(r"options = \{(.*?)\}", found, re.DOTALL)
            if kind and adapter and options:
                names = re.findall(r"([a-z_]+) = ", options[1])
                assert set(names) <= set(OPTIONS[kind[1], adapter[1]]), page.name
                seen += 1
    assert seen > 3
