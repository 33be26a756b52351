"""From the settings' blocks to what moves money: each adapter by its name, secrets from files."""

from __future__ import annotations

import contextlib

import pytest

from venire.adapters.payments.btcpay import BtcPay
from venire.adapters.payments.stripe import Stripe
from venire.adapters.payments.xendit import Xendit
from venire.adapters.payouts.stripe_connect import StripeConnect
from venire.adapters.payouts.xendit import XenditPayouts
from venire.cases.policy import load_policy
from venire.kernel.errors import Invalid, Unavailable
from venire.server.money import money_of
from venire.server.settings import load_settings
from venire.server.vendor_settings import VendorSettings
from venire.treasury.membership_rules import Prices

pytestmark = pytest.mark.anyio

BLOCKS = """
membership_grace_days = 10

[[vendors]]
kind = "payments"
adapter = "stripe"
name = "cards-a"
secret_file = "keys/a"

[[vendors]]
kind = "payments"
adapter = "xendit"
name = "cards-b"
secret_file = "keys/b"
options = { currencies = "IDR,PHP" }

[[vendors]]
kind = "payments"
adapter = "btcpay"
name = "coins"
secret_file = "keys/a"
options = { address = "https://pay.example.org", store = "s1" }

[[vendors]]
kind = "payouts"
adapter = "stripe-connect"
name = "pay-a"
secret_file = "keys/a"

[[vendors]]
kind = "payouts"
adapter = "xendit"
name = "pay-b"
secret_file = "keys/b"

[[vendors]]
kind = "payouts"
adapter = "bank-file"
name = "bank"
options = { name = "Yayasan", account = "1234567890", bic = "CENAIDJA", currencies = "IDR" }

[[prices]]
currency = "IDR"
amount = 5000000
period = "month"
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/a").write_text("sk_one\nwhsec_one\n")
    (tmp_path / "keys/half").write_text("sk_one\n")
    (tmp_path / "keys/b").write_text("xnd_two\r\ntoken_two\r\n")
    return tmp_path


async def built(folder, vendors):
    async with contextlib.AsyncExitStack() as stack:
        return money_of(
            stack, None, folder=folder, vendors=vendors, prices=Prices(), policy=load_policy()
        )


async def test_each_block_becomes_its_adapter_in_the_order_of_the_file(folder):
    (folder / "venire.toml").write_text(BLOCKS)
    settings = load_settings({"data": str(folder)}, {})
    assert settings.membership_grace_days == 10
    assert settings.prices[0].amount == 5_000_000
    money = await built(folder, settings.vendors)
    assert {name: type(one) for name, one in money.payments.services.items()} == {
        "cards-a": Stripe,
        "cards-b": Xendit,
        "coins": BtcPay,
    }
    assert {name: type(one) for name, one in money.payouts.services.items()} == {
        "pay-a": StripeConnect,
        "pay-b": XenditPayouts,
    }
    assert money.payouts._share == 0
    assert money.bank.form == "pain.001.001.09"
    assert list(money.payments.services) == ["cards-a", "cards-b", "coins"]
    assert not money.payments.services["cards-b"].takes("EUR")
    assert money.payments.services["cards-a"].takes("EUR")


async def test_without_a_block_nothing_takes_coins(folder):
    money = await built(folder, ())
    assert money.payments.services == {}
    assert money.bank is None


@pytest.mark.parametrize(
    ("block", "error"),
    [
        ({"adapter": "midtrans", "secret_file": "keys/a"}, Invalid),
        ({"adapter": "stripe"}, Invalid),
        # Without the secret of its webhooks nobody who pays would become a member.
        ({"adapter": "stripe", "secret_file": "keys/half"}, Invalid),
        ({"adapter": "bank-file", "options": {"name": "Yayasan"}}, Invalid),
        ({"adapter": "stripe", "secret_file": "keys/none"}, Unavailable),
        ({"adapter": "btcpay", "secret_file": "keys/a"}, Invalid),
        (
            {
                "adapter": "stripe",
                "secret_file": "keys/a",
                "options": {"address": "http://127.0.0.1:9"},
            },
            Invalid,
        ),
    ],
)
async def test_a_block_that_cannot_be_meant_is_refused_at_start(folder, block, error):
    vendor = VendorSettings(kind="payments", name="x", **block)
    with pytest.raises(error) as caught:
        await built(folder, (vendor,))
    assert "sk_one" not in str(caught.value)
    assert "payments 'x'" in str(caught.value)


@pytest.mark.parametrize(
    "text", ["[[prices]]\ncurrency = 'x'\namount = 5", "membership_grace_days = 999"]
)
def test_prices_that_cannot_be_meant_are_refused_at_start(folder, text):
    (folder / "venire.toml").write_text(text)
    with pytest.raises(Invalid, match="settings_invalid"):
        load_settings({"data": str(folder)}, {})
