"""A push service and a device of this machine: what a site sends is received and read for real."""

from __future__ import annotations

import asyncio
import base64
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from venire.adapters.push.encryption import point_of, public_key


def unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def private(number: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(number, "big"), ec.SECP256R1())


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


def read(body: bytes, device: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """What a device does with `aes128gcm`, written from RFC 8291 section 3.4 alone."""
    salt, size, length = body[:16], *struct.unpack("!IB", body[16:21])
    theirs, sealed = body[21 : 21 + length], body[21 + length :]
    assert len(sealed) <= size
    ours = point_of(device.public_key())
    keyed = _derive(
        device.exchange(ec.ECDH(), public_key(theirs)), auth, b"WebPush: info\0" + ours + theirs, 32
    )
    key = _derive(keyed, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(keyed, salt, b"Content-Encoding: nonce\0", 12)
    plain = AESGCM(key).decrypt(nonce, sealed, None)
    text, mark, padding = plain.rpartition(b"\x02")
    assert mark
    assert not padding.strip(b"\0")
    return text


def read_draft(
    body: bytes, headers: dict[str, str], device: ec.EllipticCurvePrivateKey, auth: bytes
) -> bytes:
    """What a device does with `aesgcm`, as the clients of that draft do."""
    salt = unpacked(headers["encryption"].split("salt=")[1])
    theirs = unpacked(headers["crypto-key"].split("dh=")[1].split(";")[0])
    ours = point_of(device.public_key())
    keyed = _derive(
        device.exchange(ec.ECDH(), public_key(theirs)), auth, b"Content-Encoding: auth\0", 32
    )
    context = b"P-256\0\0\x41" + ours + b"\0\x41" + theirs
    key = _derive(keyed, salt, b"Content-Encoding: aesgcm\0" + context, 16)
    nonce = _derive(keyed, salt, b"Content-Encoding: nonce\0" + context, 12)
    plain = AESGCM(key).decrypt(nonce, body, None)
    return plain[2 + int.from_bytes(plain[:2], "big") :]


class Receiver:
    """A push service on this machine: keeps what it gets, answers as it is told."""

    def __init__(self) -> None:
        self.answer = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.requests = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests += 1
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = [line.split(": ", 1) for line in head.split("\r\n")[1:] if line]
        headers = {name.lower(): value for name, value in lines}
        body = await reader.readexactly(int(headers["content-length"]))
        self.got.append((headers, body))
        writer.write(self.answer)
        await writer.drain()
        writer.close()
