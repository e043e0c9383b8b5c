"""Build provenance bound to a model's files: builder, source, workflow, and who attested it."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from mlsec.signing.api import Answer, Outcome, Verdict, sign, verify
from mlsec.signing.errors import SigningError
from mlsec.signing.provenance.slsa import (
    SLSA_V02,
    SLSA_V1,
    predicate_type_of,
    read_provenance,
    split_source,
)
from mlsec.signing.signer.signing_key import SignerKey
from mlsec.signing.trust.policy_loader import policy_of
from tests.moving import after_listing
from tests.signing.make_fulcio import CLAIMS, IDENTITY, ISSUER, SIGNED_AT
from tests.signing.make_sigstore import SigstoreMaker, public_pem
from tests.signing.make_sigstore import sign as sign_with
from tests.signing.mutation import mutate_json

SIGSTORE = SigstoreMaker()
KEY = SIGSTORE.fulcio.certificate()
FILES = {"weights.bin": b"weights", "sub/config.json": b"{}"}
RUNNER = "https://github.com/actions/runner/github-hosted"
REPOSITORY = "https://github.com/acme/train"
WORKFLOW = ".github/workflows/release.yml"
MAIN = "refs/heads/main"
NOW = SIGNED_AT + timedelta(days=10)
Json = dict[str, Any]


def subjects(files: dict[str, bytes]) -> list[Json]:
    return [
        {"name": name, "digest": {"sha256": hashlib.sha256(data).hexdigest()}}
        for name, data in files.items()
    ]


def v1(files: dict[str, bytes] | None = None, **workflow: str) -> Json:
    """What GitHub's attestation action writes."""
    said = {"repository": REPOSITORY, "ref": MAIN, "path": WORKFLOW, "builder": RUNNER} | workflow
    builder = said.pop("builder")
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects(FILES if files is None else files),
        "predicateType": SLSA_V1,
        "predicate": {
            "buildDefinition": {
                "buildType": "https://actions.github.io/buildtypes/workflow/v1",
                "externalParameters": {"workflow": said},
                "resolvedDependencies": [{"uri": "git+https://github.com/evil/other@refs/heads/x"}],
            },
            "runDetails": {"builder": {"id": builder}},
        },
    }


def v02(files: dict[str, bytes] | None = None) -> Json:
    """What the SLSA generator for GitHub writes."""
    return {
        "_type": "https://in-toto.io/Statement/v0.1",
        "subject": subjects(FILES if files is None else files),
        "predicateType": SLSA_V02,
        "predicate": {
            "builder": {"id": IDENTITY},
            "buildType": "https://github.com/slsa-framework/slsa-github-generator/generic@v1",
            "invocation": {
                "configSource": {"uri": f"git+{REPOSITORY}@{MAIN}", "entryPoint": WORKFLOW}
            },
        },
    }


def attested(statement: Json, holder: Any = None) -> Json:
    return SIGSTORE.envelope_bundle(holder, payload=json.dumps(statement).encode())


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "root.json").write_text(json.dumps(SIGSTORE.trusted_root()))
    (tmp_path / "key.pub").write_bytes(public_pem(KEY))
    for name, data in FILES.items():
        path = tmp_path / "model" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "model"


def policy_text(**changed: str) -> str:
    wanted = {
        "predicate": SLSA_V1,
        "builder": RUNNER,
        "source": f"git+{REPOSITORY}",
        "workflow": WORKFLOW,
        "binds": "files",
    } | changed
    provenance = "\n".join(f'      {name}: "{value}"' for name, value in wanted.items())
    return f"""
version: 1
anchors:
  sigstore: {{type: sigstore, trusted_root: root.json}}
  key: {{type: key, pem: key.pub}}
models:
  - match: {{path: model}}
    require:
      signers:
        - {{anchor: sigstore, issuer: "{ISSUER}", identity: "{IDENTITY}"}}
        - {{anchor: key}}
    provenance:
{provenance}
"""


def judged(model: Path, *bundles: Json, policy: str = "") -> Verdict:
    for number, bundle in enumerate(bundles):
        (model / f"built{number}.sigstore.json").write_text(json.dumps(bundle))
    trust = policy_of(policy or policy_text(), model.parent / "trust.yaml")
    return verify(model, trust, now=NOW)


