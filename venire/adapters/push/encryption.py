"""A message that only one device can read. Pure but for the keys and the salt it is given.

Sources: RFC 8291 (Message Encryption for Web Push) with RFC 8188 (`aes128gcm`), and for devices
that subscribed without `standard` the draft that came before (draft-ietf-webpush-encryption-04
with draft-ietf-httpbis-encryption-encoding-03, `aesgcm`).
"""

from __future__ import annotations

import base64
import struct

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from venire.kernel.errors import Invalid

SALT_BYTES = 16
RECORD_BYTES = 4_096
PLAIN_MOST = 3_800
"""Of a message: with what encryption adds it fits into the 4,096 bytes every service takes."""
_POINT_BYTES = 65
_NO_KEY = "The key of this device is not valid"


def url_safe(content: bytes) -> str:
    """Base64 as Web Push writes it: for addresses, without padding."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def point_of(public: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as 65 bytes."""
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def public_key(point: bytes) -> ec.EllipticCurvePublicKey:
    """The key of a device. Invalid `push_key_invalid` where the bytes are no point of P-256."""
    if len(point) != _POINT_BYTES:
        raise Invalid("push_key_invalid", _NO_KEY)
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Invalid("push_key_invalid", _NO_KEY) from error


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


def seal(
    plain: bytes, *, device: bytes, auth: bytes, sender: ec.EllipticCurvePrivateKey, salt: bytes
) -> bytes:
    """A body of `Content-Encoding: aes128gcm`. `sender`: a key for this one message."""
    ours = point_of(sender.public_key())
    shared = sender.exchange(ec.ECDH(), public_key(device))
    keyed = _derive(shared, auth, b"WebPush: info\x00" + device + ours, 32)
    key = _derive(keyed, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derive(keyed, salt, b"Content-Encoding: nonce\x00", 12)
    # One record, the last one: its delimiter is 2 (RFC 8188 section 2).
    sealed = AESGCM(key).encrypt(nonce, plain + b"\x02", None)
    return salt + struct.pack("!IB", RECORD_BYTES, len(ours)) + ours + sealed


def seal_draft(
    plain: bytes, *, device: bytes, auth: bytes, sender: ec.EllipticCurvePrivateKey, salt: bytes
) -> bytes:
    """A body of `Content-Encoding: aesgcm`; salt and the sender's key travel in headers."""
    ours = point_of(sender.public_key())
    shared = sender.exchange(ec.ECDH(), public_key(device))
    keyed = _derive(shared, auth, b"Content-Encoding: auth\x00", 32)
    context = b"P-256\x00" + b"".join(
        struct.pack("!H", len(point)) + point for point in (device, ours)
    )
    key = _derive(keyed, salt, b"Content-Encoding: aesgcm\x00" + context, 16)
    nonce = _derive(keyed, salt, b"Content-Encoding: nonce\x00" + context, 12)
    # Two bytes that say how much padding follows: none.
    return AESGCM(key).encrypt(nonce, b"\x00\x00" + plain, None)
