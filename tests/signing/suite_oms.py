"""The suites of OpenSSF Model Signing: vectors, bundles of old releases, cases, round trips."""

from __future__ import annotations

import importlib.resources
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509

from mlsec.core.errors import MlsecError
from mlsec.signing.api import verify
from mlsec.signing.bundles.bundle_reader import parse_bundle
from mlsec.signing.errors import SigningError
from mlsec.signing.inspection import inspect
from mlsec.signing.manifests.statement import OMS_PREDICATE
from mlsec.signing.signer.sign import SigningOptions, sign
from mlsec.signing.signer.signing_key import load_signer
from mlsec.signing.trust.policy import Profile
from mlsec.signing.trust.policy_loader import policy_of
from mlsec.signing.verdicts.verdict import Answer
from tests.signing.suite import Case, folders_with, reasons

_SIGSTORE_ROOT = "_store/https%3A%2F%2Ftuf-repo-cdn.sigstore.dev/trusted_root.json"
# Who signed the bundles of old releases, as that project's own tests name him.
_OLD_SIGNER = ("stefanb@us.ibm.com", "https://sigstore.verify.ibm.com/oauth2")


def spec_vectors(root: Path) -> Iterator[Case]:
    """The vectors of the specification: whether a bundle and its statement can be read as such."""
    for folder in folders_with(root, "test-vectors/v1.0/valid"):
        for file in sorted((folder / "test-vectors").rglob("*.bundle.json")):
            try:
                [found] = inspect(file)
                bundle = parse_bundle(file.read_bytes())
                has_log = bool(bundle.material.log_entries) or not bundle.material.certificates
                is_chain = bundle.material.kind.value == "x509CertificateChain"
                is_about_a_model = found.predicate_type == OMS_PREDICATE and not found.problem
                accepted, why = is_about_a_model and (has_log or is_chain), found.problem
            except MlsecError as error:
                accepted, why = False, error.message
            should = file.parent.name == "valid"
            name = f"{file.parent.name}/{file.name}"
            yield Case(suite="OMS specification vectors", name=name, should_accept=should,
                       accepted=accepted, why=why)  # fmt: skip


def historical(root: Path) -> Iterator[Case]:
    """The bundles that releases 0.2.0 to 1.1.0 of model-signing made, with their models."""
    for folder in folders_with(root, "scripts/tests/v1.1.0-certificate"):
        tests = folder / "scripts/tests"
        for model in sorted(tests.glob("v*-*")):
            method = model.name.partition("-")[2].replace("elliptic-key", "key")
            keys = tests / "keys/certificate"
            asked = {"public_key": keys / "signing-key-pub.pem", "roots": [keys / "ca-cert.pem"],
                     "identity": _OLD_SIGNER}  # fmt: skip
            target = model
            if (model / "signme-1").exists() and not (model / "signme-2").exists():
                target = model / "signme-1"
            for profile in Profile:
                yield _judged(
                    f"model-transparency bundles, {profile.value}", model.name, target,
                    model / "model.sig", method, asked, ["ignore-me"], profile,
                    should_accept=True,
                )  # fmt: skip


def verify_cases(root: Path) -> Iterator[Case]:
    """The verify cases of the conformance suite."""
    for folder in folders_with(root, "test/test-cases/verify"):
        for file in sorted((folder / "test/test-cases/verify").rglob("config.json")):
            config = json.loads(file.read_text())
            with tempfile.TemporaryDirectory() as scratch:
                yield _verify_case(folder / "test/assets", file.parent, config, Path(scratch))


def _verify_case(assets: Path, case: Path, config: dict[str, Any], scratch: Path) -> Case:
    base = case if config.get("model_relative_to") == "test_dir" else assets
    target = _copied(base / config["model"], scratch, config.get("model_modifications", {}))
    asked = config["verify"]
    given = {
        "public_key": assets / asked.get("public_key", ""),
        "roots": [assets / one for one in asked.get("cert_chain", [])],
        "identity": (asked.get("identity", ""), asked.get("identity_provider", "")),
    }
    return _judged(
        "OMS conformance, verify, compat", f"{case.parent.name}/{case.name}", target,
        case / "bundle.sig", config["method"], given, asked.get("ignore_paths", []),
        Profile.COMPAT, should_accept=config.get("expect") != "fail",
        takes_more=asked.get("ignore_unsigned_files", False),
    )  # fmt: skip


