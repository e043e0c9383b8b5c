"""What an identity's own calls have: condition keys that are fixed, chosen or never there."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.core.regex import regex
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.providers.aws.facts.resource_policy import is_service, statements_of
from mlsec.providers.aws.policy.callers import Caller, principal
from mlsec.providers.aws.policy.keys import ABSENT, FREE, Domain, fixed, within
from mlsec.vocabulary.iac_mapping import CODE_ACCOUNT, account_of, is_code

_PRINCIPALS = ("role", "user")
_FREE_KEYS = (
    "aws:sourcearn", "aws:sourceaccount", "aws:sourceowner", "aws:sourceorgid",
    "aws:sourceorgpaths", "aws:principalorgid", "aws:principalorgpaths",
)  # fmt: skip
_ISSUER = ":oidc-provider/"
_NOT_KNOWN = regex(r"‹[^‹›]*›")
_WITHOUT_MFA: Mapping[str, Domain] = {
    "aws:multifactorauthpresent": Domain(values=("false",)),
    "aws:multifactorauthage": ABSENT,
}


def caller_of(resource: Resource) -> Caller:
    """Say which keys the identity's own calls have, and can have.

    Its session may have tags that it does not have itself, and it may call through services, so
    that what says where a call comes from is free.
    """
    account, kind = account_of(resource), resource.type.rpartition(".")[2]
    is_named = kind in _PRINCIPALS and not is_code(resource.scope)
    caller = principal(account, resource.identity if is_named else "")
    keys: dict[str, Domain] = dict.fromkeys(_FREE_KEYS, FREE)
    if account == CODE_ACCOUNT:
        keys |= dict.fromkeys(("aws:principalaccount", "kms:calleraccount"), within("*"))
    if not is_named:
        keys["aws:principalarn"] = _declared(resource, kind) if kind in _PRINCIPALS else within("*")
    if kind == "role":
        keys |= {"aws:principaltype": fixed("AssumedRole"), "aws:username": ABSENT}
        keys["aws:userid"] = within("AROA*:*")
        keys |= _WITHOUT_MFA if _is_workloads(resource) else {}
    if kind == "user":
        keys |= {"aws:principaltype": fixed("User"), "aws:username": fixed(resource.name)}
    return Caller(names=caller.names, keys={**caller.keys, **keys})


def _declared(identity: Resource, kind: str) -> Domain:
    """Give what the ARN of a declared identity will be, in whichever account it is made."""
    is_written = "‹" in identity.name or "unique_id" in identity.properties
    path = property_value(identity, "path")
    before = str(path.value) if isinstance(path, Known) and kind == "role" else "/*"
    name = _NOT_KNOWN.sub("*", identity.name) if is_written else "*"
    account = account_of(identity)
    whose = "*" if account == CODE_ACCOUNT else account
    arn = f"arn:*:iam::{whose}:{kind}{before}{name}"
    return Domain(within=arn, may_be_absent=False, is_known="*" not in name)


def _is_workloads(role: Resource) -> bool:
    """Whether only services and holders of tokens get into a role, who have no MFA device."""
    trust = statements_of(role, "trust")
    allows = [] if isinstance(trust, Unknown) else [s for s in trust if s.is_allow]
    trusted = [name for statement in allows for name in statement.principals or ("",)]
    return bool(trusted) and all(is_service(name) or _ISSUER in name for name in trusted)
