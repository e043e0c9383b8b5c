"""Paths of the vocabulary exist in the models of the client, for the kinds that it knows."""

from __future__ import annotations

import re
from collections.abc import Iterator

import kubernetes.client

from mlsec.vocabulary.types import Property
from tests.loops import for_each
from tests.shipped import shipped_vocabulary

_VOCABULARY = shipped_vocabulary()
# Which model an object of a type is; kinds that bring their own definitions are not in the client.
_MODELS = {
    "Pod": ("V1PodSpec",),
    "Container": ("V1Container",),
    "kubernetes.workload": ("V1Deployment",),
    "kubernetes.service_account": ("V1ServiceAccount",),
    "kubernetes.role": ("V1ClusterRole",),
    "kubernetes.binding": ("V1ClusterRoleBinding",),
    "kubernetes.service": ("V1Service",),
    "kubernetes.ingress": ("V1Ingress",),
    "kubernetes.network_policy": ("V1NetworkPolicy",),
    "kubernetes.namespace": ("V1Namespace",),
    "kubernetes.volume": ("V1PersistentVolume", "V1PersistentVolumeClaim"),
}
# OpenShift's Route, which stands beside the Ingress.
_FOREIGN = {"spec.host"}


def _model(name: str) -> type | None:
    found = getattr(kubernetes.client, name, None)
    return found if hasattr(found, "attribute_map") else None


def _follow(name: str, steps: list[str]) -> bool:
    """Whether the steps lead somewhere from a model."""
    if not steps or steps == [""] or re.match(r"(?i)dict[\[(]|object", name):
        return True
    model = _model(re.sub(r"(?i)^list\[(.*)\]$", r"\1", name))
    if model is None:
        return False
    step, *rest = steps
    by_json = {json: own for own, json in model.attribute_map.items()}  # type: ignore[attr-defined]
    own = by_json.get(step.removesuffix("[]"))
    return own is not None and _follow(model.openapi_types[own], rest)  # type: ignore[attr-defined]


def _places() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for type_name, found in sorted(_VOCABULARY.types.items()):
        if not type_name.startswith("kubernetes."):
            continue
        for prop in found.properties.values():
            for source in prop.sources.get("api", ()):
                view, _, path = source.partition(":")
                models = _MODELS.get(type_name if view == "Object" else view, ())
                if models and path not in _FOREIGN:
                    yield type_name, path, models
                    yield from _inside(type_name, path, prop, models)


def _inside(
    type_name: str, path: str, prop: Property, models: tuple[str, ...]
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for name, field in prop.items.items():
        for inner in field.sources.get("api", (name,)):
            # A shape makes elements of its own; what it reads is its own matter.
            if inner and not prop.shape:
                yield type_name, f"{path}[].{inner}", models


@for_each(("type_name", "path", "models"), sorted(set(_places())))
def test_path_is_one_that_the_api_server_knows(
    type_name: str, path: str, models: tuple[str, ...]
) -> None:
    steps = [step.replace("~", ".") for step in path.split(".")]
    assert any(_follow(model, steps) for model in models), path


def test_there_are_paths() -> None:
    assert len(set(_places())) > 80
