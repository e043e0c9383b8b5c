"""Wycheproof's signature vectors through the one function that verifies all of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlsec.signing.errors import SigningError
from mlsec.signing.keys.algorithms import Algorithm, der_of_p1363, verify_signature
from mlsec.signing.keys.public_keys import load_public_key
from tests.signing.suite import Case, folders_with

_SHA = {"SHA-256": "SHA256", "SHA-384": "SHA384", "SHA-512": "SHA512"}


def cases(root: Path) -> Iterator[Case]:
    """Every vector for a key, hash and encoding that are on the list of algorithms."""
    for folder in folders_with(root, "testvectors_v1"):
        for file in sorted((folder / "testvectors_v1").glob("*_test.json")):
            if not file.name.startswith(("ecdsa_secp", "ed25519_", "rsa_", "mldsa_")):
                continue
            document = json.loads(file.read_text())
            for group in document["testGroups"]:
                found = _group(document, group, file.name)
                if found is not None:
                    yield from found


def _group(document: dict[str, Any], group: dict[str, Any], name: str) -> Iterator[Case] | None:
    algorithm = _algorithm(document, group, name)
    if algorithm is None:
        return None
    try:
        key = load_public_key(_key(group))
    except SigningError:
        # A curve or size that is not on the list is refused before any signature is.
        return None
    is_p1363 = "p1363" in name
    family = algorithm.value.partition("-sha")[0]
    suite = f"Wycheproof {family}{', r and s side by side' if is_p1363 else ''}"

    def judge() -> Iterator[Case]:
        for test in group["tests"]:
            if test.get("ctx"):
                continue
            try:
                made = bytes.fromhex(test["sig"])
                signature = der_of_p1363(made, key) if is_p1363 else made
                accepted = verify_signature(
                    key, algorithm, signature, data=bytes.fromhex(test["msg"])
                )
            except SigningError:
                accepted = False
            yield Case(
                suite=suite,
                name=f"{name} #{test['tcId']}",
                should_accept=_expected(test["result"], accepted=accepted),
                accepted=accepted,
                why=test.get("comment", ""),
            )  # fmt: skip

    return judge()


def _expected(result: str, *, accepted: bool) -> bool:
    """What should come out; "acceptable" is left to the implementation, so it cannot be wrong."""
    return accepted if result == "acceptable" else result == "valid"


def _key(group: dict[str, Any]) -> bytes:
    for field in ("publicKeyDer", "keyDer"):
        if field in group:
            return bytes.fromhex(group[field])
    return b""


def _algorithm(document: dict[str, Any], group: dict[str, Any], name: str) -> Algorithm | None:
    sha = _SHA.get(group.get("sha", ""), "")
    kind = document.get("algorithm", "")
    if kind == "ECDSA" and sha:
        return Algorithm[f"ECDSA_{sha}"]
    if kind == "EDDSA" and "ed25519" in name:
        return Algorithm.ED25519
    if kind == "RSASSA-PKCS1-v1_5" and sha:
        return Algorithm[f"RSA_PKCS1_{sha}"]
    if kind == "RSASSA-PSS" and sha and group.get("mgfSha") == group["sha"]:
        if group.get("sLen") == int(sha[3:]) // 8 and "params" not in name:
            return Algorithm[f"RSA_PSS_{sha}"]
        return None
    if kind.startswith("ML-DSA") and "_verify_" in name:
        return Algorithm.ML_DSA
    return None
