"""Keras configurations, and the .keras archives and JSON texts that hold them."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from tests.artifacts.builders.payloads import EVIL_PICKLE_2


def code(*names: str) -> bytes:
    """Bytes that look like a marshalled code object which names ``names``; never run."""
    counts = b"".join(value.to_bytes(4, "little") for value in (0, 0, 0, 2, 3))
    listed = b"".join(b"\xda" + bytes([len(name)]) + name.encode() for name in names)
    return b"\xe3" + counts + b"\xf3\x04\x00\x00\x00\x97\x00d\x00" + listed


def encoded(*names: str) -> str:
    return base64.encodebytes(code(*names)).decode()


def layer(name: str, module: str | None = "keras.layers", /, **config: Any) -> dict[str, Any]:
    head: dict[str, Any] = {"class_name": name, "config": config}
    return head if module is None else {"module": module, "registered_name": None, **head}


def sequential(*layers: Any) -> dict[str, Any]:
    return layer("Sequential", "keras", name="s", layers=list(layers))


def function(module: str, name: str) -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


DENSE = layer("Dense", units=3, activation="relu", kernel_initializer=layer("GlorotUniform"))
ENCODED = {"class_name": "__lambda__", "config": {"code": encoded("os", "system")}}
LAMBDA = layer("Lambda", function=ENCODED, output_shape=None)
OLD_LAMBDA = layer("Lambda", None, function=[encoded("x"), None, None], function_type="lambda")
PICKLE = base64.b64encode(EVIL_PICKLE_2 + bytes(24)).decode()


def text(value: Any) -> bytes:
    return json.dumps(value).encode()


def archive(*configs: bytes) -> bytes:
    """A .keras file: metadata and configurations (several under one name when asked)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("metadata.json", text({"keras_version": "3.15.1", "date_saved": "x"}))
        for config in configs:
            # A second entry under the same name, written beside zipfile's warning about it.
            packed.NameToInfo.pop("config.json", None)
            packed.writestr("config.json", config)
    return out.getvalue()


