"""From `[[vendors]]` of kind `sms` and `chat` to the ways to people's phones: the registry.

[[vendors]]
kind = "sms"
adapter = "twilio"               # secret_file: the account's auth token
options = { account = "AC...", from = "+15005550006" }

[[vendors]]
kind = "sms"
adapter = "infobip"              # secret_file: the API key
options = { address = "https://xxxxx.api.infobip.com", from = "Venire" }

[[vendors]]
kind = "sms"
adapter = "android"              # secret_file: the password, then the webhooks' signing key
options = { address = "http://192.168.1.10:8080", username = "sms" }

[[vendors]]
kind = "sms"
adapter = "smpp"                 # secret_file: the password; `tls = "no"` on a private line alone
options = { host = "smpp.example.net", port = "2776", system_id = "venire", from = "Venire" }

[[vendors]]
kind = "chat"
adapter = "ntfy"                 # or matrix, telegram, slack, signal; secret_file: its token
options = { address = "https://ntfy.example.org" }
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Final

from venire.adapters.sms.android_gateway import AndroidGateway
from venire.adapters.sms.infobip import Infobip
from venire.adapters.sms.smpp import Smpp
from venire.adapters.sms.twilio import ADDRESS as TWILIO
from venire.adapters.sms.twilio import Twilio
from venire.continuity.vendors.failover import Failover
from venire.continuity.vendors.messaging import OneChat, Texts
from venire.jury.chats import Chats
from venire.kernel.messages import TextReport
from venire.kernel.ports import ChatService, SmsService
from venire.people.phone_rules import TextPolicy, check_policy
from venire.people.texts import Phones, note_reports, report_address
from venire.server.settings import Settings
from venire.server.vendor_settings import (
    VendorSettings,
    of_kind,
    option,
    placed,
    refusal,
    secret_of,
    unknown_adapter,
)
from venire.storage.world import World

TEXT_S: Final = 5.0
"""Somebody waits for the code: one vendor has so long before the next is asked."""
CHAT_S: Final = 15.0


class _Given:
    """A vendor's block with its secret read, and where its receipts come."""

    def __init__(self, settings: Settings, vendor: VendorSettings, world: World) -> None:
        lines = secret_of(settings.folder, vendor).splitlines()
        self.vendor = vendor
        self.secret = lines[0].strip() if lines else ""
        self.more = lines[1].strip() if len(lines) > 1 else ""
        self.reports_at = report_address(world, vendor.name)
        self.loopback = settings.acceptance
        self.world = world

    def option(self, name: str, default: str | None = None) -> str:
        """An option of the block."""
        return option(self.vendor, name, default)


def _twilio(one: _Given) -> Twilio:
    return Twilio(
        one.option("account"),
        one.secret,
        sender=one.option("from"),
        reports_at=one.reports_at,
        address=one.option("address", TWILIO),
        loopback=one.loopback,
    )


def _infobip(one: _Given) -> Infobip:
    return Infobip(
        one.option("address"),
        one.secret,
        sender=one.option("from"),
        reports_at=one.reports_at,
        loopback=one.loopback,
    )


def _android(one: _Given) -> AndroidGateway:
    return AndroidGateway(
        one.option("address"),
        one.option("username"),
        one.secret,
        path=one.option("path", "/messages"),
        signing_key=one.more,
        loopback=one.loopback,
    )


def _smpp(one: _Given) -> Smpp:
    port = one.option("port", "2775")
    if not (port.isascii() and port.isdigit()):
        raise refusal(one.vendor, "port: a number")

    async def heard(report: TextReport) -> None:
        await note_reports(one.world, [report])

    return Smpp(
        one.option("host"),
        int(port),
        one.option("system_id"),
        one.secret,
        sender=one.option("from"),
        tls=one.option("tls", "yes") != "no",
        heard=heard,
    )


SMS: Final[Mapping[str, Callable[[_Given], Smpp | Twilio | Infobip | AndroidGateway]]] = {
    "smpp": _smpp,
    "twilio": _twilio,
    "infobip": _infobip,
    "android": _android,
}


def text_policy(settings: Settings) -> TextPolicy:
    """What the operator allows. Invalid `settings_invalid`."""
    policy = TextPolicy(
        countries=settings.phone_countries,
        per_day=settings.texts_per_day,
        cost=settings.text_cost,
        budget=settings.text_budget,
    )
    check_policy(policy)
    return policy


def open_phones(
    settings: Settings, world: World, stack: contextlib.AsyncExitStack
) -> Phones | None:
    """The way to people's phones, where a vendor is named. Invalid `settings_invalid`."""
    policy = text_policy(settings)
    services: dict[str, SmsService] = {}
    for vendor in of_kind(settings.vendors, "sms"):
        make = SMS.get(vendor.adapter)
        if make is None:
            raise unknown_adapter(vendor, SMS)
        with placed(vendor):
            made = make(_Given(settings, vendor, world))
        stack.push_async_callback(made.close)
        services[vendor.name] = made
    if not services:
        return None
    failover = Failover[SmsService](world, "sms", services, try_s=TEXT_S)
    return Phones(Texts(failover), policy, services)


def open_chats(settings: Settings, world: World, stack: contextlib.AsyncExitStack) -> Chats | None:
    """The chat services for alerts, where one is named. Invalid `settings_invalid`."""
    if not of_kind(settings.vendors, "chat"):
        return None
    # Its library brings ten megabytes of others along, which few sites need.
    from venire.adapters.chat.apprise_chat import SERVICES, AppriseChat

    services: dict[str, ChatService] = {}
    operators: list[tuple[str, str]] = []
    for vendor in of_kind(settings.vendors, "chat"):
        if vendor.adapter not in SERVICES:
            raise unknown_adapter(vendor, SERVICES)
        secret = secret_of(settings.folder, vendor).strip()
        with placed(vendor):
            made = AppriseChat(vendor.adapter, secret, vendor.options, loopback=settings.acceptance)
        stack.push_async_callback(made.close)
        services[vendor.name] = made
        where = option(vendor, "operators", "")
        if where and not made.accepts(where):
            raise refusal(vendor, "operators: no address there")
        operators += [(vendor.name, where)] if where else []
    if not services:
        return None
    # No canary: an address belongs to one service.
    failover = Failover[ChatService](world, "chat", services, try_s=CHAT_S, share=0.0)
    return Chats({name: OneChat(failover, name) for name in services}, tuple(operators))
