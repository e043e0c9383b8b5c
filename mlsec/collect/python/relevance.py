"""Whether a Python text may load, fetch or deploy anything of machine learning: by its words."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from mlsec.core.regex import regex

_IMPORT = regex(r"(?m)^[ \t]*(?:from|import)[ \t]+(\.*[A-Za-z_][\w.]{0,200})")
# A text without any of them holds no call that is judged: it is not parsed.
_WORDS = (
    # formats that run code when they are loaded
    "pickle", "joblib", "dill", "torch.load", "torch.hub", "allow_pickle", "yaml.load",
    "yaml.unsafe_load", "safe_mode", "load_state_dict_from_url", "shelve",
    # hubs
    "from_pretrained", "hf_hub_download", "snapshot_download", "load_dataset", "trust_remote_code",
    "SentenceTransformer", "CrossEncoder", "transformers", "huggingface",
    # what deploys and serves
    "sagemaker", "bedrock", "azure.ai.ml", "aiplatform", "vertexai", "mlflow", "gradio",
    "ray.serve", "import serve", "vllm", "aws_cdk", "FastMCP", "azureml.core",
    # services whose keys people write down
    "openai", "anthropic", "langchain", "cohere", "pinecone", "wandb", "replicate", "mistralai",
    "google.generativeai", "llama_index", "nvapi-",
)  # fmt: skip
# Libraries of any application: they matter where one of these is done with them.
_TOGETHER = (
    ("boto3", ("create_bucket", "put_bucket", "create_role", "put_role_policy", "create_key",
               "create_policy")),
    ("flask", ("sklearn", "torch", "tensorflow", "keras", "xgboost", "lightgbm", "onnxruntime")),
)  # fmt: skip


def is_relevant(text: str) -> bool:
    """Whether a Python file or notebook is worth parsing."""
    if any(word in text for word in _WORDS):
        return True
    return any(name in text and any(word in text for word in words) for name, words in _TOGETHER)


def may_open_console(text: str) -> bool:
    """Whether a Python file may start a web server with a console for its errors.

    It is judged only where it imports something of the repository that is relevant itself.
    """
    return "flask" in text and "debug=True" in text


def imports_any(path: str, text: str, relevant: frozenset[str]) -> bool:
    """Whether a file imports one of the relevant files, by their paths.

    An absolute name is looked for in the folder of the file and in those above it.
    """
    return any(not relevant.isdisjoint(_paths(path, name)) for name in _IMPORT.findall(text))


def _paths(importer: str, name: str) -> Iterator[str]:
    dots = len(name) - len(name.lstrip("."))
    below = name.lstrip(".").replace(".", "/")
    folder = posixpath.dirname(importer)
    for _ in range(dots - 1):
        folder = posixpath.dirname(folder)
    while True:
        base = posixpath.join(folder, below)
        yield from (f"{base}.py", f"{base}/__init__.py")
        if not folder or dots:
            return
        folder = posixpath.dirname(folder)
