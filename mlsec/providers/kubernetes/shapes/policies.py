"""Readers of policies of the mesh and of admission, of roles, and of serving objects."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from mlsec.collect.located.located import Node, plain
from mlsec.providers.kubernetes.objects.located_mapping import Shapes, UnknownValueError
from mlsec.providers.kubernetes.objects.objects import texts
from mlsec.providers.kubernetes.shapes.guards import GUARDS

_EVERYBODY = {
    "system:unauthenticated": "unauthenticated",
    "system:anonymous": "unauthenticated",
    "system:authenticated": "authenticated",
    "system:serviceaccounts": "accounts",
    "system:masters": "masters",
}
_COMMIT = re.compile(r"[0-9a-f]{40}\Z")
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}\Z")
_PUBLIC = frozenset({"com", "net", "org", "io", "ai", "dev", "app", "cloud", "co", "eu", "info"})
_INSIDE = (".svc", ".svc.cluster.local", ".local", ".internal")


def everybody(name: Node) -> str | None:
    """Give the built-in group that a name denotes; None for any other name."""
    text = str(name.value)
    return "accounts" if text.startswith("system:serviceaccounts:") else _EVERYBODY.get(text)


def is_absent(node: Node) -> bool:
    """Whether the value is missing."""
    return not node.value


def policy_targets(spec: Node) -> list[str]:
    """List the gateways and routes that a policy is attached to, as ``Kind/name``."""
    refs = [*spec.items("targetRefs")]
    single = spec.get("targetRef")
    refs += [single] if single is not None else []
    return [f"{ref.text('kind')}/{ref.text('name')}" for ref in refs]


def requires_client_identity(thing: Node) -> bool:
    """Whether an AuthorizationPolicy or the like refuses callers without an identity."""
    kind, spec = thing.text("kind"), thing.get("spec")
    if spec is None:
        return False
    if kind in GUARDS:
        return GUARDS[kind](spec)
    if kind == "SecurityPolicy":
        return any(spec.get(key) for key in ("jwt", "oidc", "basicAuth", "extAuth", "apiKeyAuth"))
    if kind != "AuthorizationPolicy":
        return False
    action, rules = spec.text("action") or "ALLOW", spec.items("rules")
    if action == "CUSTOM":
        return _for_all(rules)
    if action == "DENY":
        refusing = [r for r in rules if _names(r, "notRequestPrincipals", "notPrincipals")]
        return bool(refusing) and _for_all(refusing)
    if action != "ALLOW":
        return False
    # Without rules nothing is allowed; otherwise each rule has to name principals.
    return all(
        _names(rule, "requestPrincipals", "principals") or _asks_claim(rule) for rule in rules
    )


def _for_all(rules: tuple[Node, ...] | list[Node]) -> bool:
    """Whether a rule applies to every request.

    Raises:
        UnknownValueError: all hold for some paths or hosts only, and which are served is not known.
    """
    if any(not rule.items("to") and not rule.items("when") for rule in rules):
        return True
    if rules:
        raise UnknownValueError("it requires authentication for some requests only")
    return False


def _names(rule: Node, *keys: str) -> bool:
    sources = [node for item in rule.items("from") if (node := item.get("source"))]
    return bool(sources) and all(any(source.items(key) for key in keys) for source in sources)


def _asks_claim(rule: Node) -> bool:
    return any(item.text("key").startswith("request.auth") for item in rule.items("when"))


def allows_all_requests(thing: Node) -> bool:
    """Whether an AuthorizationPolicy allows every request."""
    spec = thing.get("spec")
    if spec is None or thing.text("kind") != "AuthorizationPolicy":
        return False
    is_allow = (spec.text("action") or "ALLOW") == "ALLOW"
    return is_allow and any(not item.value for item in spec.items("rules"))


def checks_signatures(thing: Node) -> bool:
    """Whether an admission policy verifies image signatures."""
    kind, group = thing.text("kind"), thing.text("apiVersion").partition("/")[0]
    if kind in ("ClusterImagePolicy", "ImageValidatingPolicy"):
        return True
    if group == "kyverno.io":
        return any(item.get("verifyImages") for item in thing.items("spec", "rules"))
    name = thing.text("metadata", "name")
    words = ("sigstore", "cosign", "policy-controller", "connaisseur", "ratify", "notation",
             "portieris", "binauthz", "imagepolicy")  # fmt: skip
    return kind == "ValidatingWebhookConfiguration" and any(word in name for word in words)


def only_warns(thing: Node) -> bool:
    """Whether violations of a policy are only reported, not blocked."""
    spec = thing.get("spec")
    if spec is None:
        return False
    said = {spec.text("validationFailureAction").lower(), spec.text("mode").lower()}
    said |= {item.text("validate", "failureAction").lower() for item in spec.items("rules")}
    if thing.text("kind") == "ImageValidatingPolicy":
        actions = spec.get("validationActions")
        return actions is not None and "Deny" not in plain(actions)
    return bool(said & {"audit", "warn"}) and "enforce" not in said


def fails_open(thing: Node) -> bool:
    """Whether everything is admitted while the webhook is unavailable."""
    if thing.text("spec", "failurePolicy") == "Ignore":
        return True
    return any(item.text("failurePolicy") == "Ignore" for item in thing.items("webhooks"))


def is_pinned(uri: Node) -> bool | None:
    """Whether an address is pinned to a commit or digest; None for schemes without them."""
    text = str(uri.value)
    scheme, _, rest = text.partition("://")
    if scheme == "hf":
        return bool(_COMMIT.search(rest.rpartition(":")[2]))
    if scheme == "oci":
        return bool(_DIGEST.search(rest))
    return None


def is_cluster_local(metadata: Node) -> bool:
    """Whether KServe or Knative is configured to expose it only within the cluster.

    ModelMesh makes services without an address outside of it, and no routes.
    """
    mode = texts(metadata, "annotations").get("serving.kserve.io/deploymentMode")
    if mode == "ModelMesh":
        return True
    values = texts(metadata, "labels")
    keys = ("networking.kserve.io/visibility", "networking.knative.dev/visibility",
            "serving.knative.dev/visibility")  # fmt: skip
    return any(values.get(key) == "cluster-local" for key in keys)


def endpoint_auth(annotations: Node) -> bool:
    """Whether an annotation enables authentication for an InferenceService."""
    values = texts(annotations)
    keys = ("security.opendatahub.io/enable-auth", "serving.kserve.io/enable-auth")
    return any(values.get(key) == "true" for key in keys)


def leaves_cluster(url: Node) -> bool:
    """Whether an address is outside of the cluster."""
    text = first_text(url) or ""
    host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    if host.endswith(_INSIDE) or ".svc." in host:
        return False
    # ``service.namespace`` is the usual form of an address inside of the cluster.
    labels = host.split(".")
    return len(labels) > 2 or (len(labels) == 2 and labels[1] in _PUBLIC)


def first_text(node: Node) -> str | None:
    """Give a text, or the first of a list."""
    value = plain(node)
    if isinstance(value, list):
        value = next((element for element in value if isinstance(element, str)), None)
    return value if isinstance(value, str) else None


def listed(node: Node) -> list[Any]:
    """Give a list as plain values."""
    value = plain(node)
    return value if isinstance(value, list) else []


POLICY_SHAPES: Shapes = {
    "everybody": everybody,
    "is_absent": is_absent,
    "policy_targets": policy_targets,
    "requires_client_identity": requires_client_identity,
    "allows_all_requests": allows_all_requests,
    "checks_signatures": checks_signatures,
    "only_warns": only_warns,
    "fails_open": fails_open,
    "is_pinned": is_pinned,
    "is_cluster_local": is_cluster_local,
    "endpoint_auth": endpoint_auth,
    "leaves_cluster": leaves_cluster,
    "first_text": first_text,
}
