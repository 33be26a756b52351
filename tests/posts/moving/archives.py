"""Archives as Mastodon packs them, written here; and archives that nobody should open."""

from __future__ import annotations

import io
import json
import struct
import tarfile
import zipfile
import zlib
from typing import Any

from PIL import Image

_BLOCK = 1 << 20
EVERYONE = "https://www.w3.org/ns/activitystreams#Public"
ACTOR = "https://old.example/users/ani"
FOLLOWERS = f"{ACTOR}/followers"


def picture(colour: tuple[int, int, int] = (40, 120, 200)) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(held, "PNG")
    return held.getvalue()


def uri(number: int) -> str:
    return f"{ACTOR}/statuses/{number}"


def note(number: int, content: str = "", *, at: str = "", **more: Any) -> dict[str, Any]:
    """A post as an outbox has it; public unless `to` and `cc` say otherwise."""
    published = at or f"2021-03-{number % 28 + 1:02d}T08:{number % 60:02d}:00Z"
    told = {"to": [EVERYONE], "cc": [FOLLOWERS]}
    told = {name: more.pop(name, told[name]) for name in told}
    return {
        "id": f"{uri(number)}/activity",
        "type": "Create",
        "actor": ACTOR,
        "published": published,
        **told,
        "object": {
            "id": uri(number),
            "type": "Note",
            "summary": None,
            "inReplyTo": None,
            "published": published,
            "url": f"https://old.example/@ani/{number}",
            "attributedTo": ACTOR,
            **told,
            "sensitive": False,
            "content": content or f"<p>Post number {number}.</p>",
            "contentMap": {"en": content},
            "attachment": [],
            "tag": [],
            **more,
        },
    }


def boost(number: int) -> dict[str, Any]:
    return {
        "id": f"{uri(number)}/activity",
        "type": "Announce",
        "actor": ACTOR,
        "published": "2021-04-01T00:00:00Z",
        "to": [EVERYONE],
        "object": "https://other.example/users/bo/statuses/1",
    }


def document(path: str, **more: Any) -> dict[str, Any]:
    return {"type": "Document", "mediaType": "image/png", "url": path, "name": None, **more}


def collection(name: str, items: list[Any]) -> str:
    return json.dumps(
        {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": name,
            "type": "OrderedCollection",
            "totalItems": len(items),
            "orderedItems": items,
        }
    )


def files_of(activities: list[dict[str, Any]], **more: bytes | str) -> dict[str, bytes]:
    """The files of an archive; `more` by name, `__` for a dot and `_of_` for a folder."""
    actor = {"id": ACTOR, "type": "Person", "followers": FOLLOWERS, "name": "Ani"}
    files: dict[str, bytes | str] = {
        "actor.json": json.dumps(actor),
        "outbox.json": collection("outbox.json", activities),
        "likes.json": collection("likes.json", ["https://other.example/users/bo/statuses/9"]),
        "bookmarks.json": collection("bookmarks.json", []),
        **more,
    }
    return {name: one.encode() if isinstance(one, str) else one for name, one in files.items()}


def zipped(files: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", packing) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w:gz") -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode=mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return held.getvalue()


def tar_with(*infos: tarfile.TarInfo) -> bytes:
    """An archive with odd entries among its own."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        for name, content in files_of([note(1)]).items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in infos:
            archive.addfile(info)
    return held.getvalue()


def entry(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = link
    return info


def zip_bomb(size: int = 1 << 30) -> bytes:
    """A few megabytes that unpack to a gigabyte of zeros."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("actor.json", "{}")
        with archive.open("media_attachments/files/1/zeros.png", "w", force_zip64=True) as file:
            for _ in range(size >> 20):
                file.write(bytes(1 << 20))
    return held.getvalue()


def zip_that_claims(size: int) -> bytes:
    """A small archive of which one file says that it has so many bytes."""
    content = bytearray(zipped(files_of([note(1)]), zipfile.ZIP_STORED))
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", min(size, 0xFFFFFFFE))
    return bytes(content)


def zip_with_many(count: int) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for number in range(count):
            archive.writestr(str(number), b"")
    return held.getvalue()


def zip_with_link() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in files_of([note(1)]).items():
            archive.writestr(name, content)
        info = zipfile.ZipInfo("media_attachments/x.png")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return held.getvalue()


def zip_that_says_encrypted() -> bytes:
    content = bytearray(zipped(files_of([note(1)])))
    at = content.rindex(b"PK\x01\x02")
    content[at + 8] |= 1
    return bytes(content)


def gzip_bomb(size: int = 256 << 20) -> bytes:
    """A tar of one header that says it is so large, packed a thousand times smaller."""
    info = tarfile.TarInfo("media_attachments/files/1/x.png")
    info.size = size
    return _gzipped(info.tobuf(tarfile.PAX_FORMAT), size, bytes(1_024))


def tar_with_header_bomb(size: int = 512 << 20) -> bytes:
    """A tar whose extended header would fill the memory."""
    info = tarfile.TarInfo("header")
    info.type = tarfile.XHDTYPE
    info.size = size
    return _gzipped(info.tobuf(tarfile.GNU_FORMAT), size)


def _gzipped(head: bytes, zeros: int, tail: bytes = b"") -> bytes:
    """Gzip of a head, zeros and a tail: a block of zeros is packed once, and then repeated."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    begun = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(_BLOCK)) + packer.flush(zlib.Z_FULL_FLUSH)
    ended = packer.compress(tail) + packer.flush()
    check, length = zlib.crc32(head), len(head) + zeros + len(tail)
    for _ in range(zeros // _BLOCK):
        check = zlib.crc32(bytes(_BLOCK), check)
    closing = struct.pack("<II", zlib.crc32(tail, check), length & 0xFFFFFFFF)
    return (
        b"\x1f\x8b\x08" + bytes(6) + b"\xff" + begun + block * (zeros // _BLOCK) + ended + closing
    )


def deep(levels: int = 200_000) -> bytes:
    """An outbox whose only item is brackets."""
    return b'{"orderedItems":[' + b'{"a":' * levels + b"1" + b"}" * levels + b"]}"
