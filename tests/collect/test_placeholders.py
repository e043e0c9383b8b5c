"""What stands where a secret is yet to be filled in is no secret."""

from __future__ import annotations

import pytest

from mlsec.collect.secrets.find import find_secrets
from mlsec.collect.secrets.plain import is_plain_credential
from mlsec.core.enums import Truth


@pytest.mark.parametrize(
    "line",
    [
        "API_KEY: MY_API_KEY_VAL",
        "DB_PASSWORD=CHANGE_THIS_PASSWORD",
        "password: PASSWORD_PLACEHOLDER",
        "OPENAI_API_KEY=sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "OPENAI_API_KEY=sk-your-api-key-goes-here-0000",
        "HF_TOKEN: hf_your_token_here_abcdefghijklmnop",
        "GITHUB_TOKEN=ghp_XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
        "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "url: postgres://user:YOUR_PASSWORD@host/db",
        'proxy = "http://user:pass@proxy.corp:3128"',
        "DATABASE_URL=postgresql://username:password@localhost/db",
        'token = "xoxb-test-token"',
        "resources=[f'arn:aws:secretsmanager:{Aws.REGION}:{Aws.ACCOUNT_ID}:secret:Git-{name}-*']",
        """secret_string_template='{"username": "admin"}'""",
        "HuggingFaceTB/SmolLM3-3B",
        "curl 'https://keys.example/lookup?op=get&search=0x0C0E6AF955CE463C03FC51574D098D70AFBE5E1F'",
        'client = OpenAI(api_key="token-abc123")',
        'print("PASS: SkyPilot RunPod backend available.")',
        'GATEWAY_ENDPOINT = "gateway_endpoint"\nGATEWAY_SECRET = "gateway_secret"\n',
        'PASS_HF_TOKEN = "huggingface/token"',
        'SECRET_MARKER = "sk-do-not-log-this-value"',
        "example = f'http://localhost:{PORT}/?token=v2.public.[long_str]'",
    ],
)
def test_value_that_is_yet_to_be_filled_in_is_no_secret(line: str) -> None:
    assert find_secrets(line) == []


@pytest.mark.parametrize(
    "line",
    [
        "url: postgres://postgres:hunter22@host/db",
        """secret_string_template='{"username": "admin", "password": "hunter2x9"}'""",
        "PASS: Sunshine99",
        'JWT_SECRET = "jwt_secret"',
        'APP_NAME = "vision"\nJWT_SECRET = "jwt_secret"\n',
        "LITELLM_MASTER_KEY=sk-never-tell-this-to-anybody",
        "curl http://localhost/?token=v2Ab12Cd34Ef56Gh78[0]",
        'HF_TOKEN = "huggingface/token7Fq2xV9mBz4L"',
        "SLACK=xoxb-123456789012-1234567890123-" + "AbCdEfGhIjKlMnOpQrStUvWx",
    ],
)
def test_value_beside_a_placeholder_is_a_secret(line: str) -> None:
    assert find_secrets(line) != []


def test_name_in_capitals_that_says_nothing_of_a_secret_may_be_a_password() -> None:
    assert find_secrets("PASSWORD=CORRECT_HORSE_BATTERY")


@pytest.mark.parametrize(
    "line", ["NGC_API_KEY=${NGC_API_KEY:-nvidiaapikey}", "NVIDIA_API_KEY=nvidiaapikey"]
)
def test_name_of_a_key_in_place_of_the_key_is_no_secret(line: str) -> None:
    assert find_secrets(line) == []


@pytest.mark.parametrize(
    "line",
    [
        "OBJECTSTORE_SECRETKEY: seaweedfsadmin",
        "secretKey: seaweedfsadmin",
        "secretkey=seaweedfsadmin",
        "VLLM_API_KEY=my-vllm-api-key",
    ],
)
def test_word_under_the_name_of_a_secret_is_one(line: str) -> None:
    assert find_secrets(line) != []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("MINIO_SECRETKEY", "minioadmin", Truth.TRUE),
        ("POSTGRES_PASSWORD", "postgres", Truth.TRUE),
        ("POSTGRES_PASSWORD", "1234", Truth.TRUE),
        ("DB_PASSWORD", "abc", Truth.TRUE),
        ("DB_PASSWORD", "changeme", Truth.UNKNOWN),
        ("DB_PASSWORD", "example-password", Truth.UNKNOWN),
        ("NGC_API_KEY", "nvidiaapikey", Truth.UNKNOWN),
        ("SESSION_SECRET", "abc", Truth.UNKNOWN),
        ("OPENAI_API_KEY", "EMPTY", Truth.FALSE),
        ("DB_PASSWORD", "$(FROM_A_SECRET)", Truth.FALSE),
        ("DB_PASSWORD", "/run/secrets/password", Truth.FALSE),
        ("REQUIRE_PASSWORD", "true", Truth.FALSE),
        ("REQUIRE_PASSWORD", "1", Truth.UNKNOWN),
        ("MODEL", "postgres", Truth.FALSE),
        ("MAX_TOKENS", "4096", Truth.FALSE),
    ],
)
def test_plain_value_is_a_credential_where_only_one_would_stand(
    name: str, value: str, expected: Truth
) -> None:
    assert is_plain_credential(name, value) is expected
