"""Inspections, listings and signatures as the properties that the vocabulary names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlsec.artifacts.facts import Fact, FactKind, Format, Inspection, InspectionGap
from mlsec.collect.folders.entry import Entry
from mlsec.core.enums import GapReason
from mlsec.model_files import folders
from mlsec.model_files.signatures import Signatures
from mlsec.signing.verdicts.verdict import Answer, Outcome, Verdict

# Formats whose loaders run code that the file names, by design of the format.
RUNS_CODE = frozenset({
    Format.PICKLE, Format.JOBLIB, Format.TORCH_ZIP, Format.TORCH_LEGACY, Format.TORCHSCRIPT,
    Format.TORCH_EXPORT, Format.PYTHON, Format.EXECUTABLE,
})  # fmt: skip

_OF_CALLS = frozenset({
    FactKind.DENIED_CALL, FactKind.UNKNOWN_CALL, FactKind.HOSTILE_ARGUMENT,
    FactKind.UNVERIFIED_CLASS,
})  # fmt: skip
_OF_IMPORTS = frozenset({FactKind.DENIED_IMPORT, FactKind.UNKNOWN_IMPORT})


def listed(entry: Entry, folder: str) -> dict[str, Any]:
    """Give what the listing knows of a file; ``folder`` is the id of its model's folder."""
    return {
        "path": entry.path,
        "extension": extension(entry.path),
        "size_bytes": entry.size_bytes,
        "etag": entry.etag or None,
        "sha256": entry.digests.get("sha256"),
        "bucket_name": entry.bucket or None,
        "uris": addresses(entry.id),
        "folder": f"{folder}/",
    }


def inspected(inspection: Inspection) -> dict[str, Any]:
    """Give what reading a file brought; a gap is one more fact, of a kind that is not known."""
    # Evidence shows the first ones: the most severe are among them, else in the order of reading.
    facts = [shown(fact) for fact in sorted(_once(inspection.facts), key=lambda f: f.danger.rank)]
    facts += [{"location": gap.place, "detail": gap.detail} for gap in inspection.gaps]
    return {
        "format": inspection.formats[0].value,
        "formats": sorted(format_.value for format_ in inspection.formats),
        "is_recognised": is_recognised(inspection),
        "runs_code": not RUNS_CODE.isdisjoint(inspection.formats),
        "detections": facts,
        "is_fully_read": not inspection.gaps,
        "unread_parts": [_unread(gap) for gap in inspection.gaps],
        "members": inspection.members,
        "bytes_read": inspection.bytes_read,
        "licence": _text(inspection.properties, "license"),
        "producer": _text(inspection.properties, "producer"),
    }


def is_fault_of_file(gap: InspectionGap) -> bool:
    """Whether a part was not read because the file is damaged: what only we do not know, a name or
    a detail of a format, is no failure of the file.
    """
    return gap.reason is GapReason.MALFORMED


def _unread(gap: InspectionGap) -> dict[str, Any]:
    """Give an item of what was not read; one without ``what`` is not known to be a fault."""
    item = {"reason": gap.reason.value, "location": gap.place, "detail": gap.detail}
    where = f" (in {gap.place})" if gap.place else ""
    return item | {"what": f"{gap.detail}{where}"} if is_fault_of_file(gap) else item


def _once(facts: Sequence[Fact]) -> list[Fact]:
    """Leave out that a name is imported where the same name is reported because it is used."""
    called = {(fact.place, fact.subject) for fact in facts if fact.kind in _OF_CALLS}
    return [
        fact
        for fact in facts
        if fact.kind not in _OF_IMPORTS or (fact.place, fact.subject) not in called
    ]


def is_recognised(inspection: Inspection) -> bool:
    """Whether some reader knows the file, or something was found in it anyway."""
    return inspection.formats[0] is not Format.UNKNOWN or bool(inspection.facts)


def digest_of(entry: Entry, inside: str, sha256: str, signatures: Signatures | None) -> str | None:
    """Give the SHA-256 of a file's whole content, by whoever knows it."""
    known = entry.digests.get("sha256") or sha256
    if not known and signatures is not None and signatures.verdict is not None:
        signed_files = (file for file in signatures.verdict.files if file.path == inside)
        known = next((file.digest for file in signed_files if file.algorithm == "sha256"), "")
    return known.removeprefix("sha256:") or None


