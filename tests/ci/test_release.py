"""The release workflow and its script: least rights, pinned actions, refusals that hold."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlsec import __version__
from mlsec.signing.bundles.bundle_reader import parse_bundles
from mlsec.signing.provenance.slsa import SLSA_V1, read_provenance

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "ci" / "release.sh"
TEXT = (ROOT / ".github/workflows/release.yml").read_text()
JOBS: dict[str, Any] = yaml.safe_load(TEXT)["jobs"]
STEPS = [(name, step) for name, job in JOBS.items() for step in job["steps"]]
# What a job may do beyond reading the repository, and nothing else.
RIGHTS = {
    "build": {"contents": "read"},
    "attest": {"id-token": "write", "attestations": "write"},
    "pypi": {"id-token": "write"},
    "image": {
        "contents": "read", "packages": "write", "id-token": "write", "attestations": "write",
    },
    "announce": {"contents": "write"},
}  # fmt: skip


def step_of_script(
    *words: str, podman: str = "podman", **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        ["bash", SCRIPT, *words],  # noqa: S607
        capture_output=True, text=True, check=False, cwd="/",
        env={
            "PATH": "/usr/bin:/bin", "MLSEC_RELEASE_PYTHON": sys.executable, "MLSEC_PODMAN": podman,
            **more,
        },
    )  # fmt: skip


def test_every_job_has_the_rights_that_it_needs() -> None:
    assert yaml.safe_load(TEXT)["permissions"] == {}
    assert {name: job["permissions"] for name, job in JOBS.items()} == RIGHTS


def test_what_publishes_waits_for_a_person_and_knows_no_stored_token() -> None:
    for name in ("pypi", "image", "announce"):
        assert JOBS[name]["environment"]["name"], name
    assert "secrets." not in TEXT
    assert "password:" not in TEXT


def test_only_a_tag_starts_it() -> None:
    assert yaml.safe_load(TEXT)[True] == {"push": {"tags": ["v[0-9]*"]}}


@pytest.mark.parametrize("name", JOBS)
def test_no_expression_is_text_of_a_script(name: str) -> None:
    for step in JOBS[name]["steps"]:
        assert "${{" not in step.get("run", "")


def test_the_steps_are_those_of_the_script() -> None:
    known = set(re.findall(r"^do_(\w+)\(\)", SCRIPT.read_text(), re.M))
    called = set(re.findall(r"ci/release\.sh (\w+)", "\n".join(s.get("run", "") for _, s in STEPS)))
    assert called == {"version", "build", "reproduce", "sbom", "sums", "image", "bom"}
    assert called <= known


def test_nothing_that_is_published_is_built_in_a_job_that_may_publish() -> None:
    for name in ("attest", "pypi", "announce"):
        assert not [s for n, s in STEPS if n == name and "checkout" in s.get("uses", "")]


@pytest.mark.parametrize("tag", ["v9.9.9", __version__, f"v{__version__}; touch x", "", "v*"])
def test_a_tag_that_is_not_the_version_is_refused(tag: str) -> None:
    done = step_of_script("version", tag)
    assert done.returncode == 2
    assert f"expected v{__version__}" in done.stderr
    assert step_of_script("version", f"v{__version__}").returncode == 0


def test_a_release_of_another_repository_than_the_one_named_is_refused() -> None:
    named = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Repository"]
    own = named.removeprefix("https://github.com/")
    for repository, code in ((own, 0), (f"{own}-fork", 2), ("", 0)):
        done = step_of_script("version", f"v{__version__}", GITHUB_REPOSITORY=repository)
        assert done.returncode == code, done.stderr


@pytest.mark.parametrize(
    "base", ["", "python:3.13", "python@sha256:1234", "$(touch x)@sha256:" + "0" * 64]
)
def test_a_base_that_is_not_pinned_by_digest_is_refused(base: str) -> None:
    done = step_of_script("image", "mlsec", base)
    assert done.returncode == 2
    assert "pinned by digest" in done.stderr


def test_bill_of_an_image_has_its_debian_packages_too(tmp_path: Path) -> None:
    """A stand-in for podman prints what dpkg-query does; the schema is CycloneDX's own."""
    podman = tmp_path / "podman"
    podman.write_text(
        "#!/bin/sh\nprintf 'libc6\\t2.41-12+deb13u4\\tamd64\\ngit\\t1:2.47.3-0\\tamd64\\n'\n"
    )
    podman.chmod(0o755)
    python = {"type": "library", "name": "msgspec", "version": "0.22.0", "bom-ref": "msgspec"}
    bill = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": [python]}
    (tmp_path / "mlsec-image-ci.cdx.json").write_text(json.dumps(bill))
    done = step_of_script("bom", "mlsec", str(tmp_path), podman=str(podman))
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "image.cdx.json").read_text()
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415 - a second to import
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415 - as above

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert [one["bom-ref"] for one in json.loads(text)["components"]] == [
        "msgspec",
        "pkg:deb/debian/git@1%3A2.47.3-0?arch=amd64",
        "pkg:deb/debian/libc6@2.41-12%2Bdeb13u4?arch=amd64",
    ]
    for empty in ("/bin/true", "/bin/false"):
        assert step_of_script("bom", "mlsec", str(tmp_path), podman=empty).returncode == 2


@pytest.mark.parametrize(
    "words", [(), ("nothing",), ("build",), ("sign", "x"), ("check", "a", "b")]
)
def test_an_unknown_step_is_refused(words: tuple[str, ...]) -> None:
    assert step_of_script(*words).returncode == 2


def test_the_rehearsal_attests_what_the_policy_of_the_docs_asks_for(tmp_path: Path) -> None:
    dist = tmp_path / "dist"
    dist.mkdir()
    (dist / "mlsec_scanner-1-py3-none-any.whl").write_bytes(b"wheel")
    key = tmp_path / "key.pem"
    make = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(key)]
    subprocess.run(make, check=True, capture_output=True)  # noqa: S603
    done = step_of_script("sign", str(dist), str(key))
    assert done.returncode == 0, done.stderr
    [bundle] = parse_bundles((dist / "provenance.sigstore.json").read_bytes())
    assert bundle.envelope is not None
    built = read_provenance(bundle.envelope.payload)
    assert built.predicate_type == SLSA_V1
    assert [name for name, _ in built.subjects] == ["mlsec_scanner-1-py3-none-any.whl"]
    page = (ROOT / "docs" / "release.md").read_text()
    policy = yaml.safe_load(page.partition("# trust.yaml\n")[2].partition("```")[0])
    [entry] = policy["models"]
    assert entry["provenance"]["predicate"] == built.predicate_type
    assert entry["provenance"]["workflow"] == built.workflow
    assert entry["provenance"]["source"] == f"git+{built.source}@refs/tags/vX.Y.Z"
    assert built.ref == f"refs/tags/v{__version__}"
