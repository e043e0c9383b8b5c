"""ONNX models whose constants make values of any size, loops and functions without end."""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable, Mapping

from tests.artifacts.builders.onnx_models import attribute, function, graph, model, node
from tests.artifacts.builders.protobufs import message, number, text

MOST = (1 << 63) - 1
HUGE = (1 << 20, 1 << 20, 1 << 10)


def wired(operator: str, inputs: str, outputs: str, *attributes: bytes) -> bytes:
    """A node between values by name."""
    ins = b"".join(text(1, name) for name in inputs.split(","))
    outs = b"".join(text(2, name) for name in outputs.split(","))
    return ins + outs + text(4, operator) + b"".join(attributes)


def integers(name: str, *values: int) -> bytes:
    raw = struct.pack(f"<{len(values)}q", *values)
    return number(1, len(values)) + number(2, 7) + text(8, name) + message(9, raw)


def floats(name: str, *values: float) -> bytes:
    raw = struct.pack(f"<{len(values)}f", *values)
    return number(1, len(values)) + number(2, 1) + text(8, name) + message(9, raw)


def truth(name: str) -> bytes:
    return number(2, 9) + text(8, name) + message(9, b"\1")


def sized(operator: str, inputs: str, *tensors: bytes) -> bytes:
    return model(graph(wired(operator, inputs, "y"), tensors=tensors))


def listed(name: str, *values: int) -> bytes:
    return attribute(name, *[number(8, value) for value in values])


def loop(rounds: str, begins: str, *body: bytes, tensors: tuple[bytes, ...] = ()) -> bytes:
    """A loop whose graph takes a count, a condition ``c`` and gives the condition ``go``."""
    inputs = b"".join(message(11, text(1, name)) for name in ("i", "c", "v"))
    outputs = b"".join(message(12, text(1, name)) for name in ("go", "w"))
    inner = graph(*body, wired("Add", "v,v", "w")) + inputs + outputs
    one = wired("Loop", f"{rounds},{begins},x", "y", attribute("body", message(6, inner)))
    return model(graph(one, tensors=(truth("t"), *tensors)))


def calling(*calls: tuple[str, ...]) -> bytes:
    """A model with a function for each of ``calls``: its name, and what it calls."""
    made = [
        function("own", name, *[node(one, domain="own") for one in called or ()] or [node("Relu")])
        for name, *called in calls
    ]
    return model(graph(node(calls[0][0], domain="own")), *made)


# By operator: what goes in, and the constants; too large, then as models have it.
BY_INPUT: Mapping[str, tuple[str, bytes, bytes]] = {
    "ConstantOfShape": ("s", integers("s", *HUGE), integers("s", 1, 32, 4096, 128)),
    "Expand": ("x,s", integers("s", *HUGE), integers("s", -1, 1, 2048, 2048)),
    "Tile": ("x,s", integers("s", 1 << 45), integers("s", 1, 8, 1)),
    "OneHot": ("x,s,v", integers("s", 1 << 45), integers("s", 50_000)),
    "Pad": ("x,s", integers("s", 0, 1 << 45), integers("s", 0, 0, 3, 3, 0, 0, 3, 3)),
    "CenterCropPad": ("x,s", integers("s", *HUGE), integers("s", 224, 224)),
    "HannWindow": ("s", integers("s", 1 << 45), integers("s", 400)),
    "Upsample": ("x,s", floats("s", 1, 1, 1e9, 1e9), floats("s", 1, 1, 2, 2)),
}
HOSTILE: Mapping[str, Callable[[], bytes]] = {
    **{
        f"onnx/{operator}-without-end": functools.partial(sized, operator, inputs, huge)
        for operator, (inputs, huge, _) in BY_INPUT.items()
    },
    "onnx/Range-without-end": lambda: sized(
        "Range", "a,b,d", integers("a", 0), integers("b", MOST), integers("d", 1)
    ),
    "onnx/Resize-by-factors": lambda: sized("Resize", "x,,s", floats("s", 1, 1, 1e9, 1e9)),
    "onnx/Resize-to-sizes": lambda: sized("Resize", "x,,,s", integers("s", 1, 1, 1 << 30, 1 << 30)),
    "onnx/RandomNormal-without-end": lambda: model(
        graph(wired("RandomNormal", "", "y", listed("shape", *HUGE)))
    ),
    "onnx/shape-from-a-node": lambda: model(
        graph(
            wired("Constant", "", "s", attribute("value", message(5, integers("", *HUGE)))),
            wired("ConstantOfShape", "s", "y"),
        )
    ),
    "onnx/shape-multiplied": lambda: model(
        graph(
            wired("Mul", "a,b", "s"), wired("ConstantOfShape", "s", "y"),
            tensors=(integers("a", 1 << 30), integers("b", 1 << 20)),
        )
    ),
    "onnx/shape-in-a-branch": lambda: model(
        graph(
            node("If", attribute("then_branch", message(6, graph(wired("Expand", "x,s", "y"))))),
            tensors=(integers("s", *HUGE),),
        )
    ),
    "onnx/chain-that-doubles": lambda: model(
        graph(*[wired("Concat", f"v{step},v{step}", f"v{step + 1}") for step in range(60)])
    ),
    "onnx/chain-of-tiles": lambda: model(
        graph(
            *[wired("Tile", f"v{step},r", f"v{step + 1}") for step in range(20)],
            tensors=(integers("r", 64),),
        )
    ),
    "onnx/loop-without-end": lambda: loop(
        "m", "t", wired("Identity", "c", "go"), tensors=(integers("m", MOST),)
    ),
    "onnx/loop-without-count": lambda: loop("", "", wired("Identity", "c", "go")),
    "onnx/function-calls-itself": lambda: calling(("f", "g"), ("g", "f")),
    "onnx/functions-that-swell": lambda: calling(
        *[(f"f{step}", *[f"f{step + 1}"] * 10) for step in range(12)]
    ),
    "onnx/external-length-without-end": lambda: model(
        graph(node("Relu"), tensors=(
            number(1, 2) + number(2, 1) + text(8, "w") + number(14, 1)
            + message(13, text(1, "location"), text(2, "w.bin"))
            + message(13, text(1, "length"), text(2, "9" * 30)),
        ))
    ),
}  # fmt: skip
BENIGN: Mapping[str, Callable[[], bytes]] = {
    **{
        f"onnx/{operator}-as-models-have-it": functools.partial(sized, operator, inputs, usual)
        for operator, (inputs, _, usual) in BY_INPUT.items()
    },
    "onnx/Range-of-places": lambda: sized(
        "Range", "a,b,d", integers("a", 0), integers("b", 4096), integers("d", 1)
    ),
    "onnx/slice-to-the-end": lambda: sized("Slice", "x,a,b", integers("a", 0), integers("b", MOST)),
    "onnx/loop-with-a-condition": lambda: loop(
        "m", "t", wired("Less", "v,v", "go"), tensors=(integers("m", MOST),)
    ),
    "onnx/loop-with-a-count": lambda: loop(
        "m", "t", wired("Identity", "c", "go"), tensors=(integers("m", 100),)
    ),
    "onnx/dense-blocks": lambda: model(
        graph(
            *[
                one
                for step in range(60)
                for one in (
                    wired("Conv", f"v{step},w", f"k{step}"),
                    wired("Concat", f"v{step},k{step}", f"v{step + 1}"),
                )
            ]
        )
    ),
    "onnx/functions-in-functions": lambda: calling(("f", "g", "g"), ("g", "h"), ("h",)),
}
