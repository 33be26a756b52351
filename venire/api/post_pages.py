"""A page of posts as an answer: the posts as the viewer sees them, and where to go on."""

from __future__ import annotations

from starlette.responses import Response

from venire.api.entities.status import status_jsons
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.api.timelines import page_links
from venire.posts.model import Page, Post
from venire.storage.world import World


async def posts_response(world: World, request: ApiRequest, page: Page[Post]) -> Response:
    """Answer with a page of posts."""
    jsons = await status_jsons(world, page.items, request.viewer_id)
    return json_response(jsons, headers=page_links(world, request, page))
