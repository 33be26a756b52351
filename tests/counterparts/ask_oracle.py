"""Runs in the environment of the oracles: a vendor's own library asks for what a test describes.

`python ask_oracle.py CALL ADDRESS` with the call's arguments as JSON on its input. What comes back
is not looked at: the recorder at ADDRESS has written down what was asked.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any


def twilio_message(address: str, said: dict[str, Any]) -> None:
    """Twilio's library: a message."""
    from twilio.http.http_client import TwilioHttpClient
    from twilio.rest import Client

    class Here(TwilioHttpClient):
        def request(self, method: str, url: str, *arguments: Any, **named: Any) -> Any:
            there = url.replace("https://api.twilio.com", address)
            return super().request(method, there, *arguments, **named)

    Client(said["account"], said["token"], http_client=Here()).messages.create(**said["message"])


def infobip_message(address: str, said: dict[str, Any]) -> None:
    """Infobip's library: a message, by its own models."""
    from infobip_api_client import ApiClient, Configuration, SmsApi, SmsRequest

    settings = Configuration(
        host=address, api_key={"APIKeyHeader": said["key"]}, api_key_prefix={"APIKeyHeader": "App"}
    )
    with ApiClient(settings) as client:
        SmsApi(client).send_sms_messages(SmsRequest.from_dict(said["body"]))


def stripe_call(address: str, said: dict[str, Any]) -> None:
    """Stripe's library: any call that it has, as `checkout.sessions.create`."""
    import stripe

    client = stripe.StripeClient(said["key"], base_addresses={"api": address})
    at: Any = client.v1
    for part in said["call"].split("."):
        at = getattr(at, part)
    options = {"stripe_version": said["version"], "idempotency_key": said["again"]}
    at(*said["names"], params=said["params"], options=options)


def xendit_payout(address: str, said: dict[str, Any]) -> None:
    """Xendit's library: a payout."""
    import xendit
    from xendit.apis import PayoutApi
    from xendit.payout.model.create_payout_request import CreatePayoutRequest
    from xendit.payout.model.digital_payout_channel_properties import (
        DigitalPayoutChannelProperties,
    )

    body = dict(said["body"])
    body["channel_properties"] = DigitalPayoutChannelProperties(**body["channel_properties"])
    body["amount"] = float(body["amount"])
    PayoutApi(_xendit(xendit, address, said)).create_payout(
        said["again"], create_payout_request=CreatePayoutRequest(**body)
    )


def xendit_refund(address: str, said: dict[str, Any]) -> None:
    """Xendit's library: a refund."""
    import xendit
    from xendit.apis import RefundApi
    from xendit.refund.model.create_refund import CreateRefund

    body = {**said["body"], "amount": float(said["body"]["amount"])}
    RefundApi(_xendit(xendit, address, said)).create_refund(
        idempotency_key=said["again"], create_refund=CreateRefund(**body)
    )


def xendit_transactions(address: str, said: dict[str, Any]) -> None:
    """Xendit's library: its list of transactions."""
    import xendit
    from xendit.apis import TransactionApi
    from xendit.balance_and_transaction.model.date_range_filter import DateRangeFilter
    from xendit.balance_and_transaction.model.transaction_types import TransactionTypes

    TransactionApi(_xendit(xendit, address, said)).get_all_transactions(
        types=[TransactionTypes(said["type"])],
        created=DateRangeFilter(gte=datetime.fromisoformat(said["from"])),
        limit=float(said["limit"]),
        after_id=said["after"],
    )


def xendit_balance(address: str, said: dict[str, Any]) -> None:
    """Xendit's library: the balance."""
    import xendit
    from xendit.apis import BalanceApi

    BalanceApi(_xendit(xendit, address, said)).get_balance()


def _xendit(library: Any, address: str, said: dict[str, Any]) -> Any:
    return library.ApiClient(library.Configuration(host=address, api_key=said["key"]))


def twilio_signature(_address: str, said: dict[str, Any]) -> None:
    """Twilio's library: what a webhook is signed with, printed."""
    from twilio.request_validator import RequestValidator

    signed = RequestValidator(said["token"]).compute_signature(said["url"], said["fields"])
    sys.stdout.write(str(signed))


def stripe_event(_address: str, said: dict[str, Any]) -> None:
    """Stripe's library: whether it believes a webhook; the event's id, or the kind of its doubt."""
    import stripe

    try:
        event = stripe.Webhook.construct_event(said["body"], said["header"], said["secret"])
    except stripe.SignatureVerificationError as error:
        sys.stdout.write(type(error).__name__)
        return
    sys.stdout.write(str(event["id"]))


CALLS: dict[str, Callable[[str, dict[str, Any]], None]] = {
    "twilio_message": twilio_message,
    "infobip_message": infobip_message,
    "twilio_signature": twilio_signature,
    "stripe_event": stripe_event,
    "stripe_call": stripe_call,
    "xendit_payout": xendit_payout,
    "xendit_refund": xendit_refund,
    "xendit_transactions": xendit_transactions,
    "xendit_balance": xendit_balance,
}


if __name__ == "__main__":
    try:
        CALLS[sys.argv[1]](sys.argv[2], json.load(sys.stdin))
    except Exception as error:  # noqa: BLE001 - of an answer that is none, each has an error of its own
        with contextlib.suppress(OSError):
            sys.stderr.write(f"{type(error).__name__}: {str(error)[:2000]}\n")
