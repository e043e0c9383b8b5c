"""Condition keys: what AWS has, which requests carry them, and what a caller can make of them."""

from __future__ import annotations

import functools
from pathlib import Path

import msgspec

from mlsec.providers.aws.policy.operators import COMPARISONS
from mlsec.providers.aws.policy.patterns import matches

_PATH = Path(__file__).with_name("condition_keys.txt")


class Domain(msgspec.Struct, frozen=True, kw_only=True):
    """The values that a key of a request can have.

    Without ``values`` the caller is free to choose any that match ``within``.
    ``may_be_absent``: a request can lack the key. ``is_known``: False where it has one value
    that we do not know, so that an answer holds only if it holds for each.
    """

    values: tuple[str, ...] | None = None
    within: str = "*"
    may_be_absent: bool = True
    is_known: bool = True

    def takes(self, value: str) -> bool:
        """Whether the caller could choose the value; an ARN fits part by part."""
        compare = COMPARISONS["arnlike"] if self.within.startswith("arn:") else matches
        return compare(self.within, value)


FREE = Domain()
ABSENT = Domain(values=())
UNKNOWN = Domain(is_known=False)


def fixed(*values: str) -> Domain:
    """Make a key that is always there with one of these values."""
    return Domain(values=values, may_be_absent=False)


def within(pattern: str, *, may_be_absent: bool = False) -> Domain:
    """Make a key whose value the caller chooses among those that match a pattern."""
    return Domain(within=pattern, may_be_absent=may_be_absent)


# The keys that every request may have whatever the service; one that ends in / goes on with a name.
_GLOBAL = frozenset(
    {
        "aws:principalarn", "aws:principalaccount", "aws:principalorgpaths", "aws:principalorgid",
        "aws:principaltag/", "aws:principalisawsservice", "aws:principalservicename",
        "aws:principalservicenameslist", "aws:principaltype", "aws:userid", "aws:username",
        "aws:assumedroot", "aws:federatedprovider", "aws:tokenissuetime", "aws:multifactorauthage",
        "aws:multifactorauthpresent", "aws:chatbotsourcearn", "aws:ec2instancesourcevpc",
        "aws:ec2instancesourceprivateipv4", "aws:sourceidentity", "ec2:roledelivery",
        "ec2:sourceinstancearn", "glue:roleassumedby", "glue:credentialissuingservice",
        "lambda:sourcefunctionarn", "ssm:sourceinstancearn", "identitystore:userid",
        "aws:sourceip", "aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce", "aws:vpceaccount",
        "aws:vpceorgpaths", "aws:vpceorgid", "aws:vpcsourceip", "aws:resourceaccount",
        "aws:resourceorgid", "aws:resourceorgpaths", "aws:resourcetag/", "aws:calledvia",
        "aws:calledviafirst", "aws:calledvialast", "aws:calledviaawsmcp", "aws:viaawsservice",
        "aws:viaawsmcpservice", "aws:currenttime", "aws:epochtime", "aws:referer",
        "aws:requestedregion", "aws:requesttag/", "aws:tagkeys", "aws:securetransport",
        "aws:sourcearn", "aws:sourceaccount", "aws:sourceowner", "aws:sourceorgpaths",
        "aws:sourceorgid", "aws:useragent", "aws:ismcpserviceaction",
    }
)  # fmt: skip
_GLOBAL_LISTS = frozenset(
    {
        "aws:principalorgpaths", "aws:principalservicenameslist", "aws:vpceorgpaths",
        "aws:resourceorgpaths", "aws:calledvia", "aws:tagkeys", "aws:sourceorgpaths",
    }
)  # fmt: skip
# What the thing asked about is, rather than how it is asked for: its tags and its other names.
_OF_THE_RESOURCE = frozenset(
    {
        "s3:existingobjecttag/", "s3:buckettag/", "kms:resourcealiases", "kms:requestalias",
        "aws-marketplace:productid",
    }
)  # fmt: skip
_RESOURCE_TAG = ":resourcetag/"


class ServiceKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of a service: whether it has a list of values, and the actions that have it."""

    is_list: bool
    actions: frozenset[str]


def bare(key: str) -> str:
    """Give a key (lower case) without the name it goes on with: ``aws:resourcetag/``."""
    head, slash, _ = key.partition("/")
    return head + slash


def is_global(key: str) -> bool:
    """Whether a request of any service may have the key (lower case)."""
    return bare(key) in _GLOBAL


def is_list(key: str) -> bool:
    """Whether the key has a list of values, so that conditions on it need a quantifier."""
    if is_global(key):
        return key in _GLOBAL_LISTS
    known = service_key(key)
    return known is not None and known.is_list


def is_of_resource(key: str) -> bool:
    """Whether the key says what the resource is: a tag, an alias."""
    return _RESOURCE_TAG in key or bare(key) in _OF_THE_RESOURCE


@functools.lru_cache(maxsize=4096)
def service_key(key: str) -> ServiceKey | None:
    """Look a key (lower case) up in the reference; None when no service has it."""
    text = _text()
    # A name goes on after a slash or after a second colon (``kms:encryptioncontext:team``).
    words = key.split(":", 2)
    for name in (bare(key), key.partition("/")[0], ":".join((*words[:2], ""))):
        at = text.find(f"\n{name} ")
        if at >= 0:
            _, kind, *actions = text[at + 1 : text.find("\n", at + 1)].split(" ")
            service = name.partition(":")[0]
            return ServiceKey(
                is_list=kind == "L",
                actions=frozenset(a if ":" in a else f"{service}:{a}" for a in actions),
            )
    return None


@functools.cache
def _text() -> str:
    return _PATH.read_text("utf-8")
