"""Random trust policies, and what the simulator says of who may assume the role."""

from __future__ import annotations

import itertools
import json
import random
from typing import Any

from tests.providers.aws.external_access.keys import FOREIGN, KEYS, OTHER, OWN, Key
from tests.providers.aws.external_access.requests import EVERYBODY, NAMED, TooManyError, requests
from tests.providers.aws.external_access.simulator import Case, Request

ROLE = f"arn:aws:iam::{OWN}:role/runner"
_WEB = "sts:AssumeRoleWithWebIdentity"
_STRING = (
    "StringEquals",
    "StringLike",
    "StringEqualsIgnoreCase",
    "StringNotEquals",
    "StringNotLike",
)
_LISTED = ("ForAnyValue:StringLike", "ForAnyValue:StringEquals")
_NOW = "2026-11-29T12:00:00Z"
_GITHUB = "token.actions.githubusercontent.com"
_POOL = "eu-west-1:11111111-2222-3333-4444-555555555555"
# For each issuer, the values that policies compare a claim to, and those that a token can have that
# somebody else has made.
ISSUERS: dict[str, dict[str, tuple[tuple[str, ...], tuple[Any, ...]]]] = {
    _GITHUB: {
        "aud": (("sts.amazonaws.com", "*"), ("sts.amazonaws.com", "x")),
        "sub": (
            (
                "repo:acme/app:ref:refs/heads/main",
                "repo:acme/*",
                "repo:acme/app:*",
                "repo:*",
                "*",
                "repo:acme*",
                "repo:*/app:*",
                "*:environment:prod",
                "*:ref:refs/heads/main",
            ),
            (
                "repo:evil/app:ref:refs/heads/main",
                "repo:acmevil/app:environment:prod",
                "repo:evil/evil:pull_request",
                "environment:prod",
            ),
        ),
        "repository": (("acme/app", "acme/*", "*/app"), ("evil/app", "evil/x")),
        "environment": (("prod",), (None, "prod")),
    },
    "gitlab.com": {
        "aud": (("https://gitlab.com",), ("https://gitlab.com", "x")),
        "sub": (
            (
                "project_path:acme/app:ref_type:branch:ref:main",
                "project_path:acme/*",
                "project_path:*",
                "*:ref:main",
                "project_path:acme*",
            ),
            (
                "project_path:evil/app:ref_type:branch:ref:main",
                "project_path:acmevil/x:ref_type:tag:ref:v",
            ),
        ),
    },
    "app.terraform.io": {
        "aud": (("aws.workload.identity",), ("aws.workload.identity", "x")),
        "sub": (
            (
                "organization:acme:project:p:workspace:w:run_phase:*",
                "organization:acme:*",
                "*",
                "organization:*:workspace:w:*",
                "organization:acme*",
            ),
            (
                "organization:evil:project:p:workspace:w:run_phase:apply",
                "organization:acmevil:project:p:workspace:w:run_phase:apply",
            ),
        ),
    },
    "agent.buildkite.com": {
        "aud": (("sts.amazonaws.com",), ("sts.amazonaws.com", "x")),
        "sub": (
            ("organization:acme:pipeline:p:*", "organization:*", "*:pipeline:p:*"),
            (
                "organization:evil:pipeline:p:ref:refs/heads/main:commit:0:step:s",
                "organization:evil:pipeline:q:ref:refs/heads/main:commit:0:step:s",
            ),
        ),
    },
    "accounts.google.com": {
        "aud": (("1234.apps.googleusercontent.com",), ("1234.apps.googleusercontent.com", "x")),
        "sub": (("104857600000000000001",), ("999",)),
    },
    "cognito-identity.amazonaws.com": {
        "aud": (
            (_POOL, "eu-west-1:*"),
            (
                "eu-west-1:99999999-0000-0000-0000-000000000000",
                "us-east-1:99999999-0000-0000-0000-000000000000",
            ),
        ),
        "amr": (("authenticated", "unauthenticated"), (["authenticated"], ["unauthenticated"])),
    },
    "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF": {
        "aud": (("sts.amazonaws.com",), ()),
        "sub": (("system:serviceaccount:ml:train", "system:serviceaccount:*"), ()),
    },
    "oidc.circleci.com/org/11111111-2222-3333-4444-555555555555": {
        "aud": (("11111111-2222-3333-4444-555555555555",), ()),
        "sub": (("org/1111/project/*", "*"), ()),
    },
}
_SERVICES = ("sagemaker.amazonaws.com", "bedrock.amazonaws.com")
_SOURCES = (
    Key(
        name="aws:SourceAccount",
        operators=_STRING,
        values=(OWN, OTHER, "*", FOREIGN[:4] + "*"),
        held=lambda caller: [None, FOREIGN, OTHER],
    ),
    Key(
        name="aws:SourceArn",
        operators=("ArnLike", "ArnEquals", "StringLike", "ArnNotLike"),
        values=(
            f"arn:aws:sagemaker:*:{OWN}:*",
            "arn:*:*:*:*:*",
            "arn:aws:sagemaker:*:*:*",
            f"arn:aws:sagemaker:*:{OTHER}:*",
        ),
        held=lambda caller: [
            None,
            f"arn:aws:sagemaker:eu-west-1:{FOREIGN}:model/m",
            f"arn:aws:sagemaker:eu-west-1:{OTHER}:model/m",
        ],
    ),
    Key(
        name="aws:SourceOrgID",
        operators=_STRING,
        values=("o-ours000000", "*", "o-*"),
        held=lambda caller: [None, "o-foreign000"],
    ),
    Key(
        name="aws:SecureTransport",
        operators=("Bool",),
        values=("true", "false"),
        held=lambda caller: ["true", "false"],
    ),
    Key(
        name="aws:PrincipalIsAWSService",
        operators=("Bool",),
        values=("true", "false"),
        held=lambda caller: ["true"],
    ),
)
_EXTERNAL_ID = Key(
    name="sts:ExternalId",
    operators=_STRING,
    values=("s3cret-42", "*", "s3*"),
    # Whom a policy names by ``*`` alone may know what stands in it.
    held=lambda caller: [
        None,
        "guess",
        "s3-guess",
        *(["s3cret-42"] if caller.account == FOREIGN else []),
    ],
)
_PERSONS = (
    *(key for key in KEYS if key.name not in ("aws:SourceAccount", "aws:SourceArn")),
    _EXTERNAL_ID,
)
_WHO: tuple[Any, ...] = (
    "*",
    {"AWS": "*"},
    {"AWS": f"arn:aws:iam::{OTHER}:root"},
    {"AWS": f"arn:aws:iam::{OTHER}:role/x"},
    {"AWS": f"arn:aws:iam::{OWN}:root"},
    {"AWS": f"arn:aws:iam::{OWN}:role/runner"},
)


