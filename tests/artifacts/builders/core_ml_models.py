"""Core ML models, and the weights beside a program."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from tests.artifacts.builders.payloads import EVIL_PICKLE_2
from tests.artifacts.builders.protobufs import message, number, text


def model(*parts: bytes, described: bytes = b"") -> bytes:
    return number(1, 5) + message(2, described or text(21, "main")) + b"".join(parts)


def network(*layers: bytes) -> bytes:
    return message(500, *[message(1, text(1, "l"), layer) for layer in layers])


def words(key: str, value: str) -> bytes:
    return message(100, text(1, "words"), message(100, text(1, key), text(2, value)))


def program(path: str, *, as_input: bool = False) -> bytes:
    value = message(2, message(5, text(1, path), number(2, 64)))
    entry = message(2, text(1, "x"), message(2, message(1, value)))
    held = entry if as_input else message(5, text(1, "val"), value)
    block = message(3, text(1, "CoreML7"), message(2, message(3, text(1, "const"), held)))
    return message(502, number(1, 1), message(2, text(1, "main"), message(2, block)))


def weights(*blobs: bytes) -> bytes:
    data = struct.pack("<II", len(blobs), 2) + bytes(56)
    for blob in blobs:
        data += struct.pack("<IIQQ", 0xDEADBEEF, 2, len(blob), len(data) + 64) + b"\xaa" * 40
        data += blob + b"\xaa" * (-len(blob) % 64)
    return data


OWN = message(500, text(10, "EvilLayer"))
DENSE = message(140, number(1, 3))
HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "core-ml/custom-layer": lambda: model(network(DENSE, OWN)),
    "core-ml/custom-layer-in-a-loop": lambda: model(
        network(message(615, message(4, message(1, OWN))))
    ),
    "core-ml/custom-layer-of-a-classifier": lambda: model(message(403, message(1, OWN))),
    "core-ml/custom-model": lambda: model(message(555, text(10, "EvilModel"))),
    "core-ml/custom-model-in-a-pipeline": lambda: model(
        message(202, message(1, model(message(555, text(10, "EvilModel")))))
    ),
    "core-ml/custom-model-in-a-classifying-pipeline": lambda: model(
        message(200, message(1, message(1, model(network(OWN)))))
    ),
    "core-ml/linked-model-outside": lambda: model(
        message(556, message(1, message(1, text(1, "../../other.mlmodel"))))
    ),
    "core-ml/data-outside": lambda: model(program("@model_path/../../etc/passwd")),
    "core-ml/input-outside": lambda: model(program("/etc/passwd", as_input=True)),
    "core-ml/words-are-code": lambda: model(
        network(DENSE), described=words("hook", "import os; os.system('echo inert')")
    ),
    "core-ml/pickle-inside": lambda: model(network(DENSE), message(600, EVIL_PICKLE_2)),
    "core-ml/weights-with-a-tail": lambda: weights(bytes(70)) + EVIL_PICKLE_2,
    "core-ml/weights-hold-a-pickle": lambda: weights(bytes(70), EVIL_PICKLE_2),
    "core-ml/weights-cut-short": lambda: weights(bytes(70))[:-100],
}
BENIGN: Mapping[str, Callable[[], bytes]] = {
    "core-ml/network": lambda: model(
        network(DENSE), described=words("com.github.apple.coremltools.version", "8.1")
    ),
    "core-ml/pipeline": lambda: model(message(202, message(1, model(network(DENSE))))),
    "core-ml/program": lambda: model(program("@model_path/weights/weight.bin")),
    "core-ml/trees": lambda: model(message(402, message(1, number(1, 3)))),
    "core-ml/weights": lambda: weights(bytes(70), bytes(64)),
}
