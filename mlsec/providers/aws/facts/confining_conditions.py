"""Whom the conditions of a resource's policy still let in, when the principal is everybody."""

from __future__ import annotations

import ipaddress
import re

import msgspec

from mlsec.providers.aws.policy.statement import Condition as Circumstance

_ACCOUNT_KEYS = (
    "aws:principalaccount", "kms:calleraccount", "aws:sourceaccount", "aws:sourceowner",
    "aws:principalarn", "aws:sourcearn", "s3:dataaccesspointaccount", "s3:dataaccesspointarn",
    "aws:userid",
)  # fmt: skip
_ORGANISATION_KEYS = (
    "aws:principalorgid", "aws:principalorgpaths", "aws:sourceorgid", "aws:sourceorgpaths",
)  # fmt: skip
_NETWORK_KEYS = ("aws:sourcevpc", "aws:sourcevpce", "aws:sourceip", "aws:vpcsourceip")
_SERVICE_KEYS = ("aws:principalisawsservice", "aws:viaawsservice")
# External principals can meet these: they say how a call is made or what it asks for, not by whom.
_OPEN_KEYS = (
    "aws:securetransport", "aws:useragent", "aws:referer", "aws:currenttime", "aws:epochtime",
    "aws:multifactorauth", "aws:requestedregion", "aws:principaltag/", "aws:principaltype",
    "aws:username", "aws:requesttag/", "aws:resourcetag/", "aws:tagkeys", "s3:x-amz-", "s3:prefix",
    "s3:delimiter", "s3:max-keys", "s3:signatureversion", "s3:signatureage", "s3:authtype",
    "s3:tlsversion", "s3:existingobjecttag/", "s3:requestobjecttag", "s3:versionid",
    "s3:locationconstraint", "kms:viaservice", "kms:encryptioncontext", "kms:grantisforawsresource",
    "kms:grantoperations", "kms:keyorigin", "kms:keyspec", "kms:keyusage", "aws:tokenissuetime",
    "secretsmanager:versionstage", "secretsmanager:resource/", "execute-api:",
    "lambda:functionurlauthtype", "lambda:invokedviafunctionurl",
)  # fmt: skip
_EQUAL = ("stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike")
_UNEQUAL = (
    "stringnotequals", "stringnotequalsignorecase", "stringnotlike", "arnnotequals", "arnnotlike",
)  # fmt: skip
_ACCOUNT = re.compile(r"\d{12}\Z")


class Confined(msgspec.Struct, frozen=True, kw_only=True):
    """Who is left. ``is_open``: everybody. ``accounts``: these. ``is_organisation`` and
    ``is_network``: whoever is inside one. ``is_service``: the provider's own services.
    ``unknown``: keys that may narrow it further.
    """

    is_open: bool = False
    accounts: frozenset[str] = frozenset()
    is_organisation: bool = False
    is_network: bool = False
    unknown: frozenset[str] = frozenset()

    @property
    def is_unknown(self) -> bool:
        """Whether what is left is not known."""
        return bool(self.unknown)


OPEN = Confined(is_open=True)
NOBODY = Confined()


def left_by_allow(conditions: tuple[Circumstance, ...]) -> Confined:
    """Say whom an allow for everybody lets in: all its conditions must hold."""
    left = OPEN
    for condition in conditions:
        left = _both(left, _one(condition, is_excluding=False))
    return left


def left_by_deny(conditions: tuple[Circumstance, ...]) -> Confined:
    """Say whom a deny for everybody leaves untouched: those who miss one of its conditions."""
    parts = [_one(condition, is_excluding=True) for condition in conditions]
    if not parts or any(part == OPEN for part in parts):
        return OPEN if parts else NOBODY
    return Confined(
        is_open=any(part.is_open for part in parts),
        accounts=frozenset[str]().union(*(part.accounts for part in parts)),
        is_organisation=any(part.is_organisation for part in parts),
        is_network=any(part.is_network for part in parts),
        unknown=frozenset[str]().union(*(part.unknown for part in parts)),
    )


def left_by_both(first: Confined, other: Confined) -> Confined:
    """Say who passes both."""
    return _both(first, other)


def _both(first: Confined, other: Confined) -> Confined:
    """Intersect. Where the two cannot be compared the narrower reading of accounts stays."""
    if NOBODY in (first, other):
        return NOBODY
    if first.is_open and not first.is_unknown:
        return other
    if other.is_open and not other.is_unknown:
        return first
    if first.is_unknown and other.is_unknown:
        return msgspec.structs.replace(first, unknown=first.unknown | other.unknown)
    if first.is_unknown:
        return other
    if other.is_unknown:
        return first
    if first.accounts and other.accounts:
        return Confined(accounts=first.accounts & other.accounts)
    return first if first.accounts or not other.accounts else other


def _one(condition: Circumstance, *, is_excluding: bool) -> Confined:
    key, operator = condition.key, condition.operator
    if operator in ("bool", "stringequals") and key in _SERVICE_KEYS:
        is_service = ("false" if is_excluding else "true") in condition.values
        return NOBODY if is_service else OPEN
    if key.startswith(_OPEN_KEYS):
        return OPEN
    if condition.is_lenient and not is_excluding:
        # IfExists, ForAllValues: a request without the key passes.
        return OPEN
    return _by_value(condition, is_excluding=is_excluding)


def _by_value(condition: Circumstance, *, is_excluding: bool) -> Confined:
    key, values = condition.key, condition.values
    operators = _UNEQUAL if is_excluding else _EQUAL
    addresses = ("notipaddress",) if is_excluding else ("ipaddress",)
    if key in _NETWORK_KEYS and condition.operator in (*operators, *addresses):
        return OPEN if any(_is_wide(value) for value in values) else Confined(is_network=True)
    if condition.operator not in operators:
        is_known = key in (*_ACCOUNT_KEYS, *_ORGANISATION_KEYS, *_NETWORK_KEYS)
        return OPEN if is_known else Confined(is_open=True, unknown=frozenset({key}))
    if key in _ORGANISATION_KEYS:
        return OPEN if any(value[:1] in "*?" for value in values) else _ORGANISATION
    if key in _ACCOUNT_KEYS:
        return _accounts(values)
    return Confined(is_open=True, unknown=frozenset({key}))


_ORGANISATION = Confined(is_organisation=True)


def _accounts(values: tuple[str, ...]) -> Confined:
    """Read the accounts in ids, ARNs and unique ids; one without an account and without a
    wildcard (a bucket's ARN, a role's unique id) is one fixed thing, and counts as inside.
    """
    accounts: set[str] = set()
    for value in values:
        account = _account_in(value)
        if account is None:
            return OPEN
        if _ACCOUNT.match(account):
            accounts.add(account)
    return Confined(accounts=frozenset(accounts))


def _account_in(value: str) -> str | None:
    """Give the account a value names, "" for none; None when a wildcard leaves it open."""
    parts = value.split(":", 5)
    if parts[0] != "arn":
        return None if value[:1] in ("*", "?") else value
    if len(parts) < 6:
        return None if "*" in value else ""
    account, name = parts[4], parts[5]
    if "*" in account or "?" in account or (not account and name[:1] in ("*", "?")):
        return None
    return account


def _is_wide(value: str) -> bool:
    if "/" not in value:
        return "*" in value
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return True
    return network.prefixlen <= (8 if network.version == 4 else 16) and not network.is_private
