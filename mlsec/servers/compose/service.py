"""One service of a compose file as the process that it starts."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from mlsec.collect.code.launch import Launch, Publication
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.core.regex import regex
from mlsec.servers.compose.merge import environment
from mlsec.servers.compose.project import Project
from mlsec.servers.compose.service_files import (
    mounted_files,
    mounts,
    unknown_files,
    written_files,
)
from mlsec.servers.images.dockerfile import Recipe
from mlsec.servers.images.image_build import is_bare
from mlsec.servers.images.image_files import copied_files, files_written
from mlsec.servers.shell.flags import flag_nodes
from mlsec.servers.shell.shell_tokens import split_commands

_RANGE = regex(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/(?:tcp|udp))?\Z")
_MOST_PORTS = 200
_YES = True
_PORT_NAME = r"[A-Za-z0-9_]*PORT[A-Za-z0-9_]*"
_HOST_PORT = regex(
    rf"([^${{}}]+:)?\$(?:\{{{_PORT_NAME}(?::?[-?+][^}}]*)?\}}|{_PORT_NAME}):(.+)\Z", re.IGNORECASE
)
_SOCKET = "/var/run/docker.sock"
_FLAGS = ("privileged", "read_only")


def launch_of(service: Node, name: str, project: Project) -> Launch:
    """Give the launch of a service whose ``extends`` and overrides have been followed."""
    build = service.get("build")
    recipe = project.recipe(project.filled(build)) if build is not None else None
    image = service.get("image")
    env, env_is_open = _environment(service, project, recipe)
    user = service.get("user")
    built = _built_in(recipe, build, project)
    mounted = {**dict(mounted_files(service, project)), **dict(unknown_files(service, project))}
    files = written_files(service, project)
    return Launch(
        id=f"{project.file.id}#{name}",
        scope=project.scope,
        file=project.file.shown,
        line=service.line,
        column=service.column,
        name=name,
        kind="compose",
        image=project.filled(image) if image is not None else None,
        bases=recipe.bases if recipe is not None else (),
        packages=recipe.packages if recipe is not None else {},
        argv=_argv(service, project, recipe),
        is_entry=_has_entry(service, recipe),
        env=env,
        env_is_open=env_is_open or (build is not None and recipe is None),
        ports=recipe.ports if recipe is not None else (),
        published=tuple(_shown(item) for item in _published(service, project)),
        passed_on=tuple(_published(service, project)),
        files=files,
        mounted={**built, **mounted},
        written=files_written(
            recipe, built, {**mounted, **dict.fromkeys(files, "")}, is_bare=is_bare(recipe.bases)
        )
        if recipe is not None
        else {},
        folder=_folder(service, project, recipe),
        user=_user(user, project, recipe),
        traits=dict(
            _traits(service, project, recipe, has_recipe=build is None or recipe is not None)
        ),
    )


def _folder(service: Node, project: Project, recipe: Recipe | None) -> str:
    working_folder = service.get("working_dir")
    if working_folder is None:
        return recipe.folder if recipe is not None else ""
    value = project.filled(working_folder).value
    return value if isinstance(value, str) else ""


def _argv(service: Node, project: Project, recipe: Recipe | None) -> tuple[Node, ...] | None:
    entrypoint = _words(service.get("entrypoint"), project)
    command = _words(service.get("command"), project)
    if entrypoint is not None:
        # An entrypoint of its own resets the image's command.
        return (*entrypoint, *(command or ()))
    if command is not None:
        return (*(recipe.entrypoint or () if recipe is not None else ()), *command)
    return recipe.argv if recipe is not None else None


def _has_entry(service: Node, recipe: Recipe | None) -> bool:
    own = service.get("entrypoint")
    if own is not None and own.value is not None:
        return bool(own.value)
    return recipe is not None and bool(recipe.entrypoint)


def _words(node: Node | None, project: Project) -> tuple[Node, ...] | None:
    if node is None or node.value is None:
        return None
    if isinstance(node.value, tuple):
        return tuple(
            word
            for item in node.value
            for word in flag_nodes(project.parts(str(item.value)), item.line, item.column)
        )
    if not isinstance(node.value, str):
        return (Node(UnknownValue("the command is not known"), node.line, node.column),)
    # Compose splits words and knows no operators: a sign such as && is a word like any other.
    filled = node.value.replace("$$", "\x00")
    result = split_commands(
        filled, project.lookup, line=node.line, column=node.column, is_one_place=True
    )
    return tuple(_with_dollar(word) for command in result for word in command)


def _with_dollar(node: Node) -> Node:
    if isinstance(node.value, str) and "\x00" in node.value:
        return Node(node.value.replace("\x00", "$"), node.line, node.column)
    return node


def _environment(
    service: Node, project: Project, recipe: Recipe | None
) -> tuple[dict[str, Node], bool]:
    nodes: dict[str, Node] = dict(recipe.env) if recipe is not None else {}
    is_open = False
    for path, is_required in _env_files(service.get("env_file"), project):
        file = project.near(path) if isinstance(path, str) else None
        variables = project.variables(file) if file is not None else None
        if variables is not None:
            nodes |= variables
        else:
            # One that need not be there may well be there.
            is_open = is_open or is_required or True
    declared = service.get("environment")
    for name, node in environment(declared).items() if declared is not None else ():
        if node.value is None:
            why = f"the variable {name} comes from the shell that starts it"
            nodes[name] = Node(project.lookup(name) or UnknownValue(why), node.line, node.column)
        else:
            value = str(node.value).lower() if isinstance(node.value, bool) else node.value
            text = value if isinstance(value, UnknownValue) else str(value)
            nodes[name] = project.filled(Node(text, node.line, node.column))
    return nodes, is_open


def _env_files(node: Node | None, project: Project) -> Iterator[tuple[object, bool]]:
    if node is None:
        return
    for item in node.items() or (node,):
        path = item.get("path") if isinstance(item.value, Mapping) else item
        if path is not None and path.value is not None:
            required = item.get("required") if isinstance(item.value, Mapping) else None
            yield project.filled(path).value, required is None or required.value is not False


def _published(service: Node, project: Project) -> Iterator[Publication]:
    ports = service.get("ports")
    count = 0
    for item in ports.items() if ports is not None else ():
        for entry in _publication(_with_port(item, project)):
            count += 1
            if count > _MOST_PORTS:
                return
            yield entry


def _with_port(item: Node, project: Project) -> Node:
    """Fill in a port; of a host's port that only its operator knows, the container's is reported.

    ``${WEB_PORT}:8000`` passes 8000 on at some port of all addresses.
    """
    filled = project.filled(item)
    if not isinstance(filled.value, UnknownValue) or not isinstance(item.value, str):
        return filled
    host = _HOST_PORT.match(item.value)
    if host is None:
        return filled
    rest = project.filled(Node(f"{host[1] or ''}0:{host[2]}", item.line, item.column))
    return rest if isinstance(rest.value, str) else filled


def _publication(item: Node) -> Iterator[Publication]:
    place = {"line": item.line, "column": item.column}
    if isinstance(item.value, Mapping):
        target, bound = item.get("target"), item.get("host_ip")
        port = target.value if target is not None else None
        result = bound.value if bound is not None else ""
        if isinstance(port, int | str) and str(port).isdecimal():
            yield Publication(
                address=result if isinstance(result, str | UnknownValue) else "",
                port=int(port),
                **place,
            )
        else:
            yield Publication(address=UnknownValue("a port that is not known"), port=0, **place)
        return
    if not isinstance(item.value, str | int):
        why = item.value if isinstance(item.value, UnknownValue) else UnknownValue("not a port")
        # Which port and to whom is open: any of the server's may be passed on.
        yield Publication(address=why, port=0, **place)
        return
    text = str(item.value)
    head, _, container = text.rpartition(":")
    address = _address(head)
    match = _RANGE.match(container)
    if match is None:
        yield Publication(address=UnknownValue(f"the port {text}"), port=0, **place)
        return
    first, last = int(match[1]), int(match[2] or match[1])
    for port in range(first, min(last, first + _MOST_PORTS) + 1):
        yield Publication(address=address, port=port, **place)


def _address(head: str) -> str:
    """Give the host's address in front of a published port: "" for all of them."""
    if head.startswith("["):
        return head[1 : head.find("]")]
    address, colon, port = head.rpartition(":")
    return address if colon or (not port.replace("-", "").isdecimal() and port) else ""


