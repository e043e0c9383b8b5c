"""Settings, scripts, notebooks and prompts beside a model: what they have fetched and run."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.inspect.inspect import inspect
from tests.artifacts.test_python_roads import blocks, is_flagged

HOSTILE = blocks("settings_hostile.txt")
PROGRAM = "import os\nos.system('echo inert')\n"
HONEST = {
    "truss": ("config.yaml", "requirements:\n- torch==2.4\n- git+https://github.com/a/b\n"),
    "cog": ("cog.yaml", "build:\n  python_packages:\n  - torch==2.4\npredict: predict.py:P\n"),
    "speechbrain": ("hyperparams.yaml", "m: !new:torch.nn.Linear\n  x: 1\n"),
    "triton": (
        "config.pbtxt",
        "p: { key: 'EXECUTION_ENV_PATH', value: {string_value: '$$TRITON_MODEL_DIRECTORY/e.gz'}}",
    ),
    "served": ("config.properties", "load_models=all\ninference_address=http://0.0.0.0:8080\n"),
    "project": ("MLproject", "entry_points:\n  main:\n    command: 'python train.py {a}'\n"),
    "script": ("run.sh", "#!/bin/sh\nwget https://example.com/w -O /tmp/w.bin\npython app.py\n"),
    "prompt": ("prompt.json", json.dumps({"_type": "prompt", "template": "Answer {question}."})),
    "uv": ("pyproject.toml", "[[tool.uv.index]]\nurl = 'https://download.pytorch.org/whl'\n"),
    "torchtune": ("config.yaml", "model:\n  _component_: torchtune.models.llama3.llama3_8b\n"),
    "nemo": ("model_config.yaml", "target: nemo.collections.asr.models.EncDec\ncfg:\n  a: 1\n"),
    "targets": ("config.yaml", "target: y.z\nname: a.b\nplugins: [x.y]\nhead: 12\n"),
    "pyannote": (
        "config.yaml",
        "pipeline:\n  name: pyannote.audio.pipelines.Diarization\n  params: {a: 1}\n",
    ),
    "yolo": (
        "yolo.yaml",
        """nc: 80
backbone:
- [-1, 1, Conv, [64, 6, 2, 2]]
- [-1, 3, nn.Upsample, [None, 2, 'nearest']]
head:
- [[-1, 6], 1, Concat, [1]]
- [[17, 20], 1, Detect, [nc, anchors]]
""",
    ),
    "genai": (
        "genai_config.json",
        json.dumps({"model": {"decoder": {"filename": "model.onnx", "session_options": {
            "provider_options": [{"qnn": {"backend_path": "QnnHtp.dll"}}]}}}}),
    ),
    "flavours": (
        "MLmodel",
        "flavors:\n  sklearn:\n    pickled_model: model.pkl\n    sklearn_version: '1.5'\n",
    ),
    "pickle-module": ("pickle_module_info.txt", "mlflow.pytorch.pickle_module"),
    "bento": (
        "model.yaml", "module: bentoml.sklearn\napi_version: v1\nsignatures: {}\n",
    ),
    "djl": ("serving.properties", "engine=Python\noption.model_id=gpt2\n"),
    "data-path": ("train.json", json.dumps({"data": "/data/x", "model_path": "/home/me/m"})),
    "jsonpickle": ("m.json", json.dumps({"py/object": "collections.OrderedDict", "a": 1})),
    "packages": ("pyproject.toml", "[project]\ndependencies = ['torch>=2', 'numpy']\n"),
    "fairseq": ("config.yaml", "common:\n  user_dir: null\n"),
    "modelscope": (
        "configuration.json",
        json.dumps({"framework": "pytorch", "task": "chat", "allow_remote": False, "plugins": []}),
    ),
    "lightning": ("hparams.yaml", "_instantiator: lightning.pytorch.cli.instantiate_module\n"),
    "mmengine": ("config.json", json.dumps({"custom_imports": {"imports": ["mmdet.models"]}})),
    "mlserver": (
        "model-settings.json",
        json.dumps({"name": "x", "implementation": "mlserver_sklearn.SKLearnModel",
                    "parameters": {"uri": "./model.joblib"}}),
    ),
    "handler": ("MANIFEST.json", json.dumps({"model": {"handler": "image_classifier"}})),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_settings_have_fetched_or_run_is_found(name: str) -> None:
    file = name.partition(" ")[2]
    assert is_flagged(inspect(Window.of(HOSTILE[name].encode(), file)))


@pytest.mark.parametrize("name", HONEST)
def test_honest_settings_are_not_flagged(name: str) -> None:
    file, text = HONEST[name]
    assert not is_flagged(inspect(Window.of(text.encode(), file)))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.pth", b"import os; os.system('echo inert')\n"),
        ("sitecustomize.py", b"x = 1\n"),
        ("model.py", "# coding: latin-1\n# é\n".encode("latin-1") + PROGRAM.encode()),
        ("model.py", b"# \x01\n" + PROGRAM.encode()),
        ("run", b"x = 1\n__import__('os').system('echo inert')\n"),
    ],
)
def test_python_that_starts_by_itself_or_looks_odd_is_found_in_an_archive(
    name: str, content: bytes
) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(name, content)
    assert is_flagged(inspect(Window.of(data.getvalue(), "m.zip")))
