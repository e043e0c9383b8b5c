"""What a product is known by, and what its reader gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

import msgspec

from mlsec.collect.secrets.default_passwords import is_published
from mlsec.servers.network_reach import ConnectionSource
from mlsec.servers.settings import NO, Settings, SettingValue, known, no, unknown, yes

# Property of the vocabulary and its answer; ``bind`` and ``port`` are among them.
NamedSettings = Iterator[tuple[str, SettingValue]]
Read = Callable[[Settings], NamedSettings]

ANYWHERE = "0.0.0.0"  # noqa: S104 - read, never bound
LOOPBACK = "127.0.0.1"


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """One server software.

    ``images`` match the name of an image without tag, ``commands`` the first words of a command
    line (``python -m x`` is written ``-m x``). ``entrypoint`` is what an image starts before its
    arguments, ``arguments`` those it has without any given; ``image_env`` and ``image_keys`` what
    the image sets. ``tag`` finds the version in an image's tag. ``advisories`` is the name of its
    data on flaws, ``packages`` those whose version is that of the server. ``config`` says how it
    is reported where its configuration file lies: flags, variables, where it looks by itself
    (``config_paths``; ``config_files`` are names in the folder that it is started in or, where
    ``config_folder_after`` is reported, in the one that stands behind that word), and
    ``config_word`` what a word of the command line looks like that names it. ``is_env_first``:
    a variable names it before a flag does. ``is_web``: it speaks HTTP, so that a proxy for web
    pages may lead to it. ``is_beside_models``: any application has it beside itself, so that it is
    judged only where a compose file publishes its ports to other machines.
    """

    type: str
    read: Read
    images: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    entrypoint: str = ""
    arguments: str = ""
    image_env: Mapping[str, str] = msgspec.field(default_factory=dict)
    image_keys: Mapping[str, str] = msgspec.field(default_factory=dict)
    image_user: str = ""
    tag: str = r"v?([0-9]+(?:\.[0-9]+)+(?:(?:rc|a|b|\.post)[0-9]+)?)"
    advisories: str = ""
    config_flags: tuple[str, ...] = ()
    config_env: tuple[str, ...] = ()
    config_paths: tuple[str, ...] = ()
    config_files: tuple[str, ...] = ()
    config_word: str = ""
    config_folder_after: str = ""
    is_env_first: bool = False
    is_web: bool = True
    is_beside_models: bool = False

    def is_image(self, name: str) -> bool:
        """Whether an image of this name is the product's."""
        return any(re.fullmatch(pattern, name) for pattern in self.images)

    def is_command(self, head: str) -> bool:
        """Whether a command that begins so starts the product."""
        return any(re.match(pattern, head) for pattern in self.commands)

    def version_in(self, tag: str) -> str:
        """Give the version that an image's tag says, "" for none."""
        match = re.match(self.tag, tag)
        return match[1] if match is not None else ""


def open_to_others(reach: SettingValue, asks: SettingValue) -> SettingValue:
    """Whether other machines get through: a port that they reach and that asks nobody.

    ``reach`` holds a ``ConnectionSource`` value, ``asks`` whether somebody has to sign in.
    """
    if asks.is_known and asks.value:
        return no(asks)
    if not reach.is_known:
        return reach
    if reach.value in (ConnectionSource.HOST.value, ConnectionSource.CONTAINERS.value):
        return no(reach)
    return yes(reach) if asks.is_known else asks


def metrics_open(reach: SettingValue, asks: SettingValue) -> SettingValue:
    """Whether machines outside of its cluster read the metrics of a server without signing in.

    Inside of it the collector reads them, which is what they are for.
    """
    if reach.is_known and reach.value == ConnectionSource.CLUSTER.value:
        return no(reach)
    return open_to_others(reach, asks)


def is_one_of(answer: SettingValue, published: tuple[str, ...] = ()) -> SettingValue:
    """Whether a value is one of those that are published in documentation."""
    return answer.mapped(
        lambda value: value is not None and (str(value) in published or is_published(str(value)))
    )


def either(*answers: SettingValue) -> SettingValue:
    """Yes where one says yes; not known where one is not; else no."""
    yes = [answer for answer in answers if answer.is_known and answer.value]
    hidden = [answer for answer in answers if not answer.is_known]
    placed = [answer for answer in answers if answer.is_set]
    return (yes or hidden or placed or [NO])[0]


def both(*answers: SettingValue) -> SettingValue:
    """No where one says no; not known where one is not; else yes."""
    no = [answer for answer in answers if answer.is_known and not answer.value]
    hidden = [answer for answer in answers if not answer.is_known]
    return (no or hidden or list(answers))[0]


def opposite(answer: SettingValue) -> SettingValue:
    """Turn yes and no around; what is not known stays so."""
    return answer.mapped(lambda value: not value)


def has_star(answer: SettingValue) -> SettingValue:
    """Whether a list of origins or hosts lets in any."""

    def holds(value: object) -> bool:
        if isinstance(value, list | tuple):
            return any(str(item).strip() == "*" for item in value)
        text = str(value or "").strip().strip("[]")
        return any(
            part.strip().strip("'\"") in ("*", ".*", "http://*", "https://*")
            for part in text.split(",")
        )

    return answer.mapped(holds)


def model_source(model: SettingValue, revision: SettingValue) -> NamedSettings:
    """Say whether a model is pinned and how it is fetched, by how it is named."""
    yield "supply.model", model
    if not model.is_known:
        yield "supply.model_pinned", unknown(model.why, model)
        yield "supply.model_plain_http", unknown(model.why, model)
        return
    name = str(model.value or "")
    yield "supply.model_plain_http", known(name.startswith("http://"), model)
    if not is_hub_name(name):
        yield "supply.model_pinned", known(None, model)
    elif not revision.is_known:
        yield "supply.model_pinned", revision
    else:
        is_commit = bool(re.fullmatch(r"[0-9a-f]{40}", str(revision.value or "")))
        yield "supply.model_pinned", known(is_commit, revision if revision.is_set else model)


def is_hub_name(name: str) -> bool:
    """Whether a model is named as hubs name them: ``owner/name``, no path and no address."""
    return bool(re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", name))
