"""Whether a signer that was proven is the one the policy names, and still trusted."""

from __future__ import annotations

import datetime

from mlsec.signing.trust.policy import KeyAnchor, SignerRule
from mlsec.signing.verdicts.steps import CheckFailedError
from mlsec.signing.verdicts.verdict import Check, Signer, failed


def check_key_window(anchor: KeyAnchor, at: datetime.datetime) -> bool:
    """Check that a key is trusted at a moment, by its window in the policy.

    Raises:
        RefusedError: not so.
    """
    start, end = anchor.valid_from, anchor.valid_to
    if (start is None or start <= at) and (end is None or at < end):
        return True
    raise CheckFailedError(
        "the key is not trusted for this time",
        expected=f"{start or 'ever'} to {end or 'ever'}",
        actual=f"{at:%Y-%m-%dT%H:%M:%SZ}",
        hint="sign with a current key, or have signatures timestamped (tsa) before a key retires",
    )


def check_identity(rule: SignerRule, signer: Signer) -> bool:
    """Check that the signer has the name that the policy asks for.

    Raises:
        RefusedError: not so.
    """
    if rule.identity is not None and rule.identity.find(signer.identities) is not None:
        return True
    raise CheckFailedError(
        "somebody else signed",
        expected=rule.identity.shown() if rule.identity else "an identity in the policy",
        actual=", ".join(f"{one.type.value}:{one.value}" for one in signer.identities),
        hint="if this signer is right, name it in the policy",
    )


def check_issuer(rule: SignerRule, signer: Signer) -> bool:
    """Check that the issuer that the policy names vouched for the signer.

    Raises:
        RefusedError: not so.
    """
    if rule.issuer and signer.issuer == rule.issuer:
        return True
    raise CheckFailedError(
        "the signer's identity was vouched for by another issuer",
        expected=rule.issuer,
        actual=signer.issuer,
        hint="if this issuer is right, name it in the policy",
    )


def denied_checks(signer: Signer | None, denied: frozenset[str]) -> tuple[Check, ...]:
    """Give a check that fails when the signer is on the deny list."""
    if signer is None or not denied:
        return ()
    for fingerprint in (signer.key_fingerprint, signer.certificate_fingerprint):
        if fingerprint in denied:
            return (
                failed(
                    "signer/not-denied",
                    "the signer is on the deny list",
                    actual=fingerprint,
                    fix="have the model signed by somebody else",
                ),
            )
    return ()
