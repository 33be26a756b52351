"""Every drill of vendors by its name; what it is for, and within how many seconds it must work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from venire.cli.drills.vendors import (
    chats,
    datacentre,
    everything,
    messages,
    money,
    names,
    objects,
    signing_in,
    stores,
)
from venire.cli.drills.vendors.stage import Stage


class Drill(NamedTuple):
    """One drill: a line for the list, its limit, and what performs it on a stage."""

    says: str
    within_s: float
    perform: Callable[[Stage], None]


DRILLS: Final[dict[str, Drill]] = {
    "sms-a-closed": Drill("the first vendor of texts refuses us", 2.0, messages.sms_a_closed),
    "mail-a-5xx": Drill("the first mail submission refuses us", 10.0, messages.mail_a_5xx),
    "chat-gone": Drill("the chat that jurors are reached by refuses us", 900.0, chats.chat_gone),
    "stripe-closed": Drill("the first processor refuses us", 2.0, money.stripe_closed),
    "passkey-domain-lost": Drill(
        "the domain, and every passkey made for it", 60.0, signing_in.passkey_domain_lost
    ),
    "bucket-a-gone": Drill("the first store of files", 5.0, objects.bucket_a_gone),
    "media-revoked": Drill(
        "the right to show a picture, here and at mirrors", 10.0, objects.media_revoked
    ),
    "host-and-bucket-a-gone": Drill(
        "the machine and the first store, at work", 60.0, stores.host_and_bucket_a_gone
    ),
    "ca-gone": Drill("the first authority and a host of names refuse us", 20.0, names.ca_gone),
    "registrar-gone": Drill(
        "the site's name, and the first host of it", 60.0, names.registrar_gone
    ),
    "datacentre-lost": Drill(
        "a place: host, store, name server and mail relay", 60.0, datacentre.datacentre_lost
    ),
    "january-2021": Drill(
        "every vendor of one country at once, a whole site", 120.0, everything.january_2021
    ),
    "return": Drill("back on the first vendors, at work", 120.0, everything.back_again),
}