def round_trips(root: Path) -> Iterator[Case]:
    """The sign-then-verify cases that need no network, in the strict profile."""
    for folder in folders_with(root, "test/test-cases/roundtrip"):
        for file in sorted((folder / "test/test-cases/roundtrip").rglob("config.json")):
            config = json.loads(file.read_text())
            if config["method"] == "sigstore":
                continue
            with tempfile.TemporaryDirectory() as scratch:
                yield _round_trip(folder / "test/assets", file.parent.name, config, Path(scratch))


def _round_trip(assets: Path, name: str, config: dict[str, Any], scratch: Path) -> Case:
    suite, should = "OMS conformance, round trips", config.get("expect") != "fail"
    target = _copied(assets / config["model"], scratch, config.get("model_modifications", {}))
    asked, making = config["verify"], config["sign"]
    ignored = [one for one in asked.get("ignore_paths", []) if (target / one).exists()]
    signature = (target if "sig-inside" in name else scratch) / "model.sig"
    chain = [making[key] for key in ("signing_cert",) if key in making]
    chain += [one for one in making.get("cert_chain", []) if one not in chain]
    try:
        key = load_signer((assets / making["private_key"]).read_bytes(), None,
                          [(assets / one).read_bytes() for one in chain])  # fmt: skip
        signature.write_bytes(sign(target, key, signature, SigningOptions(ignored=tuple(ignored))))
    except MlsecError as error:
        return Case(suite=suite, name=name, should_accept=should, accepted=False, why=str(error))
    given = {
        "public_key": assets / asked.get("public_key", ""),
        "roots": [assets / one for one in asked.get("cert_chain", [])],
    }
    # The suite's own certificates are authorities', which the strict profile refuses.
    profile = Profile.COMPAT if config["method"] == "certificate" else Profile.STRICT
    return _judged(suite, name, target, signature, config["method"], given, ignored, profile,
                   should_accept=should)  # fmt: skip


def _copied(source: Path, scratch: Path, changes: dict[str, Any]) -> Path:
    if source.is_file():
        return Path(shutil.copy(source, scratch / source.name))
    target = Path(shutil.copytree(source, scratch / "model"))
    for kind in ("tamper", "inject"):
        for name, text in changes.get(kind, {}).items():
            (target / name).write_text(text)
    for name in changes.get("delete", []):
        (target / name).unlink(missing_ok=True)
    for name, link in changes.get("symlinks", {}).items():
        (target / name).symlink_to(link)
    return target


def _judged(
    suite: str,
    name: str,
    target: Path,
    signature: Path,
    method: str,
    given: dict[str, Any],
    ignored: Sequence[str],
    profile: Profile,
    *,
    should_accept: bool,
    takes_more: bool = False,
) -> Case:
    try:
        anchor, signer = _anchor(method, given, signature)
        policy = policy_of(
            yaml.safe_dump(
                {
                    "version": 1,
                    "defaults": {"legacy": profile is Profile.COMPAT}
                    | ({"extra_files": "report"} if takes_more else {}),
                    "anchors": {"asked": anchor},
                    "models": [
                        {
                            "match": {"path": "**"},
                            "may_ignore": list(ignored),
                            "require": {"signers": [{"anchor": "asked", **signer}]},
                        }
                    ],
                }
            ),
            Path("/trust.yaml"),
        )
        verdict = verify(target, policy, signatures=[signature], profile=profile)
        accepted, why = verdict.answer is Answer.VERIFIED, reasons(verdict)
    except MlsecError as error:
        accepted, why = False, f"{type(error).__name__} {error}"
    return Case(suite=suite, name=name, should_accept=should_accept, accepted=accepted, why=why)


def _anchor(
    method: str, given: dict[str, Any], signature: Path
) -> tuple[dict[str, Any], dict[str, Any]]:
    if method == "key":
        return {"type": "key", "pem": str(given["public_key"])}, {}
    if method == "certificate":
        subject = _subject(signature)
        return (
            {"type": "x509", "roots": [str(one) for one in given["roots"]]},
            {"identity": {"subject": subject}},
        )
    root = importlib.resources.files("sigstore") / _SIGSTORE_ROOT
    identity, issuer = given["identity"]
    return (
        {"type": "sigstore", "trusted_root": str(root)},
        {"identity": identity, "issuer": issuer},
    )


def _subject(signature: Path) -> str:
    """The name in the bundle's own certificate: these suites ask for none."""
    try:
        encoded = parse_bundle(signature.read_bytes()).material.certificates
        return x509.load_der_x509_certificate(encoded[0]).subject.rfc4514_string()
    except (SigningError, IndexError, ValueError):
        return "CN=nobody"
