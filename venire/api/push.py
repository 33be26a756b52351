"""Push subscriptions: https://docs.joinmastodon.org/methods/push/."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from venire.api.form import Form
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.errors import Unauthenticated
from venire.posts import push
from venire.posts.push import ALERTS, Keys, Subscription, Wanted


class SubscriptionEntity(msgspec.Struct, frozen=True):
    """What a device is told, and the key with which it is spoken to."""

    id: str
    endpoint: str
    standard: bool
    alerts: dict[str, bool]
    policy: str
    server_key: str


def _response(request: ApiRequest, one: Subscription) -> Response:
    entity = SubscriptionEntity(
        id=str(one.id),
        endpoint=one.endpoint,
        standard=one.standard,
        alerts={name: name in one.alerts for name in ALERTS},
        policy=one.policy,
        server_key=request.settings.vapid_public_key,
    )
    return json_response(entity)


def _token_id(request: ApiRequest) -> int:
    if request.viewer is None:
        raise Unauthenticated("access_token_invalid", "The access token is invalid")
    return request.viewer.token_id


def _wanted(form: Form) -> Wanted:
    data = form.nested("data")
    alerts = data.nested("alerts")
    return Wanted(
        alerts=tuple(name for name in ALERTS if alerts.flag(name)),
        policy=data.text("policy", limit=20) or form.text("policy", limit=20) or "all",
    )


async def subscribe(court: Court, request: ApiRequest) -> Response:
    """Tell this device from now on."""
    form = await request.form()
    sent = form.nested("subscription")
    keys = sent.nested("keys")
    one = await push.subscribe(
        court.world,
        request.account_id,
        _token_id(request),
        endpoint=sent.required("endpoint"),
        keys=Keys(keys.required("p256dh", limit=200), keys.required("auth", limit=100)),
        wanted=_wanted(form),
        standard=bool(sent.flag("standard")),
        locale=request.language,
    )
    return _response(request, one)


async def show(court: Court, request: ApiRequest) -> Response:
    """What this device is told."""
    one = await push.load(court.world, request.account_id, _token_id(request))
    return _response(request, one)


async def change(court: Court, request: ApiRequest) -> Response:
    """Tell this device of other things."""
    wanted = _wanted(await request.form())
    one = await push.change(court.world, request.account_id, _token_id(request), wanted)
    return _response(request, one)


async def unsubscribe(court: Court, request: ApiRequest) -> Response:
    """Tell this device no more."""
    await push.unsubscribe(court.world, request.account_id, _token_id(request))
    return json_response({})
