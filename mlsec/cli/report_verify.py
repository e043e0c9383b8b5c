"""``mlsec report verify``: do a report's files, its evidence and the signature belong together?"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mlsec.cli import console, exits
from mlsec.core.errors import MlsecError

if TYPE_CHECKING:
    from mlsec.core.assessment import Assessment

_EVIDENCE = "evidence.mlsnap"
_ASSESSMENT = "assessment.json"


def verify(target: Path, args: argparse.Namespace) -> int:
    """Check all that can be checked and say what could not be.

    Raises:
        MlsecError: files that are not what was written, evidence of another scan, a signature that
            does not hold.
    """
    folder = target if target.is_dir() else target.parent
    wanted = None if target.is_dir() else target.name
    _check_files(folder, wanted)
    path = target / _ASSESSMENT if target.is_dir() else target
    if not path.exists():
        if args.evidence or args.key:
            raise MlsecError("there is no assessment to check", location=str(path))
        console.out(f"no {_ASSESSMENT} here, so evidence and signature were not checked")
        return exits.CLEAN
    assessment = _read(path)
    evidence = args.evidence or folder / _EVIDENCE
    _check_evidence(assessment, evidence, is_asked=args.evidence is not None)
    if args.key is not None:
        _check_signature(assessment, evidence, args.key)
    return exits.CLEAN


def _check_files(folder: Path, wanted: str | None) -> None:
    from mlsec.core.sanitize import visible
    from mlsec.render.digests import SUMS_FILE, changes_in, read_sums

    digests = read_sums(folder)
    if wanted is not None:
        digests = {name: digest for name, digest in digests.items() if name == wanted}
    if not digests:
        if wanted is None:
            raise MlsecError(
                f"there is no {SUMS_FILE}, so nothing says what was written",
                hint="mlsec scan -o and mlsec report -o write it",
                location=str(folder),
            )
        console.out(f"{wanted}: no {SUMS_FILE} speaks of it, so its bytes were not checked")
        return
    wrong = changes_in(folder, digests)
    if wrong:
        named = ", ".join(f"{visible(name, 80)} {what}" for name, what in wrong.items())
        raise MlsecError(
            f"{len(wrong)} of {len(digests)} files are not as they were written: {named}",
            hint="render them again from an assessment that you trust: mlsec report",
            location=str(folder),
        )
    console.out(f"files: {len(digests)} as they were written ({', '.join(sorted(digests))})")


def _read(path: Path) -> Assessment:
    from mlsec.cli.files import load_assessment

    return load_assessment(path)


def _check_evidence(assessment: Assessment, evidence: Path, *, is_asked: bool) -> None:
    from mlsec.pipeline import open_evidence
    from mlsec.snapshot.seal import verify as verify_seal

    recorded = assessment.scan.snapshot_digest
    if not evidence.exists() and not is_asked:
        console.out(f"evidence: not here; the assessment was made from {recorded}")
        return
    with open_evidence(evidence) as snapshot:
        verify_seal(snapshot)
        seal = snapshot.seal()
    if seal != recorded:
        raise MlsecError(
            f"the assessment was made from {recorded[:12]}, this evidence is {seal[:12]}",
            hint="it is of another scan, or one of the two was exchanged",
            location=str(evidence),
        )
    console.out(f"evidence: whole, and what the assessment was made from ({seal})")


def _check_signature(assessment: Assessment, evidence: Path, key: Path) -> None:
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
    console.out(f"signature: holds, by the key {signature.key_id}")