def _shown(publication: Publication) -> str:
    address = publication.address if isinstance(publication.address, str) else "?"
    return f"{address or '0.0.0.0'}:{publication.port or '?'}"  # noqa: S104 - shown, never bound


def _user(node: Node | None, project: Project, recipe: Recipe | None) -> str:
    if node is not None:
        value = project.filled(node).value
        return "?" if isinstance(value, UnknownValue) else str(value)
    return recipe.user if recipe is not None else ""


def _built_in(recipe: Recipe | None, build: Node | None, project: Project) -> dict[str, str]:
    if recipe is None or build is None:
        return {}
    context = build.value if isinstance(build.value, str) else build.text("context") or "."
    folder = posixpath.normpath(posixpath.join(project.folder, context))
    return copied_files(recipe, folder, project.files)


def _is_of_another(mode: object) -> bool:
    """Whether a container has the network, and so the published ports, of another one."""
    return isinstance(mode, UnknownValue) or str(mode).startswith(("service:", "container:"))


def _traits(
    service: Node, project: Project, recipe: Recipe | None, *, has_recipe: bool
) -> Iterator[tuple[str, Node]]:
    for name in _FLAGS:
        node = service.get(name)
        if node is not None:
            yield name, project.filled(node)
    mode = service.get("network_mode")
    if mode is not None and project.filled(mode).value == "host":
        yield "host_network", Node(_YES, mode.line, mode.column)
    elif mode is not None and _is_of_another(project.filled(mode).value):
        yield "shared_network", Node(_YES, mode.line, mode.column)
    for name in ("pid", "ipc"):
        node = service.get(name)
        if node is not None and project.filled(node).value == "host":
            yield f"host_{name}", Node(_YES, node.line, node.column)
    for source, target, node in mounts(service, project):
        if source.endswith("docker.sock") or target == _SOCKET:
            yield "docker_socket", Node(_YES, node.line, node.column)
    user = service.get("user")
    if user is not None:
        yield "user", project.filled(user)
    elif recipe is not None and recipe.user_node is not None:
        yield "user", recipe.user_node
    if not has_recipe:
        node = service.get("build") or service
        yield "unread_build", Node(_YES, node.line, node.column)