def in_folder(names: Sequence[str], members: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Give what the files of a folder say together; ``names`` are all its files, lower case."""
    licences = sorted({str(member.get("licence") or "") for member in members} - {""})
    return {
        "file_count": len(names),
        "formats": sorted({str(member.get("format", "")) for member in members} - {""}),
        "detections": [],
        "licence": licences[0] if licences else None,
        "has_model_card": any(name.rpartition("/")[2] in folders.CARDS for name in names),
        "has_bom": any(name.endswith(folders.BILL_ENDINGS) for name in names),
        "has_provenance": any(name.endswith(folders.PROVENANCE_ENDINGS) for name in names),
    }


def signed(signatures: Signatures | None, members: Sequence[str]) -> dict[str, Any]:
    """Give what the signatures of a folder say; ``members`` are its model files, relative to it."""
    if signatures is None or not signatures.files:
        return {
            "signature": "none",
            "has_policy": signatures is not None and signatures.verdict is not None,
            "signature_checks": _checks(signatures.verdict)
            if signatures and signatures.verdict
            else [],
            "signers": [],
            "unsigned_files": [],
        }
    covered = set(signatures.claimed)
    return {
        "signature": result_of(signatures),
        "has_policy": signatures.verdict is not None,
        "signature_checks": _checks(signatures.verdict) if signatures.verdict else [],
        "signers": _signers(signatures.verdict) if signatures.verdict else [],
        "unsigned_files": sorted(
            name for name in members if name not in covered and name not in signatures.files
        ),
    }


def result_of(signatures: Signatures | None) -> str:
    """Give a folder's signature as one word of the vocabulary."""
    if signatures is None or not signatures.files:
        return "none"
    if signatures.verdict is None:
        return "unchecked"
    match signatures.verdict.answer:
        case Answer.VERIFIED:
            return "verified"
        case Answer.FAILED:
            return "failed"
        case Answer.INCOMPLETE:
            return ""  # is not known: ``why_unknown_of`` says why


def why_unknown_of(signatures: Signatures | None) -> str:
    """Give why it is not known whether a signature holds; "" where it could."""
    if signatures is None or signatures.problem:
        return signatures.problem if signatures is not None else ""
    if result_of(signatures) or signatures.verdict is None:
        return ""
    open_checks = [
        check
        for check in (
            *signatures.verdict.checks,
            *(c for s in signatures.verdict.signatures for c in s.checks),
        )
        if check.outcome is Outcome.NOT_CHECKED
    ]
    first = open_checks[0] if open_checks else None
    return f"{first.what}: {first.actual}".rstrip(": ") if first else "could not be checked"


def _checks(verdict: Verdict) -> list[dict[str, Any]]:
    checks = [
        *verdict.checks,
        *(item for signature in verdict.signatures for item in signature.checks),
    ]
    return [
        {
            "check": check.id,
            "result": check.outcome.value,
            "expected": check.expected,
            "actual": check.actual or check.file,
        }
        for check in checks
        if check.outcome is not Outcome.OK or check.id.startswith(("signature/", "signer/"))
    ]


def _signers(verdict: Verdict) -> list[str]:
    signers = [
        signature.signer
        for signature in verdict.signatures
        if signature.signer is not None and signature.is_good
    ]
    names = [name.value for signer in signers for name in signer.identities]
    return sorted(
        {*names, *(signer.key_fingerprint for signer in signers if not signer.identities)}
    )


def addresses(entry_id: str) -> list[str]:
    """Its own address and, in a bucket, those of the folders above, with and without last slash."""
    scheme, result, path = entry_id.partition("://")
    if not result:
        return [entry_id]
    parts = path.split("/")
    above = [f"{scheme}://{'/'.join(parts[:n])}" for n in range(1, len(parts))]
    return [entry_id, *above, *(f"{folder}/" for folder in above)]


def extension(path: str) -> str:
    """Give the ending of a name in lower case, with its dot; "" without one."""
    stem, dot, ending = path.rpartition("/")[2].lower().rpartition(".")
    return f".{ending}" if dot and stem else ""


def shown(fact: Fact) -> dict[str, Any]:
    """Give a fact as an item of the list that rules read."""
    return {
        "kind": fact.kind.value,
        "severity": fact.danger.value,
        "what": _in_words(fact),
        "subject": fact.subject,
        "location": fact.place,
        "offset": fact.offset,
        "detail": fact.detail,
    }


def _in_words(fact: Fact) -> str:
    """Say a fact in one line: the name that matters, what about it, and where it lies."""
    named = ": ".join(part for part in (fact.subject, fact.detail) if part) or fact.kind.value
    at = f"byte {fact.offset}" if fact.offset >= 0 else ""
    where = " of ".join(part for part in (at, fact.place) if part)
    return f"{named} ({where})" if where else named


def _text(properties: Mapping[str, Any], name: str) -> str | None:
    value = properties.get(name)
    return value if isinstance(value, str) and value else None