def random_trust(chance: random.Random, *, exotic: bool) -> Case:
    """Make a trust policy of one to three statements with the questions of a role's facts."""
    while True:
        statements = [
            _statement(chance, exotic=exotic) for _ in range(chance.choice((1, 1, 1, 2, 3)))
        ]
        policy = {"Version": "2012-10-17", "Statement": statements}
        try:
            asked = {
                "persons": _by_persons(policy),
                "tokens": _by_tokens(policy),
                "guests": _by_guests(policy),
                "services": _by_services(policy),
            }
        except TooManyError:
            continue
        return Case(account=OWN, policy=policy, questions=asked)


def _statement(chance: random.Random, *, exotic: bool) -> dict[str, Any]:
    kind = chance.choice(("person", "token", "token", "token", "service", "deny"))
    if kind == "token":
        address = chance.choice(tuple(ISSUERS))
        is_bare = address in ("accounts.google.com", "cognito-identity.amazonaws.com")
        made = {
            "Effect": "Allow",
            "Action": _WEB,
            "Principal": {"Federated": address if is_bare else _arn(address)},
        }
        keys = [
            Key(
                name=f"{address}:{claim}",
                operators=_LISTED if claim == "amr" else _STRING,
                values=values,
                held=lambda _: [],
            )
            for claim, (values, _) in ISSUERS[address].items()
        ]
        if chance.random() < 0.15:
            keys = [key for key in _SOURCES if key.name == "aws:SecureTransport"]
    elif kind == "service":
        made = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": chance.choice(_SERVICES)},
        }
        keys = list(_SOURCES)
    elif kind == "person":
        made = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": chance.choice(_WHO[2:] + _WHO),
        }
        if made["Principal"] == "*" and chance.random() < 0.5:
            made["Action"] = "sts:*"
        keys = list(_PERSONS)
        if chance.random() < 0.3:
            keys = [_EXTERNAL_ID]
    else:
        made = {"Effect": "Deny", "Action": "sts:AssumeRole*", "Principal": "*"}
        keys = [*_SOURCES, *_PERSONS]
    condition: dict[str, Any] = {}
    least = 1 if kind == "deny" else 0
    for _ in range(max(least, chance.choices((0, 1, 2), (2, 5, 3))[0])):
        key = chance.choice([k for k in keys if exotic or not k.is_exotic])
        if chance.random() < 0.06:
            condition.setdefault("Null", {})[key.name] = chance.choice(("true", "false"))
            continue
        operator = chance.choice(key.operators)
        if chance.random() < 0.12:
            operator += "IfExists"
        condition.setdefault(operator, {})[key.name] = chance.choice(key.values)
    if condition:
        made["Condition"] = condition
    return made


