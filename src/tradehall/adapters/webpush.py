"""Web push: a message that only one browser can read (RFC 8291), signed by this installation (RFC 8292)."""

import base64
import os
import struct
from datetime import datetime
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc import jwt
from joserfc.jwk import ECKey

from tradehall.kernel.pushing import Subscription
from tradehall.kernel.webhooks.courier import Courier, Reply

CURVE = ec.SECP256R1()
RECORD = 4096
"""Bytes of a record; what is sent is one."""
LONGEST = 3000
SIGNED_FOR, KEPT_FOR = 12 * 3600, 24 * 3600
"""Seconds for which a signature holds, and for which a push service keeps what a browser can't be told yet."""
WRONG_KEYS = "These are not the keys of a browser"


def read(text: str) -> bytes:
    """URL-safe base64 without its padding; raises ValueError."""
    return base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)


def written(content: bytes) -> str:
    """The same, written."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as the protocol sends it."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def derived(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    """A key."""
    return HKDF(SHA256(), length, salt, info).derive(secret)


def sealed(content: bytes, to: Subscription, own: ec.EllipticCurvePrivateKey, salt: bytes) -> bytes:
    """What only the browser can open: `own` is a key for this message alone; raises ValueError."""
    theirs, auth = read(to.p256dh), read(to.auth)
    shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, theirs))
    mine = point(own.public_key())
    secret = derived(auth, shared, b"WebPush: info\x00" + theirs + mine, 32)
    key = derived(salt, secret, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = derived(salt, secret, b"Content-Encoding: nonce\x00", 12)
    return salt + struct.pack("!IB", RECORD, len(mine)) + mine + AESGCM(key).encrypt(nonce, content + b"\x02", None)


class WebPush:
    """Tells browsers through their push services, at public addresses only."""

    def __init__(self, private_key: str, subject: str, courier: Courier) -> None:
        self._key = ec.derive_private_key(int.from_bytes(read(private_key), "big"), CURVE)
        self._subject, self._courier = subject, courier
        self.public_key = written(point(self._key.public_key()))
        pem = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._signs = ECKey.import_key(pem)

    async def refusal(self, to: Subscription) -> str:
        """Why this browser can't be told."""
        try:
            sealed(b"", to, ec.generate_private_key(CURVE), os.urandom(16))
        except ValueError:
            return WRONG_KEYS
        return await self._courier.refusal(to.endpoint)

    async def push(self, to: Subscription, content: bytes, now: datetime) -> Reply:
        """Tell it."""
        body = sealed(content[:LONGEST], to, ec.generate_private_key(CURVE), os.urandom(16))
        return await self._courier.post(to.endpoint, body, self._headers(to.endpoint, now))

    def _headers(self, endpoint: str, now: datetime) -> dict[str, str]:
        at = urlsplit(endpoint)
        claims = {"aud": f"{at.scheme}://{at.netloc}", "exp": int(now.timestamp()) + SIGNED_FOR, "sub": self._subject}
        token = jwt.encode({"typ": "JWT", "alg": "ES256"}, claims, self._signs)
        return {
            "authorization": f"vapid t={token}, k={self.public_key}", "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream", "ttl": str(KEPT_FOR), "urgency": "high",
        }  # fmt: skip
