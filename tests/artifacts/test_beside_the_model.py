"""What travels with a model and is not weights: settings of servers, drawings, networks as text."""

from __future__ import annotations

import json

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import Severity
from tests.artifacts.builders.protobufs import message, number, text

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9">{}</svg>'
MODEL = {"modelName": "m", "serializedFile": "m.pt", "handler": "handler.py"}
TRITON = 'name: "m"\nbackend: "python"\nmax_batch_size: 8\n'
NODES = 'node: [{{ name: "a" op: "NoOp" }}, {{ name: "b" op: "{}" }}]\n'


def manifest(**changed: str) -> bytes:
    return json.dumps({"createdOn": "x", "model": {**MODEL, **changed}}).encode()


def drawing(inner: str, head: str = "") -> bytes:
    return (head + SVG.format(inner)).encode()


def network(port: str = "", data: str = "") -> bytes:
    return (
        "<?xml version='1.0'?><net name='n' version='11'><layers><layer id='0' type='Const'"
        f" version='opset1'>{data}<output><port id='0'>{port}</port></output></layer></layers>"
        "</net>"
    ).encode()


def triton(more: str) -> bytes:
    return (TRITON + more).encode()


def text_node(operator: str, attribute: str = "") -> bytes:
    held = f"attr {{ {attribute} }} " if attribute else ""
    return f'node {{ name: "n" op: "{operator}" {held}}}\n'.encode()


def paddle(operator: str, key: str = "axis", value: str = "words") -> bytes:
    held = message(4, text(1, key), number(2, 2), text(5, value))
    block = message(1, number(1, 0), number(2, 0), message(4, text(3, operator), held))
    return block + message(4, number(1, 0))


