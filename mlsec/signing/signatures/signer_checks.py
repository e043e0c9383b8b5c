"""Whether a proven signer is the one that the policy names, and still trusted."""

from __future__ import annotations

import datetime

from mlsec.signing.trust.identity_rule import IdentityRule
from mlsec.signing.trust.policy import KeyAnchor, SignerRule
from mlsec.signing.verdicts.steps import CheckFailedError
from mlsec.signing.verdicts.verdict import Check, Identity, Signer, failed, time_text


def check_key_window(anchor: KeyAnchor, at: datetime.datetime) -> None:
    """Check that a key is trusted at a moment, by its window in the policy.

    Raises:
        CheckFailedError: it is not.
    """
    start, end = anchor.valid_from, anchor.valid_to
    if (start is not None and at < start) or (end is not None and at >= end):
        raise CheckFailedError(
            "the key is not trusted for this time",
            expected=f"{start or 'ever'} to {end or 'ever'}",
            actual=time_text(at),
            hint="sign with a current key, or have signatures timestamped (tsa) before a key"
            " retires",
        )


def check_identity(rule: IdentityRule | None, identities: tuple[Identity, ...]) -> None:
    """Check that one of a signer's names is the one that the policy asks for.

    Raises:
        CheckFailedError: none is.
    """
    if rule is None or rule.find(identities) is None:
        raise other_signer(rule, identities)


def other_signer(rule: IdentityRule | None, identities: tuple[Identity, ...]) -> CheckFailedError:
    """Return the error about a signer who has none of the names that the policy asks for."""
    return CheckFailedError(
        "the signer is not the one that the policy names",
        expected=rule.text() if rule else "an identity in the policy",
        actual=", ".join(f"{identity.type.value}:{identity.value}" for identity in identities),
        hint="if this signer is right, name it in the policy",
    )


def check_issuer(rule: SignerRule, signer: Signer) -> None:
    """Check that the issuer that the policy names vouched for the signer.

    Raises:
        CheckFailedError: another one did.
    """
    if not rule.issuer or signer.issuer != rule.issuer:
        raise CheckFailedError(
            "the signer's identity was vouched for by another issuer",
            expected=rule.issuer,
            actual=signer.issuer,
            hint="if this issuer is right, name it in the policy",
        )


def denied_checks(signer: Signer | None, denied: frozenset[str]) -> tuple[Check, ...]:
    """Return a check that fails when the signer is on the deny list, none otherwise."""
    if signer is None:
        return ()
    fingerprints = (signer.key_fingerprint, signer.certificate_fingerprint)
    return tuple(
        failed(
            "signer/not-denied", "the signer is on the deny list", actual=fingerprint,
            fix="have the model signed by another signer",
        )
        for fingerprint in fingerprints if fingerprint in denied
    )[:1]  # fmt: skip
