"""Reads mlsec.yaml: every key is an option of the command, and every mistake has file and line."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from mlsec.cli.config.values import Reader
from mlsec.core.errors import MlsecError
from mlsec.core.strict_yaml import Document, parse
from mlsec.core.suggestions import did_you_mean

ENVIRONMENTS = "environments"
# Only these may take what they hold from a variable: addresses with a secret in them.
SECRET = frozenset({"notify"})
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A value of an option, where it came from, and how it may be shown."""

    value: Any
    source: str
    shown: Any = None


class ConfigFile(msgspec.Struct, frozen=True, kw_only=True):
    """What an mlsec.yaml says, by the name of the option."""

    general: Mapping[str, Setting]
    environments: Mapping[str, Mapping[str, Setting]]


def read_config(
    path: Path, parser: argparse.ArgumentParser, options: Mapping[str, argparse.Action]
) -> ConfigFile:
    """Read and check all of it, the environments that are not chosen too.

    Args:
        path: the file; paths in it are relative to its folder.
        parser: the parser of ``mlsec scan``, which decides what a value may be.
        options: what may be set, by key.

    Raises:
        MlsecError: it cannot be read, or a key or a value is not one; with file and line.
    """
    from mlsec.core.named_file import read_named_text

    try:
        text = read_named_text(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "") or "it is not UTF-8"
        raise MlsecError(
            f"the configuration cannot be read: {reason}", location=str(path)
        ) from None
    document = parse(text, str(path))
    folder = os.path.relpath(path.parent)
    reader = Reader(parser, "" if folder == "." else folder)
    sections = _Sections(document, reader, options)
    environments = {
        name: dict(sections.settings(ENVIRONMENTS, name)) for name in sections.mapping(ENVIRONMENTS)
    }
    return ConfigFile(general=dict(sections.settings()), environments=environments)


class _Sections:
    """The sections of one document."""

    def __init__(
        self, document: Document, reader: Reader, options: Mapping[str, argparse.Action]
    ) -> None:
        self._document, self._reader, self._options = document, reader, options

    def mapping(self, *path: str) -> Mapping[str, Any]:
        """Give the section at a path, empty where nothing is there."""
        value = self._document.value
        for depth, key in enumerate((*path, None)):
            if value is not None and not isinstance(value, dict):
                raise MlsecError(
                    "a mapping was expected: lines such as fail-on: high",
                    location=self._document.where(*path[:depth]),
                )
            if key is not None:
                value = (value or {}).get(key)
        return value or {}

    def settings(self, *path: str) -> Iterator[tuple[str, Setting]]:
        """Give the options that a section sets."""
        for key, written in self.mapping(*path).items():
            if key == ENVIRONMENTS and not path:
                continue
            where = self._document.where(*path, key)
            if key not in self._options:
                raise _unknown(str(key), where, self._options, path)
            try:
                value = self._reader.from_yaml(self._options[key], _filled(key, written))
            except MlsecError as error:
                error.message = f"{key}: {error.message}"
                error.location = where
                raise
            yield key, Setting(value=value, source=where, shown=written if key in SECRET else value)


def _unknown(
    key: str, where: str, options: Mapping[str, argparse.Action], path: tuple[str, ...]
) -> MlsecError:
    known = {*options} | ({ENVIRONMENTS} if not path else set())
    near = did_you_mean(key.removeprefix("--").replace("_", "-"), known)
    return MlsecError(
        f'unknown key "{key}"{near}',
        location=where,
        hint="the keys are the long options of mlsec scan, see mlsec scan --help",
    )


def _filled(key: str, written: Any) -> Any:
    """Put in the variables that a value refers to.

    Raises:
        MlsecError: one is not set, or the key may not refer to any.
    """
    if isinstance(written, list):
        return [_filled(key, item) for item in written]
    if not isinstance(written, str) or not _REFERENCE.search(written):
        return written
    if key not in SECRET:
        allowed = ", ".join(sorted(SECRET))
        raise MlsecError(f"variables are put in for {allowed} only", hint="write the value itself")

    def value_of(match: re.Match[str]) -> str:
        value = os.environ.get(match[1], "")
        if not value:
            raise MlsecError(
                f"the variable {match[1]} is not set", hint="set it, or leave this out"
            )
        return value

    return _REFERENCE.sub(value_of, written)
