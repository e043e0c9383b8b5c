"""``kubernetes[://context[/namespace,...]]`` taken apart."""

from __future__ import annotations

import re
from collections.abc import Collection

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.sanitize import visible

IN_CLUSTER = "in-cluster"
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
_HINT = (
    "kubernetes, kubernetes://CONTEXT, kubernetes://CONTEXT/first,second or kubernetes://in-cluster"
)


class ClusterTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster, "" for the current context; no namespaces means all."""

    context: str = ""
    namespaces: tuple[str, ...] = ()


def parse_target(text: str, contexts: Collection[str] = ()) -> ClusterTarget:
    """Parse a target; context names may contain slashes, so known contexts are matched first.

    Raises:
        MlsecError: not ``kubernetes[://context[/namespace,...]]``.
    """
    if text in ("kubernetes", "kubernetes://"):
        return ClusterTarget()
    named = text.removeprefix("kubernetes://")
    if named == text or not named.strip("/"):
        raise _wrong(text)
    if named in contexts:
        return ClusterTarget(context=named)
    context, slash, last = named.rpartition("/")
    if not slash:
        return ClusterTarget(context=named)
    if contexts and context not in contexts and context != IN_CLUSTER and named not in contexts:
        return ClusterTarget(context=named)
    namespaces = tuple(dict.fromkeys(part.strip() for part in last.split(",") if part.strip()))
    if not context or any(not _NAMESPACE.match(namespace) for namespace in namespaces):
        raise _wrong(text)
    return ClusterTarget(context=context, namespaces=namespaces)


def _wrong(text: str) -> MlsecError:
    return MlsecError(f'"{visible(text, 80)}" is not a Kubernetes target', hint=_HINT)
