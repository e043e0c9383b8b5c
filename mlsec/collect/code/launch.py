"""How a server is started, wherever that stands: a container, a compose file, a script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.collect.located.located import Node, UnknownValue

# What declares a launch; every other kind is that of a Kubernetes object.
DECLARED_KINDS = ("compose", "dockerfile", "shell", "unit", "procfile", "config")


# Stands in the text of a written file for what is not known there.
UNKNOWN_TEXT = "__mlsec_unknown__"
# A text and the line that writes it; what a file holds is a chain of them, the last in front.
Piece = tuple[int, str]
Pieces = tuple[Any, tuple[Piece, ...]]


class WrittenFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the build of an image writes; ``shown`` is the Dockerfile.

    ``is_whole``: nothing that was not read stands in front of it. ``is_known``: all that changed
    it was read.
    """

    shown: str
    pieces: Pieces | None = None
    is_whole: bool = True
    is_known: bool = True


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """A port of a container that its host passes on; ``address`` is the host's own, "" for all."""

    address: str | UnknownValue
    port: int
    line: int = 0
    column: int = 0


# Kinds that other objects are merged with: what they leave open is asked of those.
TEMPLATE_KINDS = frozenset({
    "LLMInferenceServiceConfig", "TrainingRuntime", "ClusterTrainingRuntime",
})  # fmt: skip


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """One process as it is declared to be started; what reads it decides which server it is.

    ``id`` is unique in the scan and stable between scans (``k8s`` resource id and container name,
    compose file and service, Dockerfile and stage); ``resource_id`` is that of the workload it runs
    in, "" for none. ``argv`` holds command and arguments in order, each a node whose value is a
    string or ``UnknownValue``; it is None when the image decides it. ``is_entry`` says that it
    begins with what is run, in place of the entrypoint of the image. ``shell`` is a command line
    that a shell will split, where the text gives one instead of a list. ``env`` maps a name to its
    node (``UnknownValue`` where the value comes from a secret or a field). ``env_is_open`` says
    that more variables may be set from elsewhere (``envFrom``, ``env_file``). ``ports`` are those
    published or declared (container side); ``published`` those that the host or the outside gets,
    as written (``0.0.0.0:8000``). ``files`` maps a path inside the container to the text
    mounted there, where the scan holds it. ``user`` is as written, and so is ``folder``, where
    it starts; "" when not known.

    What only some sources say: ``passed_on`` are the ports that a container's host passes on;
    ``bases`` the images that the image is built from, ``packages`` those that the build installs,
    with their version ("" when it takes any); ``mounted`` maps a path inside the container to the
    id of the file of the code that lies there, ``written`` to what the build writes there (``~/``
    is the home of who starts it); ``traits`` holds what the container may do
    (``privileged``, ``docker_socket``, ``host_network``, ...), each with its place.
    """

    id: str
    scope: str
    file: str
    line: int
    column: int = 0
    name: str = ""
    kind: str = ""
    resource_id: str = ""
    image: Node | None = None
    argv: tuple[Node, ...] | None = None
    is_entry: bool = False
    shell: Node | None = None
    env: Mapping[str, Node] = msgspec.field(default_factory=dict)
    env_is_open: bool = False
    ports: tuple[int, ...] = ()
    published: tuple[str, ...] = ()
    files: Mapping[str, str] = msgspec.field(default_factory=dict)
    folder: str = ""
    user: str = ""
    origin: str = "iac"
    passed_on: tuple[Publication, ...] = ()
    bases: tuple[Node, ...] = ()
    packages: Mapping[str, Node] = msgspec.field(default_factory=dict)
    mounted: Mapping[str, str] = msgspec.field(default_factory=dict)
    written: Mapping[str, WrittenFile] = msgspec.field(default_factory=dict)
    traits: Mapping[str, Node] = msgspec.field(default_factory=dict)
