"""Small readers of single values, by the names that the vocabulary uses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mlsec.collect.images.image_names import (
    image_digest,
    image_tag,
    of_reference,
    of_tagged,
    registry_host,
)
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.secrets.default_passwords import is_published
from mlsec.collect.secrets.masking import masked_kind
from mlsec.collect.secrets.plain import is_plain_credential
from mlsec.core.enums import Truth
from mlsec.core.regex import regex
from mlsec.providers.kubernetes.objects.located_mapping import Shapes, UnknownValueError
from mlsec.providers.kubernetes.shapes.installs import unpinned_install

_VOLUMES = {
    "hostPath": "host_path", "configMap": "config", "secret": "secret",
    "persistentVolumeClaim": "claim", "ephemeral": "claim", "projected": "projected",
    "nfs": "share", "cephfs": "share", "glusterfs": "share", "azureFile": "share",
}  # fmt: skip
_SOCKET = re.compile(r"(docker|containerd|crio|cri-dockerd|podman)\.sock\Z")
_RUNTIME_FOLDERS = ("/run", "/var/run", "/run/containerd", "/var/run/containerd", "/run/crio",
                    "/var/run/crio")  # fmt: skip
# Access to these paths gives control of the node.
_SYSTEM = ("/etc", "/root", "/proc", "/sys", "/boot", "/dev", "/usr", "/bin", "/sbin", "/lib",
           "/lib64", "/home", "/var/lib/kubelet", "/var/lib/docker", "/var/lib/containerd",
           "/var/lib/etcd", "/var/log")  # fmt: skip
# Devices for models, and where their plugins meet the kubelet: nothing else lies there.
_HARMLESS = (
    *(
        f"/dev/{name}"
        for name in ("shm", "nvidia", "infiniband", "dri", "kfd", "hugepages", "accel")
    ),
    *(f"/var/lib/kubelet/{name}" for name in ("device-plugins", "pod-resources")),
)  # fmt: skip
# A Secret inside a script, the line that ends its text, and a variable of the shell.
_SECRET = regex(r"(?=\bkind:[ \t]{0,8}Secret\b)")
_END = regex(r"\n[ \t]{0,80}[A-Z]{2,20}[ \t]{0,8}\n")
_VARIABLE = regex(r"\$\{?[A-Za-z_]")
_GPUS = ("nvidia.com/", "amd.com/gpu", "gpu.intel.com/", "habana.ai/", "google.com/tpu",
         "aws.amazon.com/neuron", "cloud-tpus.google.com/")  # fmt: skip


def host_path_kind(node: Node) -> str:
    """Classify a host path by what it exposes."""
    path = _text(node).rstrip("/") or "/"
    if _SOCKET.search(path) or path in _RUNTIME_FOLDERS:
        return "runtime_socket"
    if path in {"/", "/var", "/var/lib"}:
        return "system"
    if any(path == prefix or path.startswith(prefix) for prefix in _HARMLESS):
        return "other"
    if any(path == prefix or path.startswith(f"{prefix}/") for prefix in _SYSTEM):
        return "system"
    return "other"


def volume_kind(node: Node) -> str:
    """Classify the source of a volume."""
    keys = node.pairs()
    if "emptyDir" in keys:
        return "memory" if node.text("emptyDir", "medium") == "Memory" else "disk"
    return next((kind for key, kind in _VOLUMES.items() if key in keys), "other")


def has_gpu(node: Node) -> bool:
    """Whether requests or limits include an accelerator."""
    return any(
        name.startswith(_GPUS) for part in ("limits", "requests") for name in node.pairs(part)
    )


def quantity_text(node: Node) -> str | None:
    """Give a quantity as text."""
    if isinstance(node.value, UnknownValue):
        raise UnknownValueError(node.value.why)
    return None if node.value in (None, "") else str(node.value)


def scalar_text(node: Node) -> str | None:
    """Give a value as a program sees it in its environment."""
    if isinstance(node.value, bool):
        return str(node.value).lower()
    return str(node.value) if isinstance(node.value, (str, int, float)) else None


def secret_kind(node: Node) -> str | None:
    """Give the kind of a masked secret.

    A Secret that a script fills in with its own variables is masked and holds none.
    """
    text = node.value
    if not isinstance(text, str):
        return None
    kinds = [masked_kind(part) for part in _SECRET.split(text) if not _is_filled_in(part)]
    return next((kind for kind in kinds if kind), None)


def _is_filled_in(part: str) -> bool:
    """Whether a part of a script is a Secret up to its end mark, with variables in it."""
    return _SECRET.match(part) is not None and bool(_VARIABLE.search(_END.split(part)[0]))


def variable_secret_kind(node: Node) -> str | None:
    """Give the kind of the secret that an environment variable contains."""
    value, name = node.get("value"), node.get("name")
    if value is None or value.value is None:
        return None
    if isinstance(value.value, UnknownValue):
        raise UnknownValueError(value.value.why)
    text = scalar_text(value) or ""
    kind = masked_kind(text)
    if kind or name is None or not isinstance(name.value, str):
        return kind or None
    match is_plain_credential(name.value, text):
        case Truth.TRUE:
            return "default-password" if is_published(text) else "weak-password"
        case Truth.FALSE:
            return None
    raise UnknownValueError(f"{name.value} holds what stands in for a secret")


def is_there(node: Node) -> bool:
    """Whether the value is anything but an empty mapping."""
    return bool(node.value)


def spreads(node: Node) -> bool:
    """Whether mounts made in the container propagate to the node."""
    return _text(node) == "Bidirectional"


def _text(node: Node) -> str:
    if not isinstance(node.value, str):
        raise TypeError(f"expected text, got {type(node.value).__name__}")
    return node.value


VALUE_SHAPES: Shapes = {
    "image_digest": lambda node: of_tagged(image_digest)(_text(node)),
    "image_tag": lambda node: of_tagged(image_tag)(_text(node)),
    "registry_host": lambda node: of_reference(registry_host)(_text(node)),
    "host_path_kind": host_path_kind,
    "volume_kind": volume_kind,
    "has_gpu": has_gpu,
    "quantity_text": quantity_text,
    "scalar_text": scalar_text,
    "secret_kind": secret_kind,
    "variable_secret_kind": variable_secret_kind,
    "argument_text": scalar_text,
    "unpinned_install": unpinned_install,
    "is_there": is_there,
    "spreads": spreads,
}


def as_node(value: Any) -> Node:
    """Give a computed value as a node; nodes inside of it keep their locations."""
    if isinstance(value, Node):
        return value
    if isinstance(value, Mapping):
        return Node({str(k): as_node(v) for k, v in value.items()})
    if isinstance(value, (list, tuple)):
        return Node(tuple(as_node(element) for element in value))
    return Node(value)
