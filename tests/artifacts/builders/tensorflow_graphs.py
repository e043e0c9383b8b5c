"""TensorFlow graphs in all their containers, with operators that reach out of the graph."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from tests.artifacts.builders.protobufs import message, number, text

LAMBDA = '{"class_name": "Lambda", "config": {"name": "l", "function": ["4wEAAAAA", null, null]}}'
DENSE = '{"class_name": "Dense", "config": {"units": 3, "activation": "relu"}}'


def node(operator: str, **attributes: bytes) -> bytes:
    entries = [message(5, text(1, key), message(2, value)) for key, value in attributes.items()]
    return text(1, f"n_{operator}") + text(2, operator) + b"".join(entries)


def function(name: str, *nodes: bytes) -> bytes:
    return message(1, message(1, text(1, name)), *[message(3, one) for one in nodes])


def graph(*nodes: bytes, library: bytes = b"") -> bytes:
    body = b"".join(message(1, one) for one in nodes)
    return body + (message(2, library) if library else b"") + message(4, number(1, 1882))


def meta_graph(body: bytes, *more: bytes) -> bytes:
    info = message(1, text(4, "serve"), text(5, "2.21.0"))
    return info + message(2, body) + b"".join(more)


def saved_model(*meta_graphs: bytes) -> bytes:
    return number(1, 1) + b"".join(message(2, one) for one in meta_graphs)


def objects(metadata: str) -> bytes:
    user = message(4, text(1, "_tf_keras_layer"), text(3, metadata))
    return message(7, message(1, user))


def keras_metadata(config: str) -> bytes:
    version = message(6, number(1, 1))
    return message(1, number(2, 1), text(3, "root"), text(4, "_tf_keras"), text(5, config), version)


def strings(*values: str) -> bytes:
    return message(8, number(1, 7), *[text(8, value) for value in values])


HONEST = graph(node("Placeholder"), node("MatMul"), node("StatefulPartitionedCall"))
EVIL = graph(node("Placeholder"), node("PyFunc", token=text(2, "pyfunc_0")))
IN_FUNCTION = graph(node("Placeholder"), library=function("f", node("Add"), node("WriteFile")))

HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "saved-model/unsafe-main": lambda: saved_model(meta_graph(EVIL)),
    "saved-model/unsafe-function": lambda: saved_model(meta_graph(IN_FUNCTION)),
    "saved-model/unsafe-second-graph": lambda: saved_model(meta_graph(HONEST), meta_graph(EVIL)),
    "saved-model/reads-file": lambda: saved_model(
        meta_graph(graph(node("Const"), node("ReadFile")))
    ),
    "saved-model/prefixed-operator": lambda: saved_model(
        meta_graph(graph(node("Const"), node("Evil>PyFunc")))
    ),
    "saved-model/prints-to-file": lambda: saved_model(
        meta_graph(graph(node("PrintV2", output_stream=text(2, "file:///etc/cron.d/x"))))
    ),
    "saved-model/saves-outside": lambda: saved_model(
        meta_graph(graph(node("Const", value=strings("/root/.ssh/keys")), node("SaveV2")))
    ),
    "saved-model/custom-operator": lambda: saved_model(meta_graph(graph(node("EvilOperator")))),
    "saved-model/asset-outside": lambda: saved_model(
        meta_graph(HONEST, message(6, text(2, "../../etc/passwd")))
    ),
    "saved-model/lambda-in-objects": lambda: saved_model(meta_graph(HONEST, objects(LAMBDA))),
    "saved-model/keras-metadata-lambda": lambda: keras_metadata(LAMBDA),
    "meta-graph/unsafe": lambda: meta_graph(EVIL),
    "graph-def/unsafe-main": lambda: EVIL,
    "graph-def/unsafe-function": lambda: IN_FUNCTION,
    "graph-def/library-only": lambda: graph(library=function("f", node("ReadFile"))),
    "pbtxt/unsafe": lambda: b'node {\n  name: "n"\n  op: "PyFunc"\n}\n',
    "pbtxt/escaped-operator": lambda: b"node {\n  name: 'n'\n  op: '\\x50y' \"F\\165nc\"\n}\n",
    "pbtxt/in-function": lambda: (
        b"# made by hand\nsaved_model_schema_version: 1\nmeta_graphs { graph_def { library {\n"
        b'function { signature { name: "f" } node_def { name: "w" op: "WriteFile" } } } } }\n'
    ),
}
HOSTILE = {
    **HOSTILE,
    "saved-model/saves-alone": lambda: saved_model(meta_graph(graph(node("SaveV2")))),
    "saved-model/saves-when-asked": lambda: saved_model(
        meta_graph(
            graph(
                node("RestoreV2"),
                library=function("__inference_call_9", node("SaveV2"), node("Add")),
            )
        )
    ),
}
# Operators that reach out, by what they do: each is to be flagged by its name alone.
REACHING = """ReaderReadV2 ReaderReadUpToV2 ReaderRestoreStateV2 GenerateVocabRemapping
    GeneratorDataset DatasetFromGraph RpcGetValue WorkerHeartbeat WriteScalarSummary
    FlushSummaryWriter""".split()  # noqa: SIM905


def constant(name: str, *values: int) -> bytes:
    """A constant of whole numbers, one by one."""
    tensor = message(8, number(1, 9), *[number(10, value) for value in values])
    return text(1, name) + text(2, "Const") + message(5, text(1, "value"), message(2, tensor))


def fed(operator: str, *inputs: str) -> bytes:
    return text(1, "n") + text(2, operator) + b"".join(text(3, name) for name in inputs)


HOSTILE = {
    **HOSTILE,
    **{
        f"saved-model/{operator}": functools.partial(
            lambda name: saved_model(meta_graph(graph(node(name)))), operator
        )
        for operator in REACHING
    },
    "saved-model/calls-python-from-a-module": lambda: saved_model(
        meta_graph(
            graph(node("XlaCallModule", module=message(2, b"ML\xefR xla_ffi_python_cpu_callback")))
        )
    ),
    "saved-model/operator-as-a-function": lambda: saved_model(
        meta_graph(graph(node("PartitionedCall", f=message(10, text(1, "WriteFile")))))
    ),
    "saved-model/list-names-an-address": lambda: saved_model(
        meta_graph(
            graph(
                node("Copy", debug_ops_spec=message(1, text(2, "DebugIdentity;grpc://x.invalid;0")))
            )
        )
    ),
    "graph-def/constant-without-end": lambda: graph(
        node(
            "Const",
            value=message(8, number(1, 1), message(2, message(2, number(1, 1 << 45)))),
        )
    ),
    "graph-def/fill-without-end": lambda: graph(
        constant("s", 1 << 30, 1 << 30), fed("Fill", "s", "v")
    ),
    "graph-def/range-without-end": lambda: graph(
        constant("a", 0), constant("b", 1 << 50), constant("d", 1), fed("Range", "a", "b", "d")
    ),
    "graph-def/tile-in-a-function": lambda: graph(
        node("Add"),
        library=function("f", constant("s", 1 << 50), fed("Tile", "x", "s:output:0")),
    ),
}
BENIGN: Mapping[str, Callable[[], bytes]] = {
    "graph-def/fill": lambda: graph(constant("s", 32, 4096), fed("Fill", "s", "v")),
    "graph-def/range": lambda: graph(
        constant("a", 0), constant("b", 4096), constant("d", 1), fed("Range", "a", "b", "d")
    ),
    "saved-model/exchanges": lambda: saved_model(meta_graph(graph(node("CollectiveReduceV2")))),
    "saved-model/plain": lambda: saved_model(meta_graph(HONEST, objects(DENSE))),
    "saved-model/local-function": lambda: saved_model(
        meta_graph(graph(node("f"), library=function("f", node("Add"))))
    ),
    "saved-model/asset": lambda: saved_model(meta_graph(HONEST, message(6, text(2, "vocab.txt")))),
    "saved-model/saver": lambda: saved_model(
        meta_graph(
            graph(node("Const", value=strings("_temp/part")), node("SaveV2"), node("RestoreV2"))
        )
    ),
    "saved-model/saver-in-functions": lambda: saved_model(
        meta_graph(
            graph(
                node("StatefulPartitionedCall"),
                library=function("__inference__traced_save_9", node("SaveV2"))
                + function("__inference__traced_restore_9", node("RestoreV2")),
            )
        )
    ),
    "saved-model/keras-metadata": lambda: keras_metadata(DENSE),
    "meta-graph/plain": lambda: meta_graph(HONEST),
    "graph-def/plain": lambda: HONEST,
    "pbtxt/plain": lambda: b'node {\n  name: "x"\n  op: "Placeholder"\n}\nversions {\n}\n',
}
