"""A verdict about a signed model as text for a person: what failed first, then who signed."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.core.sanitize import visible
from mlsec.signing.verdicts.verdict import Answer, Outcome, SignatureVerdict, Signer, Verdict

_SHOWN_CHARS = 300


def render_verdict(verdict: Verdict) -> str:
    """Give the report, ending with one line that counts everything."""
    lines = [*_problems(verdict), *_signatures(verdict), *_sum(verdict)]
    return "\n".join(lines) + "\n"


def _problems(verdict: Verdict) -> Iterator[str]:
    for file, check in verdict.unmet():
        word = "fail" if check.outcome is Outcome.FAILED else "not checked"
        yield f"{word if check.is_fatal else 'note'}[{check.id}] {_safe(check.what)}"
        where = check.file or file
        if where:
            yield f"  --> {_safe(where)}"
        if check.expected:
            yield f"   | expected {_safe(check.expected)}"
        if check.actual:
            yield f"   | found    {_safe(check.actual)}"
        if check.fix:
            yield f"   = fix: {_safe(check.fix)}"


def _signatures(verdict: Verdict) -> Iterator[str]:
    for signature in verdict.signatures:
        if signature.is_good and signature.signer is not None:
            yield f"signed by {_who(signature, signature.signer)}"


def _who(signature_verdict: SignatureVerdict, signer: Signer) -> str:
    names = ", ".join(_safe(identity.value) for identity in signer.identities[:3])
    parts = [
        names or signer.key_fingerprint,
        f"anchor {_safe(signature_verdict.anchor)}",
        signer.algorithm,
    ]
    if signer.issuer:
        parts.insert(1, f"vouched for by {_safe(signer.issuer)}")
    if signature_verdict.times:
        parts.append(f"at {signature_verdict.times[0].at:%Y-%m-%dT%H:%M:%SZ}")
    return " | ".join(parts)


def _sum(verdict: Verdict) -> Iterator[str]:
    outcomes = [check.outcome for check in verdict.checks]
    outcomes += [check.outcome for signature in verdict.signatures for check in signature.checks]
    counts = ", ".join(
        f"{outcomes.count(kind)} {word}"
        for kind, word in (
            (Outcome.OK, "held"),
            (Outcome.FAILED, "failed"),
            (Outcome.NOT_CHECKED, "not checked"),
        )
    )
    match verdict.answer:
        case Answer.VERIFIED:
            word = "verified"
        case Answer.FAILED:
            word = "NOT VERIFIED"
        case Answer.INCOMPLETE:
            word = "NOT VERIFIED (incomplete: not everything could be checked)"
    if verdict.root_digest:
        yield f"{_safe(verdict.model_name) or 'model'} {verdict.root_digest}"
    size = f"{verdict.files_signed} files signed, {verdict.bytes_hashed} bytes hashed"
    yield f"{word}: {_safe(verdict.target)}; {size}; checks: {counts}"


def _safe(text: str) -> str:
    return visible(text, _SHOWN_CHARS).replace("\t", " ")