def _arn(address: str) -> str:
    return f"arn:aws:iam::{OWN}:oidc-provider/{address}"


def _by_persons(policy: dict[str, Any]) -> list[Request]:
    callers = (*EVERYBODY[1:], *NAMED)
    return requests(policy, callers, ("sts:AssumeRole",), (ROLE,), _PERSONS)


def _by_tokens(policy: dict[str, Any]) -> list[Request]:
    """Tokens that somebody else has; the claims of one who runs in the tenant are nobody else's."""
    made = []
    for address, claims in ISSUERS.items():
        if not all(tokens for _, tokens in claims.values()):
            continue
        made += _tokens(policy, address, {claim: tokens for claim, (_, tokens) in claims.items()})
    return made


def _by_guests(policy: dict[str, Any]) -> list[Request]:
    """Guests of the own pool."""
    return _tokens(
        policy, "cognito-identity.amazonaws.com", {"aud": (_POOL,), "amr": (["unauthenticated"],)}
    )


def _tokens(
    policy: dict[str, Any], address: str, claims: dict[str, tuple[Any, ...]]
) -> list[Request]:
    is_bare = address in ("accounts.google.com", "cognito-identity.amazonaws.com")
    principal = address if is_bare else _arn(address)
    if not any(_trusts(each, principal) for each in policy["Statement"]):
        return []
    made = []
    for values in itertools.product(*claims.values(), ("true", "false")):
        context = {
            f"{address}:{c}": v for c, v in zip(claims, values, strict=False) if v is not None
        }
        context["aws:SecureTransport"] = values[-1]
        context |= {
            "aws:RequestedRegion": "eu-west-1",
            "aws:ViaAWSService": "false",
            "aws:CurrentTime": _NOW,
            "aws:ResourceAccount": OWN,
        }
        made.append(Request(principal=principal, action=_WEB, resource=ROLE, context=context))
    return made


def _trusts(statement: dict[str, Any], principal: str) -> bool:
    """Whether an allow names an issuer or a service, or everybody; an account is neither."""
    who = statement["Principal"]
    names = who.values() if isinstance(who, dict) else [who]
    return statement["Effect"] == "Allow" and any(name in (principal, "*") for name in names)


def _by_services(policy: dict[str, Any]) -> list[Request]:
    made = []
    for service in _SERVICES:
        if f'"{service}"' not in json.dumps(policy["Statement"]):
            continue
        held = [(key.name, key.held(EVERYBODY[0])) for key in _SOURCES]
        for values in itertools.product(*(values for _, values in held)):
            context = {n: v for (n, _), v in zip(held, values, strict=True) if v is not None}
            context |= {
                "aws:RequestedRegion": "eu-west-1",
                "aws:ViaAWSService": "false",
                "aws:CurrentTime": _NOW,
                "aws:ResourceAccount": OWN,
            }
            made.append(
                Request(principal=service, action="sts:AssumeRole", resource=ROLE, context=context)
            )
    return made


def expected(answer: dict[str, int]) -> dict[str, bool]:
    """Give each fact of the role by what the simulator allows."""
    return {
        "has_unconditional_external_trust": answer["persons"] >= 0
        or answer["tokens"] >= 0
        or answer["guests"] >= 0,
        "trust_lacks_source_condition": answer["services"] >= 0,
    }
