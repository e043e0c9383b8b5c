"""The kinds of callers that a policy is asked about: their names, and the keys that they fix."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mlsec.providers.aws.policy.keys import ABSENT, FREE, Domain, bare, fixed, within
from mlsec.providers.aws.policy.patterns import ANY

# Twelve characters that no account has: an account that no policy names.
FOREIGN_ACCOUNT = ANY[:12]
# Nobody's name: only a principal of ``*`` covers it.
_NAMELESS = "\x03"
_NOT_A_SERVICE: Mapping[str, Domain] = {
    "aws:principalisawsservice": fixed("false"),
    "aws:principalservicename": ABSENT,
    "aws:principalservicenameslist": ABSENT,
}
_NO_SOURCE: Mapping[str, Domain] = dict.fromkeys(
    ("aws:sourcearn", "aws:sourceaccount", "aws:sourceowner", "aws:sourceorgid",
     "aws:sourceorgpaths"),
    ABSENT,
)  # fmt: skip
_NO_PRINCIPAL: Mapping[str, Domain] = dict.fromkeys(
    ("aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths",
     "aws:principaltag/", "aws:username", "aws:multifactorauthpresent", "aws:multifactorauthage",
     "aws:tokenissuetime", "aws:sourceidentity", "aws:federatedprovider", "aws:assumedroot",
     "aws:calledvia", "aws:calledviafirst", "aws:calledvialast", "kms:calleraccount"),
    ABSENT,
)  # fmt: skip


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes a request.

    ``names``: what a Principal may call it (ARN, account id, service, provider); one is enough.
    ``keys``: the condition keys (lower case; one ending in / for all that begin so) that are
    fixed by who it is. All others it can choose.
    """

    names: tuple[str, ...]
    keys: Mapping[str, Domain] = {}

    def domain_of(self, key: str) -> Domain | None:
        """Give what the caller fixes of a key (lower case), None when nothing."""
        return self.keys.get(key) or self.keys.get(bare(key))

    def but(self, **more: Domain) -> Caller:
        """Give the same caller with other keys: ``__`` in a name stands for the colon."""
        keys = {name.replace("__", ":"): domain for name, domain in more.items()}
        return Caller(names=self.names, keys={**self.keys, **keys})


def anonymous() -> Caller:
    """Give whoever sends a request without credentials, from outside of every named network."""
    return Caller(
        names=(_NAMELESS,),
        keys={
            **_NO_PRINCIPAL,
            **_NO_SOURCE,
            "aws:principalisawsservice": ABSENT,
            "aws:principalservicename": ABSENT,
            "aws:principalservicenameslist": ABSENT,
            "aws:principaltype": fixed("Anonymous"),
            "aws:userid": fixed("anonymous"),
            "aws:viaawsservice": fixed("false"),
        },
    )


def principal(
    account: str, arn: str = "", *, organisation: Domain = FREE, partition: str = "aws"
) -> Caller:
    """Give a principal of an account; without ``arn`` any of its principals.

    ``account`` may be ``FOREIGN_ACCOUNT``: the account of somebody whom no policy names.
    """
    who = arn or f"arn:{partition}:*::{account}:*"
    is_pattern = "*" in who
    return Caller(
        names=tuple(dict.fromkeys((account, who.replace("*", ANY)))),
        keys={
            **_NOT_A_SERVICE,
            **_NO_SOURCE,
            "aws:principalaccount": fixed(account),
            "kms:calleraccount": fixed(account),
            "aws:principalarn": within(who) if is_pattern else fixed(who),
            "aws:principalorgid": organisation,
            "aws:principalorgpaths": organisation,
        },
    )


def foreign_principal() -> Caller:
    """Give a principal of an account that no policy names, in an organisation that none names."""
    foreign = Domain(values=("o-" + ANY,))
    paths = Domain(values=(f"o-{ANY}/r-{ANY}/",))
    caller = principal(FOREIGN_ACCOUNT, organisation=foreign)
    return caller.but(aws__principalorgpaths=paths)


def service(name: str, *, source_account: Domain = FREE, source: Domain = FREE) -> Caller:
    """Give a service of AWS that calls for somebody, by default for whoever asks it."""
    return Caller(
        names=(name,),
        keys={
            **_NO_PRINCIPAL,
            "aws:principalisawsservice": fixed("true"),
            "aws:principalservicename": fixed(name),
            "aws:principalservicenameslist": fixed(name),
            "aws:sourceaccount": source_account,
            "aws:sourceowner": source_account,
            "aws:sourcearn": source,
            "aws:viaawsservice": fixed("false"),
        },
    )


def federated(provider: str, claims: Mapping[str, Domain]) -> Caller:
    """Give whoever holds a token of an identity provider.

    ``claims`` are the condition keys (lower case: ``token.actions.githubusercontent.com:sub``)
    with the values that an external caller can have in a token.
    """
    return Caller(names=(provider,), keys={**_NO_PRINCIPAL, **_NO_SOURCE, **claims})
