"""What a host says of its turn at shipping, signed as its segments are.

Whoever can write to a store could else announce a host that there is not, and the one there is
would stop for good: by one name in one vendor's bucket.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from venire.continuity.journal.lineage import (
    Generation,
    decode_generation,
    generation_path,
    generations_in,
)
from venire.continuity.journal.segments import Check, Sign
from venire.continuity.journal.stores import Store
from venire.kernel.errors import Invalid

DOCUMENT_BYTES: Final = 64 * 1024
_SIGNED_AS: Final = b"venire journal generation 1\n"


def told(turn: Generation, sign: Sign | None, **more: str) -> bytes:
    """What the stores are told of a turn."""
    bare = {**msgspec.to_builtins(turn), **more}
    if sign is not None:
        bare["signature"] = base64.b64encode(sign(_message(bare))).decode()
    return msgspec.json.encode(bare)


def is_ours(content: bytes, path: str, check: Check | None) -> bool:
    """Whether a host of this site said it. `check` None: anybody is believed."""
    if check is None:
        return True
    try:
        decode_generation(content, path)
        bare = msgspec.json.decode(content, type=dict[str, Any])
        signature = base64.b64decode(str(bare.pop("signature", "")), validate=True)
        return check(_message(bare), signature)
    except (Invalid, binascii.Error, ValueError, RecursionError, msgspec.MsgspecError):
        return False


def _message(bare: dict[str, Any]) -> bytes:
    return _SIGNED_AS + msgspec.json.encode(bare, order="sorted")


async def ours_among(store: Store, names: Iterable[str], check: Check | None) -> list[int]:
    """The turns of this site's hosts among the names of objects, rising."""
    numbers = generations_in(names)
    if check is None:
        return numbers
    found = []
    for number in numbers:
        path = generation_path(number)
        if is_ours(await store.begin_of(path, DOCUMENT_BYTES) or b"", path, check):
            found.append(number)
    return found
