"""Makes values that look like secrets and are not: names, digests, ids, certificates, prose."""

from __future__ import annotations

import base64
import hashlib
import random
import string
import uuid
from collections.abc import Callable, Iterator

from tests.attacks.planted_secrets import B64, HEX, LETTERS, LOWER, some


def honest_values(count: int, r: random.Random) -> Iterator[tuple[str, str]]:
    """Give values, with the names they stand under, that no rule may lose."""
    for index in range(count):
        make = _HONEST[index % len(_HONEST)]
        yield make(r)


def _digest(r: random.Random) -> str:
    return hashlib.sha256(r.randbytes(8)).hexdigest()


def _uuid(r: random.Random) -> str:
    return str(uuid.UUID(int=r.getrandbits(128), version=4))


def _b64(r: random.Random, count: int) -> str:
    return base64.b64encode(r.randbytes(count)).decode()


_REGIONS = ("eu-west-1", "us-east-1", "westeurope", "europe-west4", "ap-southeast-2")
_MODELS = (
    "meta-llama/Llama-3.1-8B-Instruct",
    "Qwen/Qwen2.5-VL-72B-Instruct-GPTQ-Int8",
    "mistralai/Mixtral-8x7B-Instruct-v0.1",
    "sentence-transformers/all-MiniLM-L6-v2",
    "anthropic.claude-3-5-sonnet-20241022-v2:0",
    "TheBloke/CodeLlama-34B-Instruct-GGUF",
    "distilbert-base-uncased-finetuned-sst-2-english",
    "gpt-4o-mini-2024-07-18",
)
_PROSE = (
    "The password is kept in Secrets Manager and rotated every thirty days.",
    "Das Kennwort wird im Tresor gespeichert: niemand tippt es ab.",
    "Le jeton d'accès est renouvelé chaque nuit par le service d'identité.",
    "El token se obtiene del almacén; no se guarda en el código.",
    "パスワードは保管庫にあります。コードには書きません。",
    "Basic authentication is disabled; bearer authentication-tokens come from the broker.",
)
_PLACEHOLDERS = (
    "${DB_PASSWORD}",
    "$(cat /run/secrets/token)",
    "<your-token>",
    "changeme",
    "REPLACE_ME",
    "{{ .Values.token }}",
    "YOUR_API_KEY",
    "example-password",
    "xxxxxxxx",
    "********",
    "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/pw)",
    "ref+vault://a/b#c",
    "{{resolve:secretsmanager:db:SecretString:password}}",
    "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db",
)
_HONEST: tuple[Callable[[random.Random], tuple[str, str]], ...] = (
    lambda r: (
        "RoleArn",
        f"arn:aws:iam::{r.randrange(10**11, 10**12)}:role/ml-{some(r, LETTERS, 12)}",
    ),
    lambda r: ("KmsKeyId", f"arn:aws:kms:{r.choice(_REGIONS)}:111122223333:key/{_uuid(r)}"),
    lambda r: (
        "SecretArn",
        f"arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-{some(r, LETTERS, 6)}",
    ),
    lambda r: ("image", f"registry.example.com/vllm/vllm-openai@sha256:{_digest(r)}"),
    lambda r: (
        "image",
        (
            f"{r.randrange(10**11, 10**12)}.dkr.ecr.{r.choice(_REGIONS)}.amazonaws.com/tgi:2."
            f"4.0-gpu-py311-cu124"
        ),
    ),
    lambda r: ("digest", f"sha256:{_digest(r)}"),
    lambda r: ("CodeSha256", _b64(r, 32)),
    lambda r: ("integrity", f"sha512-{_b64(r, 64)}"),
    lambda r: ("commit", some(r, HEX, 40)),
    lambda r: ("tenantId", _uuid(r)),
    lambda r: ("client_id", _uuid(r)),
    lambda r: ("VersionId", some(r, LETTERS + "._", 32)),
    lambda r: ("etag", f'"{some(r, HEX, 32)}"'),
    lambda r: ("RoleId", "AROA" + some(r, string.ascii_uppercase + "234567", 17)),
    lambda r: ("subnet", f"subnet-0{some(r, HEX, 16)}"),
    lambda r: ("host", f"ml-{some(r, LOWER, 8)}.{r.choice(_REGIONS)}.inference.ml.azure.com"),
    lambda r: ("model", r.choice(_MODELS)),
    lambda r: (
        "version",
        f"v{r.randrange(9)}.{r.randrange(30)}.{r.randrange(9)}-rc.{r.randrange(9)}",
    ),
    lambda r: ("region", r.choice(_REGIONS)),
    lambda r: ("key", "alias/aws/s3"),
    lambda r: (
        "id",
        (
            f"/subscriptions/{_uuid(r)}/resourceGroups/ml/providers/Microsoft.KeyVault/vaults"
            f"/kv{some(r, LOWER, 8)}/keys/cmk"
        ),
    ),
    lambda r: (
        "keyVaultUri",
        f"https://kv{some(r, LOWER, 8)}.vault.azure.net/keys/cmk/{some(r, HEX, 32)}",
    ),
    lambda r: (
        "name",
        f"projects/ml/locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/{r.randrange(9)}",
    ),
    lambda r: ("secretName", f"hf-token-{some(r, LOWER, 5)}"),
    lambda r: ("password", r.choice(_PLACEHOLDERS)),
    lambda r: ("API_TOKEN", r.choice(_PLACEHOLDERS)),
    lambda r: ("description", r.choice(_PROSE)),
    lambda r: ("publicKey", f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{some(r, B64, 43)} me@host"),
    lambda r: (
        "certificate",
        "-----BEGIN CERTIFICATE-----\n"
        + "\n".join(some(r, B64, 64) for _ in range(3))
        + "\n-----END CERTIFICATE-----",
    ),
    lambda r: (
        "caBundle",
        base64.b64encode(
            f"-----BEGIN CERTIFICATE-----\n{some(r, B64, 64)}\n-----END CERTIFICATE-----\n".encode()
        ).decode(),
    ),
    lambda r: ("max_tokens", str(r.randrange(1, 9) * 1024)),
    lambda r: ("tokenizer", r.choice(_MODELS)),
    lambda r: ("token_endpoint", f"https://login.microsoftonline.com/{_uuid(r)}/oauth2/v2.0/token"),
    lambda r: ("PasswordLastUsed", f"2026-0{r.randrange(1, 9)}-11T08:{r.randrange(10, 59)}:00Z"),
    lambda r: (
        "authType",
        r.choice(("AAD_TOKEN", "AMLToken", "ManagedIdentity", "AWS_IAM", "NONE")),
    ),
    lambda r: (
        "instanceType",
        r.choice(("Standard_NC24ads_A100_v4", "ml.p4d.24xlarge", "a2-ultragpu-8g")),
    ),
    lambda r: ("sslPolicy", "ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04"),
    lambda r: (
        "url",
        (
            f"https://huggingface.co/{r.choice(_MODELS)}/resolve/{some(r, HEX, 40)}/model.s"
            f"afetensors"
        ),
    ),
    lambda r: ("ClientToken", f"terraform-2026{r.randrange(10**17, 10**18)}"),
    lambda r: ("userPool", f"eu-west-1_{some(r, LETTERS, 9)}"),
)
