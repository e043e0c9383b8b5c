"""Whether somebody outside gets into a role with a token: of a web identity, or of Cognito."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from mlsec.graph.ternary import NO, YES, Answer, any_of, unknown
from mlsec.graph.token_issuers import COGNITO, Issuer, Reach, address_of, issuer_of
from mlsec.providers.aws.facts.external_callers import Named, named_in, network, user_ids
from mlsec.providers.aws.facts.external_principals import EVERYBODY
from mlsec.providers.aws.facts.resource_policy import AccessKind, Policy, account_in, is_service
from mlsec.providers.aws.policy.callers import FOREIGN_ACCOUNT, Caller, federated
from mlsec.providers.aws.policy.keys import ABSENT, FREE, UNKNOWN, Domain, fixed, within
from mlsec.providers.aws.policy.patterns import ANY
from mlsec.providers.aws.policy.statement import Condition

_WITH_TOKEN = AccessKind(action="sts:assumerolewithwebidentity")
_IDENTITIES = ("root", "role", "user", "assumed-role", "federated-user", "group")
# Issuers that every account trusts without a provider of its own.
_BUILT_IN = ("accounts.google.com", COGNITO)
_CLUSTERS = ("oidc.eks.", "oidc-eks.")
_SOME_POD = f"system:serviceaccount:{ANY}:{ANY}"
_GUEST, _MEMBER = "unauthenticated", "authenticated"


def lets_token_holders_in(policy: Policy) -> Answer:
    """Say whether somebody outside can hold a token with which the policy lets in."""
    return any_of(_lets_in(provider, policy) for provider in _providers(policy))


def lets_whole_issuer_in(policy: Policy) -> Answer | None:
    """Say whether every token of an issuer of the account's own gets in; None: none is trusted.

    Such are clusters and CI systems of one customer: whatever runs there has a token.
    """
    own = [name for name in _providers(policy) if _issuer(name, policy)[1].reach is Reach.TENANT]
    answers = [_lets_any_in(name, _issuer(name, policy)[0], policy) for name in own]
    return any_of(answers) if own else None


def _lets_any_in(provider: str, address: str, policy: Policy) -> Answer:
    """Say whether a token gets in of which no claim but the audience is one that a policy names."""
    named = named_in(policy.statements)
    claims = _circumstances(named)
    is_cluster = address.startswith(_CLUSTERS)
    for key in named.values:
        head, _, claim = key.rpartition(":")
        if head == address.lower():
            claims[key] = within("*") if claim == "aud" else fixed(ANY)
    claims[f"{address.lower()}:sub"] = fixed(_SOME_POD if is_cluster else ANY)
    return policy.may(federated(provider, claims), [_WITH_TOKEN])


def _providers(policy: Policy) -> list[str]:
    """Give the issuers that the policy trusts: no account, no service and no SAML."""
    trusting = [s for s in policy.statements if s.is_allow and s.covers_action(_WITH_TOKEN.action)]
    named = {principal for statement in trusting for principal in statement.principals}
    if EVERYBODY in named or any(statement.not_principals for statement in trusting):
        # Besides, the providers of the account, of which conditions name the claims.
        claims = (key.rpartition(":")[0] for key in named_in(trusting).values)
        named |= {*_BUILT_IN, *(address for address in claims if "." in address)}
    return sorted(principal for principal in named if _is_issuer(principal))


def _is_issuer(principal: str) -> bool:
    if principal.startswith("arn:"):
        kind = principal.split(":", 5)[-1].partition("/")[0]
        return kind not in (*_IDENTITIES, "saml-provider")
    return not (principal == EVERYBODY or is_service(principal) or account_in(principal))


def _issuer(provider: str, policy: Policy) -> tuple[str, Issuer]:
    """Give the address of a provider, and what is known of its issuer."""
    address = address_of(provider)
    if provider.startswith("arn:") and ":oidc-provider/" not in provider:
        # Code makes the provider elsewhere: the conditions name its claims by its address.
        address = _address_in_conditions(provider, policy)
    return address, issuer_of(address)


def _lets_in(provider: str, policy: Policy) -> Answer:
    address, issuer = _issuer(provider, policy)
    if address == COGNITO:
        return _lets_pool_in(policy)
    if issuer.reach is Reach.TENANT:
        return NO
    caller = federated(provider, _claims(address, issuer, policy))
    answer = _without_owners(policy, address, issuer.names_owner).may(caller, [_WITH_TOKEN])
    if answer == YES and issuer.reach is Reach.SIGN_UP:
        return unknown({f"?who gets a token of {address or 'the identity provider'}"})
    return answer


def _address_in_conditions(provider: str, policy: Policy) -> str:
    for statement in policy.statements:
        for condition in statement.conditions if provider in statement.principals else ():
            address = condition.key.rpartition(":")[0]
            if "." in address:
                return address
    return ""


def _claims(address: str, issuer: Issuer, policy: Policy) -> dict[str, Domain]:
    """Give what somebody outside can have in each claim that the policy looks at.

    AWS takes no token without the claims aud and sub.
    """
    named = named_in(policy.statements)
    claims = _circumstances(named)
    for key in named.values:
        head, _, claim = key.rpartition(":")
        if head == address.lower():
            is_known = claim in issuer.chosen or claim in issuer.owners
            there = {"aud": within("*"), "sub": within(issuer.subject)}
            claims[key] = there.get(claim, FREE) if is_known else UNKNOWN
    return claims


def _lets_pool_in(policy: Policy) -> Answer:
    """Say whether somebody gets in by an identity pool: their own, or a named one as a guest."""
    own = _without_owners(policy, COGNITO, lambda claim, v: claim != "amr" and "*" not in v)
    where = _circumstances(named_in(policy.statements))
    others = own.may(_pool_member(FREE, where), [_WITH_TOKEN])
    named = _without_owners(
        policy, COGNITO, lambda claim, value: claim == "sub" and "*" not in value
    )
    guest = named.may(_pool_member(fixed(_GUEST), where), [_WITH_TOKEN])
    if guest == YES and named.may(_pool_member(fixed(_MEMBER), where), [_WITH_TOKEN]) != NO:
        guest = unknown({"?whether the identity pool has guests"})
    return any_of((others, guest))


def _pool_member(kind: Domain, where: Mapping[str, Domain]) -> Caller:
    names = dict.fromkeys((f"{COGNITO}:aud", f"{COGNITO}:sub"), within("*:*"))
    claims = {**names, f"{COGNITO}:amr": kind}
    return federated(COGNITO, {**where, **claims})


def _circumstances(named: Named) -> dict[str, Domain]:
    """Give what a request with a token has besides the claims: nobody has signed it.

    It has no claims of other issuers.
    """
    others = (key for key in named.values if "." in key.rpartition(":")[0])
    return {
        **network(named),
        **dict.fromkeys(others, ABSENT),
        "aws:requesttag/": UNKNOWN,
        "aws:tagkeys": UNKNOWN,
        "aws:principalisawsservice": ABSENT,
        "aws:viaawsservice": fixed("false"),
        "aws:userid": named.held("aws:userid", *user_ids(FOREIGN_ACCOUNT), may_be_absent=True),
    }


def _without_owners(
    policy: Policy, address: str, names_owner: Callable[[str, str], bool]
) -> Policy:
    """Leave out the values of claims that only the owner whom they name has."""

    def left(condition: Condition) -> Condition:
        head, _, claim = condition.key.rpartition(":")
        if head != address.lower() or condition.operator == "null":
            return condition
        # Without wildcards in the operator no token has a value with a ``*`` in it.
        is_exact = not condition.operator.endswith("like")
        values = tuple(
            value
            for value in condition.values
            if not names_owner(claim, value) and not (is_exact and "*" in value)
        )
        return msgspec.structs.replace(condition, values=values)

    statements = tuple(
        msgspec.structs.replace(s, conditions=tuple(left(c) for c in s.conditions))
        for s in policy.statements
    )
    return msgspec.structs.replace(policy, statements=statements)
