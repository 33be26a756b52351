"""The ways to people's mailboxes: the setting `mail` first, then the blocks of kind `mail`.

[[vendors]]
kind = "mail"
adapter = "smtp"
name = "second"
owner = "Another Post Ltd"
country = "ID"
secret_file = "keys/mail-second.password"
options = { url = "smtps://venire@mail.example.org:465", from = "no-reply@example.org" }
"""

from __future__ import annotations

from typing import Final

from venire.adapters.mail.submission import SmtpSubmission, read_server
from venire.continuity.vendors.mail_routes import MailRoutes
from venire.kernel.ports import MailService
from venire.kernel.vendors import Listed
from venire.server import keys
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

FIRST: Final = "mail"
"""The name of the submission that the setting `mail` names."""
ADAPTER: Final = "smtp"
_ALONE_S: Final = 60.0
_SHARED_S: Final = 20.0
"""How long one submission may take: less where another one waits."""


def first_submission(settings: Settings) -> tuple[Listed, ...]:
    """The submission of the setting `mail` as the register lists it: who refuses must be found."""
    if not (settings.mail and settings.letters):
        return ()
    return (Listed(kind="mail", name=FIRST, usable=True),)


def mail_services(settings: Settings) -> dict[str, MailService]:
    """Every submission by name, in the order in which they are asked; none where none is named.

    Invalid `mail_invalid`, `settings_invalid`; Unavailable `mail_password_missing`,
    `vendor_secret_missing`.
    """
    if not settings.letters:
        return {}
    blocks = of_kind(settings.vendors, "mail")
    alone = len(blocks) + bool(settings.mail) == 1
    services: dict[str, MailService] = {}
    if settings.mail:
        server = read_server(settings.mail)
        password = keys.mail_password(settings) if server.username else ""
        services[FIRST] = _submission(
            settings, settings.mail, password, settings.mail_sender, alone=alone
        )
    for vendor in blocks:
        with placed(vendor):
            services[vendor.name] = _of_block(settings, vendor, services, alone=alone)
    return services


def _of_block(
    settings: Settings, vendor: VendorSettings, there: dict[str, MailService], *, alone: bool
) -> MailService:
    if vendor.adapter != ADAPTER:
        raise unknown_adapter(vendor, (ADAPTER,))
    if vendor.name in there:
        raise refusal(vendor, "this is what the setting `mail` is called")
    password = secret_of(settings.folder, vendor)
    if read_server(option(vendor, "url")).username and not password:
        # It would refuse us at the first letter, which is for a person to find out.
        raise refusal(vendor, "secret_file: a file with the password")
    sender = option(vendor, "from", settings.mail_sender)
    return _submission(settings, option(vendor, "url"), password, sender, alone=alone)


def _submission(
    settings: Settings, url: str, password: str, sender: str, *, alone: bool
) -> SmtpSubmission:
    return SmtpSubmission(
        read_server(url, password),
        sender=sender,
        name=settings.title,
        site_host=sender.rpartition("@")[2],
        whole_s=_ALONE_S if alone else _SHARED_S,
    )


def open_mail(settings: Settings, world: World) -> MailService | None:
    """The one way out that letters take; it goes over several where there are.

    Over one, too, so that the register knows how it does.
    """
    services = mail_services(settings)
    return MailRoutes(world, services) if services else None
