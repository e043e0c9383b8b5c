"""Facts about keys, and whether what a resource is encrypted with is the customer's own key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.ternary import NO, YES, Answer, any_of, unknown
from mlsec.graph.verdicts import verdict
from mlsec.providers.aws.facts.external_principals import ExternalPrincipals, let_in
from mlsec.providers.aws.facts.resource_policy import AccessKind, account_in, policy_of
from mlsec.vocabulary.iac_mapping import CODE_ACCOUNT, account_of, is_code

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

# Cryptography with the key, who else may do it, copies of it, and its end.
_USES = tuple(
    f"kms:{verb}"
    for verb in (
        "decrypt", "encrypt", "generatedatakey", "generatedatakeywithoutplaintext",
        "generatedatakeypair", "generatedatakeypairwithoutplaintext", "reencryptfrom",
        "reencryptto", "sign", "verify", "generatemac", "verifymac", "derivesharedsecret",
        "creategrant", "revokegrant", "retiregrant", "putkeypolicy", "replicatekey",
        "updateprimaryregion", "synchronizemultiregionkey", "importkeymaterial",
        "deleteimportedkeymaterial", "schedulekeydeletion", "cancelkeydeletion", "disablekey",
        "enablekey",
    )
)  # fmt: skip
_UNUSABLE = (
    "Disabled",
    "PendingDeletion",
    "PendingReplicaDeletion",
    "PendingImport",
    "Unavailable",
)


def names(resource: Resource, graph: Graph) -> Known | Unknown:
    """Give all that a reference to the key may say: ARN, id, alias and alias ARN."""
    aliases = graph.targets(resource, "aliases")
    # A reference by ARN or id still has to lead here, so what is known is kept in part.
    alias_names = [name for alias in aliases.resources for name in (alias.identity, alias.name)]
    return Known([resource.identity, resource.name, *sorted(alias_names)])


def is_usable(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the key is enabled and not awaiting deletion."""
    del graph
    fact = property_value(resource, "state")
    return fact if isinstance(fact, Unknown) else Known(fact.value not in _UNUSABLE)


def is_public(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the key policy lets everybody use or manage the key."""
    principals = _users(resource, graph)
    return (
        principals
        if isinstance(principals, Unknown)
        else verdict(principals.everybody, resource, graph)
    )


def external_users(resource: Resource, graph: Graph) -> Known | Unknown:
    """Name the principals of other accounts that may use the key, ``*`` for everybody."""
    principals = _users(resource, graph)
    if isinstance(principals, Unknown):
        return principals
    names = principals.names
    return verdict(names, resource, graph) if isinstance(names, Answer) else Known(sorted(names))


def has_external_users(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether anybody outside the account may use the key."""
    principals = _users(resource, graph)
    return (
        principals
        if isinstance(principals, Unknown)
        else verdict(principals.is_some, resource, graph)
    )


def has_customer_key(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the resource's relation ``key`` leads to a key that the customer manages."""
    keys = graph.targets(resource, "key")
    hidden = [unknown(keys.gaps)] if keys.gaps else []
    answer = any_of([*(_is_customers(key, resource) for key in keys.resources), *hidden])
    return verdict(answer, resource, graph)


def _is_customers(key: Resource, resource: Resource) -> Answer:
    """A key of another account can only be one that a customer manages."""
    reference = key.name if key.is_stub else key.identity
    if reference.rpartition(":")[2].startswith("alias/aws/"):
        return NO
    # Whether an account that code names is its own is not known.
    if (
        account_in(reference) not in ("", account_of(resource))
        and account_of(resource) != CODE_ACCOUNT
    ):
        return YES
    match property_value(key, "manager"):
        case Known(value=value):
            return YES if value == "CUSTOMER" else NO
        case Unknown(gaps=gaps):
            return unknown(gaps)


def _users(resource: Resource, graph: Graph) -> ExternalPrincipals | Unknown:
    policy = policy_of(resource, graph)
    if isinstance(policy, Unknown):
        return policy
    # Code does not know the name that the key will have.
    on = "*" if is_code(resource.scope) else resource.identity
    uses = [AccessKind(action=action, on=on) for action in _USES]
    users = let_in(policy, uses, is_signed=True)
    named, doubt = _grantees(resource)
    return ExternalPrincipals(
        everybody=users.everybody,
        named=users.named | named,
        doubt=any_of((users.doubt, doubt)),
    )


def _grantees(resource: Resource) -> tuple[frozenset[str], Answer]:
    """Name the principals of other accounts with a grant of some use, and whether there are more.

    A grant is enough by itself, whatever the policy of the key says.
    """
    fact = property_value(resource, "grants")
    if isinstance(fact, Unknown):
        return frozenset(), unknown(fact.gaps)
    own = account_of(resource)
    grantees = {
        str(grant.get("grantee") or "")
        for grant in fact.value or ()
        if any(f"kms:{operation.lower()}" in _USES for operation in grant.get("operations") or ())
    }
    others = frozenset(name for name in grantees if account_in(name) not in ("", own))
    if own == CODE_ACCOUNT and others:
        return frozenset(), unknown({"?whose account it names"})
    return others, NO


KEYS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "keys.names": names,
    "keys.is_usable": is_usable,
    "keys.is_public": is_public,
    "keys.external_users": external_users,
    "keys.has_external_users": has_external_users,
    "keys.has_customer_key": has_customer_key,
}
