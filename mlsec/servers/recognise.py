"""Which product a launch starts, and with which settings."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

import msgspec

from mlsec.collect.code.launch import DECLARED_KINDS, UNKNOWN_TEXT, Launch
from mlsec.collect.images.image_names import image_tag
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.servers.config.config_files import ConfigSource
from mlsec.servers.config.written_config import ADDED
from mlsec.servers.images.image_build import repository_of
from mlsec.servers.images.printed import joined
from mlsec.servers.network_reach import is_loopback
from mlsec.servers.products.product import Product
from mlsec.servers.products.table import PRODUCTS, products_started_by
from mlsec.servers.settings import ConfigFile, Settings
from mlsec.servers.shell.commands import Started, commands_of, filled_argv

# What an image's name reports a server, and what a program beside one is called.
_TELLING = frozenset(product.type.partition(".")[2] for product in PRODUCTS) | {"llama", "webui"}
# Behind these stands what is served: a model, or a folder.
_BEFORE_OPERANDS = ("serve",)
_BESIDE = frozenset(
    {"exporter", "operator", "controller", "client", "cli", "backup", "initializer"}
)


# What stands before a server that the same command line starts, and may ask who calls.
_PROXY = re.compile(r"(?:\S*/)?(?:nginx|caddy|apache2|httpd|haproxy|envoy|traefik|oauth2-proxy)\b")


class Recognised(msgspec.Struct, frozen=True, kw_only=True):
    """A server: its product, its settings, and whether the image is the product's own."""

    product: Product
    settings: Settings
    image: Node | None = None


class NoServer(msgspec.Struct, frozen=True, kw_only=True):
    """Why a launch gives no server; ``is_doubtful`` where it may be one all the same."""

    because: str
    is_doubtful: bool = False


def servers_in(launch: Launch, configs: ConfigSource) -> tuple[Recognised, ...] | NoServer:
    """Give the servers that a launch starts, or why it starts none that is known here."""
    started = commands_of(launch)
    proxy = next((item.head for item in started if _PROXY.match(item.head)), "")
    if proxy and any(products_started_by(item.head) for item in started):
        because = f"{proxy.split()[0]} starts beside it, and what that asks of callers is not known"
        return NoServer(because=because, is_doubtful=True)
    recogniseds: dict[str, Recognised] = {}
    for image, product in _by_image(launch):
        if not _is_judged(product, launch):
            break
        command = _own_command(product, launch, started)
        if command is not None:
            recogniseds.setdefault(product.type, _made(product, launch, command, image, configs))
        elif launch.kind != "dockerfile" and not any(
            products_started_by(item.head) for item in started
        ):
            return _something_else(started)
        break
    for command in started:
        for product in products_started_by(command.head)[:1] if command.head else ():
            if not _is_judged(product, launch):
                continue
            made = _made(product, launch, command, None, configs)
            recogniseds.setdefault(product.type, made)
    return tuple(recogniseds.values()) or _no_server(launch, started)


def _is_judged(product: Product, launch: Launch) -> bool:
    """Whether a launch of a product is judged: what stands beside models, where it is published."""
    return not product.is_beside_models or (
        launch.kind == "compose"
        and any(not is_loopback(item.rpartition(":")[0]) for item in launch.published)
    )


def _by_image(launch: Launch) -> Iterator[tuple[Node, Product]]:
    nodes = [launch.image] if launch.image is not None else []
    for node in [*nodes, *launch.bases]:
        if isinstance(node.value, str):
            name = repository_of(node.value)
            for product in PRODUCTS:
                if product.is_image(name):
                    yield node, product
                    break


def _own_command(product: Product, launch: Launch, started: tuple[Started, ...]) -> Started | None:
    """Give the command line with which an image starts its own product; None when it does not."""
    if launch.argv is None and launch.shell is None:
        if not product.entrypoint:
            return None
        words = [*product.entrypoint.split(), *product.arguments.split()]
        return Started(head=" ".join(words), words=tuple(Node(word) for word in words))
    own = next((item for item in started if product.is_command(item.head)), None)
    if own is not None:
        return own
    is_shell = launch.is_entry or any(item.is_in_shell for item in started)
    argv = filled_argv(launch)
    if is_shell or not product.entrypoint:
        return None if is_shell or (argv and not _are_arguments(argv)) else _plain(argv)
    before = tuple(Node(word) for word in product.entrypoint.split())
    head = " ".join(str(word.value) for word in (*before, *argv[:3]))
    is_own = product.is_command(head) or product.is_command(" ".join(product.entrypoint.split()))
    if not is_own or (product.arguments and not product.is_command(head)):
        return None
    return Started(head=head, words=(*before, *argv))


def _are_arguments(argv: tuple[Node, ...]) -> bool:
    first = argv[0].value
    return isinstance(first, UnknownValue) or str(first).startswith("-")


def _plain(argv: tuple[Node, ...]) -> Started:
    return Started(head="", words=argv)


