"""What a file of a packaging tool says of the image, or the environment, that is made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.core.regex import regex

_COMMIT = regex(r"[0-9a-f]{40}\Z")


class HubModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model that is fetched from a hub; ``is_pinned`` is None where that is not known."""

    name: str
    line: int
    is_pinned: bool | None


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """What is built: its bases, the commands of the build, what is installed, and its variables.

    ``starts`` are the command lines that the finished image runs.
    """

    bases: tuple[Node, ...] = ()
    commands: tuple[Node, ...] = ()
    packages: tuple[Node, ...] = ()
    variables: Mapping[str, Node] = msgspec.field(default_factory=dict)
    models: tuple[HubModel, ...] = ()
    starts: tuple[Node, ...] = ()


def _texts(node: Node | None) -> tuple[Node, ...]:
    """Give the texts of a list, or the one text that stands in its place, line by line."""
    if node is None:
        return ()
    if isinstance(node.value, str):
        return tuple(
            Node(line, node.line + n) for n, line in enumerate(node.value.splitlines()) if line
        )
    items = node.value if isinstance(node.value, tuple) else ()
    made = (item.get("command") or item if item.pairs() else item for item in items)
    return tuple(item for item in made if isinstance(item.value, str))


def _only(*nodes: Node | None) -> tuple[Node, ...]:
    return tuple(node for node in nodes if node is not None and isinstance(node.value, str))


def hub_model(name: Node | None, revision: Node | None) -> Iterator[HubModel]:
    """Give a model with the revision that is named for it; a branch or none fixes nothing."""
    if name is None or not isinstance(name.value, str) or "/" not in name.value:
        return
    if revision is not None and isinstance(revision.value, UnknownValue):
        yield HubModel(name=name.value, line=name.line, is_pinned=None)
        return
    text = str(revision.value) if revision is not None and revision.value is not None else ""
    yield HubModel(name=name.value, line=name.line, is_pinned=bool(_COMMIT.match(text)))


def read_truss(root: Node) -> Build:
    """https://docs.baseten.co/development/model/configuration"""
    models: list[HubModel] = []
    for key in ("model_cache", "hf_cache"):
        for item in root.items(key):
            if item.text("kind") in ("", "hf"):
                models.extend(hub_model(item.get("repo_id"), item.get("revision")))
    for item in root.items("weights"):
        source = item.text("source")
        if source.startswith("hf://"):
            name, _, revision = source.removeprefix("hf://").partition("@")
            place = item.get("source") or item
            models.extend(hub_model(Node(name, place.line), Node(revision) if revision else None))
    store = root.get("trt_llm", "build", "checkpoint_repository")
    if store is not None and store.text("source").upper() == "HF":
        models.extend(hub_model(store.get("repo"), store.get("revision")))
    return Build(
        bases=_only(root.get("base_image", "image")),
        commands=_texts(root.get("build_commands")),
        packages=_texts(root.get("requirements")),
        variables=root.pairs("environment_variables"),
        models=tuple(models),
        starts=_only(root.get("docker_server", "start_command")),
    )


def read_cog(root: Node) -> Build:
    """https://github.com/replicate/cog/blob/main/docs/yaml.md"""
    variables = {}
    for item in root.items("environment"):
        if isinstance(item.value, str):
            name, _, value = item.value.partition("=")
            variables[name] = Node(value, item.line, item.column)
    return Build(
        commands=(*_texts(root.get("build", "run")), *_texts(root.get("build", "pre_install"))),
        packages=_texts(root.get("build", "python_packages")),
        variables=variables,
    )


def read_bento(root: Node) -> Build:
    """https://docs.bentoml.com/en/latest/reference/bentoml/bento-build-options.html"""
    python = root.get("python") or Node({})
    options = [f"--extra-index-url {item.value}" for item in _texts(python.get("extra_index_url"))]
    options += [f"--trusted-host {item.value}" for item in _texts(python.get("trusted_host"))]
    where = python.get("extra_index_url") or python.get("trusted_host") or python
    variables = dict(root.pairs("docker", "env"))
    for item in root.items("envs"):
        if item.text("name"):
            variables[item.text("name")] = item.get("value") or Node("")
    return Build(
        bases=_only(root.get("docker", "base_image")),
        packages=(*_texts(python.get("packages")), *(Node(o, where.line) for o in options)),
        variables=variables,
    )


def read_mlproject(root: Node) -> Build:
    """https://mlflow.org/docs/latest/ml/projects/"""
    entries = root.pairs("entry_points").values()
    return Build(
        bases=_only(root.get("docker_env", "image")),
        commands=_only(*(entry.get("command") for entry in entries)),
    )


def read_ray_serve(root: Node) -> Build:
    """https://docs.ray.io/en/latest/serve/production-guide/config.html"""
    builds: list[Node] = []
    variables: dict[str, Node] = {}
    for application in root.items("applications"):
        for holder in (application, *application.items("deployments")):
            actor = holder.get("ray_actor_options", "runtime_env")
            for runtime in filter(None, (holder.get("runtime_env"), actor)):
                pip = runtime.get("pip")
                builds += _texts(pip.get("packages") if pip is not None and pip.pairs() else pip)
                builds += _archives(runtime)
                variables |= runtime.pairs("env_vars")
    return Build(packages=tuple(builds), variables=variables)


def _archives(runtime: Node) -> Iterator[Node]:
    """Give the code that is fetched for an environment, as words of an installation by pip."""
    for node in (runtime.get("working_dir"), *runtime.items("py_modules")):
        if node is not None and isinstance(node.value, str) and "://" in node.value:
            # An archive of a branch ends in its name.
            yield Node(node.value.removesuffix(".zip").removesuffix(".tar.gz"), node.line)


def read_dvc(root: Node) -> Build:
    """https://dvc.org/doc/user-guide/project-structure/dvcyaml-files"""
    commands: list[Node] = []
    for stage in root.pairs("stages").values():
        commands += _texts(stage.get("cmd") or stage.get("do", "cmd"))
    return Build(commands=tuple(commands))


# The word by which a document is known -> how it is read; the first that is there decides.
TOOLS: tuple[tuple[str, Callable[[Node], bool], Callable[[Node], Build]], ...] = (
    ("Ray Serve", lambda root: "applications" in root.pairs(), read_ray_serve),
    ("DVC", lambda root: "stages" in root.pairs(), read_dvc),
    ("MLproject", lambda root: "entry_points" in root.pairs(), read_mlproject),
    ("BentoML", lambda root: "service" in root.pairs(), read_bento),
    ("Cog", lambda root: bool(root.pairs("build")) or "predict" in root.pairs(), read_cog),
    ("Truss", lambda root: "resources" in root.pairs(), read_truss),
)
