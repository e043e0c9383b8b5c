"""The addresses of models that objects and their containers name, and kinds that load none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.providers.kubernetes.objects.located_paths import dig_node
from mlsec.providers.kubernetes.objects.objects import KubeObject

_URI = re.compile(
    r"(?:(?:s3|gs|hf|oci|pvc|az|abfss?)://|https://[a-z0-9]+\.blob\.core\.windows\.net/)"
    r"[^\s\"',;&|)]+"
)
_AZURE_BLOB = re.compile(r"https://([a-z0-9]+)\.blob\.core\.windows\.net/([^/]+)(?:/(.*))?\Z")
# Model names of hubs, neither path nor address.
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*\Z")
# Where kinds keep the addresses of models.
_URIS = (
    "spec.predictor.*.storageUri", "spec.predictor.storageUris[].uri",
    "spec.model.uri", "spec.storageUri", "spec.model.modelURL",
)  # fmt: skip
# Implementations of Seldon's graph that are not model servers.
_NO_SERVER = frozenset({
    "", "UNKNOWN_IMPLEMENTATION", "SIMPLE_MODEL", "SIMPLE_ROUTER", "RANDOM_ABTEST",
    "AVERAGE_COMBINER",
})  # fmt: skip
# How a configuration of Ray Serve names a model of a hub: Ray's own key, or a usual variable.
_SERVED = re.compile(
    r"(?m)^[ \t]*(?:-[ \t]+)?(model_source|MODEL_ID|MODEL_NAME|HF_MODEL_ID|MODEL):[ \t]*[\"']?"
    r"([A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})[\"']?[ \t]*(?:#.*)?$"
)
_DEEPEST = 10


def addresses_in(thing: KubeObject) -> Iterator[Node]:
    """Give the model addresses in the fields of an object of a kind that serves models."""
    seen = set()
    for node in _address_nodes(thing):
        if isinstance(node.value, UnknownValue):
            yield Node({"uri": node}, node.line, node.column)
        elif isinstance(node.value, str) and node.value not in seen:
            seen.add(node.value)
            is_hub = thing.kind == "VLLMRuntime" and _HUB_NAME.match(node.value)
            yield source_node(f"hf://{node.value}" if is_hub else node.value, node)
    yield from _of_hub(thing)
    yield from _of_serve(thing)
    if thing.group == "kubeai.org":
        yield from _of_kubeai(thing)


def _of_serve(thing: KubeObject) -> Iterator[Node]:
    """Give the models that the applications of a RayService name."""
    node = thing.node.get("spec", "serveConfigV2")
    text = node.value if node is not None else None
    if node is not None and isinstance(text, str):
        for name in dict.fromkeys(match[2] for match in _SERVED.finditer(text)):
            yield source_node(f"hf://{name}", node)


def addresses_of(containers: Iterable[Node]) -> Iterator[Node]:
    """Give the model addresses in commands and environments."""
    for container in containers:
        values = [*container.items("command"), *container.items("args")]
        values += [value for env in container.items("env") if (value := env.get("value"))]
        for node in values:
            if isinstance(node.value, str):
                for match in _URI.finditer(node.value):
                    yield source_node(match.group(), node)


def loads_models(thing: KubeObject) -> bool | None:
    """Whether an object loads models: False if it certainly does not, else None."""
    if thing.kind == "InferenceGraph":
        return False
    if thing.kind != "SeldonDeployment":
        return None
    graphs = [
        predictor
        for item in thing.node.items("spec", "predictors")
        if (predictor := item.get("graph"))
    ]
    parts = [part for graph in graphs for part in _parts(graph, 0)]
    is_own_image = all(
        predictor.text("implementation") in _NO_SERVER and predictor.get("modelUri") is None
        for predictor in parts
    )
    return False if parts and is_own_image else None


def source_node(uri: str, at: Node) -> Node:
    """Give the address of a model as an element, with its store."""
    parsed: Mapping[str, Any] = source_of(uri)
    return Node(
        {key: Node(value, at.line, at.column) for key, value in parsed.items()}, at.line, at.column
    )


def source_of(uri: str) -> dict[str, Any]:
    """Parse the address of a model into scheme and bucket or container."""
    blob = _AZURE_BLOB.match(uri)
    if blob:
        return {"uri": uri, "scheme": "az", "store": f"az://{blob.group(1)}/{blob.group(2)}"}
    scheme, mark, rest = uri.partition("://")
    if not mark:
        return {"uri": uri, "scheme": "", "store": None}
    # Triton writes s3://https://HOST:PORT/BUCKET for a store that is not Amazon's.
    rest = rest.removeprefix("https://").removeprefix("http://")
    first, _, inside = rest.partition("/")
    store = None
    if scheme in ("s3", "gs"):
        store = f"{scheme}://{first}"
    elif scheme == "az":
        store = f"az://{first}/{inside.partition('/')[0]}"
    return {"uri": uri, "scheme": scheme.lower(), "store": store}


def _address_nodes(thing: KubeObject) -> Iterator[Node]:
    for path in _URIS:
        value = dig_node(thing.node, path)
        if value is not None:
            yield from value.value if isinstance(value.value, tuple) else (value,)
    for item in thing.node.items("spec", "predictors"):
        for holder in (item.get("graph"), item.get("explainer")):
            for part in _parts(holder, 0) if holder is not None else ():
                uri = part.get("modelUri")
                if uri is not None and uri.value:
                    yield uri


def _parts(graph: Node, depth: int) -> Iterator[Node]:
    """Give a node of Seldon's graph and all below it."""
    yield graph
    if depth < _DEEPEST:
        for item in graph.items("children"):
            yield from _parts(item, depth + 1)


def _of_hub(thing: KubeObject) -> Iterator[Node]:
    """Give the name of a hub's model from the arguments of a KServe runtime."""
    model = thing.node.get("spec", "predictor", "model")
    if model is None or thing.kind != "InferenceService":
        return
    flags = dict(_flags(model.items("args")))
    name, revision = flags.get("model_id"), flags.get("model_revision") or flags.get("revision")
    if name is not None and _HUB_NAME.match(str(name.value)):
        at = f":{revision.value}" if revision is not None else ""
        yield source_node(f"hf://{name.value}{at}", name)


def _of_kubeai(thing: KubeObject) -> Iterator[Node]:
    """Give the address of a model of KubeAI; its server is given the revision as an argument."""
    flags = dict(_flags(thing.node.items("spec", "args")))
    for holder in (thing.node.get("spec"), *thing.node.items("spec", "adapters")):
        url = holder.get("url") if holder is not None else None
        if url is not None and isinstance(url.value, str):
            address = url.value.partition("?")[0]
            revision = flags.get("revision") if holder is thing.node.get("spec") else None
            at = f":{revision.value}" if revision is not None else ""
            yield source_node(f"{address}{at}" if address.startswith("hf://") else address, url)


def _flags(words: tuple[Node, ...]) -> Iterator[tuple[str, Node]]:
    for at, node in enumerate(words):
        if not isinstance(node.value, str) or not node.value.startswith("--"):
            continue
        name, has_value, value = node.value[2:].partition("=")
        after = words[at + 1] if at + 1 < len(words) else None
        if has_value:
            yield name.replace("-", "_"), Node(value, node.line, node.column)
        elif after is not None and not str(after.value).startswith("--"):
            yield name.replace("-", "_"), after
