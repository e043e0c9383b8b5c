"""A root cause: one change, and the findings that it would end."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import msgspec

from mlsec.core.enums import Severity
from mlsec.core.finding import Finding, Subject


class Fact(msgspec.Struct, frozen=True, order=True, gc=False):
    """What decided: a resource's id, and which of its settings."""

    resource: str
    setting: str


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """What has to change, where, and the failures that end with it.

    ``facts`` are the settings that have to change, all of them; nearly always it is one.
    ``resource`` is that of the first. ``findings`` are fingerprints, the worst first; each failure
    stands under exactly one cause. ``lead`` is the one that says most directly what is wrong.
    ``severity`` is the worst of those that are open, or of all when each is waived. ``shared`` has,
    for a finding that a change elsewhere would end too, those other facts.
    """

    id: str
    resource: Subject
    facts: tuple[Fact, ...]
    severity: Severity
    lead: str
    findings: tuple[str, ...]
    shared: Mapping[str, tuple[Fact, ...]] = msgspec.field(default_factory=dict)


def own_change(finding: Finding) -> tuple[Fact, ...]:
    """Give the change that ends one failure and no other."""
    return (Fact(finding.resource.id, f"rule {finding.rule}"),)


def own_cause(finding: Finding) -> Cause:
    """Give a failure a cause of its own."""
    change = own_change(finding)
    return Cause(
        id=cause_id(change),
        resource=finding.resource,
        facts=change,
        severity=finding.severity,
        lead=finding.fingerprint,
        findings=(finding.fingerprint,),
    )


def cause_id(facts: Iterable[Fact]) -> str:
    """Give 16 hex digits that stay the same while the facts have their names."""
    parts = (part for fact in facts for part in (fact.resource, fact.setting))
    joined = "\x00".join(f"{len(part)}:{part}" for part in ("cause/1", *parts))
    return hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
