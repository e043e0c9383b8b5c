"""How code declares a type: which answers of the provider's API its body stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.core.resource import Resource

# The account, subscription, project and region of what is declared: they are not known by code, and
# no real one has these names. Twelve digits, so that addresses keep their form.
CODE_ACCOUNT = "000000000000"
CODE_REGION = "region"
# With the name of a list of policies before it: what is hidden of the list denies nothing.
ONLY_ALLOWS = "[]~allows"
# The canonical id of that account of AWS, which grants of S3 go by.
CODE_OWNER_ID = "0" * 64
CODE_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
CODE_PROJECT = "project"
_CODE = "code/"


def is_code(scope: str) -> bool:
    """Whether a scope is that of code and not of an account."""
    return scope.startswith(_CODE)


def code_account(provider: str) -> str:
    """Give the account, subscription or project that stands for the one code is deployed to."""
    if provider == "azure":
        return CODE_SUBSCRIPTION
    return CODE_PROJECT if provider == "gcp" else CODE_ACCOUNT


class Join(msgspec.Struct, frozen=True, kw_only=True):
    """A declaration that is a part of others: ``by`` is where its body names them.

    ``to`` is a vocabulary type, ``answers`` what it adds to theirs. ``below`` is what has to follow
    their name there ("/blobservices/default"): a setting of a part of them. ``also`` is a template
    of what they are called besides, from then on: by the name of a group that they are in.
    """

    to: str
    by: str
    below: str = ""
    also: str = ""
    answers: Mapping[str, Any] = msgspec.field(default_factory=dict)


class DeclaredType(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry of a table in ``rules/mappings``: what a declared thing is, and what it answers.

    ``type`` is the vocabulary type, "" for what is a part of others (``joins``) or only has a
    name. ``where`` maps a path of the body to the values that make it this type (``*``: whatever
    is there). ``each`` is a path in the body whose elements are the things declared ("" for the
    body itself); of the body around an element, ``^Key`` is the key.
    ``naming`` are paths to its name, or templates of it (the first that is there); without one it
    is called ``prefix`` and the words of its address. ``id``, ``ref`` and ``attributes``
    are templates of what it will be called: holes are ``{name}``, ``{id}``, ``{account}``,
    ``{region}``, ``{partition}``, ``{parent}`` or a path in the body (``{path/}`` and ``{path:}``:
    its last part).
    ``keys`` is ``camel`` where the API writes keys so and the code in PascalCase; below the paths
    ``verbatim`` they are the user's own.
    ``answers`` maps an operation to how its answer is made of the body (see answers.py); the body
    as it is answers every operation that is not named here or below. ``tags`` is where its tags
    stand. ``without`` are operations that only a joined declaration answers, and what they say
    without one; ``never`` maps an operation or a property to why code does not say it.
    ``becomes`` maps a property to what it is by nature once the thing is there.
    ``paths`` maps a property to where its value stands in the body, in place of the API's path.
    ``assumed`` maps a property to what the service does when the code does not say, where that is
    not what a missing key of the API means; ``?`` where that is not known.
    """

    kind: str
    name: str
    type: str = ""
    where: Mapping[str, tuple[Any, ...]] = msgspec.field(default_factory=dict)
    each: str = ""
    naming: tuple[str, ...] = ()
    prefix: str = ""
    id: str = ""
    ref: str = "{name}"
    attributes: Mapping[str, str] = msgspec.field(default_factory=dict)
    keys: str = ""
    verbatim: tuple[str, ...] = ()
    answers: Mapping[str, Any] = msgspec.field(default_factory=dict)
    without: Mapping[str, Any] = msgspec.field(default_factory=dict)
    never: Mapping[str, str] = msgspec.field(default_factory=dict)
    becomes: Mapping[str, Any] = msgspec.field(default_factory=dict)
    tags: str = ""
    paths: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    assumed: Mapping[str, Any] = msgspec.field(default_factory=dict)
    joins: tuple[Join, ...] = ()
    place: str = ""


# kind of code -> declared type -> its entries
Tables = Mapping[str, Mapping[str, tuple[DeclaredType, ...]]]


def account_of(resource: Resource) -> str:
    """Give the account a resource is in; of what code says it not, what stands for it."""
    if is_code(resource.scope):
        return resource.account or code_account(resource.provider)
    return resource.scope.rpartition("/")[2]
