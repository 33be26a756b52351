"""What the child processes that open files are told to do.

It stands apart from them, so that who gives a task loads no decoder.
"""

from __future__ import annotations

from typing import Final

import msgspec

PICTURE_WORKER: Final = "venire.posts.media.picture_worker"
FILM_WORKER: Final = "venire.posts.media.film_worker"

AVATAR: Final = "avatar"
HEADER: Final = "header"
THUMBNAIL: Final = "thumbnail"
MEDIUM: Final = "medium"

LOOK: Final = "look"
CONVERT: Final = "convert"


class PictureTask(msgspec.Struct, frozen=True):
    """What is to be made of the file.

    `form` is Pillow's name for what it was found to be; `original` and `small` are open
    descriptors. `films`: whether a picture that moves will be made into a film.
    """

    purpose: str
    form: str
    original: int
    small: int
    films: bool = False


class FilmTask(msgspec.Struct, frozen=True):
    """`reader`: ffmpeg's name of the only reader to be used; `original`, `small`: descriptors.

    With `job` look only `small` is written; with convert only `original`.
    """

    job: str
    reader: str
    ffmpeg: str
    ffprobe: str
    original: int
    small: int
