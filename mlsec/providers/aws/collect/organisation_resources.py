"""An organisation, the places of accounts in it and its policies, as the vocabulary says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mlsec.collect.walk.client import CallResult
from mlsec.collect.walk.item import Item, Scope
from mlsec.collect.walk.mapping import map_item
from mlsec.collect.walk.plan import TypePlan
from mlsec.core.equal_values import EqualValues
from mlsec.core.resource import Resource
from mlsec.providers.aws.shapes.table import SHAPES
from mlsec.providers.aws.tables import (
    DESCRIBE_ORGANISATION,
    DESCRIBE_POLICY,
    LIST_ACCOUNTS,
    LIST_PARENTS,
)
from mlsec.vocabulary.types import Vocabulary

_ORGANISATION = "aws.organizations.organization"
ACCOUNT, POLICY = "aws.organizations.account", "aws.organizations.policy"


class ResourceMaker:
    """Makes resources of answers; each answer is named by its operation."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def policy(self, reader: Scope, answer: CallResult, targets: Iterable[str]) -> Resource:
        """Make a policy that is attached to these targets."""
        policy = answer.document.get("Policy") if isinstance(answer.document, dict) else None
        summary = policy.get("PolicySummary") if isinstance(policy, dict) else None
        arn = str(summary.get("Arn") or "") if isinstance(summary, dict) else ""
        parts = {
            DESCRIBE_POLICY.name: answer.document,
            "ListTargetsForPolicy": {"Targets": [{"TargetId": target} for target in targets]},
        }
        return self._map(POLICY, arn, reader, parts, {DESCRIBE_POLICY.name: answer.call})

    def organisation(
        self, reader: Scope, organisation: Mapping[str, Any], members: Iterable[str] | None
    ) -> Resource:
        """Make an organisation; ``members`` None: its accounts are not known."""
        accounts = [{"Id": account} for account in sorted(members or ())]
        parts = {
            DESCRIBE_ORGANISATION.name: {"Organization": organisation},
            LIST_ACCOUNTS.name: {} if members is None else {"Accounts": accounts},
        }
        return self._map(_ORGANISATION, str(organisation.get("Arn", "")), reader, parts)

    def account(
        self, scope: Scope, state: str, organisation: Mapping[str, Any], path: Iterable[str] = ()
    ) -> Resource:
        """Make the place of an account; ``state`` says what is known of the policies above it."""
        parts = {
            DESCRIBE_ORGANISATION.name: {"Organization": organisation},
            LIST_PARENTS.name: {"Parents": [{"Id": target} for target in path]},
        }
        account = self._map(ACCOUNT, f"aws://{scope.account}/organization", scope, parts)
        known = {"account_id": scope.account, "policies_above": state}
        return msgspec.structs.replace(account, properties={**account.properties, **known})

    def _map(
        self,
        name: str,
        identity: str,
        scope: Scope,
        parts: dict[str, Any],
        sources: dict[str, str] | None = None,
    ) -> Resource:
        item = Item(
            plan=TypePlan(type=name), scope=scope, region="", entry={}, parts=parts,
            sources=sources or {}, id=identity,
        )  # fmt: skip
        return map_item(self._vocabulary.types[name], item, SHAPES, EqualValues()).resource


def joined(before: Resource | None, resource: Resource) -> Resource:
    """Join what AWS's own policies are attached to: they are the same in every organisation."""
    if before is None or resource.type != POLICY:
        return resource
    targets = {*before.properties["targets"], *resource.properties["targets"]}
    return msgspec.structs.replace(
        resource, properties={**resource.properties, "targets": sorted(targets)}
    )
