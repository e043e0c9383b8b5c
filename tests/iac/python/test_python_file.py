"""What a Python file or notebook loads, fetches, opens and holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mlsec.core.resource import Resource
from tests.servers.config.declared import seen

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def resource_of(folder: Path, name: str, text: str) -> Resource | None:
    """The resource of a Python file; None where it does nothing that is judged."""
    inventory = seen(folder, {name: text}).inventory
    return next((item for item in inventory.resources if item.type == "code.python"), None)


def items(folder: Path, text: str, wanted: str) -> list[dict[str, Any]]:
    """The items of one list of a Python file."""
    resource = resource_of(folder, "a.py", text)
    return list(resource.properties[wanted]) if resource is not None else []


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("import pickle, requests\npickle.loads(requests.get(u).content)", "outside"),
        ("import pickle, urllib.request\npickle.load(urllib.request.urlopen(u))", "outside"),
        ("import pickle, io, requests\nr = requests.get(u)\npickle.load(io.BytesIO(r.content))",
         "outside"),
        (("import joblib\nfrom huggingface_hub import hf_hub_download\n"
         "joblib.load(hf_hub_download('a/b', 'm.pkl'))"), "outside"),
        (("import boto3, pickle\ns3 = boto3.client('s3')\no = s3.get_object(Bucket=b, Key=k)\n"
         "pickle.loads(o['Body'].read())"), "outside"),
        (("import boto3, joblib\ns3 = boto3.client('s3')\ns3.download_file(b, k, '/tmp/m.pkl')\n"
         "joblib.load('/tmp/m.pkl')"), "outside"),
        (("import pickle\nfrom fastapi import UploadFile\nasync def f(file: UploadFile):\n"
         "    return pickle.loads(await file.read())"), "outside"),
        ("import pickle\nfrom flask import request\npickle.loads(request.files['m'].read())",
         "outside"),
        ("import pandas as pd\npd.read_pickle('s3://bucket/a.pkl')", "outside"),
        ("import torch\nurl = 'https://x/y.pt'\ntorch.hub.load_state_dict_from_url(url)",
         "outside"),
        ("import pickle\ndef f(path):\n    return pickle.load(open(path, 'rb'))", "not shown"),
        ("import numpy as np\ndef f(p):\n    np.load(p, allow_pickle=True)", "not shown"),
        ("import yaml\ndef f(p):\n    yaml.load(p, Loader=yaml.UnsafeLoader)", "not shown"),
        ("import torch\ndef f(p):\n    torch.load(p, weights_only=False)", "not shown"),
        ("import keras\ndef f(p):\n    keras.models.load_model(p, safe_mode=False)", "not shown"),
    ],
)  # fmt: skip
def test_a_load_says_where_its_data_comes_from(tmp_path: Path, text: str, origin: str) -> None:
    (item,) = items(tmp_path, text, "unsafe_loads")
    assert (item["origin"], item["runs_code"]) == (origin, True)


@pytest.mark.parametrize(
    "text",
    [
        "import joblib\njoblib.load('models/model.pkl')",
        "import pickle\nwith open('model.pkl', 'rb') as f:\n    pickle.load(f)",
        "import joblib, os\njoblib.load(os.path.join(os.path.dirname(__file__), 'm.pkl'))",
        (
            "import joblib\nfrom pathlib import Path\nR = Path(__file__).resolve().parent\n"
            "joblib.load(R / 'm.pkl')"
        ),
        (
            "import pickle\nwith open(p, 'wb') as f:\n    pickle.dump(x, f)\n"
            "with open(p, 'rb') as f:\n    pickle.load(f)"
        ),
        "import torch\ntorch.load(x, weights_only=True)",
        "import numpy as np\nnp.load(x)",
        "import yaml\nyaml.load(x, Loader=yaml.SafeLoader)",
        "import yaml\nyaml.safe_load(x)",
        "import keras\nkeras.models.load_model(x)",
        "def load(x): ...\nload('pickle')",
        "# pickle.load(x)",
    ],
)
def test_a_file_of_the_repository_or_a_safe_load_is_no_item(tmp_path: Path, text: str) -> None:
    assert items(tmp_path, text, "unsafe_loads") == []


def test_whether_torch_load_runs_code_depends_on_the_release(tmp_path: Path) -> None:
    resource = resource_of(tmp_path, "a.py", "import torch\ndef f(p):\n    torch.load(p)")
    assert resource is not None
    assert "runs_code" not in resource.properties["unsafe_loads"][0]
    assert "unsafe_loads[].runs_code" in resource.unread


@pytest.mark.parametrize(
    ("call", "is_pinned"),
    [
        ("AutoModel.from_pretrained('owner/model')", False),
        ("AutoModel.from_pretrained('bert-base-uncased')", False),
        ("AutoModel.from_pretrained('owner/model', revision='main')", False),
        (f"AutoModel.from_pretrained('owner/model', revision='{COMMIT}')", True),
        ("pipeline('text-generation', model='owner/model')", False),
        ("hf_hub_download(repo_id='owner/model', filename='x')", False),
        ("snapshot_download('owner/model')", False),
        ("load_dataset('squad')", False),
        ("LLM(model='owner/model')", False),
    ],
)
def test_a_download_from_a_hub_is_pinned_by_a_commit(
    tmp_path: Path, call: str, is_pinned: bool
) -> None:
    head = (
        "from transformers import AutoModel, pipeline\nfrom datasets import load_dataset\n"
        "from huggingface_hub import hf_hub_download, snapshot_download\nfrom vllm import LLM\n"
    )
    (item,) = items(tmp_path, head + call, "hub_downloads")
    assert item["is_pinned"] is is_pinned


@pytest.mark.parametrize(
    "text",
    [
        "AutoModel.from_pretrained('./model')",
        "AutoModel.from_pretrained('/opt/ml/model')",
        "AutoModel.from_pretrained('output/checkpoint-1')",
        "AutoModel.from_pretrained('owner/model', local_files_only=True)",
        "m.save_pretrained('my-model')\nAutoModel.from_pretrained('my-model')",
        "m.save_pretrained(args.out)\nAutoModel.from_pretrained(args.out)",
        "load_dataset('csv', data_files='a.csv')",
        "load_dataset('imagefolder', data_dir='x')",
        "pipeline('text-generation')",
        "class Own:\n    pass\nOwn.from_pretrained('owner/model')",
    ],
)
def test_a_folder_of_ones_own_is_no_download(tmp_path: Path, text: str) -> None:
    head = "from transformers import AutoModel, pipeline\nfrom datasets import load_dataset\n"
    assert items(tmp_path, head + text, "hub_downloads") == []


def test_a_download_without_a_revision_is_not_pinned_whatever_it_fetches(tmp_path: Path) -> None:
    text = "from transformers import AutoModel\ndef f(n):\n    AutoModel.from_pretrained(n)"
    (item,) = items(tmp_path, text, "hub_downloads")
    assert (item["source"], item["is_pinned"]) == ("", False)


def test_a_revision_that_only_a_run_gives_is_not_known(tmp_path: Path) -> None:
    text = (
        "from transformers import AutoModel\n"
        "def f(r):\n    AutoModel.from_pretrained('owner/model', revision=r)"
    )
    resource = resource_of(tmp_path, "a.py", text)
    assert resource is not None
    assert "hub_downloads[].is_pinned" in resource.unread


@pytest.mark.parametrize(
    "text",
    [
        "def f(n='owner/model'):\n    get(n)",
        "def f(n):\n    get(n)\nf('owner/model')",
        "def name():\n    return 'owner/model'\nget(name())",
        "def f(n=None):\n    get(n or 'owner/model')",
        "def f(local):\n    get(local or 'owner/model')",
        "n = 'owner/model'\nif os.path.exists('x'):\n    n = read()\nget(n)",
        (
            "p = argparse.ArgumentParser()\n"
            "p.add_argument('-m', '--model-id', default='owner/model')\n"
            "get(p.parse_args().model_id)"
        ),
        (
            "p = argparse.ArgumentParser()\np.add_argument('--m', default='owner/model')\n"
            "args, rest = p.parse_known_args()\nget(args.m)"
        ),
        (
            "def options():\n    p = argparse.ArgumentParser()\n"
            "    p.add_argument('--m', default='owner/model')\n    return p.parse_args()\n"
            "def main(args):\n    get(args.m)\nmain(options())"
        ),
        "@dataclass\nclass A:\n    m: str = 'owner/model'\ndef f(a: A):\n    get(a.m)",
        "@dataclass\nclass A:\n    m: str = 'owner/model'\nget(A().m)",
        "@dataclass\nclass A:\n    m: str = ''\nget(A(m='owner/model').m)",
        (
            "@dataclass\nclass A:\n"
            "    m: Optional[str] = field(default='owner/model', metadata={})\n"
            "@dataclass\nclass B:\n    m: str = 'x'\n"
            "b, a = HfArgumentParser((B, A)).parse_args_into_dataclasses()\nget(a.m)"
        ),
        (
            "class C:\n    def __init__(self, m):\n        self.m = m\n"
            "    def load(self):\n        get(self.m)\nC(m='owner/model').load()"
        ),
    ],
)
def test_what_is_fetched_is_followed_to_where_the_file_names_it(tmp_path: Path, text: str) -> None:
    head = (
        "import argparse, os\nfrom dataclasses import dataclass, field\n"
        "from transformers import HfArgumentParser\n"
        "from huggingface_hub import snapshot_download as get\n"
    )
    (item,) = items(tmp_path, head + text, "hub_downloads")
    assert (item["source"], item["is_pinned"]) == ("owner/model", False)


def test_a_function_that_is_called_twice_fetches_both(tmp_path: Path) -> None:
    text = (
        "from huggingface_hub import snapshot_download\n"
        "def f(n):\n    snapshot_download(n)\nf('owner/one')\nf('owner/two')"
    )
    assert [item["source"] for item in items(tmp_path, text, "hub_downloads")] == [
        "owner/one",
        "owner/two",
    ]


def test_a_folder_is_no_download_however_its_path_ends(tmp_path: Path) -> None:
    text = (
        "from huggingface_hub import snapshot_download\n"
        "def f(n):\n    snapshot_download(f'/opt/models/{n}')"
    )
    assert items(tmp_path, text, "hub_downloads") == []


@pytest.mark.parametrize(
    ("call", "pinned"),
    [
        ("AutoModel.from_pretrained('o/m', trust_remote_code=True)", "no"),
        (f"AutoModel.from_pretrained('o/m', revision='{COMMIT}', trust_remote_code=True)",
         "commit"),
        ("AutoModel.from_pretrained(name, trust_remote_code=True)", "not known"),
        ("torch.hub.load('owner/repo', 'model')", "no"),
        (f"torch.hub.load('owner/repo:{COMMIT}', 'model')", "commit"),
        ("engine.start(name, trust_remote_code=True)", "not known"),
    ],
)  # fmt: skip
def test_code_that_comes_with_a_model_is_noted(tmp_path: Path, call: str, pinned: str) -> None:
    text = f"import torch\nfrom transformers import AutoModel\n{call}"
    (item,) = items(tmp_path, text, "remote_code")
    assert item["pinned"] == pinned


@pytest.mark.parametrize(
    "call",
    [
        "AutoModel.from_pretrained('o/m', trust_remote_code=False)",
        "AutoModel.from_pretrained('./m', trust_remote_code=True)",
        "AutoModel.from_pretrained('o/m', trust_remote_code=args.trust)",
        "torch.hub.load('.', 'model', source='local')",
    ],
)
def test_code_of_the_repository_itself_is_not_noted(tmp_path: Path, call: str) -> None:
    text = f"import torch\nfrom transformers import AutoModel\n{call}"
    assert items(tmp_path, text, "remote_code") == []


def test_a_secret_is_noted_by_its_line_and_not_kept(tmp_path: Path) -> None:
    key = "sk-proj-aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0hL3naB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0hL"
    (item,) = items(tmp_path, f"import openai\nopenai.api_key = '{key}'\n", "secrets")
    assert item["what"] == "line 2: openai-key"
    assert key not in str(item)


@pytest.mark.parametrize(
    "text",
    [
        "from transformers import DataCollatorForSeq2Seq\nDataCollatorForSeq2Seq(t)",
        "import openai\nopenai.api_key = 'sk-...'",
        "import openai\nopenai.api_key = os.environ['OPENAI_API_KEY']",
        "import openai\nsql = f\"CREATE ROLE {u} WITH PASSWORD '{password}' LOGIN\"",
        "import openai\ntoken = tokenizer.eos_token",
        "import openai\nT = '''\n{\"pass_rate\": s.pass_rate}\n'''",
        "import os, openai\nos.environ['LLAMA_CLOUD_API_KEY'] = 'llx-...'",
        "import openai\nNGC_API_KEY = '[nvidia-ngc-api-key]'",
        "import openai\npassword = 'INSERT_DOCTOR_1_PASSWORD'",
        "import openai\nHF_TOKEN = 'YourHFToken'",
        "import openai\np = 'wasbs://doc-intelligence-container@account.blob.core.windows.net'",
        "import openai\nU = 'https://miro.medium.com/max/787/1*iECQRIiOGTmEFLdWkVIH2g.jpeg'",
    ],
)
def test_a_name_or_a_placeholder_is_no_secret(tmp_path: Path, text: str) -> None:
    assert items(tmp_path, text, "secrets") == []


def test_a_class_whose_name_looks_random_keeps_its_name(tmp_path: Path) -> None:
    text = "from transformers import AutoModelForSeq2SeqLM as M\nM.from_pretrained('owner/model')"
    (item,) = items(tmp_path, text, "hub_downloads")
    assert item["function"] == "transformers.AutoModelForSeq2SeqLM.from_pretrained"


def test_a_call_of_a_notebook_is_named_by_cell_and_placed_by_line(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# title"]},
        {"cell_type": "code", "outputs": [], "source": [
            "!pip install gradio\n", "import gradio as gr\n", "gr.Blocks().launch(share=True)"]},
    ]  # fmt: skip
    text = json.dumps({"cells": cells, "nbformat": 4}, indent=1)
    resource = resource_of(tmp_path, "a.ipynb", text)
    assert resource is not None
    (item,) = resource.properties["exposures"]
    assert item["what"].startswith("cell 2, line 3: ")
    line = int(resource.places["exposures[0]"].split(":")[1])
    assert "share=True" in text.splitlines()[line - 1]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("a.run(host='0.0.0.0', debug=True)", ["debug-console-network"]),
        ("a.run(debug=True)", ["debug-console"]),
        ("a.run(host='0.0.0.0')", []),
        ("mlflow.set_tracking_uri('http://mlflow.example.com:5000')", ["plain-http"]),
        ("mlflow.set_tracking_uri('https://mlflow.example.com')", []),
        ("mlflow.set_tracking_uri('http://localhost:5000')", []),
        ("mlflow.set_tracking_uri('http://mlflow.ml.svc.cluster.local:5000')", []),
        ("mlflow.set_tracking_uri('file:///tmp/runs')", []),
    ],
)
def test_a_call_that_opens_something_is_noted(tmp_path: Path, text: str, kinds: list[str]) -> None:
    head = "import mlflow, torch\nfrom flask import Flask\na = Flask(__name__)\n"
    assert [item["kind"] for item in items(tmp_path, head + text, "exposures")] == kinds


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("t = os.getenv('HF_TOKEN')\nlog.info(f'token: {t=}')", ["secret-in-log"]),
        ("print('key', os.environ['OPENAI_API_KEY'])", ["secret-in-log"]),
        (
            "n = os.environ['APP_SECRET']\nvault.get_secret_value(SecretId=n)\nprint(n)",
            [],
        ),
        ("t = os.getenv('HF_TOKEN')\nlog.info(f'token: {t[:4]}')", []),
        ("t = os.getenv('HF_TOKEN')\nlog.info(f'is set: {bool(t)}')", []),
        ("print(os.environ['PAD_TOKEN'], os.environ['MAX_TOKENS'])", []),
        ("print('set OPENAI_API_KEY')", []),
        ("save(os.environ['OPENAI_API_KEY'])", []),
    ],
)
def test_a_credential_that_is_logged_whole_is_noted(
    tmp_path: Path, text: str, kinds: list[str]
) -> None:
    head = "import os, torch, logging\nfrom transformers import x\nlog = logging.getLogger('a')\n"
    assert [item["kind"] for item in items(tmp_path, head + text, "exposures")] == kinds


@pytest.mark.parametrize(
    ("made", "run", "kinds"),
    [
        ("", "transport='sse', host='0.0.0.0'", ["mcp-without-authentication"]),
        ("", "transport='http', host=p.parse_args().host", ["mcp-without-authentication"]),
        (", host='0.0.0.0'", "transport='streamable-http'", ["mcp-without-authentication"]),
        (", auth=check()", "transport='sse', host='0.0.0.0'", []),
        ("", "transport='sse', host='127.0.0.1'", []),
        ("", "transport='sse'", []),
        ("", "transport='stdio'", []),
    ],
)
def test_an_mcp_server_on_all_addresses_that_asks_nobody_is_noted(
    tmp_path: Path, made: str, run: str, kinds: list[str]
) -> None:
    text = (
        "import argparse\nfrom fastmcp import FastMCP\np = argparse.ArgumentParser()\n"
        "p.add_argument('--host', default='0.0.0.0')\n"
        f"server = FastMCP('tools'{made})\nserver.run({run})\n"
    )
    assert [item["kind"] for item in items(tmp_path, text, "exposures")] == kinds


def test_a_gradio_application_is_a_server_and_its_code_is_read_too(tmp_path: Path) -> None:
    text = (
        "import gradio as gr\nfrom transformers import pipeline\np = pipeline(model='a/b')\n"
        "gr.Interface(p).launch(share=True)\n"
    )
    inventory = seen(tmp_path, {"app.py": text}).inventory
    types = {item.type for item in inventory.resources}
    assert {"serving.gradio", "code.python"} <= types
    (item,) = items(tmp_path, text, "hub_downloads")
    assert item["source"] == "a/b"


def test_code_that_no_python_reads_is_a_gap_and_no_pass(tmp_path: Path) -> None:
    inventory = seen(tmp_path, {"a.py": "import pickle\nprint 'old'\n"}).inventory
    (file,) = (item for item in inventory.resources if item.type == "code.file")
    assert file.unread


def test_python_without_anything_of_models_is_not_read(tmp_path: Path) -> None:
    assert seen(tmp_path, {"a.py": "import os\nprint(os.name)\n"}).inventory.resources == ()


ASK = (
    "import boto3, json, os, subprocess\nfrom openai import OpenAI\n"
    "bedrock = boto3.client('bedrock-runtime')\nclient = OpenAI()\n"
    "def ask(prompt):\n    r = bedrock.invoke_model(body=prompt)\n"
    "    return json.loads(r['body'].read())\n"
)


@pytest.mark.parametrize(
    "text",
    [
        "answer = ask('q')\neval(answer['text'])",
        "name, args = parse(ask('q'))\neval(name)(**args)",
        "exec(client.chat.completions.create(model='m').choices[0].message.content)",
        "cmd = f\"ls {ask('q')}\"\nos.system(cmd)",
        "subprocess.run(ask('q'), shell=True)",
    ],
)
def test_what_a_model_answered_is_run(tmp_path: Path, text: str) -> None:
    (item,) = items(tmp_path, ASK + text, "run_answers")
    assert item["setting"].startswith("what ")


@pytest.mark.parametrize(
    "text",
    [
        "answer = ask('q')\njson.loads(answer['text'])",
        "answer = ask('q')\nTOOLS[answer['name']](1)",
        "eval('1 + 1')\nanswer = ask('q')",
        "import ast\nast.literal_eval(ask('q'))",
        "model.eval(ask('q'))",
        "subprocess.run(['ls', ask('q')])",
        "if ask('q') == 'yes':\n    os.system('make')",
        "text = open('a').read()\nask(text)\nexec(text)",
    ],
)
def test_an_answer_that_stays_data_is_not_run(tmp_path: Path, text: str) -> None:
    assert items(tmp_path, ASK + text, "run_answers") == []


CONSOLE = "from flask import Flask\nimport tool\nFlask('a').run(host='0.0.0.0', debug=True)\n"


@pytest.mark.parametrize(
    ("tool", "count"), [("import boto3\nboto3.client('bedrock-runtime')", 1), ("import os", 0)]
)
def test_a_console_counts_where_its_program_uses_what_calls_models(
    tmp_path: Path, tool: str, count: int
) -> None:
    inventory = seen(tmp_path, {"src/app.py": CONSOLE, "src/tool.py": tool}).inventory
    found = [item for item in inventory.resources if item.type == "code.python"]
    assert sum(len(item.properties["exposures"]) for item in found) == count
