"""What the reading processes are asked to read: files on disk, and files in a store."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import msgspec

from mlsec.artifacts.bytes.window import Source


class LocalJob(msgspec.Struct, frozen=True, kw_only=True):
    """A file on disk; it is opened here, following no link, and passed on.

    Of Python that ``leaves_python`` is said that it is Python, and no more.
    """

    id: str
    path: str
    name: str = ""
    leaves_python: bool = False


class FarJob(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A file in a store: ``open`` runs here, where the network is; its bytes go over a pipe.

    ``open`` may raise ArtifactError with the reason for not being able to.
    """

    id: str
    open: Callable[[], AbstractContextManager[Source]]
    name: str = ""


Job = LocalJob | FarJob
