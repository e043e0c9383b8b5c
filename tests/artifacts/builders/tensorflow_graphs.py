"""TensorFlow graphs in all their containers, with operators that reach out of the graph."""

from __future__ import annotations

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
BENIGN: Mapping[str, Callable[[], bytes]] = {
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
