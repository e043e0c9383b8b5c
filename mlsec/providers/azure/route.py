"""A read of Azure Resource Manager: an operation of the plans, and the one request that it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from mlsec.collect.walk.plan import Operation
from mlsec.core.errors import MlsecError

_HOLE = re.compile(r"\{(\w+)\}")


class ArmRead(Operation, frozen=True, kw_only=True):
    """One read, written once: the plans name it and the transport refuses everything else.

    ``path`` is a template: ``{subscription}`` is the scope's, every other hole is the parameter of
    that name (``{id}/onlineEndpoints`` with ``params={"id": "$parent.id"}``). Parameters that fill
    no hole go into the query (GET) or are the body (POST).
    ``query`` are further query parameters, with holes of the same kind.
    ``version`` is the pinned api-version. ``method`` is POST only for the few reads in ``POSTS``.
    ``graph`` names the Resource Graph type (lower case) whose rows say the same as this listing's
    entries; "" when the graph lacks it or leaves out properties that rules read.
    """

    path: str
    version: str
    query: Mapping[str, str] = msgspec.field(default_factory=dict)
    method: str = "GET"
    graph: str = ""

    @property
    def holes(self) -> tuple[str, ...]:
        """The parameters that path and query take."""
        text = " ".join((self.path, *self.query.values()))
        return tuple(hole for hole in _HOLE.findall(text) if hole != "subscription")


class ProjectRead(ArmRead, frozen=True, kw_only=True):
    """A read of an AI Foundry project's own interface, which needs a data action.

    The parameter ``endpoint`` is the project's address, as Resource Manager says it.
    """


# The reads that Azure offers only as a POST; none of them changes anything.
POSTS = frozenset({"resourcegraph:Resources"})


def address(operation: ArmRead, subscription: str, params: Mapping[str, Any]) -> str:
    """Give path and query of a request, every hole filled and quoted.

    Raises:
        MlsecError: the table says POST for what is not a known read.
    """
    if operation.method != "GET" and operation.label not in POSTS:
        raise MlsecError(f"refused to {operation.method} {operation.label}: only reads are made")
    filled = {"subscription": subscription, **params}
    path = _HOLE.sub(lambda hole: quote(str(filled[hole.group(1)]), safe="/:@"), operation.path)
    query = {"api-version": operation.version}
    for name, template in operation.query.items():
        query[name] = _HOLE.sub(lambda hole: str(filled[hole.group(1)]), template)
    if operation.method == "GET":
        query |= {k: str(v) for k, v in params.items() if k not in operation.holes}
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
    return {key: value for key, value in params.items() if key not in operation.holes}
