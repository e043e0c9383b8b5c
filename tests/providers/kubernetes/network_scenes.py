"""Random scenes of network policies: selectors, blocks, ports and directions are crossed."""

from __future__ import annotations

import random
from typing import Any

import yaml

Scene = dict[str, Any]
_LABELS = {"app": ("llm", "web"), "tier": ("gpu", "cpu")}
_BLOCKS = (
    ("0.0.0.0/0",), ("0.0.0.0/0", "169.254.169.254/32"), ("0.0.0.0/0", "169.254.0.0/16"),
    ("0.0.0.0/0", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
    ("0.0.0.0/0", "10.0.0.0/8", "169.254.169.254/32"), ("10.0.0.0/8",), ("10.1.2.0/24",),
    ("52.94.5.0/24",), ("169.254.169.254/32",), ("169.254.0.0/16",), ("0.0.0.0/1",),
    ("128.0.0.0/1",), ("::/0",), ("fd00::/8",), ("192.168.0.0/16", "192.168.7.0/24"),
    ("128.0.0.0/1", "169.254.169.254/32"), ("203.0.113.7/32",),
)  # fmt: skip
_PORTS: tuple[dict[str, Any], ...] = (
    {"port": 8000}, {"port": "http"}, {"port": 53, "protocol": "UDP"}, {"port": 53}, {"port": 443},
    {"port": 80}, {"port": 9090}, {"port": 8000, "endPort": 8100}, {"port": 1, "endPort": 65535},
    {"port": 53, "endPort": 60, "protocol": "TCP"}, {}, {"protocol": "UDP"}, {"port": "metrics"},
    {"port": 80, "endPort": 442}, {"port": 8000, "protocol": "UDP"},
    {"port": 5000, "endPort": 7999},
)  # fmt: skip
_POD_PORTS = (
    [{"containerPort": 8000, "name": "http"}], [{"containerPort": 8000}],
    [{"containerPort": 8000, "name": "http"}, {"containerPort": 9090, "name": "metrics"}],
    [{"containerPort": 5432, "name": "http"}],
)  # fmt: skip


def random_scene(pick: random.Random, number: int) -> list[dict[str, Any]]:
    """Give the objects of a scene: a workload, a stranger in another namespace, policies."""
    space = f"models-{number}"
    labels = {key: pick.choice(named) for key, named in _LABELS.items() if pick.random() < 0.7}
    pod = {
        "containers": [
            {"name": "c", "image": "jupyter/minimal-notebook:1", "ports": pick.choice(_POD_PORTS)}
        ]
    }
    namespace = {"name": space, "labels": {"team": "a"} if pick.random() < 0.5 else {}}
    objects: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": namespace},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"other-{number}"}},
        {"apiVersion": "v1", "kind": "Pod", "spec": pod,
         "metadata": {"name": "server", "namespace": space, "labels": labels}},
    ]  # fmt: skip
    count = pick.choice((1, 1, 1, 2, 2, 3))
    return [*objects, *(_policy(pick, f"p{index}", space) for index in range(count))]


def stranger(number: int) -> dict[str, Any]:
    """Give a pod of another namespace without labels."""
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "stranger", "namespace": f"other-{number}"},
        "spec": {"containers": [{"name": "c", "image": "x"}]},
    }  # fmt: skip


def written(objects: list[dict[str, Any]]) -> str:
    """Give objects as a manifest."""
    return yaml.safe_dump_all(objects, sort_keys=True)


def _policy(pick: random.Random, name: str, space: str) -> dict[str, Any]:
    spec: dict[str, Any] = {"podSelector": _selector(pick, _LABELS)}
    for key, end in (("ingress", "from"), ("egress", "to")):
        if pick.random() < 0.7:
            spec[key] = [_rule(pick, end) for _ in range(pick.choice((0, 1, 1, 2)))]
    # An empty list of egress rules restricts nothing by itself; the analyser takes it to.
    if spec.get("egress") == []:
        del spec["egress"]
    types = pick.choice((None, None, ["Ingress"], ["Egress"], ["Ingress", "Egress"]))
    if types is not None:
        # The analyser refuses rules of a direction that the policy does not restrict.
        spec = {key: value for key, value in spec.items()
                if key == "podSelector" or key.capitalize() in types}  # fmt: skip
        spec["policyTypes"] = types
    return {
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": space}, "spec": spec,
    }  # fmt: skip


def _rule(pick: random.Random, end: str) -> dict[str, Any]:
    rule: dict[str, Any] = {}
    if pick.random() < 0.75:
        rule[end] = [_peer(pick) for _ in range(pick.choice((1, 1, 2)))]
    if pick.random() < 0.6:
        ports = [_port(pick, end) for _ in range(pick.choice((1, 1, 2)))]
        rule["ports"] = ports
    return rule


def _port(pick: random.Random, end: str) -> dict[str, Any]:
    """Give a port; those of egress have no names, which the analyser gives to pods alone."""
    choices = [row for row in _PORTS if end == "from" or not isinstance(row.get("port"), str)]
    return dict(pick.choice(choices))


def _peer(pick: random.Random) -> dict[str, Any]:
    if pick.random() < 0.5:
        cidr, *without = pick.choice(_BLOCKS)
        return {"ipBlock": {"cidr": cidr, **({"except": list(without)} if without else {})}}
    peer: dict[str, Any] = {}
    if pick.random() < 0.6:
        peer["podSelector"] = _selector(pick, _LABELS)
    if pick.random() < 0.7 or not peer:
        spaces = {"team": ("a", "b"), "kubernetes.io/metadata.name": ("models-1", "kube-system")}
        peer["namespaceSelector"] = _selector(pick, spaces)
        # The analyser looks for a label's key among the pods of the policy's own namespace alone.
        if any("values" not in row for row in _expressions(peer.get("podSelector", {}))):
            del peer["podSelector"]
    return peer


def _expressions(selector: dict[str, Any]) -> list[dict[str, Any]]:
    return list(selector.get("matchExpressions", ()))


def _selector(pick: random.Random, named: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    match pick.choice(("all", "labels", "labels", "expressions")):
        case "all":
            return {}
        case "labels":
            key = pick.choice(list(named))
            return {"matchLabels": {key: pick.choice(named[key])}}
        case _:
            key = pick.choice(list(named))
            operator = pick.choice(("In", "NotIn", "Exists", "DoesNotExist"))
            values = {"values": [pick.choice(named[key])]} if operator.endswith("In") else {}
            return {"matchExpressions": [{"key": key, "operator": operator, **values}]}
