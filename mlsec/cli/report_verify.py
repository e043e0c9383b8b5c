"""``mlsec report verify``: do a report's files, its evidence and the signature belong together?"""

from __future__ import annotations

import argparse
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from mlsec.cli import console, exits
from mlsec.cli.attestation import signature_file
from mlsec.cli.files import digest_of_file, load_assessment, mode_of, read_file
from mlsec.core.errors import MlsecError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlsec.core.assessment import Assessment
    from mlsec.snapshot.store import Snapshot

_EVIDENCE = "evidence.mlsnap"
_ASSESSMENT = "assessment.json"


def verify(target: Path, args: argparse.Namespace) -> int:
    """Check all that can be checked and print what was and what was not.

    Returns:
        The exit code: incomplete when something could not be checked.

    Raises:
        MlsecError: files that are not what was written, an assessment that its evidence does not
            give, a signature that does not hold, or nothing that could be checked.
    """
    # Printed only when every check holds: after an error nothing on stdout reads as a success.
    checked = _checked(target, args)
    if stat.S_ISDIR(mode_of(target)):
        unlisted = _unlisted(target, args)
        checked.unchecked += [_said_of(unlisted)] if unlisted else []
    console.out("\n".join(checked.lines))
    for reason in checked.unchecked:
        console.note(f"not checked: {reason}")
    if not checked.unchecked:
        return exits.CLEAN
    console.note("incomplete (exit 11)")
    return exits.INCOMPLETE


def _unlisted(folder: Path, args: argparse.Namespace) -> tuple[str, ...]:
    from mlsec.render.digests import SUMS_FILE, read_sums, unlisted_in

    evidence = args.evidence or folder / _EVIDENCE
    is_here = os.path.realpath(evidence.parent) == os.path.realpath(folder)
    own = (evidence.name, signature_file(evidence).name) if is_here else ()
    signature = signature_file(folder / _ASSESSMENT).name
    return unlisted_in(folder, {*read_sums(folder), SUMS_FILE, *own, signature})


def _said_of(unlisted: tuple[str, ...]) -> str:
    from mlsec.core.sanitize import visible

    named = ", ".join(visible(name, 80) for name in unlisted[:5])
    more = f" and {len(unlisted) - 5:,} more" if len(unlisted) > 5 else ""
    files = "1 file" if len(unlisted) == 1 else f"{len(unlisted):,} files"
    return (
        f"{files} in the folder that SHA256SUMS does not name, so nothing says where they come"
        f" from: {named}{more}"
    )


