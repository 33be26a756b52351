"""How a message reaches a person in whatever client they use: a direct message, once per key."""

from __future__ import annotations

from venire.cases.court import Court
from venire.kernel.i18n import translate
from venire.posts import actions as posts


async def tell(court: Court, account_id: int, text: str, *, key: str) -> None:
    """Send a direct message from the site's account; again with the same key is once."""
    await posts.send_direct(court.world, court.site_account_id, account_id, text, key=key)


def warning_text(language: str, text: str) -> str:
    """What a moderator has to say to somebody, without any consequence."""
    said = translate(language, "A moderator of this site warns you. It has no consequence for now.")
    return f"{said}\n\n{text}" if text else said
