"""``mlsec report verify``: do a report's files, its evidence and the signature belong together?"""

from __future__ import annotations

import argparse
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from mlsec.cli import console, exits
from mlsec.cli.files import load_assessment, mode_of
from mlsec.core.errors import MlsecError

if TYPE_CHECKING:
    from mlsec.core.assessment import Assessment

_EVIDENCE = "evidence.mlsnap"
_ASSESSMENT = "assessment.json"


def verify(target: Path, args: argparse.Namespace) -> int:
    """Check all that can be checked and print what was and what was not.

    Returns:
        The exit code: incomplete when files lie there that the list does not name.

    Raises:
        MlsecError: nothing that could be checked, files that are not what was written, evidence of
            another scan, a signature that does not hold.
    """
    # Printed only when every check holds: after an error nothing on stdout reads as a success.
    lines = _checked(target, args)
    unlisted = _unlisted(target, args) if stat.S_ISDIR(mode_of(target)) else ()
    console.out("\n".join(lines))
    if not unlisted:
        return exits.CLEAN
    console.note(_said_of(unlisted))
    return exits.INCOMPLETE


def _unlisted(folder: Path, args: argparse.Namespace) -> tuple[str, ...]:
    from mlsec.render.digests import SUMS_FILE, read_sums, unlisted_in
    from mlsec.snapshot.signature import signature_file

    evidence = args.evidence or folder / _EVIDENCE
    is_here = os.path.realpath(evidence.parent) == os.path.realpath(folder)
    own = (evidence.name, signature_file(evidence).name) if is_here else ()
    return unlisted_in(folder, {*read_sums(folder), SUMS_FILE, *own})


def _said_of(unlisted: tuple[str, ...]) -> str:
    from mlsec.core.sanitize import visible

    named = ", ".join(visible(name, 80) for name in unlisted[:5])
    more = f" and {len(unlisted) - 5:,} more" if len(unlisted) > 5 else ""
    files = "1 file" if len(unlisted) == 1 else f"{len(unlisted):,} files"
    return (
        f"incomplete: SHA256SUMS does not name {files} in the folder, so nothing says where they"
        f" come from: {named}{more} (exit 11)"
    )


def _checked(target: Path, args: argparse.Namespace) -> list[str]:
    is_folder = stat.S_ISDIR(mode_of(target))
    folder = target if is_folder else target.parent
    files = _check_folder(target) if is_folder else _check_file(target)
    path = target / _ASSESSMENT if is_folder else target
    if not os.path.lexists(path):
        if args.evidence or args.key:
            raise MlsecError("there is no assessment to check", location=str(path))
        return [files, f"{_ASSESSMENT}: not here, so evidence and signature were not checked"]
    assessment = load_assessment(path)
    evidence = args.evidence or folder / _EVIDENCE
    if args.evidence is None and not os.path.lexists(evidence):
        if not files:
            raise MlsecError(
                "there is nothing to check it against: no SHA256SUMS lists it, and its evidence is"
                " not beside it",
                hint=f"give the folder of the scan, or --evidence {_EVIDENCE}",
                location=str(path),
            )
        recorded = assessment.scan.snapshot_digest
        lines = [files, f"evidence: not here; the assessment was made from {recorded}"]
    else:
        lines = [
            files or f"{path.name}: no SHA256SUMS lists it, so its bytes were not checked",
            _check_evidence(assessment, evidence),
        ]
    if args.key is not None:
        lines.append(_check_signature(assessment, evidence, args.key))
    return lines


def _check_folder(folder: Path) -> str:
    from mlsec.render.digests import SUMS_FILE, read_sums

    digests = read_sums(folder)
    hint = "mlsec scan -o and mlsec report -o write it"
    if not digests:
        raise MlsecError(
            f"there is no {SUMS_FILE}, so nothing says what was written",
            hint=hint,
            location=str(folder),
        )
    if _ASSESSMENT not in digests and (folder / _ASSESSMENT).exists():
        raise MlsecError(
            f"{SUMS_FILE} does not list {_ASSESSMENT}, so nothing says what was written",
            hint=hint,
            location=str(folder),
        )
    return _compare(folder, digests)


def _check_file(path: Path) -> str:
    """Check one file; "" when no list speaks of it."""
    from mlsec.render.digests import read_sums

    digest = read_sums(path.parent).get(path.name)
    return "" if digest is None else _compare(path.parent, {path.name: digest})


def _compare(folder: Path, digests: dict[str, str]) -> str:
    from mlsec.core.sanitize import visible
    from mlsec.render.digests import changes_in

    wrong = changes_in(folder, digests)
    if wrong:
        named = ", ".join(f"{visible(name, 80)} {what}" for name, what in wrong.items())
        raise MlsecError(
            f"{len(wrong)} of {len(digests)} files are not as they were written: {named}",
            hint="render them again from an assessment that you trust: mlsec report",
            location=str(folder),
        )
    return f"files: {len(digests)} as they were written ({', '.join(sorted(digests))})"


def _check_evidence(assessment: Assessment, evidence: Path) -> str:
    from mlsec.snapshot.evidence import open_evidence

    recorded = assessment.scan.snapshot_digest
    with open_evidence(evidence) as snapshot:
        seal = snapshot.seal()
    if seal != recorded:
        raise MlsecError(
            f"the assessment was made from {recorded[:12]}, this evidence is {seal[:12]}",
            hint="it is of another scan, or one of the two was exchanged",
            location=str(evidence),
        )
    return f"evidence: whole, and what the assessment was made from ({seal})"


def _check_signature(assessment: Assessment, evidence: Path, key: Path) -> str:
    from mlsec.snapshot.signature import (
        check_signature,
        read_public_key,
        read_signature,
        signature_file,
    )

    public_key = read_public_key(key)
    path = signature_file(evidence)
    signature = read_signature(path)
    check_signature(signature, assessment.scan.snapshot_digest, public_key, str(path))
    return f"signature: holds, by the key {signature.key_id}"
