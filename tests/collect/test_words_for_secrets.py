"""A value that only says what belongs in its place is no secret; a weak password is one."""

from __future__ import annotations

import pytest

from mlsec.collect.secrets.kinds import secret_kind
from mlsec.core.secret_forms import find_forms


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NGC_API_KEY", "ngc_api_key_placeholder"),
        ("NGC_API_KEY", "ngcapikey"),
        ("HF_TOKEN", "hf-token"),
        ("imagePullSecret", "IfNotPresent"),
        ("existingSecret", "Milvus-Creds1"),
    ],
)
def test_a_word_for_a_key_is_none(name: str, value: str) -> None:
    assert secret_kind(value, name) is None


@pytest.mark.parametrize(
    ("name", "value"), [("DB_PASSWORD", "dbpassword"), ("NGC_API_KEY", "nvapi-7Fq2xV9mBz4L")]
)
def test_a_password_that_is_its_own_name_is_one_all_the_same(name: str, value: str) -> None:
    assert secret_kind(value, name)


def test_the_address_that_a_website_sends_errors_to_is_public() -> None:
    key = "5208a9e666bf4d85aa9f8281a7fdaf9a"
    assert find_forms(f"https://{key}@o309125.ingest.sentry.io/6771948") == []
    assert find_forms(f"https://{key}@git.example.org/team/repository.git")
    assert find_forms(f"https://{key}:{key}@sentry.example.org/2")
