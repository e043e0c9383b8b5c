"""Find pod templates in an object of any kind: every mapping that lists containers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from mlsec.collect.code.launch import TEMPLATE_KINDS
from mlsec.collect.located.located import Node
from mlsec.providers.kubernetes.objects.objects import KubeObject, texts
from mlsec.providers.kubernetes.workloads.kinds import BY_KIND, ReadAs

MAX_DEPTH = 14
# A pod's own lists; what lies below them holds no further pods.
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
# Pods in these are patterns that do not run: of policies, schemas, webhook rules.
_DRAWN = frozenset({"openAPIV3Schema", "pattern", "anyPattern", "schema", "patchStrategicMerge"})
# One container of its own, in the place where others have a list (Argo, KServe, NVIDIA).
_SINGLE = ("container", "script")
# Keys of the container itself in a mapping that has its image in parts.
_OF_CONTAINER = ("command", "args", "env", "envFrom", "resources", "securityContext", "ports")
_OPERATOR = "its operator decides it"


class Pod(msgspec.Struct, frozen=True, kw_only=True):
    """One pod template: ``spec`` holds the containers, ``labels`` are those of the pods.

    ``part`` distinguishes several templates of one object ("" for the only one). ``is_partial``:
    something else, named by ``rest``, fills in missing values.
    """

    spec: Node
    part: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    containers: tuple[Node, ...]
    init_containers: tuple[Node, ...] = ()
    rest: str = ""


def find_pods(thing: KubeObject) -> tuple[Pod, ...]:
    """Give every pod template of an object, in document order."""
    located: list[tuple[tuple[str, ...], Node, Node]] = []
    root = thing.node
    known_kind = BY_KIND.get((thing.group, thing.kind))
    is_read = known_kind is not None and known_kind.read_as in (ReadAs.ENDPOINT, ReadAs.WORKLOAD)
    for key, node in root.pairs().items():
        if key not in ("metadata", "status"):
            located += _walk(node, (key,), root, has_parts=is_read and "." in thing.group)
    several = len(located) > 1
    taken: dict[str, int] = {}
    pods = []
    for path, spec, holder in located:
        part = _part_of(path, spec, root) if several else ""
        taken[part] = taken.get(part, 0) + 1
        name = f"{part}-{taken[part]}" if taken[part] > 1 else part
        pods.append(_pod(thing, spec, holder, name, path))
    return tuple(pods)


def _walk(
    node: Node, path: tuple[str, ...], holder: Node, *, has_parts: bool
) -> Iterator[tuple[tuple[str, ...], Node, Node]]:
    if len(path) > MAX_DEPTH:
        return
    if isinstance(node.value, tuple):
        for index, element in enumerate(node.value):
            yield from _walk(element, (*path, str(index)), node, has_parts=has_parts)
        return
    if not isinstance(node.value, Mapping):
        return
    if _is_pod(node):
        yield path, node, holder
    elif has_parts and image_in_parts(node) is not None:
        yield path, _made_pod(node, holder), holder
    for key, element in node.value.items():
        if key in _CONTAINERS or key in _DRAWN or key in _SINGLE:
            continue
        yield from _walk(element, (*path, key), node, has_parts=has_parts)


def image_in_parts(node: Node) -> Node | None:
    """Give an image whose name is split into parts, as in values of charts and operators."""
    image = node.get("image")
    if image is None or not isinstance(image.value, Mapping):
        return None
    name = image.text("repository") or image.text("name")
    if not name:
        return None
    registry, digest = image.text("registry"), image.text("digest")
    tag = image.text("tag") or image.text("version")
    whole = f"{registry}/{name}" if registry else name
    end = f"@{digest}" if digest else f":{tag}" if tag else ""
    return Node(whole + end, image.line, image.column)


def _made_pod(node: Node, holder: Node) -> Node:
    """Give the pod that an operator makes of a mapping: one container, and the pod's own keys."""
    image = image_in_parts(node)
    beside = holder.get("vllmConfig")
    kept = {key: value for key, value in node.pairs().items() if key in _OF_CONTAINER}
    if beside is not None:
        kept |= {key: value for key, value in beside.pairs().items() if key == "env"}
        extra = beside.get("extraArgs")
        kept |= {"args": extra} if extra is not None else {}
    made = {**kept, **({"image": image} if image is not None else {})}
    container = Node(made, node.line, node.column)
    pod = {
        key: value for key, value in node.pairs().items() if key not in (*_OF_CONTAINER, "image")
    }
    return Node({**pod, "containers": Node((container,)), "!made": Node(value=True)}, node.line)


