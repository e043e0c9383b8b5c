"""Identities that survive a rescan: finding fingerprints and gap ids."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from mlsec.core.enums import GapReason
from mlsec.core.resource import Gap


def fingerprint(rule_key: str, resource_id: str, sub_key: str = "") -> str:
    """Give 32 hex digits from the stable rule key, the canonical resource id and the offending
    element's own identity; nothing that changes between runs goes in.
    """
    return _digest("mlsec/1", rule_key, resource_id, sub_key)


def resource_part(resource_id: str) -> bytes:
    """What a resource adds to the fingerprints that were begun with ``begin_fingerprint``."""
    return f"{len(resource_id)}:{resource_id}\x000:".encode("utf-8", "surrogatepass")


def begin_fingerprint(rule_key: str) -> Callable[[], hashlib.blake2b]:
    """Give a function that makes a digest which has read the rule's key.

    After ``update(resource_part(id))`` its ``hexdigest()`` is ``fingerprint(rule_key, id)``: for
    many resources of one rule, and many rules of one resource.
    """
    start = "".join(f"{len(part)}:{part}\x00" for part in ("mlsec/1", rule_key))
    return hashlib.blake2b(start.encode("utf-8", "surrogatepass"), digest_size=16).copy


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
