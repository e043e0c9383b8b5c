"""Signed statements of evidence and of reports: what they say, how they are made and checked."""

from __future__ import annotations

import datetime
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mlsec.core.errors import MlsecError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

    from mlsec.signing.signer.signing_key import SignerKey
    from mlsec.signing.verification.signed_statement import SignedStatement
    from mlsec.snapshot.store import Snapshot

EVIDENCE_TYPE = "https://mlsec/evidence/v1"
ASSESSMENT_TYPE = "https://mlsec/assessment/v1"
_SEAL = "mlsnapSeal"
T = TypeVar("T")


def add_signing(parser: argparse.ArgumentParser) -> None:
    """Add the options of who signs."""
    parser.add_argument(
        "--key", type=Path, required=True, metavar="PRIVATE_KEY",
        help="private key in PEM: Ed25519, EC (P-256, P-384, P-521) or RSA",
    )  # fmt: skip
    parser.add_argument(
        "--password-env", default="", metavar="NAME",
        help="environment variable that holds the password of the key (default: no password)",
    )  # fmt: skip
    parser.add_argument(
        "--timestamp-url", default="", metavar="URL",
        help="RFC 3161 timestamp authority whose timestamp is added (default: no timestamp)",
    )  # fmt: skip


def check_trust(args: argparse.Namespace) -> None:
    """Refuse a trusted timestamp authority without a key that must have signed.

    Raises:
        MlsecError: --timestamp-root without --key.
    """
    if args.timestamp_root is not None and args.key is None:
        raise MlsecError("--timestamp-root needs --key as well")


def add_trust(parser: argparse.ArgumentParser, signed: str) -> None:
    """Add the options of who is trusted to have signed."""
    parser.add_argument("--key", type=Path, metavar="PUBLIC_KEY",
                        help=f"public key (PEM) that must have signed {signed}")  # fmt: skip
    parser.add_argument(
        "--timestamp-root", type=Path, metavar="FILE",
        help="root certificates (PEM) of the timestamp authority whose timestamps count",
    )  # fmt: skip


def signature_file(path: Path) -> Path:
    """Name the file beside evidence or an assessment that holds its signature."""
    return path.with_name(path.name + ".sig")


def load_key(path: Path, password_env: str = "") -> SignerKey:
    """Load a private key.

    Raises:
        MlsecError: not there, not a key that can sign, a password that is missing or wrong.
    """
    from mlsec.cli.files import read_file
    from mlsec.signing.signer.signing_key import load_signer

    return load_signer(read_file(path), key_password(password_env), (), place=str(path))


def key_password(name: str) -> bytes | None:
    """Give the password in an environment variable; None without a name.

    Raises:
        MlsecError: the variable is not set.
    """
    if not name:
        return None
    password = os.environ.get(name)
    if password is None:
        raise MlsecError(f"the environment variable {name} is not set")
    return os.fsencode(password)


def stamping(url: str) -> Any:
    """Give what asks a timestamp authority; None without an address.

    Raises:
        MlsecError: not an address that can be asked.
    """
    from mlsec.cli.timestamp_authority import ask, check_address

    return partial(ask, check_address(url)) if url else None


def sign_evidence(path: Path, key: SignerKey, timestamp: Any = None) -> None:
    """Sign a whole snapshot into the file beside it."""
    from mlsec.cli.files import digest_of_file
    from mlsec.snapshot.evidence import open_evidence

    with open_evidence(path) as snapshot:
        digests = {_SEAL: snapshot.seal()}
        predicate = _about(snapshot)
    if path.is_file():
        digests["sha256"] = digest_of_file(path)
    _write(path, key, (EVIDENCE_TYPE, {path.name: digests}, predicate), timestamp)


def sign_report(path: Path, digests: Mapping[str, str], key: SignerKey, timestamp: Any) -> None:
    """Sign an assessment, and the reports that are listed beside it, into the file beside it.

    Args:
        path: the assessment.json.
        digests: SHA-256 by file name, the assessment's among them.
        key: who signs.
        timestamp: asks an authority; None for no timestamp.
    """
    from mlsec.cli.files import load_assessment

    assessment = load_assessment(path)
    subjects = {name: {"sha256": digest} for name, digest in digests.items()}
    predicate = {
        "evidenceSeal": assessment.scan.snapshot_digest,
        "tool": f"{assessment.tool.name} {assessment.tool.version}",
        "rulesDigest": assessment.tool.rules_digest,
        "evidenceTakenAt": assessment.scan.finished_at,
    }
    _write(path, key, (ASSESSMENT_TYPE, subjects, predicate), timestamp)


