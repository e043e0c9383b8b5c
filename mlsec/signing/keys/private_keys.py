"""Makes signatures with a private key, by the one algorithm that goes with its kind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from mlsec.signing.keys.public_keys import KeyKind, PublicKey, usual_algorithm


def signer_of(live: Any, public: PublicKey) -> Callable[[bytes], bytes]:
    """Give the function that signs bytes with a private key of ``cryptography``."""
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, padding  # noqa: PLC0415

    kinds: dict[str, Any] = {
        "sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512
    }  # fmt: skip
    name = usual_algorithm(public).hash_name
    arguments: tuple[Any, ...] = ()
    if public.kind is KeyKind.RSA:
        arguments = (padding.PKCS1v15(), kinds[name]())
    elif name:
        arguments = (ec.ECDSA(kinds[name]()),)
    return partial(_sign, live, arguments)


def _sign(live: Any, arguments: tuple[Any, ...], data: bytes) -> bytes:
    found: bytes = live.sign(data, *arguments)
    return found
