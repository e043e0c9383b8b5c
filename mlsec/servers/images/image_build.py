"""A Dockerfile as a resource of its own, and as the process that its image starts."""

from __future__ import annotations

import posixpath
from typing import Any

from mlsec.collect.code.code_file import CodeFile, CodeScope
from mlsec.collect.code.launch import Launch
from mlsec.collect.images.image_names import image_digest, image_tag
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.secrets.masking import masked_kind
from mlsec.collect.secrets.script_signs import script_signs
from mlsec.core.regex import regex
from mlsec.core.resource import Resource
from mlsec.servers.images.dockerfile import Recipe
from mlsec.servers.images.image_files import copied_files, files_written
from mlsec.servers.images.instructions import Instruction
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
    "ghcr.io/astral-sh/uv",
})  # fmt: skip
# Those of an operating system or a language, which bring no settings of a server.
_BARE_BASES = frozenset(
    name
    for name in _ROOT_BASES
    if "/" not in name or name in ("nvidia/cuda", "nvcr.io/nvidia/cuda")
)
# Other places of Docker's official images.
_MIRRORS = ("docker.io/", "public.ecr.aws/docker/", "mirror.gcr.io/")
# AWS Lambda starts what is built on these as a user of its own, whatever the image says.
_LAMBDA_BASES = ("public.ecr.aws/lambda/", "amazon/aws-lambda-")
# Azure ML and SageMaker start a job or model as root in a machine of its own. The folders and the
# packages are those of SageMaker's contract for containers.
_JOB_BASES = regex(r"mcr\.microsoft\.com/(?:azureml|aifx)/|.+\.dkr\.ecr\..+-sagemaker(?:-|\Z)")
_JOB_FOLDERS = ("/opt/ml", "/opt/program")
_JOB_PACKAGES = frozenset({"sagemaker-training", "sagemaker-inference"})
_HYPHENATED = frozenset({
    "buildpack-deps", "eclipse-mosquitto", "eclipse-temurin", "express-gateway", "hello-world",
    "ibm-semeru-runtimes", "mongo-express", "open-liberty", "websphere-liberty",
})  # fmt: skip
# So many instructions after a clone may say which version of it is used.
_FOLLOWING = 5
_VARIABLE = regex(r"\$\{?(\w{1,80})\}?")
_ROOTS = ("root", "0", "root:root", "0:0", "root:0", "0:root")


def recipe_launch(scope: CodeScope, file: CodeFile, recipe: Recipe) -> Launch:
    """Give what an image starts that no compose file of the target builds.

    More variables may be set where it is run, so its environment is open.
    """
    traits = {"user": recipe.user_node} if recipe.user_node is not None else {}
    result = {item.path: item for item in scope.files}
    folder = posixpath.dirname(file.path)
    mounted = copied_files(recipe, folder, result)
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
        mounted=mounted,
        written=files_written(recipe, mounted, {}, is_bare=is_bare(recipe.bases)),
        folder=recipe.folder,
        user=recipe.user,
        traits=traits,
    )


def recipe_resource(scope: CodeScope, file: CodeFile, recipes: tuple[Recipe, ...]) -> Resource:
    """Give the Dockerfile itself: its bases, its user, what its build fetches and holds."""
    last = recipes[-1]
    properties: dict[str, Any] = {
        "path": file.shown,
        "base_images": [base_image(node) for node in _bases(recipes)],
        "suspicious_patterns": [sign for recipe in recipes for sign in _signs(recipe)],
        "models": [],
        "secrets": [secret for recipe in recipes for secret in _secrets(recipe)],
        "remote_adds": [
            {"what": f"line {node.line}: {node.value}", "is_checked": node.tag == "checked"}
            for recipe in recipes
            for node in recipe.adds
        ],
    }
    unread: dict[str, tuple[str, ...]] = {}
    is_root = is_root_user(last.user, last.bases)
    is_bundle = is_root and not last.argv and _is_empty(last.bases)
    if is_bundle or _is_of_lambda(last.bases) or _is_of_job(last):
        properties["runs_as_root"] = None  # files alone, or it is not the image that decides
    elif is_root is None:
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


