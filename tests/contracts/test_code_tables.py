"""The tables of code name what the providers' published schemas have, and all they must."""

from __future__ import annotations

import json

from mlsec.iac.mapping.resource import NOT_KNOWN
from mlsec.vocabulary.iac_mapping import DeclaredType
from mlsec.vocabulary.types import Kind
from tests.contracts.cloudformation_paths import (
    RECORD,
    TABLE,
    VOCABULARY,
    WITHOUT_SCHEMA,
    folded,
    used_paths,
)
from tests.loops import for_each

KNOWN = json.loads(RECORD.read_text("utf-8"))["types"]
TYPES = [
    (kind, name, entry)
    for kind, table in VOCABULARY.declared.items()
    for name, entries in table.items()
    for entry in entries
    if entry.type
]


@for_each("name", sorted(set(TABLE) - set(WITHOUT_SCHEMA)))
def test_every_path_of_a_table_is_in_the_published_schema(name: str) -> None:
    used = {folded(path) for entry in TABLE[name] for path in used_paths(entry)}
    assert used - set(KNOWN.get(name, ())) == set()


def test_every_cloudformation_type_of_the_vocabulary_has_a_table() -> None:
    named = {
        code for t in VOCABULARY.types.values() for code in t.code_types.get("cloudformation", ())
    }
    # No such resource is published.
    assert named - set(TABLE) == {
        "AWS::BedrockAgentCore::TokenVault", "AWS::IAM::ServiceSpecificCredential",
    }  # fmt: skip


@for_each(("kind", "name", "entry"), TYPES, called=lambda kind, name, _: f"{kind} {name}")
def test_what_a_thing_becomes_is_a_word_of_the_vocabulary(
    kind: str, name: str, entry: DeclaredType
) -> None:
    del kind, name
    properties = VOCABULARY.types[entry.type].properties
    for wanted, value in {**entry.becomes, **entry.assumed}.items():
        held = properties[wanted]
        if held.kind is Kind.ENUM and value not in (None, NOT_KNOWN):
            assert value in held.enum, (wanted, value)
