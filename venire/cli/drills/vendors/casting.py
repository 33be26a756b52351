"""Who plays which vendor in a drill: our stand-in, or a real one behind a proxy of ours.

Each function lets one stand until the drill ends, and gives its `[[vendors]]` block. `place` 0 is
the vendor that is lost, 1 the one that is left.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any, Final, Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from venire.cli.drills.counterparts import infobip, name_server, twilio
from venire.cli.drills.counterparts.authority import Authority
from venire.cli.drills.counterparts.certified import certified
from venire.cli.drills.counterparts.infobip import InfobipCounterpart
from venire.cli.drills.counterparts.name_server import NameServer
from venire.cli.drills.counterparts.proxied import (
    AuthorityProxy,
    InfobipProxy,
    Proxied,
    StripeProxy,
    TwilioProxy,
    XenditProxy,
)
from venire.cli.drills.counterparts.relayed import CentreProxy, NameProxy, SubmissionProxy
from venire.cli.drills.counterparts.server import Counterpart, Served
from venire.cli.drills.counterparts.smtp import Submission
from venire.cli.drills.counterparts.stripe import StripeCounterpart
from venire.cli.drills.counterparts.twilio import TwilioCounterpart
from venire.cli.drills.counterparts.xendit import XenditCounterpart
from venire.cli.drills.vendors.endpoints import Endpoint
from venire.cli.drills.vendors.stage import Stage, vendor
from venire.kernel.clock import SystemClock

Block = tuple[str, dict[str, Any]]
_SIDES: Final = "ab"


class Texting(Served, Protocol):
    """Whoever sends texts: what it took, to whom, and whether our account there is closed."""

    closed: bool

    @property
    def sent(self) -> list[tuple[str, str]]:
        """To whom which text went."""


def texting(stage: Stage, data: Path, place: int) -> tuple[Texting, Block]:
    """A vendor of texts: Twilio's stand-in first, then Infobip's."""
    name = f"{_SIDES[place]}-texts"
    real = stage.real("sms", place)
    if real is not None:
        standing, options = _real_texting(stage, real)
        secret = stage.secret(data, name, real.secret)
        said = {**real.options, **options}
        return standing, vendor("sms", name, real.adapter, secret_file=secret, options=said)
    if place == 0:
        first = TwilioCounterpart()
        options = {"account": twilio.ACCOUNT, "from": twilio.SENDER}
        options["address"] = stage.stand_in(first)
        secret = stage.secret(data, name, twilio.TOKEN)
        return first, vendor("sms", name, "twilio", secret_file=secret, options=options)
    second = InfobipCounterpart()
    options = {"address": stage.stand_in(second), "from": "Venire"}
    secret = stage.secret(data, name, infobip.KEY)
    return second, vendor("sms", name, "infobip", secret_file=secret, options=options)


def _real_texting(stage: Stage, real: Endpoint) -> tuple[Texting, dict[str, str]]:
    if real.adapter == "smpp":
        centre = CentreProxy(real.address)
        stage.stand_in(centre)
        host, port = centre.address
        return centre, {"host": host, "port": str(port), "tls": "no"}
    kind = TwilioProxy if real.adapter == "twilio" else InfobipProxy
    standing = kind(real.address, context=_trusting(real))
    return standing, {"address": _before(stage, standing)}


def _before(stage: Stage, proxy: Proxied, context: ssl.SSLContext | None = None) -> str:
    stage.at_end(proxy.close)
    return stage.stand_in(proxy, context)


def _trusting(real: Endpoint) -> ssl.SSLContext | None:
    return ssl.create_default_context(cafile=real.trusted_file) if real.trusted_file else None


def submission(stage: Stage, place: int, sender: str = "") -> tuple[Submission, Block]:
    """A submission of mail. `sender`: where its letters come from, if that is to be said."""
    real = stage.real("mail", place)
    standing = Submission() if real is None else SubmissionProxy(real.address)
    stage.stand_in(standing)
    options = {"url": standing.address, **({"from": sender} if sender else {})}
    return standing, vendor("mail", f"{_SIDES[place]}-mail", "smtp", options=options)


def processors(stage: Stage) -> tuple[StripeCounterpart, XenditCounterpart]:
    """Two processors of payments: Stripe first, then Xendit."""
    now_s = SystemClock().now_ms() // 1_000
    first, second = stage.real("payments", 0), stage.real("payments", 1)
    stripe: StripeCounterpart = StripeCounterpart(now_s)
    if first is not None:
        stripe = StripeProxy(first.address, now_s, context=_trusting(first))
    xendit: XenditCounterpart = XenditCounterpart(now_s)
    if second is not None:
        xendit = XenditProxy(second.address, now_s, context=_trusting(second))
    for one in (stripe, xendit):
        stage.stand_in(one)
        if isinstance(one, Proxied):
            stage.at_end(one.close)
    return stripe, xendit


def name_host(stage: Stage, data: Path, place: int, *zones: str) -> tuple[NameServer, Block]:
    """A host of names, which has the zones."""
    name = f"{_SIDES[place]}-names"
    real = stage.real("dns", place)
    key = name_server.KEY if real is None else real.secret
    host = NameServer(*zones) if real is None else NameProxy(real.address, key, *zones)
    stage.stand_in(host)
    address, port = host.address
    options = {"server": address, "port": str(port), "zones": " ".join(zones)}
    secret = stage.secret(data, name, key)
    return host, vendor("dns", name, "rfc2136", secret_file=secret, options=options)


def authority(
    stage: Stage, data: Path, place: int, hosts: tuple[NameServer, ...]
) -> tuple[Counterpart, Block]:
    """An authority. Ours looks at all the hosts; a real one where it was told to when started.

    It speaks TLS with a certificate of the drill's own: a usual site asks no other way.
    """
    name = f"{_SIDES[place]}-ca"
    real = stage.real("certificates", place)
    context, shown = certified(stage.folder, name)
    # Among the keys: what lies elsewhere is in no backup.
    trusted = stage.secret(data, f"{name}.pem", shown.read_text())
    options = {"terms_agreed": "yes", "trusted_file": trusted}
    standing: Counterpart
    if real is None:
        standing = Authority(name, hosts)
        stage.stand_in(standing, context)
        options["directory"] = f"{standing.url}/dir"
    else:
        base, _, directory = real.address.partition("://")[2].partition("/")
        scheme = real.address.partition("://")[0]
        standing = AuthorityProxy(f"{scheme}://{base}", context=_trusting(real))
        options["directory"] = f"{_before(stage, standing, context)}/{directory}"
    secret = stage.secret(data, name, _account())
    return standing, vendor("certificates", name, "acme", secret_file=secret, options=options)


def _account() -> str:
    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )
