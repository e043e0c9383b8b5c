"""The editors' schema says what the checker says, and is written down in step with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mlsec.core.content_paths import content_folder
from mlsec.core.strict_yaml import parse
from mlsec.engine.rules.load import rule_files
from mlsec.engine.rules.schema import rule_schema, schema_of_rules
from tests.engine.small import rule_text, small_vocabulary
from tests.loops import for_each
from tests.shipped import shipped_vocabulary

if TYPE_CHECKING:
    import jsonschema

RULES = content_folder("rules")


@pytest.fixture(scope="module")
def shipped() -> jsonschema.Draft202012Validator:
    import jsonschema  # noqa: PLC0415 - a second to import

    return jsonschema.Draft202012Validator(json.loads(rule_schema(shipped_vocabulary())))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> jsonschema.Draft202012Validator:
    import jsonschema  # noqa: PLC0415 - a second to import

    vocabulary = small_vocabulary(tmp_path_factory.mktemp("schema"))
    return jsonschema.Draft202012Validator(schema_of_rules(vocabulary))


def errors(validator: jsonschema.Draft202012Validator, text: str) -> list[Any]:
    return list(validator.iter_errors(parse(text, "rule.yaml").value))


def test_the_schema_is_itself_valid(shipped: jsonschema.Draft202012Validator) -> None:
    shipped.check_schema(shipped.schema)


@for_each(
    "path", lambda: rule_files((RULES,)), called=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_every_shipped_rule_is_accepted(
    shipped: jsonschema.Draft202012Validator, path: Path
) -> None:
    assert errors(shipped, path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"severity": "hihg"},
        {"resource": "cloud.notebok"},
        {"must": "{is_shard: false}"},
        {"must": "{is_shared: {equals: false}}"},
        {"must": "{direct_internet: Disbled}"},
        {"must": "{none: {via: rol.buckets, where: {acl: Private}}}"},
        {"must": "{volume_gb: many}"},
        {"why": ""},
        {"fix": "{txt: x}"},
    ],
    ids=str,
)
def test_a_typo_is_marked_in_the_editor(
    small: jsonschema.Draft202012Validator, changes: dict[str, str]
) -> None:
    assert errors(small, rule_text(**changes)) != []
