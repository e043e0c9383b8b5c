"""A verdict about a signed model as SARIF 2.1.0: each check that did not hold, at its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from mlsec import __version__
from mlsec.core.digest import fingerprint
from mlsec.core.sanitize import visible
from mlsec.render.help_links import HELP_BASE, home_address
from mlsec.render.sarif.locations import relative_uri
from mlsec.signing.verdicts.verdict import Check, Outcome, Verdict

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LIMIT_CHARS = 1000


def render_verdict_sarif(verdict: Verdict, policy_file: Path, root: Path) -> bytes:
    """Write one run.

    Args:
        verdict: what verifying found.
        policy_file: the trust policy; results about nothing else point there.
        root: the folder that file names in the report start from.
    """
    result = verdict.unmet()
    ids = sorted({check.id for _, check in result})
    run = {
        "tool": {
            "driver": {
                "name": "mlsec",
                "semanticVersion": __version__,
                "informationUri": home_address(HELP_BASE),
                "rules": [_rule(id_) for id_ in ids],
            }
        },
        "columnKind": "utf16CodeUnits",
        "automationDetails": {"id": f"mlsec-verify/{_uri(Path(verdict.target), root)}/"},
        "invocations": [{"executionSuccessful": True}],
        "properties": {"answer": verdict.answer.value, "rootDigest": verdict.root_digest},
        "results": [
            _result(file, check, ids.index(check.id), verdict, policy_file, root)
            for file, check in result
        ],
    }
    return msgspec.json.encode({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}) + b"\n"


def _rule(check_id: str) -> dict[str, Any]:
    text = check_id.partition("/")[2].replace("-", " ")
    return {
        "id": f"verify/{check_id}",
        "name": "".join(word.capitalize() for word in check_id.replace("/", "-").split("-")),
        "shortDescription": {"text": f"Check: {check_id.partition('/')[0]} {text}"},
    }


def _result(
    file: str, check: Check, index: int, verdict: Verdict, policy_file: Path, root: Path
) -> dict[str, Any]:
    level = "note"
    if check.is_fatal:
        level = "error" if check.outcome is Outcome.FAILED else "warning"
    place = _place(file, check, verdict, policy_file)
    target = Path(verdict.target)
    return {
        "ruleId": f"verify/{check.id}",
        "ruleIndex": index,
        "level": level,
        "message": {"text": _message(check)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(place, root), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2},
                },
                "logicalLocations": [
                    {"fullyQualifiedName": _shown(f"{target.name}/{check.file}".rstrip("/"))}
                ],
            }
        ],
        "partialFingerprints": {
            "mlsec/v1": fingerprint(f"verify/{check.id}", target.name, f"{check.file}|{file}")
        },
    }


def _message(check: Check) -> str:
    parts = [check.what + "."]
    if check.file:
        parts.append(f"File: {check.file}.")
    if check.expected:
        parts.append(f"Expected: {check.expected}.")
    if check.actual:
        parts.append(f"Actual: {check.actual}.")
    if check.fix:
        parts.append(f"Fix: {check.fix}.")
    return " ".join(_shown(part) for part in parts)


def _place(file: str, check: Check, verdict: Verdict, policy_file: Path) -> Path:
    """The file a result points at: the model's, the signature's, or else the policy."""
    target = Path(verdict.target)
    inside = target / check.file if target.is_dir() and check.file else target
    if check.file and inside.is_file():
        return inside
    signatures = [Path(signature_file) for signature_file in verdict.signature_files]
    named = [signature for signature in signatures if signature.name in (file, check.file)]
    return next((item for item in (*named, *signatures) if item.is_file()), policy_file)


def _uri(path: Path, root: Path) -> str:
    whole = Path.cwd() / path
    if whole.is_relative_to(root):
        whole = whole.relative_to(root)
    return relative_uri(whole.as_posix().lstrip("/"))


def _shown(text: str) -> str:
    return visible(text, _LIMIT_CHARS)