def _is_pod(node: Node) -> bool:
    if any(_is_container(node.get(key)) for key in _SINGLE):
        return True
    listed = node.items("containers")
    return bool(listed) and all(_is_container(element) for element in listed)


def _is_container(node: Node | None) -> bool:
    return (
        node is not None
        and isinstance(node.value, Mapping)
        and bool({"image", "name"} & node.value.keys())
    )


def _pod(thing: KubeObject, spec: Node, holder: Node, part: str, path: tuple[str, ...]) -> Pod:
    singles = [only for key in _SINGLE if (only := spec.get(key)) is not None]
    listed = (*spec.items("containers"), *(single for single in singles if _is_container(single)))
    own = holder if path[-1] == "spec" else spec
    labels = {**texts(own, "labels"), **texts(own, "metadata", "labels")}
    annotations = {**texts(own, "annotations"), **texts(own, "metadata", "annotations")}
    if thing.kind == "Pod" or not labels:
        labels = labels or dict(thing.labels)
    if thing.group == "ray.io":
        # The operator puts these on, and services and policies are written for them.
        node = "head" if "headGroupSpec" in path else "worker"
        labels |= {"ray.io/cluster": thing.name, "ray.io/node-type": node}
    return Pod(
        spec=_with_outer(thing, spec),
        part=part,
        labels=labels,
        annotations=annotations or dict(thing.annotations),
        containers=tuple(container for container in listed if isinstance(container.value, Mapping)),
        init_containers=tuple(
            item
            for key in ("initContainers", "ephemeralContainers")
            for item in spec.items(key)
            if isinstance(item.value, Mapping)
        ),
        rest=_OPERATOR if spec.get("!made") is not None else _rest(thing),
    )


def _with_outer(thing: KubeObject, spec: Node) -> Node:
    """Add the account and security context that a workflow sets for all of its templates."""
    if thing.group != "argoproj.io":
        return spec
    outer = thing.node.get("spec", "workflowSpec") or thing.node.get("spec")
    taken = ("serviceAccountName", "securityContext", "automountServiceAccountToken", "volumes",
             "hostNetwork")  # fmt: skip
    more = {k: n for k, n in outer.pairs().items() if k in taken} if outer else {}
    return Node({**more, **spec.pairs()}, spec.line, spec.column)


def _rest(thing: KubeObject) -> str:
    if thing.kind in TEMPLATE_KINDS:
        return "what is made from it decides it"
    return "its configuration decides it" if thing.kind == "LLMInferenceService" else ""


def _part_of(path: tuple[str, ...], spec: Node, root: Node) -> str:
    """Give a short name for one of several templates: its group's name, else a distinctive key."""
    node: Node | None = root
    name = ""
    for step in path:
        node = node.get(int(step) if step.isdecimal() else step) if node is not None else None
        if node is None:
            break
        part_name = node.text("groupName") or (node.text("name") if step.isdecimal() else "")
        name = part_name or name
    if name:
        return name
    dull = {"spec", "template", "podSpec", "componentSpecs", "pytorchReplicaSpecs"}
    telling = [step for step in path if step not in dull and not step.isdecimal()]
    return telling[-1].removesuffix("Spec").removesuffix("Group") if telling else spec.text("name")
