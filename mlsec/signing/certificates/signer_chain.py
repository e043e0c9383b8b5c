"""A signer's certificate chain, verified step by step so that each reason is reported."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import msgspec
from cryptography import x509
from cryptography.x509 import Certificate

from mlsec.signing.certificates.certificate import (
    Purpose,
    extension_of,
    read_certificate,
    verify_path,
)
from mlsec.signing.certificates.revocation import RevocationList, check_not_revoked
from mlsec.signing.verdicts.steps import CheckFailedError, Steps
from mlsec.signing.verdicts.verdict import time_text

_CODE_SIGNING = Purpose.CODE_SIGNING.value


class ChainRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a chain is verified by; ``at`` is when it must be valid: now, or a trusted time."""

    roots: tuple[Certificate, ...]
    at: datetime.datetime
    now: datetime.datetime
    signed_at: datetime.datetime | None = None
    revoked: tuple[RevocationList, ...] = ()
    may_be_authority: bool = False


def verify_chain(
    encoded: Sequence[bytes], rules: ChainRules, steps: Steps
) -> tuple[Certificate, ...] | None:
    """Verify a chain, the signer's certificate first; each step becomes a check.

    Returns:
        The path from the signer to an anchor, None when any step did not hold.
    """
    chain = steps.run(
        "certificate/readable",
        "the certificates can be read",
        lambda: tuple(read_certificate(data) for data in encoded),
    )
    if chain is None:
        return None
    leaf = chain[0]
    is_valid = [
        steps.holds(
            "certificate/valid-then", "the certificate is valid", _check_time, leaf, rules.at
        ),
        steps.holds("certificate/for-code-signing", "it is for code signing", _check_purpose, leaf),
        rules.may_be_authority
        or steps.holds("certificate/no-authority", "it is not an authority's", _check_leaf, leaf),
    ]
    path = steps.run(
        "certificate/leads-to-anchor",
        "the chain leads to an anchor of the policy",
        _path,
        chain,
        rules,
    )
    if path is None or not all(is_valid):
        return None
    is_kept = not rules.revoked or steps.holds(
        "certificate/not-revoked",
        "no certificate of the chain was revoked",
        check_not_revoked,
        path,
        rules.revoked,
        now=rules.now,
        signed_at=rules.signed_at,
    )
    return path if is_kept else None


def _check_time(leaf: Certificate, at: datetime.datetime) -> None:
    start, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if start <= at <= end:
        return
    is_past = at > end
    raise CheckFailedError(
        "the certificate has expired" if is_past else "the certificate is not valid yet",
        expected=f"{time_text(start)} to {time_text(end)}",
        actual=time_text(at),
        hint="sign again, or add a timestamp of an authority that the anchor lists under tsa"
        if is_past
        else "check the clock of this machine and of the authority",
    )


def _check_purpose(leaf: Certificate) -> None:
    usage = extension_of(leaf, x509.KeyUsage)
    if usage is not None and not usage.digital_signature:
        raise CheckFailedError("the certificate's key is not meant for signatures")
    purposes = extension_of(leaf, x509.ExtendedKeyUsage)
    if purposes is None:
        raise CheckFailedError(
            "the certificate does not say that it is for code signing",
            expected="extended key usage codeSigning",
            actual="none",
            hint="issue a certificate for code signing",
        )
    listed = [purpose.dotted_string for purpose in purposes]
    if _CODE_SIGNING not in listed:
        raise CheckFailedError(
            "the certificate is not meant for code signing",
            expected=_CODE_SIGNING,
            actual=", ".join(listed)[:200],
            hint="a certificate for servers or e-mail must not sign models; issue one for code",
        )


def _check_leaf(leaf: Certificate) -> None:
    constraints = extension_of(leaf, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        raise CheckFailedError(
            "an authority's certificate signed the model",
            hint="sign with an end entity's certificate; ca_leaf: allow takes old ones",
        )


def _path(chain: tuple[Certificate, ...], rules: ChainRules) -> tuple[Certificate, ...]:
    leaf, *intermediates = chain
    if leaf in rules.roots:
        # The policy names this very certificate, so nobody need vouch for it.
        return (leaf,)
    return verify_path(
        leaf,
        intermediates,
        rules.roots,
        rules.at,
        Purpose.CODE_SIGNING,
        may_be_authority=rules.may_be_authority,
    )
