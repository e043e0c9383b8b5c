"""People leave secrets in code, tags, commands and start-up scripts; a scan must not spread them.

Who reads reports and evidence is not who may read the account: an auditor, a pull request, a bug
tracker. 150 secrets of 50 kinds stand in 30 places of code and in the answers of four clouds; none
may be read from anything that a scan writes or says: not whole, in base64, with percent signs,
backwards, in halves, or split at a line end. A reader of the evidence who tries short passwords
against the hashes gains nothing, and nobody hides code from the scan by writing it like a key.
Ten thousand honest values stay as they are.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mlsec.cli.main import main
from mlsec.collect.secrets.kinds import secret_kind
from mlsec.collect.secrets.masking import MARK, Masker
from mlsec.collect.secrets.redact import Redactor
from mlsec.collect.secrets.screen import Screen
from mlsec.core.enums import Status
from mlsec.core.secret_forms import find_forms, without_forms
from mlsec.snapshot.evidence import open_evidence
from tests.attacks.honest_values import honest_values
from tests.attacks.planted_secrets import KINDS, make_secret
from tests.attacks.secret_places import PLACES
from tests.attacks.secret_scans import (
    FORMATS,
    PER_CLOUD,
    everything,
    leaked,
    planted,
    scan,
    secrets_of,
)
from tests.e2e import runs
from tests.estate.azure_estate import build_azure
from tests.estate.azure_server import RunningAzure
from tests.estate.gcp_estate import build_gcp
from tests.estate.gcp_server import RunningGcp
from tests.estate.kube_estate import story
from tests.estate.kube_server import KubeWorld, RunningKube
from tests.estate.overlay import Patch
from tests.estate.serve import RunningAws, Settings


def test_no_secret_of_a_repository_is_in_any_output(tmp_path: Path) -> None:
    made = planted(tmp_path / "repository")
    secrets = [secret for secret, _ in made]
    assert len({secret.kind for secret in secrets}) >= 40
    assert len({place for _, place in made}) >= 25
    texts = scan(tmp_path / "repository", tmp_path / "out")
    assert leaked(texts, secrets) == []
    assert any(MARK in text for text in texts)


def test_no_secret_of_an_aws_account_is_in_any_output(tmp_path: Path) -> None:
    some = secrets_of(3, PER_CLOUD, has_lines=False)
    more = secrets_of(31, 6)
    tags = [{"Key": secret.name, "Value": secret.text} for secret in some]
    container = {
        "Image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/tgi:2",
        "ModelDataUrl": f"https://app:{some[0].core}@models.example.com/m.tar.gz",
        "Environment": {f"PLAIN_{index}": secret.text for index, secret in enumerate(more)},
    }
    patches = (
        Patch(
            service="sagemaker", operation="DescribeModel", members={"PrimaryContainer": container}
        ),
        Patch(service="sagemaker", operation="ListTags", members={"Tags": tags}),
    )
    with RunningAws(Settings(deployments=2, patches=patches)) as aws:
        texts = scan("aws", tmp_path / "out", aws)
    assert any(MARK in text for text in texts)
    assert leaked(texts, [*some, *more]) == []


def test_no_secret_of_a_subscription_is_in_any_output(tmp_path: Path) -> None:
    secrets = secrets_of(5, PER_CLOUD)
    world = build_azure(2).world
    tagged = [resource for resource in world.resources.values() if resource.get("location")]
    for index, resource in enumerate(tagged):
        secret = secrets[index % len(secrets)]
        resource["tags"] = {**resource.get("tags", {}), secret.name: secret.text}
        properties = resource.setdefault("properties", {})
        if isinstance(properties, dict):
            properties["description"] = f"call it with {secret.name}={secret.text}"
    with RunningAzure(world) as azure:
        texts = scan("azure", tmp_path / "out", azure)
    assert any(MARK in text for text in texts)
    assert leaked(texts, secrets) == []


def test_no_secret_of_a_project_is_in_any_output(tmp_path: Path) -> None:
    secrets = secrets_of(7, PER_CLOUD, has_lines=False)
    world = build_gcp(2).world
    kept = 0
    for index, (key, thing) in enumerate(list(world.things.items())):
        body: Any = json.loads(json.dumps(thing.body))
        if isinstance(body.get("labels"), dict):
            secret = secrets[index % len(secrets)]
            body["labels"][secret.name] = secret.text
            world.things[key] = msgspec.structs.replace(thing, body=body)
            kept += 1
    assert kept
    with RunningGcp(world) as gcp:
        texts = scan("gcp", tmp_path / "out", gcp)
    assert any(MARK in text for text in texts)
    assert leaked(texts, secrets) == []


def test_no_secret_of_a_cluster_is_in_any_output(tmp_path: Path) -> None:
    secrets = secrets_of(11, PER_CLOUD)
    objects = story()
    for each in objects:
        meta = each.setdefault("metadata", {})
        meta["annotations"] = {f"example.com/{s.name}": s.text for s in secrets}
    flags = [word for s in secrets for word in (f"--{s.name.lower().replace('_', '-')}", s.text)]
    script = "\n".join(f"export {s.name}='{s.text}'" for s in secrets)
    objects += [
        {
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "models"},
            "spec": {"containers": [{"name": "m", "image": "vllm/vllm-openai:v0.9.1", "args": flags,
                                     "command": ["sh", "-c", script]}]},
        },
        {
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "c", "namespace": "models"},
            "data": {"run.sh": script, "app.json": json.dumps({s.name: s.text for s in secrets})},
        },
    ]  # fmt: skip
    with RunningKube(KubeWorld(objects)) as cluster:
        config = str(cluster.kubeconfig(tmp_path))
        out = tmp_path / "out"
        done = runs.in_child("scan", "kubernetes://lab", "--configmaps", "-o", out, "-f", FORMATS,
                          "--fail-on", "none",
                              "--min-coverage", "0", KUBECONFIG=config)  # fmt: skip
    assert done.returncode in (0, 11), done.stderr[-2000:]
    texts = everything(out, done.stdout, done.stderr)
    assert any(MARK in text for text in texts)
    assert leaked(texts, secrets) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_masked_in_every_place(kind: str) -> None:
    r = random.Random(kind)  # noqa: S311 - the same in each run
    masker, checked = Masker("salt"), 0
    for place in PLACES:
        secret = make_secret(kind, r)
        if place.takes(secret):
            _, text = place.write(secret, "x")
            is_quoted = place.write(secret, "x")[0].endswith((".tf", ".tfvars", ".bicep"))
            masked = masker.mask(text, is_quoted=is_quoted)
            if place.name != "secret in base64":  # the manifest itself says what is secret there
                assert leaked([masked], [secret]) == [], (place.name, text, masked)
            assert masked.count("\n") == text.count("\n")
            checked += 1
    assert checked > 10


def test_at_most_one_in_a_hundred_honest_values_is_masked() -> None:
    screen, masker = Screen("salt"), Masker("salt")
    touched = []
    for name, value in honest_values(10_000, random.Random(3)):  # noqa: S311
        line, block = f"{name}: {value}\n", f'- name: {name}\n  value: "{value}"\n'
        kept = (
            screen.document({name: value}) == {name: value}
            and masker.mask(line) == line
            and masker.mask(block) == block
            and masker.mask(f"{name} = {json.dumps(value)}", is_quoted=True)
            == f"{name} = {json.dumps(value)}"
        )
        if not kept:
            touched.append((name, value))
    assert len(touched) <= 100, touched[:20]


def test_equal_secrets_are_recognised_wherever_they_stand_in_one_snapshot() -> None:
    text = "hf_" + "aB3dE5gH7j" * 3 + "abcd"
    mask = Masker("salt").mask(f"export HF_TOKEN={text}\n")
    reduced = Redactor("salt").reduce(text, "HF_TOKEN")
    tag = Screen("salt").document({"Tags": [{"Key": "HF_TOKEN", "Value": text}]})["Tags"][0][
        "Value"
    ]
    assert tag in mask
    assert f"-{reduced['~hash'][:12]}-" in tag
    assert Screen("other").document({"HF_TOKEN": text})["HF_TOKEN"] != tag


def test_the_name_of_a_secret_is_no_secret_and_a_key_in_its_place_is() -> None:
    def screened(value: str) -> str:
        return str(Screen("salt").document({"secret": value, "version": "1"})["secret"])

    for name in ("hf-token", "projects/ml/secrets/db-0003-password", "webhook"):
        assert screened(name) == name
    for secret in (
        "a3f04c1e-77aa-4d0b-9c51-0c8d5b1e2f3a",
        "Winter2024Otter",
        "9f8e7d6c5b4a39281706f5e4",
    ):
        assert screened(secret).startswith(MARK)


def test_the_key_of_the_hashes_is_not_in_the_evidence(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "live.env").write_text("DB_PASSWORD=otter12\n")
    out = tmp_path / "out"
    assert main(["scan", str(tmp_path / "code"), "-o", str(out), "--fail-on", "none",
                 "--min-coverage", "0"]) in (0, 11)  # fmt: skip
    with open_evidence(out / "evidence.mlsnap") as snapshot:
        assert not [key for key in snapshot.meta() if "salt" in key or "key" in key]
    everything(out)
    assert b"salt" not in (out / "evidence.mlsnap").read_bytes()


@pytest.mark.parametrize("text", ["otter12", "Winter2024!Winter", "correct-horse-battery-1"])
def test_no_character_of_a_short_secret_is_shown(text: str) -> None:
    assert Redactor("salt").reduce(text, "DB_PASSWORD")["~tail"] == ""


def test_the_end_of_a_long_token_is_shown() -> None:
    text = "ghp_" + "aB3dE5gH7jK9" * 3
    assert Redactor("salt").reduce(text, "GH")["~tail"] == "7jK9"


HIDDEN = 'resource "aws_s3_bucket_acl" "a" {\n  bucket = "b"\n  acl    = "public-read"\n}\n'
HIDDEN_POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  hostNetwork: true\n"


@pytest.mark.parametrize("code", [HIDDEN, HIDDEN_POD, "FROM a\nUSER root\nCMD serve\n"])
@pytest.mark.parametrize("end", ["# -----END PRIVATE " + "KEY-----\n", ""])
def test_code_between_the_lines_of_a_key_is_not_hidden(code: str, end: str) -> None:
    text = f"# -----BEGIN PRIVATE {'KEY'}-----\n{code}{end}"
    assert code in Masker("salt").mask(text)


def test_a_key_in_the_code_is_masked_and_what_follows_is_not() -> None:
    body = "\n".join(
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj" for _ in "123"
    )
    text = f"key = <<E\n-----BEGIN PRIVATE {'KEY'}-----\n{body}\nE\n{HIDDEN}"
    masked = Masker("salt").mask(text, is_quoted=True)
    assert "MIIE" not in masked
    assert HIDDEN in masked


def test_what_is_said_on_the_terminal_has_no_token(capsys: pytest.CaptureFixture[str]) -> None:
    token = "ghp_" + "aB3dE5gH7j" * 4
    assert main(["scan", f"https://x:{token}@127.0.0.1:1"]) == 2
    assert main(["scan", f"/nowhere/{token}"]) == 2
    written = capsys.readouterr()
    assert token not in written.err + written.out
    assert "/nowhere/" in written.err


def test_a_hostile_text_costs_no_more_than_its_length() -> None:
    masker = Masker("salt")
    for piece in ("password=",
        "-----BEGIN PRIVATE KEY-----\n", "token: |\n", "x: {", "%3D%26", "a://b:",
                  "A" * 64 + "\n", "eyJ", "name: secret\n", "--token \\\n"):  # fmt: skip
        # With the square of its length, a piece of them would outlast any test.
        assert masker.mask(piece * (400_000 // len(piece))), piece


def test_prose_is_no_token_and_a_token_in_prose_is() -> None:
    assert find_forms("bearer authentication is used, basic authentication-only is not") == []
    assert without_forms("sent Authorization: Bearer abcdef0123456789 to x") == (
        "sent Authorization: Bearer [authorization] to x"
    )
    assert secret_kind("gpt-4o-mini-2024-07-18", "MODEL") is None


def test_rules_still_see_what_they_need(tmp_path: Path) -> None:
    """The control: a masked secret is still found by the rules, and what is no secret is read."""
    (tmp_path / "pod.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: m\n"
        f"    image: vllm/vllm-openai@sha256:{'ab' * 32}\n    env:\n    - name: HF_TOKEN\n"
        f"      value: hf_{'aB3dE5gH7j' * 3}abcd\n    - {{name: MODEL, value: meta/llama}}\n"
    )
    out = tmp_path / "out"
    main(["scan", str(tmp_path), "-o", str(out), "--fail-on", "none", "--min-coverage", "0"])
    found = {f.rule for f in runs.load_assessment(out).findings if f.status is Status.FAIL}
    assert "k8s-pod/secret-in-environment" in found
    assert "k8s-pod/image-unpinned" not in found
