"""The keys, certificates and lists that a trust policy points to, read when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.named_file import read_named_file
from mlsec.signing.errors import SigningError
from mlsec.signing.keys.public_keys import PublicKey, load_public_key
from mlsec.signing.trust.policy import Anchor, KeyAnchor, SigstoreAnchor, X509Anchor

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from mlsec.signing.certificates.certificate import Authority
    from mlsec.signing.certificates.revocation import RevocationList
    from mlsec.signing.sigstore.trusted_root import TrustedRoot

MAX_FILE_BYTES = 64 << 20

T = TypeVar("T")


class LoadedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key anchor with its key."""

    rule: KeyAnchor
    key: PublicKey
    authorities: tuple[Authority, ...]


class LoadedX509(msgspec.Struct, frozen=True, kw_only=True):
    """An x509 anchor with its certificates and revocation lists."""

    rule: X509Anchor
    roots: tuple[Certificate, ...]
    authorities: tuple[Authority, ...]
    revoked: tuple[RevocationList, ...]


class LoadedSigstore(msgspec.Struct, frozen=True, kw_only=True):
    """A sigstore anchor with the instances of its file."""

    rule: SigstoreAnchor
    roots: tuple[TrustedRoot, ...]


LoadedAnchor = LoadedKey | LoadedX509 | LoadedSigstore


def load_anchors(anchors: Mapping[str, Anchor], names: Sequence[str]) -> dict[str, LoadedAnchor]:
    """Read what the named anchors point to.

    Raises:
        MlsecError: a file that is not there or not what it should be, with its path.
    """
    return {name: _load(anchors[name]) for name in dict.fromkeys(names)}


def _load(anchor: Anchor) -> LoadedAnchor:
    match anchor:
        case KeyAnchor():
            return LoadedKey(
                rule=anchor,
                key=_at(anchor.pem, load_public_key),
                authorities=_authorities(anchor.tsa),
            )
        case X509Anchor():
            from mlsec.signing.certificates.certificate import read_certificates  # noqa: PLC0415
            from mlsec.signing.certificates.revocation import read_revocation_list  # noqa: PLC0415

            return LoadedX509(
                rule=anchor,
                roots=tuple(item for path in anchor.roots for item in _at(path, read_certificates)),
                authorities=_authorities(anchor.tsa),
                revoked=tuple(_at(path, read_revocation_list) for path in anchor.crls),
            )
        case SigstoreAnchor():
            from mlsec.signing.sigstore.trusted_root import read_trusted_roots  # noqa: PLC0415

            return LoadedSigstore(rule=anchor, roots=_at(anchor.trusted_root, read_trusted_roots))


def _authorities(paths: Sequence[Path]) -> tuple[Authority, ...]:
    """Return the roots of timestamp authorities, which bring the rest in their tokens."""
    if not paths:
        return ()
    # X.509 costs 20 ms to import, which a model signed with a key need not wait for.
    from mlsec.signing.certificates.certificate import Authority, read_certificates  # noqa: PLC0415

    return tuple(
        Authority(chain=(root,), name=root.subject.rfc4514_string())
        for path in paths
        for root in _at(path, read_certificates)
    )


def _at(path: Path, read: Callable[[bytes], T]) -> T:
    try:
        data = read_named_file(path, MAX_FILE_BYTES)
    except OSError as error:
        reason = error.strerror or str(error)
        raise MlsecError(f"cannot be read: {reason}", location=str(path)) from None
    try:
        return read(data)
    except SigningError as error:
        raise MlsecError(error.message, hint=error.hint, location=str(path)) from None
