"""Routes of proxies' custom kinds, read as ingresses, and pools of pods, read as services.

What such a kind does not say is set in the proxy, so it is unknown and never the default of an
ingress. A kind that nothing reads and that names a service may lead to it: it counts as a route
of which only that is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.providers.kubernetes.objects.located_mapping import Hidden
from mlsec.providers.kubernetes.objects.objects import KubeObject
from mlsec.providers.kubernetes.shapes.table import as_node
from mlsec.providers.kubernetes.workloads.resource_builder import ResourceBuilder, hidden_by

INGRESS, SERVICE = "kubernetes.ingress", "kubernetes.service"
# Group -> where its kinds name services, hosts, TLS, and possible authentication. A star is any
# element of a list.
_Paths = tuple[str, ...]
_SERVICES: Mapping[str, _Paths] = {
    "traefik.io": ("routes.*.services.*",),
    "traefik.containo.us": ("routes.*.services.*",),
    "projectcontour.io": ("routes.*.services.*", "tcpproxy.services.*"),
    "apisix.apache.org": ("http.*.backends.*", "stream.*.backend"),
    "getambassador.io": ("service",),
    "k8s.nginx.org": ("upstreams.*",),
    "zalando.org": ("backends.*",),
    "elbv2.k8s.aws": ("serviceRef",),
}
_HOSTS: Mapping[str, _Paths] = {
    "projectcontour.io": ("virtualhost.fqdn",),
    "apisix.apache.org": ("http.*.match.hosts.*",),
    "getambassador.io": ("hostname", "host"),
    "k8s.nginx.org": ("host",),
    "zalando.org": ("hosts.*",),
}
_TLS: Mapping[str, _Paths] = {
    "traefik.io": ("tls",),
    "traefik.containo.us": ("tls",),
    "projectcontour.io": ("virtualhost.tls",),
    "k8s.nginx.org": ("tls",),
}
# These may authenticate callers or restrict sources; that is defined elsewhere.
_GUARDS: Mapping[str, _Paths] = {
    "traefik.io": ("routes.*.middlewares", "middlewares"),
    "traefik.containo.us": ("routes.*.middlewares", "middlewares"),
    "projectcontour.io": (
        "virtualhost.authorization", "virtualhost.jwtProviders", "virtualhost.ipAllowPolicy",
        "virtualhost.ipDenyPolicy", "virtualhost.tls.clientValidation", "routes.*.ipAllowPolicy",
    ),
    "apisix.apache.org": (
        "http.*.authentication", "http.*.plugins", "http.*.plugin_config_name",
    ),
    "k8s.nginx.org": ("policies", "routes.*.policies", "server-snippets"),
    "zalando.org": ("routes.*.filters", "defaultBackends"),
}  # fmt: skip
# Kinds whose authentication is always in a separate object, or in the proxy's settings.
_GUARDED_ELSEWHERE = ("getambassador.io", "elbv2.k8s.aws")
PROXY_KINDS: tuple[tuple[str, str], ...] = (
    ("traefik.io", "IngressRoute"), ("traefik.io", "IngressRouteTCP"),
    ("traefik.io", "IngressRouteUDP"),
    ("traefik.containo.us", "IngressRoute"), ("traefik.containo.us", "IngressRouteTCP"),
    ("traefik.containo.us", "IngressRouteUDP"),
    ("projectcontour.io", "HTTPProxy"),
    ("apisix.apache.org", "ApisixRoute"),
    ("getambassador.io", "Mapping"), ("getambassador.io", "TCPMapping"),
    ("k8s.nginx.org", "VirtualServer"), ("k8s.nginx.org", "TransportServer"),
    ("zalando.org", "RouteGroup"),
    ("elbv2.k8s.aws", "TargetGroupBinding"),
)  # fmt: skip
POOL_GROUPS = ("inference.networking.k8s.io", "inference.networking.x-k8s.io")
# Kinds that are not read and by their name may lead to services.
_MAY_LEAD = re.compile(
    r"(?:Route|Routes|RouteGroup|Ingress|Proxy|Mapping|VirtualServ\w{1,60}|Tunnel\w{0,60})\Z"
)
_NAMES_ONE = frozenset({"service", "serviceName", "serviceRef", "backendService"})
_NAMES_SEVERAL = frozenset(
    {"services", "backend", "backends", "backendRef", "backendRefs", "upstream", "upstreams",
     "destination", "destinations", "targetRef", "target", "to"}
)  # fmt: skip
# Kinds that are about a service and lead nobody to it: how it is watched, scaled or guarded.
_ABOUT_ONE = re.compile(
    r"(?:Policy|Secret|Monitor|Certificate|Autoscaler|ScaledObject|HealthCheck|Backup"
    r"|BackendConfig|Plugin)\Z"
)
_MOST_NODES = 20_000


def may_lead(kind: str) -> bool:
    """Whether a kind that is not read may lead to services, by its name."""
    return bool(_MAY_LEAD.search(kind.partition(".")[0]))


def read_proxy_route(thing: KubeObject, builder: ResourceBuilder) -> None:
    """Read a route of a proxy as an ingress."""
    spec = thing.node.get("spec") or as_node({})
    services = list(_texts(spec, _SERVICES[thing.group]))
    hidden: dict[str, Hidden] = {}
    proxy = f"what {thing.label} does not say is set in the proxy"
    if not any(True for _ in _at(spec, _TLS.get(thing.group, ()))):
        hidden["has_tls"] = hidden["allows_plain"] = hidden_by(proxy)
    is_guarded = thing.group in _GUARDED_ELSEWHERE
    if is_guarded or any(True for _ in _at(spec, _GUARDS.get(thing.group, ()))):
        why = "what else it names may require authentication or restrict callers"
        hidden["auth"] = hidden["restricts_sources"] = hidden_by(why)
    if not services or any(isinstance(service.value, UnknownValue) for service in services):
        hidden["backends"] = hidden["backend_ports"] = hidden_by(
            "where it leads is not known by the text"
        )
    _add(thing, services, list(_texts(spec, _HOSTS.get(thing.group, ()))), spec, hidden, builder)


def read_unknown(thing: KubeObject, services: frozenset[str], builder: ResourceBuilder) -> None:
    """Add an object that is not read but names a service as a route that may lead to it."""
    if _ABOUT_ONE.search(thing.kind):
        return
    named = [n for n in _named(thing.node) if _bare(n.value).rpartition("/")[2] in services]
    if not named:
        return
    hidden = hidden_by(f"nothing reads {thing.label}; it names this service and may lead to it")
    parts = (
        "has_tls",
        "allows_plain",
        "auth",
        "restricts_sources",
        "scheme",
        "hosts",
    )
    _add(thing, named, [], as_node({}), dict.fromkeys(parts, hidden), builder)


def read_pool(thing: KubeObject, builder: ResourceBuilder) -> None:
    """Read an InferencePool as a service: it selects pods and has no address of its own."""
    spec = thing.node.get("spec") or as_node({})
    selector = spec.get("selector", "matchLabels") or spec.get("selector")
    numbers = list(_at(spec, ("targetPorts.*.number", "targetPortNumber")))
    ports = tuple(Node({"port": number}, number.line, number.column) for number in numbers)
    made = {"ports": Node(ports)} | ({"selector": selector} if selector is not None else {})
    node = _with_spec(thing.node, made)
    builder.add(SERVICE, thing, {"Object": node, "Seen": as_node({"id": thing.id})})


def _add(
    thing: KubeObject, services: list[Node], hosts: list[Node], spec: Node,
    hidden: Mapping[str, Hidden], builder: ResourceBuilder,
) -> None:  # fmt: skip
    """Add a route in the form of an Ingress."""
    paths = tuple(
        Node({"backend": Node(_backend(service))})
        for service in services
        if isinstance(service.value, str)
    )
    rules = [Node({"http": Node({"paths": Node(paths)})})]
    rules += [Node({"host": host}) for host in hosts]
    first = services[0] if services else spec
    made = {"rules": Node(tuple(rules), first.line, first.column)}
    tls = next(iter(_at(spec, _TLS.get(thing.group, ()))), None)
    if tls is not None:
        made["tls"] = tls
    node = _with_spec(thing.node, made)
    builder.add(INGRESS, thing, {"Object": node, "Seen": as_node({"id": thing.id})}, hidden=hidden)


def _backend(service: Node) -> dict[str, Node]:
    """Give the backend of an Ingress for a reference, with the port if the reference has one."""
    name, port = _bare(service.value), str(service.value).rpartition("://")[2].partition("/")[0]
    made = {"serviceName": Node(name, service.line, service.column)}
    _, colon, number = port.partition(":")
    return made | ({"servicePort": Node(number, service.line)} if colon and number else {})


def _with_spec(node: Node, spec: Mapping[str, Node]) -> Node:
    value = node.get("spec")
    line, column = (value.line, value.column) if value is not None else (node.line, node.column)
    return Node({**node.pairs(), "spec": Node(dict(spec), line, column)}, node.line, node.column)


def _bare(name: object) -> str:
    """Give the service name in a reference with optional scheme, namespace and port."""
    text = str(name).rpartition("://")[2].partition("/")[0].partition(":")[0]
    parts = text.split(".")
    return f"{parts[1]}/{parts[0]}" if len(parts) > 1 and parts[1] else parts[0]


def _texts(spec: Node, paths: _Paths) -> Iterator[Node]:
    for reference in _at(spec, paths):
        # An upstream of NGINX has a name of its own beside that of the service.
        keys = ("serviceName", "service", "name")
        name = next((part for key in keys if (part := reference.get(key)) is not None), None)
        space = reference.text("namespace")
        target = reference if name is None else name
        if space and isinstance(target.value, str):
            target = Node(f"{target.value}.{space}", target.line, target.column)
        port = reference.get("port") or reference.get("servicePort")
        if isinstance(target.value, str) and port is not None and ":" not in target.value:
            shown = "?" if isinstance(port.value, UnknownValue) else port.value
            target = Node(f"{target.value}:{shown}", target.line, target.column)
        if isinstance(target.value, (str, UnknownValue)) and target.value != "":
            yield target


def _at(spec: Node, paths: _Paths) -> Iterator[Node]:
    for path in paths:
        yield from _follow(spec, path.split("."))


def _follow(node: Node, steps: list[str]) -> Iterator[Node]:
    if not steps:
        if node.value not in (None, (), {}, False):
            yield node
    elif isinstance(node.value, UnknownValue):
        yield node
    elif steps[0] == "*":
        for element in node.value if isinstance(node.value, tuple) else ():
            yield from _follow(element, steps[1:])
    else:
        pair = node.pairs().get(steps[0])
        if pair is not None:
            yield from _follow(pair, steps[1:])


def _named(node: Node) -> Iterator[Node]:
    """Give the texts at keys where other kinds name a service, or an object of no said kind."""
    waiting: list[tuple[Node, bool]] = [(node, False)]
    looked = 0
    while waiting and looked < _MOST_NODES:
        here, is_inside = waiting.pop()
        looked += 1
        if isinstance(here.value, tuple):
            waiting += [(child, is_inside) for child in here.value]
        elif isinstance(here.value, Mapping):
            if is_inside and here.text("kind") not in ("", "Service"):
                continue
            for key, child in here.value.items():
                if isinstance(child.value, str):
                    if key in _NAMES_ONE or (is_inside and key in ("name", "host")):
                        yield child
                else:
                    waiting.append((child, key in _NAMES_ONE or key in _NAMES_SEVERAL))