class _Checked:
    """What was found to hold, and what could not be checked, in the order of the checks."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.unchecked: list[str] = []


def _checked(target: Path, args: argparse.Namespace) -> _Checked:
    is_folder = stat.S_ISDIR(mode_of(target))
    folder = target if is_folder else target.parent
    checked = _Checked()
    digests = _listed(target) if is_folder else _listed_file(target)
    path = target / _ASSESSMENT if is_folder else target
    if digests:
        checked.lines.append(_compare(folder, digests))
    if not os.path.lexists(path):
        if args.evidence or args.key:
            raise MlsecError("there is no assessment to check", location=str(path))
        checked.unchecked.append(f"{_ASSESSMENT} is not here, so what the reports say")
        return checked
    recorded = read_file(path)
    assessment = load_assessment(path)
    evidence = args.evidence or folder / _EVIDENCE
    if args.evidence is None and not os.path.lexists(evidence):
        if not digests:
            raise MlsecError(
                "there is nothing to check it against: no SHA256SUMS lists it, and its evidence is"
                " not beside it",
                hint=f"give the folder of the scan, or --evidence {_EVIDENCE}",
                location=str(path),
            )
        digest = assessment.scan.snapshot_digest
        checked.unchecked.append(
            f"what the assessment says, as its evidence ({digest}) is not here: give --evidence"
        )
    else:
        if not digests:
            checked.lines.append(f"{path.name}: no SHA256SUMS lists it")
        _check_evidence(checked, (path, recorded, assessment), evidence, digests, args)
    if args.key is not None:
        _check_signatures(checked, assessment, (path, evidence), digests, args)
    return checked


def _check_evidence(
    checked: _Checked,
    report: tuple[Path, bytes, Assessment],
    evidence: Path,
    digests: Mapping[str, str],
    args: argparse.Namespace,
) -> None:
    """Check that the evidence is the one, and that it gives what the assessment says."""
    from mlsec.cli.report_rejudge import NotRepeatableError, check_assessment, judge_again
    from mlsec.snapshot.evidence import open_evidence

    path, recorded, assessment = report
    with open_evidence(evidence) as snapshot:
        _check_seal(checked, snapshot, assessment, evidence)
        try:
            again, settings = judge_again(assessment, snapshot, args)
        except NotRepeatableError as reason:
            checked.unchecked.append(f"what the assessment says of its evidence: {reason}")
            return
    check_assessment(recorded, again, str(path))
    checked.lines.append("assessment: made again from the evidence, the same in every byte")
    checked.lines += [f"settings: {setting}" for setting in settings]
    checked.lines.append("command line in the reports: as whoever made them says")
    if assessment.changes is not None and assessment.changes.has_ages:
        checked.lines.append("changes and ages by a history: as whoever made them says")
    _check_reports(checked, again, digests, args, path.parent)


def _check_seal(
    checked: _Checked, snapshot: Snapshot, assessment: Assessment, evidence: Path
) -> None:
    seal, recorded = snapshot.seal(), assessment.scan.snapshot_digest
    if seal != recorded:
        raise MlsecError(
            f"the assessment was made from {recorded[:12]}, this evidence is {seal[:12]}",
            hint="it is of another scan, or one of the two was exchanged",
            location=str(evidence),
        )
    checked.lines.append(f"evidence: whole, and what the assessment was made from ({seal})")


def _check_reports(
    checked: _Checked,
    again: Assessment,
    digests: Mapping[str, str],
    args: argparse.Namespace,
    folder: Path,
) -> None:
    """Check that the reports beside the assessment are those that it renders to."""
    from mlsec.cli.report_rejudge import unlike_reports

    equal, unlike = unlike_reports(again, digests, args)
    if unlike:
        raise MlsecError(
            f"{', '.join(unlike)}: not what the assessment renders to",
            hint="changed, or rendered with --help-base or --sarif-inventory: then give the same",
            location=str(folder),
        )
    if equal:
        checked.lines.append(
            f"reports: rendered again, the same in every byte ({', '.join(equal)})"
        )
    unknown = sorted({*digests} - {*equal})
    if unknown:
        checked.unchecked.append(f"{', '.join(unknown)}: not a report that mlsec renders")


def _listed(folder: Path) -> dict[str, str]:
    """Give what a folder's list names.

    Raises:
        MlsecError: there is no list, or it leaves out the assessment.
    """
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
    return digests


def _listed_file(path: Path) -> dict[str, str]:
    """Give what the list of its folder says of one file; nothing when it does not name it."""
    from mlsec.render.digests import read_sums

    digest = read_sums(path.parent).get(path.name)
    return {} if digest is None else {path.name: digest}


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


def _check_signatures(
    checked: _Checked,
    assessment: Assessment,
    places: tuple[Path, Path],
    digests: Mapping[str, str],
    args: argparse.Namespace,
) -> None:
    """Check the signatures of the assessment and of the evidence; at least one must be there."""
    from mlsec.cli import attestation

    path, evidence = places
    here = {"assessment": signature_file(path), "evidence": signature_file(evidence)}
    missing = [name for name, file in here.items() if not os.path.lexists(file)]
    if "evidence" not in missing or len(missing) == len(here):
        seal = assessment.scan.snapshot_digest
        signed = attestation.check_evidence_signature(evidence, seal, args.key, args.timestamp_root)
        checked.lines.append(f"evidence: {attestation.said_of(signed)}")
        checked.unchecked += attestation.unchecked_time(signed, args.timestamp_root)
    if "assessment" not in missing:
        lying = {**digests, path.name: digest_of_file(path)}
        signed = attestation.check_report_signature(path, lying, args.key, args.timestamp_root)
        checked.lines.append(f"assessment: {attestation.said_of(signed)}")
        checked.unchecked += attestation.unchecked_time(signed, args.timestamp_root)
    for name in missing:
        checked.unchecked.append(f"who made the {name}: {here[name].name} is not here")


def digests_beside(assessment: Path) -> dict[str, str]:
    """Give the SHA-256 of an assessment and of the files that are listed beside it, as they are.

    Raises:
        MlsecError: a listed file is not what was written.
    """
    from mlsec.render.digests import read_sums

    digests = read_sums(assessment.parent)
    if assessment.name not in digests:
        return {assessment.name: digest_of_file(assessment)}
    _compare(assessment.parent, digests)
    return digests
