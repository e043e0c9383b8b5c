"""Recognises workflows that ship models, by their path and by what their jobs run."""

from __future__ import annotations

from mlsec.core.regex import regex

_GITHUB = regex(r"(?:.*/)?\.github/workflows/[^/]+\.ya?ml\Z")
_GITLAB = regex(r"(?:.*/)?\.gitlab-ci\.ya?ml\Z")
# What sends a model, its weights or the image that serves it to where it runs.
_DEPLOYS = regex(
    r"(?i)\baws\s+sagemaker(?:-runtime)?\s+(?:create|update|start)-|\baws\s+bedrock\s+create-"
    r"|\bgcloud\s+(?:beta\s+|alpha\s+)?ai\s+(?:endpoints|models)\s+(?:deploy|upload|create)"
    r"|\baz\s+ml\s+(?:online|batch)-(?:endpoint|deployment)\s+(?:create|update)"
    r"|\baz\s+ml\s+model\s+create|\b(?:huggingface-cli|hf)\s+(?:upload|repo\s+create)"
    r"|\btruss\s+push|\bcog\s+push|\bmodal\s+deploy|\bbentoml\s+(?:deploy|push)"
)
_TO_CLUSTER = regex(
    r"(?i)\bkubectl\s+apply[^\n]{0,200}(?:inferenceservice|kserve|model|llm)"
    r"|\bhelm\s+(?:upgrade|install)[^\n]{0,200}(?:model|vllm|triton|llm|inference)"
)
# What makes a cluster that ends with the job.
_OWN_CLUSTER = regex(
    r"(?i)\bkind\s+create\s+cluster\b|\bminikube\s+start\b|\bk3d\s+cluster\s+create\b"
    r"|/(?:[\w-]{0,40}setup-)?(?:kind|minikube|k3d|k3s)(?:-action|-k3s)?@"
)
_IMAGE = regex(
    r"(?i)(?:docker|podman)\s+push[^\n]{0,200}(?:model|inference|serving|vllm|triton|llm|sagemaker)"
)
# What applies infrastructure code, and where it says so itself.
_APPLIES = regex(
    r"\b(?:terraform|tofu|terragrunt)[^\S\n]++(?:-chdir=(?P<folder>[^\s;&|]{1,300})[^\S\n]++)?"
    r"(?:run-all[^\S\n]++)?apply\b|\b(?:cd|pushd)[^\S\n]++(?P<moved>[^\s;&|]{1,300})"
)
_ML_DECLARED = regex(
    r"(?m)^[^\S\n]*+resource[^\S\n]++\"(?:aws(?:cc)?_(?:sagemaker|bedrock)|google_vertex_ai_"
    r"|azurerm_(?:machine_learning|cognitive|ai)_)"
)


def system_of(path: str) -> str:
    """Give which system runs a file: ``github``, ``gitlab``, or "" for none."""
    if _GITHUB.match(path):
        return "github"
    return "gitlab" if _GITLAB.match(path) else ""


def ships(text: str) -> str:
    """Give what a job's text says that it ships: ``model``, ``image``, or "".

    What it applies to a cluster that it makes itself is a test.
    """
    if _DEPLOYS.search(text):
        return "model"
    if _TO_CLUSTER.search(text) and not _OWN_CLUSTER.search(text):
        return "model"
    return "image" if _IMAGE.search(text) else ""


def may_ship(text: str) -> bool:
    """Whether some job of a workflow may ship something, by the text of all."""
    return any(form.search(text) for form in (_DEPLOYS, _TO_CLUSTER, _IMAGE))


def applies(text: str) -> bool:
    """Whether a text applies infrastructure code."""
    return bool(folders_applied(text))


def folders_applied(text: str) -> set[str]:
    """Give the folders whose code a text applies, as it names them; "" for where it runs."""
    folders, moved = set(), ""
    for match in _APPLIES.finditer(text):
        if match["moved"]:
            moved = match["moved"]
        else:
            folders.add(match["folder"] or moved)
    return folders


def declares_ml(text: str) -> bool:
    """Whether Terraform declares a resource of an ML service."""
    return _ML_DECLARED.search(text) is not None
