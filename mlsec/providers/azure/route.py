"""Reads of Azure Resource Manager: operations of the plans and their requests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from mlsec.collect.walk.plan import Operation
from mlsec.core.errors import MlsecError

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class ArmRead(Operation, frozen=True, kw_only=True):
    """One read operation; the plans use it and the transport refuses all others.

    ``path`` is a template: ``{subscription}`` is the scope's, every other placeholder is the
    parameter of that name (``{id}/onlineEndpoints`` with ``params={"id": "$parent.id"}``).
    Parameters that fill no placeholder go into the query (GET) or are the body (POST).
    ``query`` are further query parameters, with placeholders of the same kind.
    ``version`` is the pinned api-version. ``method`` is POST only for the few reads in ``POSTS``.
    ``graph`` names the Resource Graph type (lower case) whose rows equal this listing's
    entries; "" when the graph lacks it or leaves out properties that rules read.
    """

    path: str
    version: str
    query: Mapping[str, str] = msgspec.field(default_factory=dict)
    method: str = "GET"
    graph: str = ""

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The parameters that path and query take."""
        text = " ".join((self.path, *self.query.values()))
        return tuple(
            placeholder
            for placeholder in _PLACEHOLDER.findall(text)
            if placeholder != "subscription"
        )


class ProjectRead(ArmRead, frozen=True, kw_only=True):
    """A read of an AI Foundry project's own interface, which needs a data action.

    The parameter ``endpoint`` is the project's address, as Resource Manager says it.
    """


# The reads that Azure offers only as a POST; none of them changes anything.
POSTS = frozenset({"resourcegraph:Resources"})


def address(operation: ArmRead, subscription: str, params: Mapping[str, Any]) -> str:
    """Give path and query of a request, every placeholder filled and quoted.

    Raises:
        MlsecError: the table says POST for what is not a known read.
    """
    if operation.method != "GET" and operation.label not in POSTS:
        raise MlsecError(f"refused to {operation.method} {operation.label}: only reads are made")
    filled = {"subscription": subscription, **params}
    path = _PLACEHOLDER.sub(
        lambda placeholder: quote(str(filled[placeholder.group(1)]), safe="/:@"), operation.path
    )
    query = {"api-version": operation.version}
    for name, template in operation.query.items():
        query[name] = _PLACEHOLDER.sub(
            lambda placeholder: str(filled[placeholder.group(1)]), template
        )
    if operation.method == "GET":
        query |= {k: str(v) for k, v in params.items() if k not in operation.placeholders}
    return f"{path}?{urlencode(query)}"


def project_address(operation: ProjectRead, params: Mapping[str, Any], token: str) -> str:
    """Give the whole address of a request to a project; ``token`` is the last id of a page."""
    query = {
        "api-version": operation.version,
        "limit": "100",
        **({"after": token} if token else {}),
    }
    path = operation.path.removeprefix("{endpoint}")
    return f"{str(params['endpoint']).rstrip('/')}{path}?{urlencode(query)}"


def body_of(operation: ArmRead, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give the JSON body of a POST, None for a GET."""
    if operation.method == "GET":
        return None
    return {key: value for key, value in params.items() if key not in operation.placeholders}
