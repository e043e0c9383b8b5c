"""What the tables of ARM templates read of a body is published by Microsoft for that type.

The body of a declared resource stands for the answers of reads; so each read has to be one of that
very resource type, in the api-version whose fields stand in ``azure_fields.json``, and each path
that a table spells out has to be a field there.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from mlsec.iac.mapping.resources import specs_of
from mlsec.providers.azure.collect.reader import plans
from mlsec.vocabulary.iac_mapping import DeclaredType
from tests.contracts.azure_paths import Named, labels_of, operations
from tests.contracts.test_vocabulary_matches_azure import PUBLISHED
from tests.loops import for_each
from tests.shipped import shipped_vocabulary

VOCABULARY = shipped_vocabulary()
TABLE = VOCABULARY.declared["arm"]
PLANS = {plan.type: plan for plan in plans()}
# What the reader of templates adds to a body (see arm_resources.py), or takes from around it.
OURS = ("id", "name", "scope", "parent", "type", ".", "")
# Reads whose right names another type than that of their items.
OTHER_TYPES = {
    "web:WebApps_GetAuthSettingsV2WithoutSecrets": "microsoft.web/sites/config",
}


def type_of(label: str) -> str:
    """Give the resource type of what a read gives."""
    right = operations()[label].right.partition(",")[0].rpartition("/")[0]
    return OTHER_TYPES.get(label, right).lower()


def reads() -> Iterator[tuple[str, str, str, Any]]:
    """Yield every (declared type, vocabulary type, operation, how it is answered)."""
    for name, entries in TABLE.items():
        for entry in entries:
            if entry.type:
                owner = VOCABULARY.types[entry.type]
                for operation, spec in specs_of(entry, owner).items():
                    if operation not in entry.without or operation in entry.answers:
                        yield name, entry.type, operation, spec
            for join in entry.joins:
                for operation, spec in join.answers.items():
                    yield name, join.to, operation, spec


def label_of(type_name: str, operation: str) -> str:
    return labels_of(PLANS[type_name], plans()).get(operation, "")


def paths_in(spec: Any, base: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the steps of every path of the body that a spec reads."""
    if isinstance(spec, str) and spec[:1] not in ("$", "^"):
        steps = tuple(piece.partition("[")[0] for piece in spec.split("."))
        yield (*base, *(step for step in steps if step))
    elif isinstance(spec, list):
        for each in spec:
            yield from paths_in(each, base)
    elif isinstance(spec, Mapping) and "=" not in spec:
        inner = (*base, *next(paths_in(spec["each"]), ())) if "each" in spec else base
        for word, each in spec.items():
            if word not in ("each", "is", "else", "then", "fill", "by"):
                yield from paths_in(each, inner)


def whole() -> list[tuple[str, str, str, str]]:
    """Give the reads that a whole body answers."""
    bodies = (".", "parent", "parent.parent")
    return sorted({read for read in reads() if isinstance(read[3], str) and read[3] in bodies})


@for_each(("name", "type_name", "operation", "spec"), whole)
def test_a_body_answers_only_the_reads_of_its_own_type(
    name: str, type_name: str, operation: str, spec: str
) -> None:
    label = label_of(type_name, operation)
    if not label:  # what stands inside of another answer
        return
    wanted = name.lower()
    for _ in range(spec.count("parent")):
        wanted = wanted.rpartition("/")[0]
    assert type_of(label) == wanted


def entries() -> Iterator[tuple[str, DeclaredType]]:
    for name, several in TABLE.items():
        yield from ((name, entry) for entry in several)


# Types that nothing reads alone: their models are those of what stands inside of another.
INSIDE = {
    "microsoft.network/networksecuritygroups/securityrules": (
        "microsoft.network/networksecuritygroups",
        ("properties", "securityRules"),
    ),
    "microsoft.network/virtualnetworks/subnets": (
        "microsoft.network/virtualnetworks",
        ("properties", "subnets"),
    ),
}


@functools.cache
def models() -> dict[str, str]:
    """Give what describes each resource type."""
    return {type_of(label): label for label in sorted(PUBLISHED.items) if "/" in type_of(label)}


def spelled_out(entry: DeclaredType) -> Iterator[tuple[str, ...]]:
    base = tuple(entry.each.split(".")) if entry.each else ()
    specs = [*entry.answers.values(), *(s for j in entry.joins for s in j.answers.values())]
    for spec in specs:
        yield from paths_in(spec, base)
    for paths in (*entry.paths.values(), tuple(entry.where), (entry.each,)):
        for path in paths:
            yield from paths_in(path)


@for_each("name", sorted(TABLE))
def test_every_path_that_a_table_spells_out_is_published(name: str) -> None:
    kind, outer = INSIDE.get(name.lower(), (name.lower(), ()))
    assert kind in models()
    wrong = []
    for entry in TABLE[name]:
        for steps in spelled_out(entry):
            if not steps or steps[0] in OURS:
                continue
            named = Named(where=name, operation=models()[kind], steps=(*outer, *steps))
            try:
                PUBLISHED.walk(named)
            except LookupError as error:
                wrong.append(str(error))
    assert wrong == []


def test_a_path_that_nobody_publishes_is_noticed() -> None:
    label = models()["microsoft.storage/storageaccounts"]
    wrong = Named(where="x", operation=label, steps=("properties", "minimumTls"))
    with pytest.raises(LookupError, match=r"no properties\.minimumTls"):
        PUBLISHED.walk(wrong)
    spec = {"value": {"each": "properties.rules", "on": ["enabled", {"=": False}]}}
    assert list(paths_in(spec)) == [("properties", "rules", "enabled")]
