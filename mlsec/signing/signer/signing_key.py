"""Private keys that sign models, with the public key or certificates that go with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from mlsec.signing.errors import SigningError


class SignerKey(msgspec.Struct, frozen=True, kw_only=True):
    """A function that signs bytes, with the public key or certificates that prove the signer.

    ``public_pem`` is the SubjectPublicKeyInfo in PEM; ``certificates`` are DER, the signer's first,
    empty where the verifier has the key. A key in hardware or a service is a function as well.
    """

    sign: Callable[[bytes], bytes]
    public_pem: bytes
    certificates: tuple[bytes, ...] = ()


def load_signer(
    key: bytes, password: bytes | None, certificates: Sequence[bytes], *, place: str = ""
) -> SignerKey:
    """Make a signer of a private key (PEM, PKCS#8 or SEC 1) and certificate files.

    Args:
        key: the key file.
        password: of an encrypted key.
        certificates: certificate files, the signer's own first.
        place: what the key file is called in errors about it.

    Raises:
        SigningError: not such a key, a wrong password, a kind that is not accepted, or a
            certificate for another key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    from mlsec.signing.certificates.certificate import read_certificates  # noqa: PLC0415
    from mlsec.signing.keys.algorithms import signing_function  # noqa: PLC0415
    from mlsec.signing.keys.public_keys import public_key_of  # noqa: PLC0415

    try:
        live: Any = serialization.load_pem_private_key(key, password)
    except TypeError as error:
        reason = " ".join(str(error).split())
        raise SigningError(reason, hint="see --password-env", location=place) from None
    except (ValueError, UnsupportedAlgorithm):
        is_locked = b"ENCRYPTED" in key and password is not None
        raise SigningError(
            "the password is wrong, or the key is broken" if is_locked else "no private key in PEM",
            hint="" if is_locked else "openssl ecparam -genkey makes one",
            location=place,
        ) from None
    public = public_key_of(live.public_key(), "the key")
    chain = tuple(certificate for file in certificates for certificate in read_certificates(file))
    if chain and public_key_of(chain[0].public_key()).der != public.der:
        raise SigningError("the certificate is for another key", hint="give the signer's own first")
    pem = live.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    encoded = tuple(certificate.public_bytes(serialization.Encoding.DER) for certificate in chain)
    return SignerKey(sign=signing_function(live, public), public_pem=pem, certificates=encoded)
