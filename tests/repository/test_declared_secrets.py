"""What code calls secret is masked whatever it looks like, and nothing else with it."""

from __future__ import annotations

import pytest
import yaml

from mlsec.collect.code.code_file import Language
from mlsec.collect.secrets.masking import Masker
from mlsec.repository.declared_secrets import secret_spans, sensitive_variables

PLAIN = "plainwords"
VARIABLE = 'variable "pw" {{\n  type = string\n  default = "{}"\n  sensitive = {}\n}}\n'
CASES = [
    (Language.TERRAFORM, VARIABLE.format(PLAIN, "true")),
    (Language.TERRAFORM_VALUES, f'pw = "{PLAIN}"\n'),
    (Language.TERRAFORM_VALUES, f'{{"pw": "{PLAIN}"}}'),
    (
        Language.CLOUDFORMATION,
        f"Parameters:\n  Pw:\n    Type: String\n    NoEcho: true\n    Default: {PLAIN}\n",
    ),
    (
        Language.CLOUDFORMATION,
        f'{{"Pw": {{"Default": "{PLAIN}", "AllowedPattern": "^.{{8,}}$", "NoEcho": "true"}}}}',
    ),
    (Language.ARM, f'{{"pw": {{"type": "secureString", "defaultValue": "{PLAIN}"}}}}'),
    (Language.KUBERNETES, f"kind: Secret\nstringData:\n  a: {PLAIN}\n  b: |\n    {PLAIN}\n"),
    (Language.KUBERNETES, f"kind: Secret\ndata:\n  # was {PLAIN}, it's old\n  #\n  a: {PLAIN}\n"),
    (Language.KUBERNETES, f'{{"kind": "Secret", "data": {{"a": "{PLAIN}"}}}}'),
    (Language.KUBERNETES, f"items:\n- kind: Secret\n  data: {{a: {PLAIN}}}\n"),
]


def masked(language: Language, text: str) -> str:
    sensitive = sensitive_variables([VARIABLE.format("", "true")])
    return Masker("salt").mask_spans(text, secret_spans(language, text, sensitive))


@pytest.mark.parametrize(("language", "text"), CASES)
def test_what_code_calls_secret_is_masked(language: Language, text: str) -> None:
    done = masked(language, text)
    assert PLAIN not in done
    assert done.count("\n") == text.count("\n")


def test_a_manifest_can_still_be_read_when_its_comments_are_masked() -> None:
    text = f"kind: Secret\ndata:\n  a: {PLAIN}\n  # what: it's\n  # no value\n  b: {PLAIN}\n"
    assert yaml.safe_load(masked(Language.KUBERNETES, text)).keys() == {"kind", "data"}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (Language.TERRAFORM, VARIABLE.format(PLAIN, "false")),
        (Language.TERRAFORM_VALUES, f'other = "{PLAIN}"\n'),
        (Language.KUBERNETES, f"kind: Secret\nmetadata: {{name: {PLAIN}}}\n"),
        (Language.KUBERNETES, 'kind: Secret\nstringData:\n  a: ${id}\n  b: |\n    key = "$KEY"\n'),
        (
            Language.CLOUDFORMATION,
            "Parameters:\n  Pw:\n    NoEcho: true\n  Net:\n    Default: open\n",
        ),
        (
            Language.CLOUDFORMATION,
            '{"Pw": {"NoEcho": true, "AllowedPattern": "}"}, "Net": {"Default": "open"}}',
        ),
        (
            Language.KUBERNETES,
            f"kind: Secret\ntype: x\n---\nkind: ConfigMap\ndata:\n  a: {PLAIN}\n",
        ),
    ],
)
def test_what_stands_beside_it_stays(language: Language, text: str) -> None:
    assert masked(language, text) == text


@pytest.mark.parametrize("key", ["API_TOKEN", "DB_PASSWORD", "OPENAI_API_KEY"])
def test_a_name_that_leaves_no_doubt_masks_a_plain_word(key: str) -> None:
    assert PLAIN not in Masker("salt").mask(f"{key}={PLAIN}")


@pytest.mark.parametrize(
    "text",
    ["API_TOKEN=${TOKEN}", "MAX_TOKEN=4096000", "SECRET=/run/secret",
     'HF_TOKEN: "insert-your-huggingface-token-here"', "API_KEY=put_key_here"],
)  # fmt: skip
def test_what_is_only_named_so_stays(text: str) -> None:
    assert Masker("salt").mask(text) == text
