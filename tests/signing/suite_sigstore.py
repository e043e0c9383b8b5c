"""The bundle-verify cases of sigstore-conformance, judged offline."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from mlsec.signing.bundles.bundle import Bundle
from mlsec.signing.bundles.bundle_reader import parse_bundle
from mlsec.signing.errors import SigningError
from mlsec.signing.keys.public_keys import load_public_key
from mlsec.signing.sigstore.trusted_root import read_trusted_roots
from mlsec.signing.sigstore.verify import verify_sigstore
from mlsec.signing.verdicts.verdict import Outcome, SignatureVerdict
from tests.signing.suite import Case, folders_with

IDENTITY = (
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/"
    "workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
)
ISSUER = "https://token.actions.githubusercontent.com"


def cases(root: Path) -> Iterator[Case]:
    """Every case, as the folder's README describes them: ``_fail`` in the name means refuse."""
    for found in folders_with(root, "test/assets/bundle-verify"):
        top = found / "test/assets/bundle-verify"
        for folder in sorted(one for one in top.iterdir() if one.is_dir()):
            yield _case(folder, top / "a.txt")


def _case(folder: Path, usual: Path) -> Case:
    accepted, why = False, ""
    try:
        accepted, why = _judge(folder, usual)
    except SigningError as error:
        why = str(error)
    return Case(
        suite="sigstore-conformance bundle-verify",
        name=folder.name,
        should_accept=not folder.name.endswith("_fail"),
        accepted=accepted,
        why=why,
    )


def _judge(folder: Path, usual: Path) -> tuple[bool, str]:
    own = folder / "trusted_root.json"
    (root,) = read_trusted_roots(own.read_bytes() if own.exists() else public_good())
    bundle = parse_bundle((folder / "bundle.sigstore.json").read_bytes())
    artifact = folder / "artifact"
    data = (artifact if artifact.exists() else usual).read_bytes()
    digests = {name: hashlib.new(name, data).digest() for name in ("sha256", "sha384", "sha512")}
    named = folder / "key.pub"
    key = load_public_key(named.read_bytes()) if named.exists() else None
    verdict = verify_sigstore(bundle, root, digests=digests, key=key)
    if not verdict.is_good or verdict.signer is None:
        return False, reasons(verdict)
    wanted = (_text(folder / "issuer", ISSUER), _text(folder / "identity", IDENTITY))
    if key is None and (verdict.signer.issuer, verdict.signer.identities[0].value) != wanted:
        return False, "another signer or issuer"
    if not _is_about(bundle, digests["sha256"].hex()):
        return False, "the statement is about another file"
    return True, ""


def _is_about(bundle: Bundle, digest: str) -> bool:
    if bundle.envelope is None:
        return True
    subjects = json.loads(bundle.envelope.payload)["subject"]
    return any(one["digest"].get("sha256") == digest for one in subjects)


def _text(path: Path, usual: str) -> str:
    return path.read_text().strip() if path.exists() else usual


def public_good() -> bytes:
    """The trusted root of the public instance, as the sigstore package ships it."""
    store = files("sigstore") / "_store"
    return (store / "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev" / "trusted_root.json").read_bytes()


def reasons(verdict: SignatureVerdict) -> str:
    """What did not hold, in a line."""
    bad = [one for one in verdict.checks if one.outcome is not Outcome.OK and one.is_fatal]
    return "; ".join(f"{one.id}: {one.what} {one.actual}".strip() for one in bad)[:400]