def _made(
    product: Product,
    launch: Launch,
    command: Started,
    image: Node | None,
    configs: ConfigSource,
) -> Recognised:
    if not product.is_web:
        # A proxy for web pages leads to none of these.
        traits = {name: node for name, node in launch.traits.items() if name != "front"}
        launch = msgspec.structs.replace(launch, traits=traits)
    defaults = product.image_env if image is not None else {}
    env = {
        **{name: Node(value) for name, value in defaults.items()},
        **launch.env,
        **command.env,
    }
    hidden = [word.value for word in command.words if isinstance(word.value, UnknownValue)]
    settings = Settings(
        launch=launch,
        words=command.words,
        env=env,
        # A value that is not known is one; a word that stands alone may be any flag.
        open_words=_open_words(command.words) if hidden else "",
        open_env=_open_env(launch),
        version=_version(product, launch, image),
    )
    files, why = configs.of(product, launch, settings)
    # What a build adds to the file of the image holds before what stands there.
    if image is not None and product.image_keys and (why == ADDED or not (files or why)):
        keys = {key: Node(value) for key, value in product.image_keys.items()}
        files, why = (*files, ConfigFile(id="", shown="", root=Node(keys))), ""
    settings = msgspec.structs.replace(settings, files=files, open_files=why)
    return Recognised(product=product, settings=settings, image=image)


def _open_words(words: tuple[Node, ...]) -> str:
    for at, word in enumerate(words):
        if not isinstance(word.value, UnknownValue):
            continue
        before = words[at - 1].value if at else ""
        is_value = isinstance(before, str) and before.startswith("-") and "=" not in before
        if not is_value and before not in _BEFORE_OPERANDS:
            return f"the command line goes on with what is not known: {word.value.why}"
    return ""


def _open_env(launch: Launch) -> str:
    if launch.kind == "config":
        return "the environment that goes with this file is not known"
    if launch.kind in ("shell", "procfile", "dockerfile"):
        return "more variables may be set where it is started"
    return "more variables are set in what was not read" if launch.env_is_open else ""


def _version(product: Product, launch: Launch, image: Node | None) -> str:
    if image is not None and isinstance(image.value, str):
        version = product.version_in(image_tag(image.value) or "")
        if version:
            return version
    for package in product.packages:
        node = launch.packages.get(package)
        if node is not None and isinstance(node.value, str) and node.value:
            return node.value
    return ""


def _something_else(started: tuple[Started, ...]) -> NoServer:
    """Say what is run instead; a script of its own may well start the server."""
    script = next((s for s in (_script_of(item) for item in started) if s), "")
    if script:
        because = f"{script} runs in the image of a server, and what it starts is not known"
        return NoServer(because=because, is_doubtful=True)
    return NoServer(because="it runs something else in the image of a server")


def _script_of(started: Started) -> str:
    for word in started.words[:3]:
        if isinstance(word.value, UnknownValue):
            return f"what is not known ({word.value.why})" if word is started.words[0] else ""
        if str(word.value).endswith((".sh", ".bash")):
            return f"the script {str(word.value)[:80]}"
    return ""


def _named_like(image: Node | None) -> str:
    """Give the name of an image that reports a server without being its own."""
    if image is None or not isinstance(image.value, str):
        return ""
    name = repository_of(image.value)
    words = set(re.split(r"[^a-z0-9]+", name.rpartition("/")[2]))
    return name if words & _TELLING and not words & _BESIDE else ""


def _is_hidden(path: str, launch: Launch) -> bool:
    """Whether a script that the build writes may run what was not read."""
    file = launch.written.get(posixpath.normpath(posixpath.join(launch.folder, path)))
    if file is None or not (file.is_known and file.is_whole):
        return file is not None
    lines = joined(file.pieces)[0].splitlines()
    return any(line.lstrip().startswith(UNKNOWN_TEXT) for line in lines)


def _no_server(launch: Launch, started: tuple[Started, ...]) -> NoServer:
    image = launch.image
    is_open = not launch.is_entry and launch.kind not in DECLARED_KINDS
    if is_open and image is not None and isinstance(image.value, UnknownValue):
        why = f"which image it runs is not known: {image.value.why}"
        return NoServer(because=why, is_doubtful=True)
    if is_open and image is None and launch.argv and _are_arguments(launch.argv):
        return NoServer(because="what takes its arguments is not known here", is_doubtful=True)
    if not launch.is_entry and not any(item.is_in_shell for item in started):
        name = _named_like(image)
        is_known = launch.argv and not _are_arguments(launch.argv)
        if name and not is_known:
            why = f"{name} is no image of a known server, and what it starts is not known"
            return NoServer(because=why, is_doubtful=True)
    if launch.kind == "compose" and not started:
        if image is not None and isinstance(image.value, UnknownValue):
            why = f"which image it runs is not known: {image.value.why}"
            return NoServer(because=why, is_doubtful=True)
        if "unread_build" in launch.traits:
            why = "its Dockerfile was not found among the files scanned"
            return NoServer(because=why, is_doubtful=True)
    words = [str(word.value) for item in started for word in item.words[:3]]
    if written := next((word for word in words if _is_hidden(word, launch)), ""):
        because = f"what the build writes to {written[:80]} is not known"
        return NoServer(because=because, is_doubtful=True)
    hidden = [word.value for item in started for word in item.words[:1]]
    if any(isinstance(value, UnknownValue) for value in hidden):
        why = next(value.why for value in hidden if isinstance(value, UnknownValue))
        return NoServer(because=f"what it runs is not known: {why}", is_doubtful=True)
    if any(not is_loopback(item.rpartition(":")[0]) for item in launch.published):
        why = "it publishes a port, and who may call what answers there is not known"
        return NoServer(because=why)
    return NoServer(because="it starts no server that this version knows")