def _is_empty(bases: tuple[Node, ...]) -> bool:
    return bool(bases) and all(node.value == "scratch" for node in bases)


def _is_of_lambda(bases: tuple[Node, ...]) -> bool:
    return any(
        isinstance(node.value, str) and repository_of(node.value).startswith(_LAMBDA_BASES)
        for node in bases
    )


def _is_of_job(recipe: Recipe) -> bool:
    """Whether an image is made for a service that gives each container a machine of its own."""
    bases = (node.value for node in recipe.bases if isinstance(node.value, str))
    values = [node.value for node in recipe.env.values() if isinstance(node.value, str)]
    places = (recipe.folder, *recipe.copied)
    return (
        any(map(_JOB_BASES.match, bases))
        or any(folder in value for value in values for folder in _JOB_FOLDERS)
        or any(place.startswith(_JOB_FOLDERS) for place in places)
        or any(name.startswith("SAGEMAKER_") for name in recipe.env)
        or not _JOB_PACKAGES.isdisjoint(recipe.packages)
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


def is_bare(bases: tuple[Node, ...]) -> bool:
    """Whether an image is built on one that brings no settings of a server."""
    names = [node.value for node in bases]
    return bool(names) and all(
        isinstance(name, str) and repository_of(name) in _BARE_BASES for name in names
    )


def repository_of(image: str) -> str:
    """Give the name of an image without registry of Docker, tag and digest."""
    path = image.partition("@")[0]
    head, slash, last = path.rpartition("/")
    name = f"{head}{slash}{last.partition(':')[0]}".lower()
    mirror = next((start for start in _MIRRORS if name.startswith(start)), "")
    return name.removeprefix(mirror).removeprefix("library/")


def _bases(recipes: tuple[Recipe, ...]) -> list[Node]:
    seen: dict[tuple[int, str], Node] = {}
    for recipe in recipes:
        for node in recipe.bases:
            if str(node.value) != "scratch":
                seen.setdefault((node.line, str(node.value)), node)
    return list(seen.values())


def base_image(node: Node) -> dict[str, Any]:
    """Say of an image whether its name fixes what it is."""
    if isinstance(node.value, UnknownValue):
        return {"what": f"line {node.line}: {node.value.why}"}
    name = repository_of(node.value)
    # Docker itself has no other such names: it is built here, or yet to be filled in.
    is_local = "/" not in node.value and bool({"_", "-"} & {*name}) and name not in _HYPHENATED
    return {
        "what": f"line {node.line}: {node.value}",
        "image": node.value,
        "is_pinned": image_digest(node.value) is not None,
        "is_latest": image_tag(node.value) == "latest" and not is_local,
    }


def _signs(recipe: Recipe) -> list[dict[str, Any]]:
    return [
        {"pattern": sign, "what": f"line {run.line}: {sign}"}
        for position, run in enumerate(recipe.runs)
        for sign in script_signs(_of_run(run, recipe), _after(recipe, position))
    ]


def _after(recipe: Recipe, position: int) -> str:
    """Give what the next instructions run."""
    following = recipe.runs[position + 1 : position + 1 + _FOLLOWING]
    return "\n".join(_of_run(run, recipe) for run in following)


def _of_run(run: Instruction, recipe: Recipe) -> str:
    """Give what an instruction runs, with the values that the Dockerfile gives to variables."""
    known = recipe.arguments | recipe.env
    if "git" not in run.text:
        return run.text
    return _VARIABLE.sub(lambda match: _value(known.get(match[1]), match[0]), run.text)


def _value(node: Node | None, shown: str) -> str:
    return node.value if node is not None and isinstance(node.value, str) else shown


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