def bare(config: Any, name: str = "config.json") -> bytes:
    """A zip with nothing but a configuration."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr(name, text(config))
    return out.getvalue()


def nested(depth: int, inner: Any) -> Any:
    for _ in range(depth):
        inner = layer("TimeDistributed", layer=inner)
    return inner


HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "keras/lambda": lambda: text(sequential(DENSE, LAMBDA)),
    "keras/operator-that-writes": lambda: text(
        sequential(layer("TFOpLambda", function="io.write_file"))
    ),
    "keras/lambda-old": lambda: text(sequential(OLD_LAMBDA)),
    "keras/lambda-nested": lambda: text(sequential(nested(30, LAMBDA))),
    "keras/lambda-as-activation": lambda: text(sequential(layer("Dense", activation=ENCODED))),
    "keras/lambda-in-compile": lambda: text({**sequential(DENSE), "compile_config": ENCODED}),
    "keras/lambda-escaped": lambda: text(sequential(LAMBDA)).replace(b"Lambda", b"\\u004cambda"),
    "keras/lambda-utf-16": lambda: json.dumps(sequential(LAMBDA)).encode("utf-16"),
    "keras/lambda-utf-32": lambda: json.dumps(sequential(LAMBDA)).encode("utf-32-le"),
    "keras/lambda-with-mark": lambda: b"\xef\xbb\xbf" + text(sequential(LAMBDA)),
    "keras/lambda-in-text": lambda: text(
        {"class_name": "Model", "config": {"inner": json.dumps(sequential(LAMBDA))}}
    ),
    "keras/lambda-in-model-config": lambda: text({"model_config": sequential(OLD_LAMBDA)}),
    "keras/duplicate-key": lambda: (
        b'{"class_name":"Sequential","config":{"layers":[{"class_name":"Lambda",'
        b'"class_name":"Dense","config":{}}]}}'
    ),
    "keras/function-of-os": lambda: text(
        sequential(layer("D", activation=function("os", "system")))
    ),
    "keras/class-of-subprocess": lambda: text(sequential(layer("Popen", "subprocess", args=["x"]))),
    "keras/builtin-eval": lambda: text(sequential(layer("D", a=function("builtins", "eval")))),
    "keras/unknown-module": lambda: text(sequential(layer("Block", "evil_package.layers"))),
    "keras/through-keras": lambda: text(sequential(layer("os.system", "keras.src.utils"))),
    "keras/module-attribute": lambda: text(
        sequential(layer("D", a=function("keras.src.layers.core.lambda_layer", "python_utils")))
    ),
    "keras/registered-name": lambda: text(
        {**layer("Block", "evil_package"), "registered_name": "evil_package>Block"}
    ),
    "keras/registered-system": lambda: text(
        {**layer("Block", None), "registered_name": "os>system"}
    ),
    "keras/stranger-of-a-backend": lambda: text(
        sequential(layer("Stranger", "keras.src.backend.torch.optimizers.torch_adam"))
    ),
    "keras/tool-of-a-backend": lambda: text(
        sequential(layer("Adam", "keras.src.backend.torch.export"))
    ),
    "keras/units-without-end": lambda: text(sequential(layer("Dense", units=10**13))),
    "keras/units-of-many-digits": lambda: text(sequential(layer("Dense", units=10**40))),
    "keras/shape-without-end": lambda: text(
        sequential(layer("InputLayer", batch_shape=[None, 1 << 21, 1 << 21]))
    ),
    "keras/table-without-end": lambda: text(
        sequential(layer("Embedding", input_dim=1 << 22, output_dim=1 << 22))
    ),
    "keras/address": lambda: text(sequential(layer("Dense", fetch_url="http://x.invalid/a"))),
    "keras/archive-without-metadata": lambda: bare(
        {**sequential(DENSE), "url": "http://x.invalid"}
    ),
    "keras/get-file": lambda: text(
        sequential(layer("D", a=function("keras.utils", "get_file"), origin="https://x.invalid/a"))
    ),
    "keras/unsafe-switch": lambda: text(
        sequential(layer("D", a=function("keras.config", "enable_unsafe_deserialization")))
    ),
    "keras/get-file-by-setting": lambda: text(
        sequential(layer("Dense", None, fn="get_file", args=["https://x.invalid/a"]))
    ),
    "keras/module-by-setting": lambda: text(
        sequential(layer("Dense", None, units=1, fn_module="subprocess"))
    ),
    "keras/class-of-builtins": lambda: text(sequential(layer("Dense", "builtins", units=1))),
    "keras/tfsm-layer": lambda: text(sequential(layer("TFSMLayer", filepath="/tmp/evil"))),
    "keras/torch-wrapper": lambda: text(sequential(layer("TorchModuleWrapper", module=PICKLE))),
    "keras/lookup-path": lambda: text(sequential(layer("StringLookup", vocabulary="/etc/passwd"))),
    "keras/lookup-address": lambda: text(
        sequential(layer("TextVectorization", vocabulary="https://example.invalid/v.txt"))
    ),
    "keras/archive-lambda": lambda: archive(text(sequential(LAMBDA))),
    "keras/archive-two-configs": lambda: archive(text(sequential(LAMBDA)), text(sequential(DENSE))),
    "keras/very-deep": lambda: b'{"class_name":"S","config":' + b"[" * 200_000,
}
BENIGN: Mapping[str, Callable[[], bytes]] = {
    "keras/wide": lambda: text(
        sequential(
            layer("InputLayer", batch_shape=[None, 4096, 4096, 3]),
            layer("Embedding", input_dim=2_000_000, output_dim=4096),
            layer("Dense", units=1 << 20, seed=1 << 50),
        )
    ),
    "keras/optimizer-of-a-backend": lambda: text(
        {
            **sequential(DENSE),
            "compile_config": {
                "optimizer": layer("AdamW", "keras.src.backend.torch.optimizers.torch_adamw"),
                "other": layer("Adam", "keras.src.backend.jax.optimizer"),
            },
        }
    ),
    "keras/operator": lambda: text(sequential(layer("TFOpLambda", function="math.add"))),
    "keras/function-by-its-own-name": lambda: text(
        sequential(
            layer(
                "Dense",
                activation={
                    "module": "keras.activations",
                    "class_name": "function",
                    "config": "relu",
                    "registered_name": "function",
                },
            )
        )
    ),
    "keras/sequential": lambda: text(sequential(DENSE, layer("Dropout", rate=0.1))),
    "keras/old-sequential": lambda: text(
        {"class_name": "Sequential", "config": {"layers": [layer("Dense", None, units=1)]}}
    ),
    "keras/builtin-function": lambda: text(
        sequential(layer("Dense", activation=function("builtins", "relu")))
    ),
    "keras/operation": lambda: text(
        sequential({**layer("Tanh", "keras.src.ops.numpy"), "registered_name": "Tanh"})
    ),
    "keras/archive-honest": lambda: archive(text(sequential(DENSE))),
    "keras/lookup-list": lambda: text(sequential(layer("StringLookup", vocabulary=["a", "b"]))),
}
