"""Readers of services, ingresses, routes and gateways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlsec.collect.located.located import Node, UnknownValue, plain
from mlsec.providers.kubernetes.objects.located_mapping import Shapes
from mlsec.providers.kubernetes.objects.objects import texts

# The name of a service, its port as text (None for whichever), and whether the port may be that of
# the pods.
BackendPort = Mapping[str, Any]
_ANYWHERE = ("0.0.0.0/0", "::/0")
_INTERNAL = {
    "service.beta.kubernetes.io/azure-load-balancer-internal": "true",
    "networking.gke.io/load-balancer-type": "internal",
    "cloud.google.com/load-balancer-type": "internal",
    "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
    "service.beta.kubernetes.io/oci-load-balancer-internal": "true",
    "service.beta.kubernetes.io/openstack-internal-load-balancer": "true",
    "service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type": "private",
}  # fmt: skip
_AWS_INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-internal"
_AWS_TYPE = "service.beta.kubernetes.io/aws-load-balancer-type"
_AWS_SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme"
_NGINX, _ALB = "nginx.ingress.kubernetes.io/", "alb.ingress.kubernetes.io/"
_ASKS = (
    f"{_NGINX}auth-url", f"{_NGINX}auth-secret", f"{_NGINX}auth-tls-secret",
    "haproxy.org/auth-type", "haproxy-ingress.github.io/auth-url",
    "haproxy-ingress.github.io/auth-secret", "haproxy-ingress.github.io/oauth",
    "ingress.kubernetes.io/auth-type", "ingress.kubernetes.io/auth-url",
)  # fmt: skip
# What these refer to may authenticate callers; it is defined elsewhere.
_ELSEWHERE = (
    "traefik.ingress.kubernetes.io/router.middlewares", "konghq.com/plugins",
    "plugins.konghq.com", "cert-manager.io/never", "projectcontour.io/auth",
    "ingress.pomerium.io/policy", "k8s.apisix.apache.org/plugin-config-name",
    "apisix.apache.org/plugin-config-name", "cloud.google.com/backend-config",
)  # fmt: skip
# Named in the class of an ingress and in the annotations that it reads.
_CONTROLLERS = ("nginx", "traefik", "haproxy", "kong", "alb", "contour", "apisix", "pomerium")
_NARROW = (f"{_NGINX}whitelist-source-range", f"{_NGINX}allowlist-source-range",
           f"{_ALB}inbound-cidrs", "haproxy.org/allow-list", "haproxy.org/whitelist")  # fmt: skip


def is_exposed(spec: Node) -> bool:
    """Whether a service has an address outside of the cluster."""
    kind = spec.text("type")
    return kind in ("NodePort", "LoadBalancer") or bool(spec.items("externalIPs"))


def balancer_scheme(annotations: Node) -> str:
    """Give whether an internal or a public load balancer is requested."""
    values = texts(annotations)
    if any(values.get(key, "").lower() == wanted for key, wanted in _INTERNAL.items()):
        return "internal"
    if values.get(_AWS_INTERNAL, "false").lower() in ("true", "0.0.0.0/0"):
        return "internal"
    if values.get(_AWS_SCHEME) == "internet-facing":
        return "internet"
    # The newer controller makes an internal one unless it is configured otherwise.
    return "internal" if values.get(_AWS_TYPE) in ("external", "nlb-ip") else "unsaid"


def has_certificate(annotations: Node) -> bool:
    """Whether a load balancer terminates TLS."""
    return any("ssl-cert" in key or "tls-cert" in key for key in texts(annotations))


def restricts_sources(ranges: Node) -> bool:
    """Whether address ranges exclude any address."""
    return _leaves_out(str(address) for address in plain(ranges))


def _leaves_out(ranges: Iterator[str]) -> bool:
    given = [range_.strip() for range_ in ranges if range_.strip()]
    return bool(given) and not any(address in _ANYWHERE for address in given)


def addresses(given: Node) -> list[str]:
    """Give host names and addresses of a status."""
    values = []
    for entry in given.value:
        values += [t for key in ("ip", "hostname", "value") if (t := entry.text(key))]
    return values


def text_list(given: Node) -> list[str]:
    """Give a text, or a list of texts, as a list."""
    if isinstance(given.value, str):
        return [given.value]
    return [str(element) for element in plain(given)]


def ingress_auth(thing: Node) -> str:
    """Give whether the annotations of an ingress require authentication.

    Annotations of another controller than that of its class have no effect.
    """
    written = thing.pairs("metadata", "annotations")
    own = _controller(_class_of(thing))
    effective = {k: n for k, n in written.items() if not own or _controller(k) in ("", own)}
    asks = [n for k, n in effective.items() if k in _ASKS or k == f"{_ALB}auth-type"]
    is_hidden = any(isinstance(n.value, UnknownValue) or "{{" in str(n.value) for n in asks)
    if not is_hidden and any(n.value not in ("", "none", None) for n in asks):
        return "asked"
    return "elsewhere" if is_hidden or any(effective.get(key) for key in _ELSEWHERE) else "unsaid"


def _controller(text: str) -> str:
    return next((controller for controller in _CONTROLLERS if controller in text), "")


def _class_of(thing: Node) -> str:
    written = texts(thing, "metadata", "annotations")
    return thing.text("spec", "ingressClassName") or written.get("kubernetes.io/ingress.class", "")


def ingress_narrowed(annotations: Node) -> bool:
    """Whether an ingress restricts source addresses."""
    values = texts(annotations)
    return any(_leaves_out(iter(values[key].split(","))) for key in _NARROW if key in values)


def has_snippet(annotations: Node) -> bool:
    """Whether an annotation injects raw configuration into the proxy."""
    return any(key.endswith("-snippet") for key in texts(annotations))


def allows_plain(annotations: Node) -> bool:
    """Whether plain HTTP is explicitly allowed."""
    values = texts(annotations)
    off = (f"{_NGINX}ssl-redirect", f"{_NGINX}force-ssl-redirect")
    has_both = "80" in values.get(f"{_ALB}listen-ports", "") and not values.get(
        f"{_ALB}ssl-redirect"
    )
    return (
        any(values.get(key) == "false" for key in off)
        or values.get("kubernetes.io/ingress.allow-http") == "true"
        or ("HTTPS" in values.get(f"{_ALB}listen-ports", "") and has_both)
    )


def ingress_scheme(thing: Node) -> str:
    """Give whether an ingress is public, where its class or annotations say."""
    values = texts(thing, "metadata", "annotations")
    name = _class_of(thing)
    if f"{_ALB}scheme" in values:
        return "internet" if values[f"{_ALB}scheme"] == "internet-facing" else "internal"
    if name in {"alb", "gce-internal"}:
        return "internal"
    if name == "gce" or thing.text("kind") == "Route":
        return "internet" if name == "gce" else "unsaid"
    return "unsaid"


def ingress_backends(spec: Node) -> list[str]:
    """List the services behind an ingress or an OpenShift route."""
    return sorted({row["service"] for row in ingress_backend_ports(spec)})


def ingress_backend_ports(spec: Node) -> list[BackendPort]:
    """List the services behind an ingress or an OpenShift route, each with its port."""
    paths = [p for rule in spec.items("rules") for p in rule.items("http", "paths")]
    backends = [backend for path in paths if (backend := path.get("backend"))]
    backends += [backend for key in ("defaultBackend", "backend") if (backend := spec.get(key))]
    rows = []
    for backend in backends:
        given = backend.get("service", "port")
        number = backend.get("servicePort") if given is None else given.get("number")
        port = given.get("name") if given is not None and number is None else number
        name = backend.text("service", "name") or backend.text("serviceName")
        rows.append(_backend(name, port))
    targets = [n for n in (spec.get("to"), *spec.items("alternateBackends")) if n is not None]
    port = spec.get("port", "targetPort")
    rows += [
        _backend(node.text("name"), port, is_target=True)
        for node in targets
        if node.text("kind") in ("", "Service")
    ]
    return _each_once(rows)


def _backend(name: str, port: Node | None, *, is_target: bool = False) -> BackendPort:
    value = port.value if port is not None else None
    text = "?" if isinstance(value, UnknownValue) else str(value) if value is not None else None
    return {"service": name, "port": text, "is_target": is_target}


def _each_once(rows: list[BackendPort]) -> list[BackendPort]:
    unique = {(str(row["service"]), str(row["port"])): row for row in rows if row["service"]}
    return [unique[key] for key in sorted(unique)]


def route_gateways(spec: Node) -> list[str]:
    """List the gateways of a route as ``namespace/name``; the namespace may be left out."""
    names = []
    for parent in spec.items("parentRefs"):
        if parent.text("kind") in ("", "Gateway") and parent.text("name"):
            space = parent.text("namespace")
            names.append(f"{space}/{parent.text('name')}" if space else parent.text("name"))
    names += [str(item.value) for item in spec.items("gateways") if isinstance(item.value, str)]
    return sorted({name for name in names if name != "mesh"})


def route_is_offered(spec: Node) -> bool:
    """Whether a route is attached to a gateway and not only to the mesh."""
    return bool(route_gateways(spec))


def route_backends(spec: Node) -> list[str]:
    """List the services that a route leads to."""
    return sorted({row["service"] for row in route_backend_ports(spec)})


def route_backend_ports(spec: Node) -> list[BackendPort]:
    """List the services that a route leads to, each with its port."""
    rows = []
    for rule in spec.items("rules"):
        for item in rule.items("backendRefs"):
            # A pool has ports of its own, and the reference names none of them.
            if item.text("kind") in ("", "Service", "InferencePool"):
                is_pool = item.text("kind") == "InferencePool"
                name = _joined(item.text("namespace"), item.text("name"))
                rows.append(_backend(name, None if is_pool else item.get("port")))
    for key in ("http", "tcp", "tls"):
        for rule in spec.items(key):
            for item in rule.items("route"):
                port = item.get("destination", "port", "number")
                rows.append(_backend(_host_name(item.text("destination", "host")), port))
    return _each_once(rows)


def _host_name(host: str) -> str:
    """``name.namespace.svc.cluster.local`` as ``namespace/name``."""
    parts = host.split(".")
    if len(parts) == 1:
        return host
    return f"{parts[1]}/{parts[0]}" if "svc" in parts or len(parts) == 2 else ""


def _joined(namespace: str, name: str) -> str:
    return f"{namespace}/{name}" if namespace and name else name


def gateway_scheme(thing: Node) -> str:
    """Give whether a gateway is public, where its class or annotations say."""
    name = thing.text("spec", "gatewayClassName")
    if name.startswith("gke-l7") and name not in (
        "gke-l7-rilb",
        "gke-l7-cross-regional-internal-managed-mc",
    ):
        return "internet" if "global-external" in name or "regional-external" in name else "unsaid"
    if name.endswith("rilb"):
        return "internal"
    annotations = thing.get("spec", "infrastructure", "annotations")
    return balancer_scheme(annotations) if annotations is not None else "unsaid"


def port_number(given: Node) -> int:
    """Give a port number; Istio nests it in a mapping."""
    number = given.value
    if isinstance(number, Mapping):
        number = given.get("number").value if given.get("number") else None  # type: ignore[union-attr]
    if isinstance(number, str) and number.isdecimal():
        number = int(number)
    if not isinstance(number, int):
        raise TypeError("expected a port")
    return number


NETWORK_SHAPES: Shapes = {
    "is_exposed": is_exposed,
    "balancer_scheme": balancer_scheme,
    "has_certificate": has_certificate,
    "restricts_sources": restricts_sources,
    "addresses": addresses,
    "text_list": text_list,
    "ingress_auth": ingress_auth,
    "ingress_narrowed": ingress_narrowed,
    "has_snippet": has_snippet,
    "allows_plain": allows_plain,
    "ingress_scheme": ingress_scheme,
    "ingress_backends": ingress_backends,
    "ingress_backend_ports": ingress_backend_ports,
    "route_gateways": route_gateways,
    "route_is_offered": route_is_offered,
    "route_backends": route_backends,
    "route_backend_ports": route_backend_ports,
    "gateway_scheme": gateway_scheme,
    "port_number": port_number,
}
