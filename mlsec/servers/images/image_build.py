"""A Dockerfile as a resource of its own, and as the process that its image starts."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from mlsec.collect.code.code_file import CodeFile, CodeScope, Language
from mlsec.collect.code.launch import Launch
from mlsec.collect.images.image_names import image_digest, image_tag
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.secrets.masking import masked_kind
from mlsec.collect.secrets.script_signs import script_signs
from mlsec.core.resource import Resource
from mlsec.servers.images.dockerfile import Recipe
from mlsec.servers.unknown_value import note_unknown

TYPE = "code.dockerfile"
# Official images that start as root and leave it to others to change that.
_ROOT_BASES = frozenset({
    "python", "ubuntu", "debian", "alpine", "node", "golang", "rust", "fedora", "centos", "busybox",
    "rockylinux", "almalinux", "amazonlinux", "openjdk", "eclipse-temurin", "ruby", "php",
    "scratch",
    "nginx", "nvidia/cuda", "pytorch/pytorch", "tensorflow/tensorflow", "nvcr.io/nvidia/pytorch",
    "nvcr.io/nvidia/cuda", "nvcr.io/nvidia/tritonserver", "vllm/vllm-openai", "ollama/ollama",
    "continuumio/miniconda3", "continuumio/anaconda3", "huggingface/transformers-pytorch-gpu",
})  # fmt: skip
_ROOTS = ("root", "0", "root:root", "0:0", "root:0", "0:root")


def recipe_launch(scope: CodeScope, file: CodeFile, recipe: Recipe) -> Launch:
    """Give what an image starts that no compose file of the target builds.

    More variables may be set where it is run, so its environment is open.
    """
    traits = {"user": recipe.user_node} if recipe.user_node is not None else {}
    result = {item.path: item for item in scope.files}
    folder = posixpath.dirname(file.path)
    return Launch(
        id=file.id,
        scope=scope.name,
        file=file.shown,
        line=recipe.line,
        name=file.shown,
        kind="dockerfile",
        bases=recipe.bases,
        argv=recipe.argv,
        is_entry=bool(recipe.entrypoint),
        env=recipe.env,
        env_is_open=True,
        ports=recipe.ports,
        packages=recipe.packages,
        mounted=copied_files(recipe, folder, result),
        folder=recipe.folder,
        user=recipe.user,
        traits=traits,
    )


def copied_files(recipe: Recipe, folder: str, code_files: Mapping[str, CodeFile]) -> dict[str, str]:
    """Give the files of the target that a build copies, by where they lie in the image.

    A build's context is the Dockerfile's own folder or one above; the nearest that has it counts.
    Of a folder, it is the configuration of servers that matters.
    """
    result: dict[str, str] = {}
    for target, source in recipe.copied.items():
        for base in (folder, posixpath.dirname(folder), ""):
            path = posixpath.normpath(posixpath.join(base, source))
            if path in code_files:
                result[target] = code_files[path].id
                break
            below = "" if path == "." else f"{path}/"
            inside = {
                posixpath.normpath(posixpath.join(target, item.path.removeprefix(below))): item.id
                for item in code_files.values()
                if item.language is Language.SERVER_CONFIG and item.path.startswith(below)
            }
            if inside:
                result = inside | result
                break
    return result


def recipe_resource(scope: CodeScope, file: CodeFile, recipes: tuple[Recipe, ...]) -> Resource:
    """Give the Dockerfile itself: its bases, its user, what its build fetches and holds."""
    last = recipes[-1]
    properties: dict[str, Any] = {
        "path": file.shown,
        "base_images": [_base(node) for node in _bases(recipes)],
        "suspicious_patterns": [sign for recipe in recipes for sign in _signs(recipe)],
        "secrets": [secret for recipe in recipes for secret in _secrets(recipe)],
        "remote_adds": [
            {"what": f"line {node.line}: {node.value}", "is_checked": node.tag == "checked"}
            for recipe in recipes
            for node in recipe.adds
        ],
    }
    unread: dict[str, tuple[str, ...]] = {}
    is_root = is_root_user(last.user, last.bases)
    if is_root is None:
        why = "no USER, and which user the base image starts as is not known"
        unread["runs_as_root"] = (note_unknown(scope, f"{file.id}:{last.line}", "user", why),)
    else:
        properties["runs_as_root"] = is_root
    scope.tally.add((TYPE, scope.name, ""), assessed=1)
    return Resource(
        id=f"{file.id}#image",
        type=TYPE,
        provider="code",
        scope=scope.name,
        name=file.shown,
        properties=properties,
        unread=unread,
        origin=scope.origin(file, last.line),
    )


def is_root_user(user: str, bases: tuple[Node, ...]) -> bool | None:
    """Whether a container starts as root; None when the base image decides and is not known."""
    if user == "?":
        return None
    if user:
        return user.lower() in _ROOTS
    for node in bases:
        if isinstance(node.value, str):
            name = repository_of(node.value)
            if name in _ROOT_BASES:
                return True
    return None


def repository_of(image: str) -> str:
    """Give the name of an image without registry of Docker, tag and digest."""
    path = image.partition("@")[0]
    head, slash, last = path.rpartition("/")
    name = f"{head}{slash}{last.partition(':')[0]}".lower()
    return name.removeprefix("docker.io/").removeprefix("library/")


def _bases(recipes: tuple[Recipe, ...]) -> list[Node]:
    seen: dict[tuple[int, str], Node] = {}
    for recipe in recipes:
        for node in recipe.bases:
            if str(node.value) != "scratch":
                seen.setdefault((node.line, str(node.value)), node)
    return list(seen.values())


def _base(node: Node) -> dict[str, Any]:
    if isinstance(node.value, UnknownValue):
        return {"what": f"line {node.line}: {node.value.why}"}
    tag = image_tag(node.value)
    return {
        "what": f"line {node.line}: {node.value}",
        "image": node.value,
        "is_pinned": image_digest(node.value) is not None,
        "is_latest": tag == "latest",
    }


def _signs(recipe: Recipe) -> list[dict[str, Any]]:
    return [
        {"pattern": sign, "what": f"line {run.line}: {sign}"}
        for run in recipe.runs
        for sign in script_signs(run.text)
    ]


def _secrets(recipe: Recipe) -> list[dict[str, Any]]:
    value = []
    for where, result in (("env", recipe.env), ("argument", recipe.arguments)):
        for name, node in result.items():
            kind = masked_kind(node.value) if isinstance(node.value, str) else ""
            if kind:
                value.append(
                    {
                        "name": name,
                        "where": where,
                        "kind": kind,
                        "what": f"line {node.line}: {name} holds a {kind}",
                    }
                )
    for run in recipe.runs:
        kind = masked_kind(run.text)
        if kind:
            value.append(
                {
                    "name": "",
                    "where": "run",
                    "kind": kind,
                    "what": f"line {run.line}: a command holds a {kind}",
                }
            )
    return value
