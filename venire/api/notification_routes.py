"""Routes of notifications: the list, its groups, the policy, requests, push, and one's address."""

from __future__ import annotations

from venire.api import emails, notifications, push
from venire.api import grouped_notifications as groups
from venire.api import notification_policy as policy
from venire.api.routing import Options, Route

_STILL = Options(while_suspended=True)
"""A suspended account still hears what concerns it, and may put it away."""
_N = "/api/v1/notifications"
_G = "/api/v2/notifications"
_Q = f"{_N}/requests"
_R, _W = "read:notifications", "write:notifications"

NOTIFICATIONS: tuple[Route, ...] = (
    Route("GET", _N, notifications.show_notifications, _R),
    Route("GET", f"{_N}/unread_count", notifications.unread_count, _R),
    Route("POST", f"{_N}/clear", notifications.clear, _W, options=_STILL),
    Route("POST", f"{_N}/dismiss", notifications.dismiss_named, _W, options=_STILL),
    Route("GET", f"{_N}/policy", policy.show_policy_v1, _R),
    Route("PUT", f"{_N}/policy", policy.edit_policy_v1, _W, options=_STILL),
    Route("PATCH", f"{_N}/policy", policy.edit_policy_v1, _W, options=_STILL),
    Route("GET", _Q, policy.show_requests, _R),
    Route("POST", f"{_Q}/accept", policy.accept_many, _W, options=_STILL),
    Route("POST", f"{_Q}/dismiss", policy.dismiss_many, _W, options=_STILL),
    Route("GET", f"{_Q}/merged", policy.merged, _R),
    Route("GET", f"{_Q}/{{id}}", policy.show_request, _R),
    Route("POST", f"{_Q}/{{id}}/accept", policy.accept, _W, options=_STILL),
    Route("POST", f"{_Q}/{{id}}/dismiss", policy.dismiss, _W, options=_STILL),
    Route("GET", f"{_N}/{{id}}", notifications.show_notification, _R),
    Route("POST", f"{_N}/{{id}}/dismiss", notifications.dismiss, _W, options=_STILL),
    Route("GET", _G, groups.show_groups, _R),
    Route("GET", f"{_G}/unread_count", groups.unread_count, _R),
    Route("POST", f"{_G}/clear", notifications.clear, _W, options=_STILL),
    Route("GET", f"{_G}/policy", policy.show_policy, _R),
    Route("PATCH", f"{_G}/policy", policy.edit_policy, _W, options=_STILL),
    Route("PUT", f"{_G}/policy", policy.edit_policy, _W, options=_STILL),
    Route("GET", f"{_G}/{{group_key}}", groups.show_group, _R),
    Route("GET", f"{_G}/{{group_key}}/accounts", groups.show_accounts, _R),
    Route("POST", f"{_G}/{{group_key}}/dismiss", groups.dismiss_group, _W, options=_STILL),
)

_P = "/api/v1/push/subscription"

PUSH: tuple[Route, ...] = (
    Route("GET", _P, push.show, "push"),
    Route("POST", _P, push.subscribe, "push", options=_STILL),
    Route("PUT", _P, push.change, "push", options=_STILL),
    Route("DELETE", _P, push.unsubscribe, "push", options=_STILL),
)

EMAILS: tuple[Route, ...] = (
    # Open, since a token of an address that waits is refused everywhere else.
    Route("GET", "/api/v1/emails/check_confirmation", emails.check_confirmation, "open"),
    Route("POST", "/api/v1/emails/confirmations", emails.send_again, "open", "sign_in"),
)
