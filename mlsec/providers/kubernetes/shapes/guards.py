"""Filters and policies of gateways and proxies that may ask who is there, and who names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mlsec.collect.located.located import Node
from mlsec.core.regex import regex
from mlsec.providers.kubernetes.objects.located_mapping import Shapes
from mlsec.providers.kubernetes.objects.objects import texts

_MIDDLEWARES = "traefik.ingress.kubernetes.io/router.middlewares"
# Traefik, middlewares: those that answer 401 or lead to a page for signing in.
_ASKING = ("forwardAuth", "basicAuth", "digestAuth")
_ASKS_IN_NGINX = regex(r"\bauth_(?:request|jwt|basic)[ \t]{1,8}(?!off\b)")


def route_filters(spec: Node) -> list[str]:
    """List the filters of extensions that each rule of a route goes through, as ``Kind/name``."""
    given = [
        {
            f"{ref.text('kind')}/{ref.text('name')}"
            for item in rule.items("filters")
            if (ref := item.get("extensionRef")) is not None
        }
        for rule in spec.items("rules")
        if rule.items("backendRefs")
    ]
    return sorted(set.intersection(*given)) if given else []


def ingress_filters(thing: Node) -> list[str]:
    """List the middlewares of Traefik that all requests of an ingress go through.

    In the annotation each stands as ``namespace-name@kubernetescrd``, or with another provider.
    """
    written = texts(thing, "metadata", "annotations").get(_MIDDLEWARES, "")
    names = {item.strip().removesuffix("@kubernetescrd") for item in written.split(",")} - {""}
    return sorted(f"Middleware/{name}" for name in names)


def _asks_by_snippet(spec: Node) -> bool:
    return any(_ASKS_IN_NGINX.search(item.text("value")) for item in spec.items("snippets"))


def _asks_by_iap(spec: Node) -> bool:
    flag = spec.get("default", "iap", "enabled")
    return flag is not None and flag.value is True


def _asks_by_rules(spec: Node) -> bool:
    holders = [spec.get(*path, "rules") for path in ((), ("defaults",), ("overrides",))]
    return any(holder is not None and holder.get("authentication") for holder in holders)


# Whether a kind, beside those of meshes, refuses callers who do not sign in.
GUARDS: Mapping[str, Callable[[Node], bool]] = {
    "Middleware": lambda spec: any(spec.get(key) for key in _ASKING),
    "SnippetsFilter": _asks_by_snippet,
    "AuthenticationFilter": lambda spec: bool(spec.pairs()),
    "AuthPolicy": _asks_by_rules,
    "GCPBackendPolicy": _asks_by_iap,
}
GUARD_SHAPES: Shapes = {"route_filters": route_filters, "ingress_filters": ingress_filters}
