"""Keys and passwords that are committed in files of code, and what only looks like one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.servers.config.declared import seen

BODY = "MIIEowIBAAKCAQEAvGqmS0XHqZ1r7Jw3kq0Vb1dPZk2s9mYt\n" * 6
RSA = f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}-----END RSA PRIVATE KEY-----\n"


def secrets_of(folder: Path, path: str, text: str) -> list[dict[str, Any]]:
    """The secrets that the file itself holds; none where it is not read."""
    resources = seen(folder, {path: text}).inventory.resources
    files = [item for item in resources if item.type == "code.file"]
    return [secret for item in files for secret in item.properties["secrets"]]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("deploy/web.pem", RSA),
        ("deploy/web.key", RSA.replace("RSA ", "")),
        ("id_ed25519", RSA.replace("RSA ", "OPENSSH ").replace(
            BODY, "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2g\n")),
    ],
)  # fmt: skip
def test_a_private_key_in_a_file_of_its_own_is_found_where_it_begins(
    tmp_path: Path, path: str, text: str
) -> None:
    (found,) = secrets_of(tmp_path, path, text)
    assert (found["kind"], found["what"]) == ("private-key", "a private key without a passphrase")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("ca.pem", RSA.replace("RSA PRIVATE KEY", "CERTIFICATE")),
        ("web.pem", RSA.replace("RSA PRIVATE KEY", "PUBLIC KEY")),
        ("web.key", RSA.replace("RSA ", "ENCRYPTED ")),
        ("web.key", RSA.replace(BODY, f"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES,00\n\n{BODY}")),
        ("id_rsa", RSA.replace("RSA ", "OPENSSH ").replace(
            BODY, "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABDq\n")),
        ("talk.key", "slides"),
        ("web.pem", "-----BEGIN RSA PRIVATE KEY-----\n<paste your key here>\n"),
    ],
)  # fmt: skip
def test_certificates_public_keys_and_keys_with_a_passphrase_are_no_secrets(
    tmp_path: Path, path: str, text: str
) -> None:
    assert secrets_of(tmp_path, path, text) == []


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("main.tf", 'resource "aws_db_instance" "d" {\n  password = "password123"\n}\n', 2),
        ("main.tf", 'variable "db_password" {\n  type = string\n  default = "Tr0ub4dor"\n}\n', 3),
        ("main.bicep", "param pgsqlPassword string = '#QWEasdqwe'\n", 1),
        ("chart/values.yaml", "grafana:\n  adminPassword: admin  # change it\n", 2),
        ("observability/kube-prom-stack.yaml", "grafana:\n  adminPassword: prom-operator\n", 2),
        ("jupyterhub-values-dev.yaml", "auth:\n  password: never-do-this\n", 2),
        ("t.yaml", ("AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  D:\n    Type:"
         " AWS::RDS::DBInstance\n    Properties:\n      MasterUserPassword: Adm1n!234\n"), 6),
    ],
)  # fmt: skip
def test_a_password_that_is_a_literal_is_found_on_its_line(
    tmp_path: Path, path: str, text: str, line: int
) -> None:
    (found,) = secrets_of(tmp_path, path, text)
    assert found["what"].startswith(f"line {line}: ")


@pytest.mark.parametrize(
    "text",
    [
        "password = var.db_password",
        'password = "${random_password.db.result}"',
        'password = "changeme"',
        'password = "<your password>"',
        'password = "{secure-password}"',
        'authentication = "password"',
        'password_secret_name = "prod-db-password"',
        'kms_master_password_rotation = "enabled"',
        '# password = "hunter2hunter2"',
    ],
)
def test_references_stand_ins_and_names_of_secrets_are_no_passwords(
    tmp_path: Path, text: str
) -> None:
    block = f'resource "aws_db_instance" "d" {{\n  {text}\n}}\n'
    assert secrets_of(tmp_path, "main.tf", block) == []


@pytest.mark.parametrize(
    "text",
    [
        "adminPassword: changeme",
        "existingSecretPasswordKey: postgres-password",
        'password: ""',
        "password: file:///etc/db/pass.txt",
        "password: ${DB_PASSWORD}",
        "# adminPassword: admin",
    ],
)
def test_values_of_a_chart_that_leave_a_password_open_hold_none(tmp_path: Path, text: str) -> None:
    assert secrets_of(tmp_path, "chart/values.yaml", f"db:\n  {text}\n  user: a\n") == []


def test_passwords_of_a_test_of_a_chart_are_none_of_its_values(tmp_path: Path) -> None:
    text = "suite: deployment\ntests:\n  - set:\n      auth:\n        adminPassword: abc123abc\n"
    assert secrets_of(tmp_path, "chart/unit/deployment.yaml", text) == []


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ("hf_token: hf_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3z", ["huggingface-token"]),
        ("hf_token: hf_" + "x" * 34, []),
        ("hf_token: ${HF_TOKEN}", []),
        ("model: hf_hub/some-model", []),
    ],
)
def test_a_key_for_models_is_found_in_the_settings_of_any_tool(
    tmp_path: Path, line: str, kinds: list[str]
) -> None:
    assert [item["kind"] for item in secrets_of(tmp_path, "args.yaml", f"a: 1\n{line}\n")] == kinds


@pytest.mark.parametrize(
    ("kind", "count"), [("PRIVATE KEY", 1), ("RSA PRIVATE KEY", 1), ("ENCRYPTED PRIVATE KEY", 0)]
)
def test_a_private_key_in_a_string_of_json_is_found_at_its_line(
    tmp_path: Path, kind: str, count: int
) -> None:
    key = RSA.replace("RSA PRIVATE KEY", kind).replace("\n", "\\n")
    text = f'{{\n  "type": "service_account",\n  "private_key": "{key}"\n}}\n'
    found = [item["what"] for item in secrets_of(tmp_path, "app/credentials.json", text)]
    assert found == ["line 3: private-key"] * count


def test_a_private_key_that_is_only_hinted_at_in_json_is_none(tmp_path: Path) -> None:
    text = '{"private_key": "-----BEGIN PRIVATE KEY-----\\n...\\n-----END PRIVATE KEY-----\\n"}\n'
    assert secrets_of(tmp_path, "app/credentials.json", text) == []


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("main.tf", b"\x00GITCRYPT\x00" + bytes(range(128, 256))),
        ("prod.tfvars", b"$ANSIBLE_VAULT;1.1;AES256\n" + b"6238643233\n" * 8),
    ],
)
def test_an_encrypted_file_is_a_gap_and_holds_no_secret_in_clear(
    tmp_path: Path, name: str, body: bytes
) -> None:
    tmp_path.joinpath("repo").mkdir()
    tmp_path.joinpath("repo", name).write_bytes(body)
    found = seen(tmp_path, {}).inventory
    (file,) = (item for item in found.resources if item.type == "code.file")
    assert file.properties["secrets"] == []
    assert {"branch_downloads", "module_policies", "unresolved_parts"} <= file.unread.keys()
    assert [gap.detail.rpartition(": ")[2] for gap in found.gaps] == ["encrypted"]


@pytest.mark.parametrize("mark", ["CHARTMART-ENCRYPTED", "$ANSIBLE_VAULT;1.1;AES256\n"])
def test_a_mark_of_encryption_before_a_text_hides_nothing(tmp_path: Path, mark: str) -> None:
    text = f'{mark}\ndb_password = "hunter2-plain-9"\n'
    assert len(secrets_of(tmp_path, "prod.tfvars", text)) == 1


def test_a_value_that_sops_encrypted_is_no_password(tmp_path: Path) -> None:
    text = "adminPassword: ENC[AES256_GCM,data:Cx8=,iv:q0=,tag:Zz=,type:str]\n"
    assert secrets_of(tmp_path, "values.yaml", text) == []


@pytest.mark.parametrize(
    ("start", "count"),
    [("MIIEpAIBAAKCAQEA", 1), ("MIIEvQIBADANBgkq", 1), ("MIICpTCCAY0CBgGT", 0)],
)
def test_a_bare_rsa_key_in_an_export_is_found_and_a_certificate_is_none(
    tmp_path: Path, start: str, count: int
) -> None:
    text = f'{{"keys": {{\n  "privateKey": ["{start}{"vc2DtuEdbs72kognmXqh" * 20}"]\n}}}}\n'
    found = [item["what"] for item in secrets_of(tmp_path, "import/realm.json", text)]
    assert found == ["line 2: private-key"] * count


def test_a_key_that_a_comment_only_hints_at_is_none(tmp_path: Path) -> None:
    text = '# for example "-----BEGIN PRIVATE KEY-----\\n...\\n-----END..."\nvllm serve m\n'
    assert secrets_of(tmp_path, "check.sh", text) == []
