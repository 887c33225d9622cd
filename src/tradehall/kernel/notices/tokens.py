"""What the link of an e-mail ends with: whose address it is, sealed, so that it is known here and readable nowhere."""

from binascii import Error

import orjson
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from tradehall.kernel.errors import Missing

LONGEST = 2000
SEALED = {"alg": "dir", "enc": "A256GCM"}


def seal(secret: str, org_id: int, address: str) -> str:
    """An organisation and an address; what is sealed is good for ever."""
    return jwe.encrypt_compact(SEALED, orjson.dumps([org_id, address]), _key(secret))


def unseal(secret: str, token: str) -> tuple[int, str]:
    """The organisation and the address of a link; raises Missing where it is none of ours."""
    try:
        if len(token) > LONGEST:
            raise ValueError("too long")
        org_id, address = orjson.loads(jwe.decrypt_compact(token, _key(secret), [*SEALED.values()]).plaintext or b"")
    except (JoseError, Error, ValueError, TypeError, KeyError) as error:
        raise Missing("This link is not one of ours") from error
    return org_id, address


def _key(secret: str) -> OctKey:
    return OctKey.import_key(bytes.fromhex(secret))
