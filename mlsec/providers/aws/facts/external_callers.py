"""Callers from outside of an account, with what each of them can put into a request.

What a caller has is fixed by who it is (its account, its network) or chosen by it (a role's name, a
session's, a header). Of a value that policies describe by a pattern, one is made that fits the
pattern and that the caller can have.
"""

from __future__ import annotations

import functools
import ipaddress
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from mlsec.providers.aws.policy import callers
from mlsec.providers.aws.policy.callers import FOREIGN_ACCOUNT, Caller
from mlsec.providers.aws.policy.keys import ABSENT, FREE, Domain, fixed
from mlsec.providers.aws.policy.operators import as_network, as_time
from mlsec.providers.aws.policy.patterns import (
    ANY,
    TooLongError,
    common_example,
    example_of,
)
from mlsec.providers.aws.policy.statement import Statement

_ADDRESSES = ("192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "2001:db8:ffff::1")
_MOST_PATTERNS = 24
ACCOUNT_KEYS = ("aws:principalaccount", "kms:calleraccount")
_ACCOUNT = re.compile(r"[0-9]{12}")
_ACCOUNT_DIGITS, _FEWEST_DIGITS = 12, 4
# No request is made before this release: what was only allowed until then is allowed no more.
_NOW = "2026-01-01T00:00:00Z"
# A block of addresses this large holds some that anybody can rent.
_WIDE_V4, _WIDE_V6 = 8, 16
_ORGANISATION, _UNIT = f"o-{ANY}", f"o-{ANY}/r-{ANY}/ou-{ANY}/"
_NO_NETWORK = (
    "aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn", "aws:vpcsourceip",
    "aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths",
)  # fmt: skip
_SESSION = ":assumed-role/"
_TYPES = ("User", "AssumedRole", "FederatedUser", "Account")
# What the thing asked about is tagged with: some that a policy opens by a tag carry it.
OF_THE_RESOURCE: Mapping[str, Domain] = dict.fromkeys(
    ("s3:existingobjecttag/", "s3:buckettag/", "aws:resourcetag/", "ecr:resourcetag/",
     "secretsmanager:resourcetag/", "secretsmanager:resource/"),
    FREE,
)  # fmt: skip


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A condition key with the values that a policy compares it to."""

    values: Mapping[str, tuple[str, ...]]

    def of(self, key: str) -> tuple[str, ...]:
        """Give the values that the policy names of a key (lower case)."""
        return self.values.get(key, ())

    def held(self, key: str, *within: str, may_be_absent: bool = False) -> Domain:
        """Give values of a key that lie within one of these patterns, one for each that differs."""
        patterns = self.of(key)[:_MOST_PATTERNS]
        if not patterns:
            return Domain(values=_examples(within), may_be_absent=may_be_absent)
        sets = [(), *((p,) for p in patterns), *itertools.combinations(patterns, 2)]
        values: dict[str, None] = {}
        for own, others in itertools.product(within, sets):
            value = _common(own, *others)
            if value is not None and _is_in_account(value, own):
                values[value] = None
        return Domain(values=tuple(values), may_be_absent=may_be_absent)

    def times(self, key: str) -> Domain:
        """Give the moments from now on that the policy treats differently."""
        now = as_time(_NOW) or 0.0
        moments = [moment for moment in map(as_time, self.of(key)) if moment is not None]
        beside = {moment + step for moment in (now, *moments) for step in (-1, 0, 1)}
        return Domain(
            values=tuple(f"{m:.0f}" for m in sorted(beside) if m >= now), may_be_absent=False
        )


def named_in(statements: Iterable[Statement]) -> Named:
    """Collect what the conditions of a policy compare each key to."""
    values: dict[str, dict[str, None]] = {}
    for statement in statements:
        for condition in statement.conditions:
            values.setdefault(condition.key, {}).update(dict.fromkeys(condition.values))
    return Named(values={key: tuple(compared) for key, compared in values.items()})


def anonymous(named: Named) -> Caller:
    """Give whoever sends a request without credentials."""
    caller = callers.anonymous()
    fixed_keys = {**caller.keys, "aws:principalaccount": fixed("anonymous"), **network(named)}
    return msgspec.structs.replace(caller, keys={**fixed_keys, **_through(named, FOREIGN_ACCOUNT)})


def foreign_principal(named: Named, partition: str) -> Caller:
    """Give whoever has an account of AWS: none that a policy names, in no named organisation."""
    keys = {
        **callers.foreign_principal().keys,
        **_identity(named, FOREIGN_ACCOUNT, partition),
        **network(named),
        **_through(named, FOREIGN_ACCOUNT),
        # A word that stands in a policy is no secret: it confines whom the policy names besides.
        "sts:externalid": FREE,
    }
    for key in ACCOUNT_KEYS:
        fitting = (account_like(pattern) for pattern in named.of(key) if is_anybodys(pattern))
        keys[key] = fixed(FOREIGN_ACCOUNT, *filter(None, fitting))
    names = (FOREIGN_ACCOUNT, f"arn:{partition}:iam::{FOREIGN_ACCOUNT}:{ANY}")
    return Caller(names=names, keys=keys)


def through_own(caller: Caller, account: str, named: Named) -> Caller:
    """Give the same caller who goes through an access point of the owner's account."""
    arns = named.held("s3:dataaccesspointarn", f"arn:*:s3:*:{account}:accesspoint/*")
    keys = {"s3:dataaccesspointaccount": fixed(account), "s3:dataaccesspointarn": arns}
    return msgspec.structs.replace(caller, keys={**caller.keys, **keys})


def principal(name: str, account: str, named: Named, partition: str) -> Caller:
    """Give one whom a policy names: it may sit in the networks that the policy names too.

    Args:
        name: the account, or the ARN of a role, user or session.
        account: its account.
        named: what the policy compares its condition keys to.
        partition: of the policy's owner.
    """
    keys = {
        **callers.principal(account).keys,
        **_identity(named, account, partition),
        **_through(named, account),
        "aws:sourcevpc": named.held("aws:sourcevpc", "vpc-*", may_be_absent=True),
        "aws:sourcevpce": named.held("aws:sourcevpce", "vpce-*", may_be_absent=True),
    }
    if name == account:
        return Caller(names=(account, f"arn:{partition}:iam::{account}:{ANY}"), keys=keys)
    whose = _role_of(name)
    keys["aws:principalarn"] = fixed(whose)
    is_user = ":user/" in name
    keys["aws:principaltype"] = fixed("User" if is_user else "AssumedRole")
    session = name.rpartition("/")[2] if _SESSION in name else "*"
    user_id = user_ids(account)[1] if is_user else f"AROA{ANY}:{session}"
    keys["aws:userid"] = named.held("aws:userid", user_id)
    return Caller(names=tuple(dict.fromkeys((name, account, whose))), keys=keys)


def service(name: str, named: Named, foreign: Iterable[str] = ()) -> Caller:
    """Give a service of AWS that acts for somebody outside.

    Args:
        name: the service principal.
        named: what the policy compares its condition keys to.
        foreign: the accounts of others that the policy names.
    """
    accounts = (FOREIGN_ACCOUNT, *foreign)
    sources = [f"arn:*:*:*:{account}:*" for account in accounts]
    # The name of a bucket has no account: whoever is first has it.
    sources += [f"arn:*:s3:::*{ANY}*", f"arn:*:s3:::{ANY}*"]
    keys: dict[str, Domain] = {
        **dict.fromkeys(_NO_NETWORK, ABSENT),
        "sts:externalid": ABSENT,
        "aws:sourcearn": named.held("aws:sourcearn", *sources, may_be_absent=True),
        "aws:sourceorgid": Domain(values=(_ORGANISATION,)),
        "aws:sourceorgpaths": Domain(values=(_UNIT,)),
    }
    for key in ("aws:sourceaccount", "aws:sourceowner"):
        keys[key] = named.held(key, *accounts, may_be_absent=True)
    caller = callers.service(name)
    return Caller(names=caller.names, keys={**caller.keys, **keys})


def _identity(named: Named, account: str, partition: str) -> dict[str, Domain]:
    """Give what says who calls, for any principal of an account."""
    users = f"arn:{partition}:iam::{account}:"
    return {
        "aws:principalarn": named.held(
            "aws:principalarn", f"{users}role/*", f"{users}user/*", f"{users}root",
            f"arn:{partition}:sts::{account}:federated-user/*",
        ),
        "aws:userid": named.held("aws:userid", *user_ids(account)),
        "aws:principaltype": Domain(values=_TYPES, may_be_absent=False),
        "aws:principalorgid": Domain(values=(_ORGANISATION,)),
        "aws:principalorgpaths": Domain(values=(_UNIT,)),
        "sts:externalid": Domain(values=_guesses(named.of("sts:externalid"))),
        "aws:federatedprovider": named.held(
            "aws:federatedprovider", f"{users}oidc-provider/*", f"{users}saml-provider/*",
            "accounts.google.com", "www.amazon.com", "graph.facebook.com",
            "cognito-identity.amazonaws.com", may_be_absent=True,
        ),
    }  # fmt: skip


def _guesses(secrets: Iterable[str]) -> tuple[str, ...]:
    """Give what somebody sends who does not know a secret: what fits a pattern, or nothing."""
    return (ANY, "", *(example_of(s) for s in secrets if "*" in s or "?" in s))


def user_ids(account: str) -> tuple[str, ...]:
    """Give what unique ids of an account look like: a session chooses what follows the colon."""
    return (f"AROA{ANY}:*", f"AIDA{ANY}", account, f"{account}:*")


def network(named: Named) -> dict[str, Domain]:
    """Give where a request comes from: the caller's own network, or some address."""
    return {
        "aws:sourcevpc": named.held("aws:sourcevpc", f"vpc-{ANY}", may_be_absent=True),
        "aws:sourcevpce": named.held("aws:sourcevpce", f"vpce-{ANY}", may_be_absent=True),
        "aws:ec2instancesourcevpc": Domain(values=(f"vpc-{ANY}",)),
        "aws:sourceip": Domain(values=_addresses(named.of("aws:sourceip"))),
    }


def _through(named: Named, account: str) -> dict[str, Domain]:
    """Give what a request goes through and belongs to the caller: endpoints, points, functions."""
    keys = {
        "aws:vpceaccount": Domain(values=(account,)),
        "aws:vpceorgid": Domain(values=(_ORGANISATION,)),
        "aws:vpceorgpaths": Domain(values=(_UNIT,)),
        "s3:dataaccesspointaccount": Domain(values=(account,)),
    }
    own = f"arn:*:*:*:{account}:*"
    for key in (
        "aws:sourcevpcarn", "aws:chatbotsourcearn", "ec2:sourceinstancearn",
        "lambda:sourcefunctionarn", "ssm:sourceinstancearn", "s3:dataaccesspointarn",
    ):  # fmt: skip
        keys[key] = named.held(key, own, may_be_absent=True)
    return keys


def _addresses(blocks: Sequence[str]) -> tuple[str, ...]:
    """Give addresses that anybody can have: in the wide blocks, and outside of the narrow ones."""
    networks = [network for network in map(as_network, blocks) if network is not None]
    narrow = [network for network in networks if not is_wide(network)]
    tried = [*_ADDRESSES]
    for network in networks:
        if is_wide(network):
            size = network.num_addresses
            tried += [str(network[at]) for at in (1, size // 2, size // 3, size - 2)]
    known = [address for address in tried if not any(_lies_in(address, net) for net in narrow)]
    return tuple(dict.fromkeys(known))


def is_wide(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    """Whether a block holds addresses that anybody can have."""
    return (
        network.prefixlen <= (_WIDE_V4 if network.version == 4 else _WIDE_V6)
        and not network.is_private
    )


def _lies_in(address: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    return ipaddress.ip_address(address) in network


def _role_of(name: str) -> str:
    """Give the role of a session, and any other name as it is."""
    head, sign, rest = name.partition(_SESSION)
    if not sign:
        return name
    return f"{head.replace(':sts:', ':iam:')}:role/{rest.partition('/')[0]}"


def account_like(pattern: str) -> str:
    """Give an account that a pattern covers, "" for none."""
    missing = _ACCOUNT_DIGITS - len(pattern.replace("*", ""))
    filled = pattern.replace("*", "0" * max(missing, 0), 1).replace("*", "").replace("?", "0")
    return filled if _ACCOUNT.fullmatch(filled) else ""


def is_anybodys(pattern: str) -> bool:
    """Whether a pattern of accounts fixes so few digits that anybody may come to fit it."""
    return len(pattern.replace("*", "").replace("?", "")) < _FEWEST_DIGITS


def _is_in_account(value: str, pattern: str) -> bool:
    """Whether an ARN has the account of the pattern that it fits, and not elsewhere in its name."""
    if not pattern.startswith("arn:"):
        return True
    wanted, parts = pattern.split(":", 5), value.split(":", 5)
    return parts[4] == wanted[4] and (wanted[4] != "" or ":" not in parts[5])


@functools.lru_cache(maxsize=1024)
def _examples(patterns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(example_of(pattern) for pattern in patterns)


@functools.lru_cache(maxsize=4096)
def _common(*patterns: str) -> str | None:
    try:
        return example_of(patterns[0]) if len(patterns) == 1 else common_example(*patterns)
    except TooLongError:
        return None