DIM = "<dim>{}</dim>".format
HOSTILE = {
    "svg-script": ("a.svg", drawing("<script>alert(1)</script>")),
    "svg-handler": ("a.svg", drawing("<circle onload='f()' r='3'/>")),
    "svg-handler-set-later": ("a.svg", drawing("<set attributeName='onclick' to='f()'/>")),
    "svg-frame": ("a.svg", drawing("<foreignObject><iframe src='x'/></foreignObject>")),
    "svg-link-runs": ("a.svg", drawing("<a href='javascript:alert(1)'/>")),
    "svg-behind-a-comment": ("a.svg", drawing("<script>f()</script>", "<!-- made by hand -->\n")),
    "svg-outside-entity": (
        "a.svg", drawing("&x;", "<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>")
    ),
    "svg-entities-in-entities": (
        "a.svg", drawing("&b;", "<!DOCTYPE svg [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>")
    ),
    "torchserve-handler-outside": ("MANIFEST.json", manifest(handler="../../evil.py:run")),
    "torchserve-weights-outside": ("MANIFEST.json", manifest(serializedFile="/srv/other/m.pt")),
    "torchserve-files-outside": ("MANIFEST.json", manifest(extraFiles="a.py,../../b.py")),
    "torchserve-runs": (
        "config.properties",
        b"inference_address=http://0.0.0.0:8080\nvmargs=-XX:OnOutOfMemoryError=/tmp/inert\n",
    ),
    "torchserve-agent": (
        "config.properties", b"default_workers_per_model=1\nvmargs=-javaagent:x.jar\n"
    ),
    "torchserve-loads-from-afar": (
        "config.properties", b"load_models=m=http://models.example.invalid/m.mar\n"
    ),
    "triton-environment-outside": (
        "config.pbtxt",
        triton(
            'parameters: {key: "EXECUTION_ENV_PATH" value: {string_value: "../../e.tar.gz"}}\n'
        ),
    ),
    "triton-model-outside": ("config.pbtxt", triton('default_model_filename: "../../m.onnx"\n')),
    "triton-backend-by-path": ("config.pbtxt", b'name: "m"\nbackend: "../../tmp/own"\n'),
    "triton-library": (
        "config.pbtxt", triton('model_operations { op_library_filename: "own.so" }\n')
    ),
    "triton-warms-up-with-a-file": (
        "config.pbtxt",
        triton(
            'model_warmup [{ name: "w" inputs { key: "x" value { dims: 3 '
            'input_data_file: "../../../etc/passwd" } } }]\n'
        ),
    ),
    "paddle-calls-python": ("m.pdmodel", paddle("py_func")),
    "paddle-saves": ("m.pdmodel", paddle("save_combine")),
    "paddle-sends": ("m.pdmodel", paddle("send_v2")),
    "paddle-names-a-file-outside": (
        "m.pdmodel", paddle("relu", "file_path", "../../etc/passwd")
    ),
    "paddle-attribute-is-code": (
        "m.pdmodel", paddle("relu", "note", "__import__('os').system('echo inert')")
    ),
    "engine-with-a-program": ("m.engine", b"ptrt" + bytes(99) + b"\x7fELF\2\1\1" + bytes(99)),
    "pmml-function-of-a-language": (
        "m.pmml",
        (b"<?xml version='1.0'?><PMML version='4.4'>"
        b"<Apply function='groovy.lang.GroovyShell.evaluate'/></PMML>"),
    ),
    "pmml-program-text": ("m.pmml", b"<?xml version='1.0'?><?php x(); ?><PMML version='4.4'/>"),
    "start-file": ("own.pth", b"# words\nimport os; os.getpid()\n"),
    "start-file-old-line-ends": ("own.pth", b"# words\rimport os; os.getpid()\r"),
    "start-file-with-a-mark": ("own.pth", b"\xef\xbb\xbfimport os; os.getpid()\n"),
    "index-called-almost-as-a-usual-one": (
        "requirements.txt", b"--extra-index-url https://pypi.nvidia.com.example.org/simple\n"
    ),
    "openvino-port-without-end": ("m.xml", network(DIM(1 << 30) + DIM(1 << 30))),
    "openvino-constant-without-end": (
        "m.xml", network(data="<data element_type='f32' shape='1073741824, 1073741824'/>")
    ),
    "openvino-offset-below-zero": (
        "m.xml", network(data="<data element_type='f32' shape='1' offset='-8' size='4'/>")
    ),
    "text-graph-prints-to-a-file": (
        "g.pbtxt", text_node("PrintV2", 'key: "output_stream" value { s: "file:///tmp/inert" }')
    ),
    "text-graph-constant-is-code": (
        "g.pbtxt",
        text_node(
            "Const", 'key: "value" value { tensor { string_val: "__import__(\'os\').system(1)" } }'
        ),
    ),
    "text-graph-saves-alone": ("g.pbtxt", text_node("SaveV2")),
    "text-graph-saves-outside": (
        "g.pbtxt",
        text_node("Const", 'key: "value" value { tensor { string_val: "/root/.ssh/keys" } }')
        + text_node("SaveV2") + text_node("RestoreV2"),
    ),
    "text-graph-constant-without-end": (
        "g.pbtxt",
        text_node(
            "Const",
            'key: "value" value { tensor { tensor_shape { dim { size: 1073741824 } '
            "dim { size: 1073741824 } } float_val: 1 } }",
        ),
    ),
    "text-graph-list-of-nodes": ("g.pbtxt", NODES.format("PyFunc").encode()),
    "text-graph-list-in-one-line": ("g.pbtxt", b'node [{ name: "a" op: "WriteFile" }]\n'),
}  # fmt: skip
HONEST = {
    "svg": ("a.svg", drawing("<circle r='3'/><style>a{fill:red}</style>")),
    "svg-of-a-drawing-program": (
        "a.svg",
        drawing(
            "<g xmlns='&ns;'/>",
            "<?xml version='1.0'?><!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN'"
            " 'http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd'"
            " [<!ENTITY ns 'http://ns.example.com/graphs/1.0/'>]>",
        ),
    ),
    "svg-links": ("a.svg", drawing("<a href='https://example.com/'><circle r='3'/></a>")),
    "torchserve": ("MANIFEST.json", manifest(requirementsFile="requirements.txt")),
    "torchserve-function": ("MANIFEST.json", manifest(handler="handler.py:entry")),
    "torchserve-settings": (
        "config.properties", b"inference_address=http://0.0.0.0:8080\nmodel_store=/models\n"
    ),
    "triton": ("config.pbtxt", triton('input [{ name: "x" dims: [ 3, 224, 224 ] }]\n')),
    "triton-own-folder": (
        "config.pbtxt",
        triton(
            'parameters: {key: "EXECUTION_ENV_PATH" value: {string_value:'
            ' "$$TRITON_MODEL_DIRECTORY/env.tar.gz"}}\n'
        ),
    ),
    "openvino": (
        "m.xml",
        network(
            DIM(1) + DIM(-1) + DIM(224),
            "<data element_type='f32' shape='64, 3, 7, 7' offset='0' size='37632'/>",
        ),
    ),
    "usual-indexes": (
        "requirements.txt",
        b"--index-url https://pypi.nvidia.com\n-i https://flashinfer.ai/whl\n",
    ),
    "text-graph-prints": (
        "g.pbtxt", text_node("PrintV2", 'key: "output_stream" value { s: "stderr" }')
    ),
    "text-graph-saver": ("g.pbtxt", text_node("SaveV2") + text_node("RestoreV2")),
    "text-graph-constant": (
        "g.pbtxt",
        text_node(
            "Const",
            'key: "value" value { tensor { tensor_shape { dim { size: 32 } dim { size: 64 } } } }',
        ),
    ),
    "text-graph": ("g.pbtxt", NODES.format("Identity").encode()),
}  # fmt: skip


def flags(found: Inspection) -> list[str]:
    return [f"{one.kind.value}: {one.detail}" for one in found.facts if one.danger in FLAGGING]


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_flagged(case: str) -> None:
    name, data = HOSTILE[case]
    assert flags(inspect(Window.of(data, name)))


@pytest.mark.parametrize("case", HONEST)
def test_an_honest_file_is_read_and_quiet(case: str) -> None:
    name, data = HONEST[case]
    found = inspect(Window.of(data, name))
    assert (flags(found), found.gaps) == ([], ())
