"""Public keys of transparency logs: a closed list of kinds, each with one algorithm."""

from __future__ import annotations

from datetime import datetime

import msgspec

from mlsec.signing.errors import MalformedError, UnsupportedError
from mlsec.signing.keys.algorithms import Algorithm, verify_signature
from mlsec.signing.keys.public_keys import KeyKind, load_public_key
from mlsec.signing.verdicts.steps import CheckFailedError

# Names are protobuf-specs' PublicKeyDetails; the value is how such a key signs.
_KINDS = {
    "PKCS1_RSA_PKCS1V5": (KeyKind.RSA, Algorithm.RSA_PKCS1_SHA256),
    "PKIX_RSA_PKCS1V15_2048_SHA256": (KeyKind.RSA, Algorithm.RSA_PKCS1_SHA256),
    "PKIX_RSA_PKCS1V15_3072_SHA256": (KeyKind.RSA, Algorithm.RSA_PKCS1_SHA256),
    "PKIX_RSA_PKCS1V15_4096_SHA256": (KeyKind.RSA, Algorithm.RSA_PKCS1_SHA256),
    "PKIX_ECDSA_P256_SHA_256": (KeyKind.P256, Algorithm.ECDSA_SHA256),
    "PKIX_ECDSA_P384_SHA_384": (KeyKind.P384, Algorithm.ECDSA_SHA384),
    "PKIX_ECDSA_P521_SHA_512": (KeyKind.P521, Algorithm.ECDSA_SHA512),
    "PKIX_ED25519": (KeyKind.ED25519, Algorithm.ED25519),
}


class LogKey(msgspec.Struct, frozen=True, kw_only=True):
    """One log: where it lives, the id that entries name it by, its key, and when it is trusted.

    ``start`` and ``end`` (None: still) bound a closed interval.
    """

    base_url: str
    key_id: bytes
    kind: str
    encoded: bytes
    start: datetime
    end: datetime | None = None

    def is_valid_at(self, at: datetime) -> bool:
        """Whether the log was trusted at this moment."""
        return self.start <= at and (self.end is None or at <= self.end)

    def has_signed(self, data: bytes, signature: bytes) -> bool:
        """Whether ``signature`` over ``data`` is the log's.

        Raises:
            UnsupportedError: a kind of key that is not on the list.
            MalformedError: the key cannot be read or is of another kind than it says.
        """
        name = f"the key of log {self.base_url}"
        if self.kind not in _KINDS:
            raise UnsupportedError(f"{name} is of an unknown kind: {self.kind}")
        kind, algorithm = _KINDS[self.kind]
        key = load_public_key(self.encoded, name)
        if key.kind is not kind:
            raise MalformedError(f"{name} is {key.kind.value}, not {self.kind}")
        return verify_signature(key, algorithm, signature, data=data)


def find_log(logs: tuple[LogKey, ...], key_id: bytes) -> LogKey:
    """Return the log with this id.

    Raises:
        CheckFailedError: the trusted root does not list it.
    """
    for log in logs:
        if log.key_id == key_id:
            return log
    known = ", ".join(log.base_url for log in logs) or "none"
    raise CheckFailedError(
        "the trusted root does not list this log", expected=known, actual=f"log {key_id.hex()}"
    )
