"""Workloads and their containers, from the pods of an object of any kind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from mlsec.collect.located.located import Node
from mlsec.core.resource import Resource
from mlsec.providers.kubernetes.objects.objects import KubeObject
from mlsec.providers.kubernetes.shapes.table import as_node, has_gpu
from mlsec.providers.kubernetes.workloads.kinds import BY_KIND
from mlsec.providers.kubernetes.workloads.kserve import gets_readiness
from mlsec.providers.kubernetes.workloads.model_addresses import addresses_of
from mlsec.providers.kubernetes.workloads.openshift import OpenShift, left_to_constraint
from mlsec.providers.kubernetes.workloads.pods import Pod, find_pods
from mlsec.providers.kubernetes.workloads.products import RUNS, product_of, product_of_command
from mlsec.providers.kubernetes.workloads.resource_builder import ResourceBuilder

_IMPORTS = re.compile(r"import_path:[ \t]*[\"']?([\w.:-]+)")
WORKLOAD, CONTAINER = "kubernetes.workload", "kubernetes.container"
# Kinds whose pods end when their work is done.
_ENDS = frozenset({
    ("batch", "Job"), ("batch", "CronJob"), ("argoproj.io", "Workflow"),
    ("argoproj.io", "WorkflowTemplate"), ("argoproj.io", "CronWorkflow"),
    ("argoproj.io", "ClusterWorkflowTemplate"),
})  # fmt: skip
# The purpose of a workload is the first of these that a container has.
_ORDER = ("training", "serving", "vectors", "notebook", "ray", "tool")


class ReadWorkload(msgspec.Struct, frozen=True, kw_only=True):
    """A workload: its pod, and the resource built from it."""

    thing: KubeObject
    pod: Pod
    resource: Resource
    runs: str


def read_workloads(
    thing: KubeObject, builder: ResourceBuilder, openshift: OpenShift
) -> tuple[ReadWorkload, ...]:
    """Add a workload for each pod template of an object, and its containers.

    In a cluster, partial templates are skipped: the completed pod is read.
    """
    pods = find_pods(thing)
    if thing.file is None:
        pods = tuple(pod for pod in pods if not pod.rest)
    return tuple(read_pod(thing, pod, builder, openshift) for pod in pods)


def read_pod(
    thing: KubeObject, pod: Pod, builder: ResourceBuilder, openshift: OpenShift
) -> ReadWorkload:
    """Add one workload and its containers."""
    name = f"{thing.name}/{pod.part}" if pod.part else thing.name
    workload_id = f"{thing.id}#{pod.part}" if pod.part else thing.id
    containers = (*pod.containers, *pod.init_containers)
    gpu = any(
        has_gpu(resources) for container in containers if (resources := container.get("resources"))
    )
    runs = _runs(thing, pod)
    is_ml = runs != "other" or gpu
    if runs != "training" and _ends(thing, pod):
        runs = "other"
    seen = as_node({
        "id": workload_id, "name": name, "labels": pod.labels, "runs": runs, "is_ml": is_ml,
        "has_gpu": gpu, "sources": list(addresses_of(containers)),
    })  # fmt: skip
    views = {"Object": thing.node, "Pod": pod.spec, "Seen": seen}
    resource = builder.add(
        WORKLOAD, thing, views, id=workload_id, name=name, missing=pod.rest,
        at=pod.spec if pod.part else thing.node,
    )  # fmt: skip
    for unique, item in named_containers(containers):
        facts = {
            "runs": runs,
            "is_ml": is_ml,
            "is_init": not any(item is container for container in pod.containers),
            "left_to_platform": list(left_to_constraint(thing, pod.spec, item, openshift)),
        }
        _container(thing, pod, resource, unique, item, facts, builder)
    return ReadWorkload(thing=thing, pod=pod, resource=resource, runs=runs)


def named_containers(containers: Iterable[Node]) -> Iterator[tuple[str, Node]]:
    """Give containers with unique names, even where two have the same name."""
    taken: dict[str, int] = {}
    for node in containers:
        name = node.text("name") or "main"
        taken[name] = taken.get(name, 0) + 1
        yield (f"{name}~{taken[name]}" if taken[name] > 1 else name), node


def _container(
    thing: KubeObject, pod: Pod, workload: Resource, name: str, node: Node,
    facts: Mapping[str, Any], builder: ResourceBuilder,
) -> None:  # fmt: skip
    seen = as_node(
        {
            **facts,
            "id": f"{workload.id}:{name}",
            "name": f"{workload.name}:{name}",
            "workload": workload.id,
            "gets_readiness": gets_readiness(thing, node, len(pod.containers)),
            "served_app": "models" if _serves_models(thing) else None,
            "product": "ray" if _is_ray(pod, node) else product_in(node),
            "arguments": [*node.items("command"), *node.items("args")],
            "writable_host_paths": list(_writable_host_paths(pod, node)),
        }
    )
    builder.add(
        CONTAINER,
        thing,
        {"Container": node, "Pod": pod.spec, "Seen": seen},
        id=f"{workload.id}:{name}",
        name=f"{workload.name}:{name}",
        at=node,
        missing=pod.rest,
    )


def _serves_models(thing: KubeObject) -> bool:
    """Whether each application of Ray Serve is one of Ray's own servers of language models."""
    imported = _IMPORTS.findall(thing.node.text("spec", "serveConfigV2"))
    return bool(imported) and all(path.startswith("ray.serve.llm") for path in imported)


def _is_ray(pod: Pod, node: Node) -> bool:
    """Whether KubeRay starts Ray in a container: the first of its pods, whatever the image."""
    return "ray.io/node-type" in pod.labels and bool(pod.containers) and node is pod.containers[0]


def _writable_host_paths(pod: Pod, node: Node) -> Iterator[str]:
    paths = {v.text("name"): v.text("hostPath", "path") for v in pod.spec.items("volumes")}
    for mount in node.items("volumeMounts"):
        path = paths.get(mount.text("name"), "")
        read_only = mount.get("readOnly")
        if path and not (read_only is not None and read_only.value is True):
            yield path


def _runs(thing: KubeObject, pod: Pod) -> str:
    known_kind = BY_KIND.get((thing.group, thing.kind))
    if known_kind is not None and known_kind.runs:
        return known_kind.runs
    products = {RUNS[name] for container in pod.containers if (name := product_in(container))}
    return next((product for product in _ORDER if product in products), "other")


def _ends(thing: KubeObject, pod: Pod) -> bool:
    """Whether pods do one piece of work and end: they serve nobody, whatever their image."""
    daemon = pod.spec.get("daemon")
    is_kept = daemon is not None and daemon.value is not False
    is_single = thing.kind == "Pod" and pod.spec.text("restartPolicy") in ("Never", "OnFailure")
    return is_single or ((thing.group, thing.kind) in _ENDS and not is_kept)


def product_in(container: Node) -> str | None:
    """Give the software that a container runs, by its image, else by its command."""
    words = [n.value for n in (*container.items("command"), *container.items("args"))]
    named = product_of(container.text("image"))
    return named or product_of_command(word for word in words if isinstance(word, str))
