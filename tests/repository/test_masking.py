"""A secret in code is masked where it stands, and the code around it stays as it was."""

from __future__ import annotations

import json

import pytest

from mlsec.collect.secrets.masking import Masker, masked_kind
from mlsec.repository.plan_secrets import sensitive_texts

PASSWORD = "Tr0ub4dor-and-3"


@pytest.mark.parametrize(
    "text",
    [
        f"password = {PASSWORD}",
        f'  db_password = "{PASSWORD}"',
        f"DB_PASSWORD: '{PASSWORD}'",
        f"ENV API_TOKEN={PASSWORD}9",
        f"ADMIN_PASSWORD={PASSWORD}",
        f'variable "db_password" {{\n  type = string\n  default = "{PASSWORD}"\n}}',
        f'{{"adminPassword": {{"type": "securestring", "defaultValue": "{PASSWORD}"}}}}',
        f"Parameters:\n  Password:\n    NoEcho: true\n    Default: {PASSWORD}",
        f"Parameters:\n  Password: {{NoEcho: true, Default: {PASSWORD}}}",
        f'{{"client_secret": "{PASSWORD}"}}',
        f"vllm serve x --password {PASSWORD}",
        f'["serve", "--password", "{PASSWORD}"]',
        f"- --password\n- {PASSWORD}",
        f"  - name: DB_PASSWORD\n    value: {PASSWORD}",
        f'{{\n "name": "DB_PASSWORD",\n "value": "{PASSWORD}"}}',
        f"postgres://user:{PASSWORD}@db/x",
        f"x: |\n  -----BEGIN PRIVATE KEY-----\n  {PASSWORD}\n  -----END PRIVATE KEY-----\ny: 1",
    ],
)
def test_no_secret_is_left_and_no_line_is_lost(text: str) -> None:
    masked = Masker("salt").mask(text)
    assert PASSWORD not in masked
    assert masked.count("\n") == text.count("\n")
    assert masked_kind(masked)


@pytest.mark.parametrize(
    "text",
    [
        "password = var.password",
        "password = random_password.db.result",
        "token: ${TOKEN}",
        'aws_secret_access_key=os.getenv("AWS_SECRET_ACCESS_KEY"),',
        'entry["password"] = sys.argv[2]',
        "./make-certificate.sh --service admission --secret volcano-admission-secret",
        "secretName: my-credentials",
        "secret_arn = arn:aws:secretsmanager:eu-west-1:1:secret:x",
        'image: "vllm/vllm-openai:v0.9.1"',
        "max_tokens: 4096",
        "--api-key-file /run/secrets/key",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Masker("salt").mask(text, is_quoted=" = " in text) == text


def test_equal_secrets_are_equal_inside_one_snapshot_only() -> None:
    text = f"password = {PASSWORD}"
    assert Masker("a").mask(text) == Masker("a").mask(text) != Masker("b").mask(text)


def test_what_a_plan_marks_as_sensitive_is_masked_and_its_keys_are_not() -> None:
    plan = {
        "planned_values": {
            "outputs": {"o": {"sensitive": True, "value": "out<1>"}},
            "root_module": {
                "resources": [{
                    "values": {"name": "plain", "login": {"user": "values", "word": "abc"}},
                    "sensitive_values": {"login": True},
                }]
            },
        },
        "variables": {"v": {"value": "var-text"}},
        "configuration": {"root_module": {"variables": {"v": {"sensitive": True}}}},
        "resource_changes": [{"change": {"after": ["x", "yy"], "after_sensitive": [False, True]}}],
    }  # fmt: skip
    text = json.dumps(plan, indent=1).replace("<", "\\u003c").replace(">", "\\u003e")
    masked = Masker("salt").mask_texts(text, sensitive_texts(text))
    found = json.loads(masked)
    assert found["planned_values"]["root_module"]["resources"][0]["values"]["name"] == "plain"
    for secret in ("abc", "var-text", "yy", "out\\u003c1\\u003e"):
        assert f'"{secret}"' not in masked
    assert masked.count("mlsec-masked-sensitive") == 5
    assert masked.count("\n") == text.count("\n")


def test_a_flag_without_a_value_takes_nothing_of_the_next_word() -> None:
    text = "jupyter lab --ServerApp.token= '--ServerApp.ip=0.0.0.0'"
    assert Masker("salt").mask(text) == text
    assert PASSWORD not in Masker("salt").mask(f"x --token= --password={PASSWORD}")


def test_deep_lines_below_a_name_do_not_double_the_work_with_each() -> None:
    text = "  Pw:\n" + ("    " * 10 + "x\n") * 9 + f"    Default: {PASSWORD}\n"
    deep = "  A:\n" + ("    " * 10 + "x\n") * 200
    masked = Masker("salt").mask(text.replace("Pw", "DbPassword") + deep)
    assert PASSWORD not in masked