def bad(verdict: Verdict) -> set[str]:
    return {each.id for each in verdict.checks if each.is_fatal and each.outcome is not Outcome.OK}


def test_attested_model_is_verified_file_by_file(model):
    verdict = judged(model, attested(v1()))
    assert (verdict.answer, bad(verdict)) == (Answer.VERIFIED, set())
    assert [each.path for each in verdict.files] == ["sub/config.json", "weights.bin"]
    assert verdict.predicate_type == SLSA_V1


def test_older_provenance_is_verified_too(model):
    policy = policy_text(predicate=SLSA_V02, builder=IDENTITY)
    verdict = judged(model, attested(v02()), policy=policy)
    assert (verdict.answer, bad(verdict)) == (Answer.VERIFIED, set())


def test_attestations_of_single_files_add_up(model):
    one, other = ({name: data} for name, data in FILES.items())
    verdict = judged(model, attested(v1(one)), attested(v1(other)))
    assert (verdict.answer, bad(verdict)) == (Answer.VERIFIED, set())


def test_changed_file_is_found(model):
    (model / "weights.bin").write_bytes(b"poison")
    assert bad(judged(model, attested(v1()))) == {"files/unchanged"}


def test_files_that_changed_places_are_found(model):
    (model / "weights.bin").write_bytes(FILES["sub/config.json"])
    (model / "sub/config.json").write_bytes(FILES["weights.bin"])
    assert bad(judged(model, attested(v1()))) == {"files/unchanged"}


ALIKE = {"a/config.json": b"{}", "b/config.json": b"[1]"}


def alike(model, names):
    for name, data in ALIKE.items():
        (model / name).parent.mkdir(exist_ok=True)
        (model / name).write_bytes(data)
    subjects = [
        {"name": name, "digest": {"sha256": hashlib.sha256(data).hexdigest()}}
        for name, data in zip(names, ALIKE.values(), strict=True)
    ]
    statement = v1()
    return judged(model, attested(statement | {"subject": [*statement["subject"], *subjects]}))


def test_files_of_one_name_are_told_apart_by_their_folders(model):
    assert bad(alike(model, ALIKE)) == set()
    assert bad(alike(model, ["config.json", "config.json"])) == {"files/unchanged"}


def test_file_that_nobody_attested_is_found(model):
    (model / "extra.py").write_bytes(b"import os")
    assert bad(judged(model, attested(v1()))) == {"files/all-signed"}


def test_attestation_of_another_model_does_not_count(model):
    assert "files/present" in bad(judged(model, attested(v1({"other.bin": b"x"}))))


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"predicate": SLSA_V02}, "provenance/builder"),
        ({"builder": "https://github.com/actions/runner/self-hosted"}, "provenance/builder"),
        ({"source": "git+https://github.com/acme/train2"}, "provenance/source"),
        ({"source": "git+https://github.com/acme/trai"}, "provenance/source"),
        ({"source": f"git+{REPOSITORY}@refs/tags/v1"}, "provenance/source"),
        ({"workflow": ".github/workflows/other.yml"}, "provenance/source"),
        ({"workflow": f"{WORKFLOW}@refs/tags/v1"}, "provenance/source"),
    ],
)
def test_provenance_that_is_not_the_policys_is_refused(model, changed, check):
    assert check in bad(judged(model, attested(v1()), policy=policy_text(**changed)))


@pytest.mark.parametrize(
    "source",
    [f"git+{REPOSITORY}", REPOSITORY, f"git+{REPOSITORY}.git", f"git+{REPOSITORY}@{MAIN}"],
)
def test_source_may_be_written_in_the_usual_ways(model, source):
    assert bad(judged(model, attested(v1()), policy=policy_text(source=source))) == set()


