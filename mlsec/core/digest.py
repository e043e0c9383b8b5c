"""Identities that survive a rescan: finding fingerprints and gap ids."""

from __future__ import annotations

import functools
import hashlib

from mlsec.core.closed_sets import GapReason
from mlsec.core.resource import Gap


def fingerprint(rule_key: str, resource_id: str, sub_key: str = "") -> str:
    """Give 32 hex digits from the stable rule key, the canonical resource id and the offending
    element's own identity; nothing that changes between runs goes in.
    """
    return _digest("mlsec/1", rule_key, resource_id, sub_key)


class FingerprintPrefix:
    """Gives ``fingerprint(rule_key, resource_id)`` for many resources of one rule, quicker."""

    def __init__(self, rule_key: str) -> None:
        start = "".join(f"{len(part)}:{part}\x00" for part in ("mlsec/1", rule_key))
        self._begun = hashlib.blake2b(start.encode("utf-8", "surrogatepass"), digest_size=16)

    def fingerprint(self, resource_id: str) -> str:
        """Give the 32 hex digits for one resource, with no sub-key."""
        digest = self._begun.copy()
        digest.update(_resource_bytes(resource_id))
        return digest.hexdigest()


# One resource has findings of many rules in a row.
@functools.lru_cache(maxsize=16)
def _resource_bytes(resource_id: str) -> bytes:
    return f"{len(resource_id)}:{resource_id}\x000:".encode("utf-8", "surrogatepass")


def make_gap(
    *,
    scope: str,
    subject: str,
    wanted: str,
    reason: GapReason,
    missing_right: str = "",
    detail: str = "",
) -> Gap:
    """Build a gap whose id depends on what was wanted and why not, never on when or on wording."""
    gap_id = _digest("gap/1", scope, subject, wanted, reason.value)[:16]
    return Gap(
        id=gap_id,
        scope=scope,
        subject=subject,
        wanted=wanted,
        reason=reason,
        missing_right=missing_right,
        detail=detail,
    )


def _digest(*parts: str) -> str:
    joined = "\x00".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