def check_evidence_signature(
    evidence: Path, seal: str, key: Path, root: Path | None
) -> SignedStatement:
    """Check that a trusted key signed this very evidence.

    Raises:
        MlsecError: no signature, of other evidence, by another key, or one that does not hold.
    """
    path = signature_file(evidence)
    signed = _read(path, EVIDENCE_TYPE, key, root)
    seals = {subject.digests.get(_SEAL, "") for subject in signed.statement.subjects}
    if seals != {seal}:
        raise MlsecError(
            f"the signature is of the seal {min(seals)[:12]}, the evidence has {seal[:12]}",
            hint="it was signed before it was changed, or it belongs to other evidence",
            location=str(path),
        )
    return signed


def check_report_signature(
    assessment: Path, digests: Mapping[str, str], key: Path, root: Path | None
) -> SignedStatement:
    """Check that a trusted key signed this very assessment, and reports that it was signed with.

    Args:
        assessment: the assessment.json.
        digests: SHA-256 of what lies there now, by file name.
        key: the public key.
        root: certificates of the timestamp authority that counts.

    Raises:
        MlsecError: no signature, of other files, by another key, or one that does not hold.
    """
    path = signature_file(assessment)
    signed = _read(path, ASSESSMENT_TYPE, key, root)
    stated = {item.name: item.digests.get("sha256", "") for item in signed.statement.subjects}
    wrong = [name for name in digests if name in stated and stated[name] != digests[name]]
    if assessment.name not in stated or wrong:
        raise MlsecError(
            f"the signature is of another {', '.join(wrong) or assessment.name}",
            hint="it was signed before it was changed, or it belongs to another report",
            location=str(path),
        )
    return signed


def unchecked_time(signed: SignedStatement, root: Path | None) -> list[str]:
    """Say that a timestamp could not be checked, or that one was expected and is not there."""
    if signed.has_other_time:
        return ["the timestamp of the signature: give --timestamp-root"]
    if root is not None and signed.signed_at is None:
        return ["when it was signed: the signature has no timestamp"]
    return []


def said_of(signed: SignedStatement) -> str:
    """Say by whom and when something was signed."""
    when = "" if signed.signed_at is None else f", at {signed.signed_at:%Y-%m-%dT%H:%M:%SZ}"
    return f"signed by the key {signed.key_fingerprint}{when}"


def _about(snapshot: Snapshot) -> dict[str, str]:
    meta, clock = snapshot.meta(), snapshot.clock()
    facts = {
        "tool": meta.get("tool", ""),
        "targets": meta.get("targets", ""),
        "startedAt": clock.get("started_at", ""),
        "finishedAt": clock.get("finished_at", ""),
        "host": clock.get("host", ""),
    }
    return {name: value for name, value in facts.items() if value}


def _write(
    path: Path,
    key: SignerKey,
    statement: tuple[str, Mapping[str, Mapping[str, str]], Mapping[str, str]],
    timestamp: Any,
) -> None:
    from mlsec.cli import console
    from mlsec.cli.files import write_file
    from mlsec.signing.keys.public_keys import load_public_key
    from mlsec.signing.signer.sign import sign_statement

    predicate_type, subjects, predicate = statement
    listed = [{"name": name, "digest": dict(subjects[name])} for name in sorted(subjects)]
    bundle = sign_statement(key, listed, predicate_type, predicate, timestamp)
    target = signature_file(path)
    write_file(target, bundle)
    fingerprint = load_public_key(key.public_pem).fingerprint
    console.note(f"wrote {target}, signed by the key {fingerprint}")


def _read(path: Path, predicate_type: str, key: Path, root: Path | None) -> SignedStatement:
    from mlsec.cli.files import read_file
    from mlsec.signing.keys.public_keys import load_public_key
    from mlsec.signing.verification.signed_statement import read_signed_statement

    public_key = read_file(key)
    _located(lambda: load_public_key(public_key), key)
    if not path.exists():
        raise MlsecError(
            "there is no signature",
            hint="mlsec snapshot sign and mlsec report sign write it",
            location=str(path),
        )
    authorities, now = _authorities(root), datetime.datetime.now(datetime.UTC)
    signed = _located(
        lambda: read_signed_statement(read_file(path), public_key, authorities, now=now), path
    )
    if signed.statement.predicate_type != predicate_type:
        raise MlsecError(
            f'the signature is of "{signed.statement.predicate_type[:100]}"',
            hint=f'expected "{predicate_type}"',
            location=str(path),
        )
    return signed


def _located(read: Callable[[], T], path: Path) -> T:
    """Call it; an error that names no place is about this file."""
    try:
        return read()
    except MlsecError as error:
        error.location = error.location or str(path)
        raise


def _authorities(path: Path | None) -> tuple[Any, ...]:
    if path is None:
        return ()
    from mlsec.cli.files import read_file
    from mlsec.signing.certificates.certificate import Authority, read_certificates

    roots = _located(lambda: read_certificates(read_file(path)), path)
    return tuple(Authority(chain=(root,), name=root.subject.rfc4514_string()) for root in roots)
