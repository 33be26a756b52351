"""The routes of media and of profile pictures. What the columns mean: `routing.Route`."""

from __future__ import annotations

from venire.api import media, media_files, media_revocations, pictures
from venire.api.routing import MEBIBYTE, Options, Route
from venire.posts.media.rules import FILM_BYTES, PICTURE_BYTES

PICTURES_BYTES = 2 * PICTURE_BYTES + MEBIBYTE
"""The body of a change of profile: an avatar, a header and the words."""
_WRITE = "write:media"
_UPLOAD = Options(body_bytes=FILM_BYTES + PICTURE_BYTES + MEBIBYTE)
_THUMBNAIL = Options(body_bytes=PICTURE_BYTES + MEBIBYTE)
_STILL = Options(while_suspended=True)

MEDIA = (
    Route("POST", "/api/v2/media", media.create_media, _WRITE, "media", options=_UPLOAD),
    Route("POST", "/api/v1/media", media.create_media_v1, _WRITE, "media", options=_UPLOAD),
    Route("GET", "/api/v1/media/{id}", media.show_media, _WRITE),
    Route("PUT", "/api/v1/media/{id}", media.update_media, _WRITE, options=_THUMBNAIL),
    Route("DELETE", "/api/v1/media/{id}", media.delete_media, _WRITE, options=_STILL),
    Route("DELETE", "/api/v1/profile/avatar", pictures.delete_avatar, "write:accounts"),
    Route("DELETE", "/api/v1/profile/header", pictures.delete_header, "write:accounts"),
    Route("GET", "/media/revocations", media_revocations.show_list, "open"),
    Route("GET", "/media/revocations/{page}", media_revocations.show_page, "open"),
    Route("GET", "/media/{id}/{name}", media_files.show_medium, "open", "none"),
    Route("GET", "/avatars/{id}/{name}", media_files.show_avatar, "open", "none"),
    Route("GET", "/headers/{id}/{name}", media_files.show_header, "open", "none"),
)
