"""How the stores of objects stand, for whoever runs the site."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.continuity.objects.object_manifests import Manifest
from venire.continuity.objects.object_status import status
from venire.kernel.clock import iso_ms


async def show(court: Court, _request: ApiRequest) -> Response:
    """What waits for a store, since when, and what the last comparison of each kind found."""
    told = await status(court.world)
    return json_response(
        {
            "waiting": told.waiting,
            "waiting_since": None if told.oldest_ms is None else iso_ms(told.oldest_ms),
            "stores": {name: msgspec.to_builtins(one) for name, one in told.stores.items()},
            "compared": {kind: _compared(made) for kind, made in told.compared.items()},
        }
    )


def _compared(made: Manifest | None) -> dict[str, object] | None:
    if made is None:
        return None
    return {
        "at": iso_ms(made.at_ms),
        "objects": made.objects,
        "size": made.size,
        "root": made.root,
        "stores": {name: msgspec.to_builtins(one) for name, one in made.stores.items()},
    }
