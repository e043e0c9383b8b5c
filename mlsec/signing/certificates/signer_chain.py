"""A signer's certificate chain judged step by step, so that each reason is seen for itself."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from mlsec.signing.certificates.certificate import (
    Purpose,
    read_certificate,
    verify_path,
)
from mlsec.signing.certificates.revocation import RevocationList, check_not_revoked
from mlsec.signing.verdicts.steps import CheckFailedError, Steps

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_CODE_SIGNING = Purpose.CODE_SIGNING.value


class ChainRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a chain is judged by; ``at`` is when it must be valid: now, or a trusted time."""

    roots: tuple[Certificate, ...]
    at: datetime.datetime
    now: datetime.datetime
    signed_at: datetime.datetime | None = None
    revoked: tuple[RevocationList, ...] = ()
    may_be_authority: bool = False


def verify_chain(
    encoded: Sequence[bytes], rules: ChainRules, steps: Steps
) -> tuple[Certificate, ...] | None:
    """Judge a chain, the signer's certificate first; each step becomes a check.

    Returns:
        The path from the signer to an anchor, None when any step did not hold.
    """
    chain = steps.run(
        "certificate/readable",
        "the certificates can be read",
        lambda: tuple(read_certificate(one) for one in encoded),
    )
    if chain is None:
        return None
    leaf = chain[0]
    asked: list[tuple[str, str, Callable[[], bool]]] = [
        ("certificate/valid-then", "the certificate is valid", partial(_in_time, leaf, rules)),
        ("certificate/for-code-signing", "it is for code signing", partial(_purpose, leaf)),
    ]
    if not rules.may_be_authority:
        asked.append(("certificate/no-authority", "it is no authority's", partial(_leaf, leaf)))
    held = [steps.run(*one) for one in asked]
    path = steps.run(
        "certificate/leads-to-anchor",
        "the chain leads to an anchor of the policy",
        partial(_path, chain, rules),
    )
    if path is None or None in held:
        return None
    if rules.revoked:
        is_kept = steps.run(
            "certificate/not-revoked",
            "no certificate of the chain was revoked",
            partial(_not_revoked, path, rules),
        )
        return path if is_kept else None
    return path


def _not_revoked(path: tuple[Certificate, ...], rules: ChainRules) -> bool:
    check_not_revoked(path, rules.revoked, now=rules.now, signed_at=rules.signed_at)
    return True


def _in_time(leaf: Certificate, rules: ChainRules) -> bool:
    start, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if start <= rules.at <= end:
        return True
    is_past = rules.at > end
    raise CheckFailedError(
        "the certificate has expired" if is_past else "the certificate is not valid yet",
        expected=f"{start:%Y-%m-%dT%H:%M:%SZ} to {end:%Y-%m-%dT%H:%M:%SZ}",
        actual=f"{rules.at:%Y-%m-%dT%H:%M:%SZ}",
        hint="sign again, or add a timestamp of an authority that the anchor lists under tsa"
        if is_past
        else "check the clock of this machine and of the authority",
    )


def _purpose(leaf: Certificate) -> bool:
    from cryptography import x509  # noqa: PLC0415

    try:
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    if usage is not None and not usage.digital_signature:
        raise CheckFailedError("the certificate's key is not meant for signatures")
    try:
        purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        raise CheckFailedError(
            "the certificate does not say that it is for code signing",
            expected="extended key usage codeSigning",
            actual="none",
            hint="issue a certificate for code signing",
        ) from None
    listed = [one.dotted_string for one in purposes]
    if _CODE_SIGNING not in listed:
        raise CheckFailedError(
            "the certificate is not meant for code signing",
            expected=_CODE_SIGNING,
            actual=", ".join(listed)[:200],
            hint="a certificate for servers or e-mail must not sign models; issue one for code",
        )
    return True


def _leaf(leaf: Certificate) -> bool:
    from cryptography import x509  # noqa: PLC0415

    try:
        is_authority = leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        is_authority = False
    if is_authority:
        raise CheckFailedError(
            "an authority's certificate signed the model",
            hint="sign with an end entity's certificate; ca_leaf: allow takes old ones",
        )
    return True


def _path(chain: tuple[Certificate, ...], rules: ChainRules) -> tuple[Certificate, ...]:
    leaf, *between = chain
    if leaf in rules.roots:
        # The policy names this very certificate, so nobody need vouch for it.
        return (leaf,)
    return verify_path(
        leaf,
        between,
        rules.roots,
        rules.at,
        Purpose.CODE_SIGNING,
        may_be_authority=rules.may_be_authority,
    )
