"""What the tables of code say of a type can be said of it by code."""

from __future__ import annotations

import pytest

from tests.iac.reading import VOCABULARY

# What no declaration of that kind of code can set, and why nothing is there.
NEVER_APART = {
    "GetResourcePolicy": "CloudFormation has no type for policies of AgentCore",
}
BARE = sorted(
    (kind, entry.type, operation)
    for kind, table in VOCABULARY.declared.items()
    for entries in table.values()
    for entry in entries
    if entry.type
    for operation in entry.without
    if operation not in NEVER_APART
)


@pytest.mark.parametrize(("kind", "type_name", "operation"), BARE)
def test_what_is_said_where_nothing_is_joined_can_be_joined(
    kind: str, type_name: str, operation: str
) -> None:
    joins = [
        (join.to, name)
        for entries in VOCABULARY.declared[kind].values()
        for entry in entries
        for join in entry.joins
        for name in join.answers
    ]
    assert (type_name, operation) in joins


DIAGNOSTICS = "DiagnosticSettings_List"


@pytest.mark.parametrize("type_name", sorted({each[1] for each in BARE if each[2] == DIAGNOSTICS}))
def test_terraform_sets_the_logs_of_what_is_written_as_arm_too(type_name: str) -> None:
    """The provider ``azapi`` writes ARM's types beside what ``azurerm`` sets on them."""
    (setting,) = VOCABULARY.declared["terraform"]["azurerm_monitor_diagnostic_setting"]
    assert type_name in {join.to for join in setting.joins}
