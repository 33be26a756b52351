"""The routes of signing in with more than a password, and of letters that came back."""

from __future__ import annotations

from venire.api import factors, mail_door
from venire.api.routing import Handler, Options, Route

_STILL = Options(while_suspended=True)
"""A suspended account is to be looked after, too: somebody may have stolen it."""
_F = "/api/v1/accounts/factors"
_READ, _WRITE = "read:accounts", "write:accounts"


def _change(method: str, path: str, handler: Handler, limit: str = "general") -> Route:
    return Route(method, f"{_F}{path}", handler, _WRITE, limit, options=_STILL)


FACTORS: tuple[Route, ...] = (
    Route("GET", _F, factors.show, _READ, options=_STILL),
    Route("GET", f"{_F}/confirmation", factors.begin_confirmation, _READ, options=_STILL),
    _change("POST", "/confirmation", factors.confirm, "sign_in"),
    _change("POST", "/passkeys/options", factors.begin_passkey),
    _change("POST", "/passkeys", factors.add_passkey, "sign_in"),
    _change("DELETE", "/passkeys/{id}", factors.remove_passkey),
    _change("POST", "/totp", factors.begin_totp, "sign_in"),
    _change("POST", "/totp/confirm", factors.confirm_totp, "sign_in"),
    _change("DELETE", "/totp", factors.remove_totp),
    _change("POST", "/mail_code", factors.add_mail_code, "sign_in"),
    _change("DELETE", "/mail_code", factors.remove_mail_code),
    _change("POST", "/text_code", factors.add_text_code, "sign_in"),
    _change("DELETE", "/text_code", factors.remove_text_code),
    _change("POST", "/recovery_codes", factors.renew_codes, "sign_in"),
    Route(
        "DELETE",
        "/api/v1/admin/accounts/{id}/factors",
        factors.clear,
        "admin:write:accounts",
        doc="admins alone; for a member who lost everything",
    ),
    Route(
        "POST",
        "/api/v1/mail/bounces",
        mail_door.take_in,
        "open",
        doc="from the site's own mail server, which knows keys/bounce.key",
        options=Options(body_bytes=mail_door.BODY_BYTES),
    ),
)