@pytest.mark.parametrize(
    "lie",
    [
        {"repository": "https://github.com/acme/other"},
        {"ref": "refs/tags/v9"},
        {"path": ".github/workflows/reviewed.yml"},
        {"builder": "https://github.com/actions/runner/self-hosted"},
        {"builder": IDENTITY.replace("release", "reviewed")},
    ],
)
def test_job_that_lies_about_itself_is_found_by_its_certificate(model, lie):
    policy = policy_text(
        builder=lie.get("builder", RUNNER),
        source=lie.get("repository", REPOSITORY),
        workflow=lie.get("path", WORKFLOW),
    )
    assert "provenance/claims" in bad(judged(model, attested(v1(**lie)), policy=policy))


def test_attestation_of_a_look_alike_signer_is_refused(model):
    name = x509.UniformResourceIdentifier(IDENTITY.replace("acme", "acme-x"))
    holder = SIGSTORE.fulcio.certificate(name=name, claims=CLAIMS)
    assert bad(judged(model, attested(v1(), holder))) >= {"provenance/signed"}


def test_attestation_alone_is_no_signature_over_the_root_digest(model):
    verdict = judged(model, attested(v1()), policy=policy_text(binds="root_digest"))
    assert "statement/about-a-model" in bad(verdict)
    assert verdict.answer is Answer.FAILED


def signed_root(model: Path, tmp_path: Path) -> str:
    """Sign the model with the key; give its root digest."""
    path = model / "model.sig"
    signer = SignerKey(sign=partial(sign_with, KEY), public_pem=public_pem(KEY))
    path.write_bytes(sign(model, signer, path))
    only_key = policy_text().partition("    provenance:")[0]
    verdict = verify(model, policy_of(only_key, tmp_path / "trust.yaml"), now=NOW)
    assert verdict.answer is Answer.VERIFIED
    return verdict.root_digest.removeprefix("sha256:")


def test_file_that_came_while_the_attested_ones_were_read_is_found(model):
    with after_listing(lambda: (model / "late.py").write_bytes(b"import os")):
        verdict = judged(model, attested(v1()), policy=policy_text(binds="files"))
    assert (verdict.answer, bad(verdict)) == (Answer.FAILED, {"files/kept-still"})


@pytest.mark.parametrize("binds", ["files", "root_digest"])
def test_signature_and_provenance_together(model, tmp_path, binds):
    root = signed_root(model, tmp_path)
    statement = v1()
    policy = policy_text(binds=binds)
    if binds == "root_digest":
        statement["subject"] = [{"name": "model", "digest": {"sha256": root}}]
    verdict = judged(model, attested(statement), policy=policy)
    assert (verdict.answer, bad(verdict)) == (Answer.VERIFIED, set())


@pytest.mark.parametrize("binds", ["files", "root_digest"])
def test_signed_model_without_its_provenance_fails(model, tmp_path, binds):
    signed_root(model, tmp_path)
    assert bad(judged(model, policy=policy_text(binds=binds))) >= {"provenance/present"}
    other = attested(v1({"weights.bin": b"another"}))
    assert bad(judged(model, other, policy=policy_text(binds=binds))) >= {
        "provenance/about-this-model"
    }


def test_dependency_is_not_the_source():
    statement = v1()
    del statement["predicate"]["buildDefinition"]["externalParameters"]["workflow"]
    assert read_provenance(json.dumps(statement).encode()).source == ""


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (f"git+{REPOSITORY}@{MAIN}", (REPOSITORY, MAIN)),
        (REPOSITORY, (REPOSITORY, "")),
        ("git+ssh://git@host/org/repo@v1", ("ssh://git@host/org/repo", "v1")),
        ("", ("", "")),
    ],
)
def test_source_splits_into_repository_and_ref(uri, expected):
    assert split_source(uri) == expected


@pytest.mark.parametrize("statement", [v1(), v02()])
@given(st.data())
def test_mutated_statement_is_read_or_refused_with_the_one_error(statement, data):
    payload = json.dumps(mutate_json(statement, data)).encode()
    predicate_type_of(payload)
    try:
        read_provenance(payload)
    except SigningError:
        return


def test_attestations_alone_never_meet_a_threshold_of_two(model):
    policy = policy_text().replace("    require:", "    require:\n      threshold: 2")
    other = SIGSTORE.envelope_bundle(payload=json.dumps(v1({"other.bin": b"x"})).encode())
    verdict = judged(model, attested(v1()), other, policy=policy)
    assert "provenance/enough-signers" in bad(verdict)
