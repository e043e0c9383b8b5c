"""What stands in front of a service in its own compose file: proxies that publish, and tunnels.

A server that publishes nothing may still be led to. Where that was read it is reported, and where
it was not, how far it can be reached is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from mlsec.collect.code.code_file import CodeFile, Language
from mlsec.collect.code.launch import Launch
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.servers.images.image_build import repository_of
from mlsec.servers.network_reach import is_loopback

_EDGE = r"(?:^|[/_.-])(?:{})(?:$|[/_.-])"
_PROXY = re.compile(
    _EDGE.format(
        "nginx|nginx-proxy|nginx-proxy-manager|openresty|swag|traefik|caddy|caddy-docker-proxy"
        "|haproxy|envoy|httpd|apache2?|kong|apisix|oauth2-proxy|pomerium|authelia|tyk-gateway"
    )
)
_TUNNEL = re.compile(_EDGE.format("cloudflared|ngrok|tailscale|frpc|bore|localtunnel"))
_ASKS = re.compile(
    r"\bauth_(?:basic(?!\s+off)|request|jwt)\b|\bbasic_?auth\b|\bforward_auth\b|\bjwtauth\b"
    r"|\bssl_verify_client\b|\bclient_auth\b|\ballow\s|\bdeny\s|\bremote_ip\b"
)
_COMMENT = re.compile(r"(?m)(?:^|\s)#.*$")
_ROUTER = re.compile(r"traefik\.(?:http|tcp)\.routers\.[^.]+\.(?:rule|entrypoints|service)\Z")


class Composed(msgspec.Struct, frozen=True, kw_only=True):
    """One service of a compose file: its declaration with variables filled in, and its launch."""

    name: str
    node: Node
    launch: Launch


def with_fronts(services: list[Composed], files: Mapping[str, CodeFile]) -> Iterator[Launch]:
    """Give the launches of a file's services; one that is led to carries the trait ``front``.

    Its value names the ports that are led to where nothing on the way asks who is there, else why
    that is not known.
    """
    fronts = [service for service in services if _is_front(service)]
    for service in services:
        launch = service.launch
        is_inside = not launch.passed_on and not {"host_network", "shared_network"} & set(
            launch.traits
        )
        result = None
        if is_inside and not any(service is front for front in fronts):
            result = _led_by(service, fronts, files)
        if result is None:
            yield launch
        else:
            yield msgspec.structs.replace(launch, traits={**launch.traits, "front": result})


def _is_front(composed: Composed) -> bool:
    """Whether a service is a proxy that others than its host reach, or a tunnel."""
    launch = composed.launch
    names = [
        repository_of(node.value)
        for node in (launch.image, *launch.bases)
        if node is not None and isinstance(node.value, str)
    ]
    if any(_TUNNEL.search(name) for name in names):
        return True
    is_wide = "host_network" in launch.traits or any(
        not is_loopback(port.address) if isinstance(port.address, str) else True
        for port in launch.passed_on
    )
    return is_wide and any(_PROXY.search(name) for name in names)


def _led_by(
    composed: Composed, fronts: list[Composed], files: Mapping[str, CodeFile]
) -> Node | None:
    """Say whether some front leads to a service; None where none does."""
    doubt: Node | None = None
    for front in fronts:
        if not (_networks(front.node) & _networks(composed.node)):
            continue
        upstreams = _upstreams(composed, front, files)
        if isinstance(upstreams, str):
            return Node(upstreams, front.node.line, front.node.column)
        if upstreams is not None:
            doubt = Node(upstreams, front.node.line, front.node.column)
    return doubt


def _upstreams(
    composed: Composed, front: Composed, files: Mapping[str, CodeFile]
) -> str | UnknownValue | None:
    """Give the ports of a service that a front leads to without asking; None for none."""
    image = front.launch.image
    name = repository_of(image.value) if image is not None and isinstance(image.value, str) else ""
    if "traefik" in name:
        return _by_labels(composed, front)
    by_id = {file.id: file for file in files.values()}
    result = [by_id.get(file_id) for file_id in front.launch.mounted.values()]
    texts = [file.text for file in result if file is not None and file.language is Language.PROXY]
    texts += front.launch.files.values()
    if not texts:
        return UnknownValue(f'"{front.name}" may lead to it, and its configuration was not read')
    clear = _COMMENT.sub("", "\n".join(texts))
    named = re.findall(rf"(?<![\w.-]){re.escape(composed.name)}(?::([0-9]+))?(?![\w.-])", clear)
    if not named:
        return None
    if _ASKS.search(clear):
        why = "leads to it and authenticates some callers; for which routes was not read"
        return UnknownValue(f'"{front.name}" {why}')
    ports = sorted(set(filter(None, named)))
    return " ".join(ports) or UnknownValue(f'which port of it "{front.name}" leads to is not known')


def _by_labels(composed: Composed, front: Composed) -> str | UnknownValue | None:
    """Traefik is configured by the labels of what it leads to."""
    labels = _labels(composed.node)
    enabled = labels.get("traefik.enable", "").lower()
    words = " ".join(str(n.value) for n in front.launch.argv or () if isinstance(n.value, str))
    is_opt_in = "exposedbydefault=false" in words.lower()
    if enabled == "false" or (is_opt_in and enabled != "true"):
        return None
    if not any(_ROUTER.match(key) for key in labels):
        return UnknownValue(f'"{front.name}" may lead to it, and no label says how')
    if any(".middlewares" in key for key in labels) or ".middlewares" in words.lower():
        why = f'"{front.name}" leads to it by middlewares, which may require authentication'
        return UnknownValue(why)
    ports = [value for key, value in labels.items() if key.endswith(".loadbalancer.server.port")]
    return " ".join(ports) or UnknownValue(f'which port of it "{front.name}" leads to is not known')


def _labels(node: Node) -> dict[str, str]:
    result = {key: str(value.value) for key, value in node.pairs("labels").items()}
    for item in node.items("labels"):
        if isinstance(item.value, str):
            key, _, value = item.value.partition("=")
            result[key] = value
    return result


def _networks(node: Node) -> set[str]:
    named = {str(item.value) for item in node.items("networks")} | set(node.pairs("networks"))
    return named or {"default"}
