"""Schemas of skops files: honest estimators, and nodes that would run something."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any


def node(loader: str, module: str, name: str, **more: Any) -> dict[str, Any]:
    return {"__class__": name, "__module__": module, "__loader__": loader, **more}


def dictionary(**content: Any) -> dict[str, Any]:
    return node("DictNode", "builtins", "dict", content=content)


def schema(content: Any, module: str = "sklearn.pipeline", name: str = "Pipeline") -> bytes:
    whole = node("ObjectNode", module, name, content=content, protocol=2, _skops_version="0.16")
    return json.dumps(whole).encode()


def archive(document: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("schema.json", document)
    return out.getvalue()


SYSTEM = node("FunctionNode", "os", "system")


def drawn(name: str) -> dict[str, Any]:
    """A generator of random numbers, whose generator of bits is named by a text."""
    state = dictionary(bit_generator=node("JsonNode", "builtins", "str", content=f'"{name}"'))
    content = {"bit_generator": state, "seed_seq": dictionary()}
    return node("RandomGeneratorNode", "numpy.random._generator", "Generator", content=content)


def stored(file: str) -> dict[str, Any]:
    return node("NdArrayNode", "numpy", "ndarray", type="numpy", file=file)


OWNER = node("ObjectNode", "sklearn.svm._classes", "SVC")

HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "skops/function": lambda: schema(dictionary(f=SYSTEM)),
    "skops/old-function": lambda: schema(
        node("FunctionNode", "x", "function", content={"module_path": "os", "function": "system"})
    ),
    "skops/partial": lambda: schema(
        node("PartialNode", "functools", "partial", content={"func": SYSTEM})
    ),
    "skops/operator-call": lambda: schema(
        node("OperatorFuncNode", "operator", "call", attrs=dictionary())
    ),
    "skops/methodcaller": lambda: schema(
        node("OperatorFuncNode", "operator", "methodcaller", attrs=dictionary(a="__reduce__"))
    ),
    "skops/method-dunder": lambda: schema(
        node(
            "MethodNode", "sklearn.svm._classes", "SVC", content={"func": "__init__", "obj": OWNER}
        )
    ),
    "skops/method-of-other-type": lambda: schema(
        node("MethodNode", "builtins", "int", content={"func": "fit", "obj": OWNER})
    ),
    "skops/unknown-type": lambda: schema(dictionary(), module="evil_package", name="Model"),
    "skops/dotted-type": lambda: schema(dictionary(), module="numpy", name="core.os.system"),
    "skops/calls-by-a-text": lambda: schema(dictionary(rng=drawn("set_bit_generator"))),
    "skops/member-outside": lambda: schema(dictionary(w=stored("../../w.npy"))),
    "skops/member-of-another-kind": lambda: schema(dictionary(w=stored("w.pkl"))),
    "skops/archive": lambda: archive(schema(dictionary(f=SYSTEM))),
}
BENIGN: Mapping[str, Callable[[], bytes]] = {
    "skops/random-numbers": lambda: schema(dictionary(rng=drawn("PCG64"))),
    "skops/member": lambda: schema(dictionary(w=stored("140230.npy"))),
    "skops/pipeline": lambda: schema(dictionary(a=OWNER)),
    "skops/ufunc": lambda: schema(dictionary(f=node("FunctionNode", "numpy", "log1p"))),
    "skops/archive-honest": lambda: archive(schema(dictionary(a=OWNER))),
}
