"""Detects what a repository and a user could scan, without contacting anything."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

# Endings and names of files, and what a folder with one of them holds.
_ENDINGS: Mapping[str, str] = {
    ".tf": "Terraform",
    ".bicep": "Bicep",
    ".safetensors": "models",
    ".gguf": "models",
    ".onnx": "models",
    ".pt": "models",
    ".pth": "models",
    ".pkl": "models",
    ".joblib": "models",
    ".keras": "models",
}
_NAMES: Mapping[str, str] = {
    "Chart.yaml": "Helm",
    "kustomization.yaml": "Kubernetes",
    "Dockerfile": "containers",
    "Containerfile": "containers",
    "cdk.json": "CDK",
    "config.pbtxt": "Triton",
}
_SKIPPED = frozenset({"node_modules", "venv", "env", "build", "dist", "out", "site-packages"})
_DEPTH = 3
_MOST_FILES = 20_000
_CONTEXT = re.compile(r"^current-context:[ \t]*[\"']?([A-Za-z0-9@:/_.-]+)", re.MULTILINE)


class Detected(msgspec.Struct, frozen=True, kw_only=True):
    """Folder to what it holds, and address to the name of an environment for it."""

    folders: Mapping[str, str]
    live: Mapping[str, str]


def detect(root: Path) -> Detected:
    """Look at names of files down to three folders deep, and at what this user is signed in to."""
    kinds: dict[str, set[str]] = {}
    for place, kind in _kinds(root):
        kinds.setdefault(place, set()).add(kind)
    return Detected(
        folders={place: ", ".join(sorted(kinds[place])) for place in sorted(kinds)},
        live=dict(_live()),
    )


def _kinds(root: Path) -> Iterator[tuple[str, str]]:
    """Give, for each file of interest, the folder at the top that it lies in, and its kind."""
    seen = 0
    for place, folders, names in os.walk(root):
        below = Path(place).relative_to(root)
        hidden = {name for name in folders if name.startswith(".")} | _SKIPPED
        is_deep = len(below.parts) >= _DEPTH
        folders[:] = [] if is_deep else sorted(set(folders) - hidden)
        for name in names:
            kind = _NAMES.get(name) or _ENDINGS.get(Path(name).suffix.lower())
            if kind:
                yield (f"./{below.parts[0]}" if below.parts else "."), kind
        seen += len(names)
        if seen > _MOST_FILES:
            return


def _live() -> Iterator[tuple[str, str]]:
    """Give what this user is signed in to, by what lies in the environment and at home."""
    home = Path.home()
    aws = ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
    if _is_set(*aws) or _is_there(home / ".aws" / "credentials", home / ".aws" / "config"):
        yield "aws", "aws"
    azure = ("AZURE_CLIENT_ID", "AZURE_SUBSCRIPTION_ID")
    if _is_set(*azure) or _is_there(home / ".azure" / "azureProfile.json"):
        yield "azure", "azure"
    gcloud = home / ".config" / "gcloud" / "application_default_credentials.json"
    if _is_set("GOOGLE_APPLICATION_CREDENTIALS") or _is_there(gcloud):
        project = os.environ.get("GOOGLE_CLOUD_PROJECT", "")
        is_plain = re.fullmatch(r"[a-z0-9:.-]+", project)
        yield (f"gcp://{project}" if is_plain else "gcp"), "gcp"
    named = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
    context = _context(Path(named) if named else home / ".kube" / "config")
    if context:
        yield f"kubernetes://{context}", "kubernetes"


def _context(path: Path) -> str:
    """Give the current context of a kubeconfig, "" for none or a name that needs quotes."""
    try:
        match = _CONTEXT.search(path.read_text("utf-8")[: 1 << 20])
    except (OSError, UnicodeDecodeError):
        return ""
    return match[1] if match else ""


def _is_set(*names: str) -> bool:
    return any(os.environ.get(name) for name in names)


def _is_there(*paths: Path) -> bool:
    return any(map(os.path.lexists, paths))
