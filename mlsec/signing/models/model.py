"""The interface of a model to verification: its address, signature files and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from mlsec.signing.files.hash_plan import HashedFile, HashPlan, Progress
from mlsec.signing.files.listing import FileState, Listing
from mlsec.signing.verdicts.verdict import Check


class Signature(Protocol):
    """One signature file. ``inside`` is its path in the model, "" when it lies elsewhere.

    As text it is its whole address.
    """

    @property
    def name(self) -> str: ...

    @property
    def inside(self) -> str: ...

    def read(self, at_most: int) -> bytes:
        """Return its first bytes.

        Raises:
            UnreadError: the store does not give them now; the verdict is then incomplete.
            MlsecError: it cannot be read at all.
        """
        ...


class ModelFiles(Protocol):
    """The files of a model while it is verified; ``single`` is the name of a model of one file."""

    @property
    def single(self) -> str: ...

    def listing(self, max_entries: int, *, is_quick: bool = False) -> Listing:
        """List everything; ``is_quick`` where names are enough and states cost a call each.

        Raises:
            OverLimitError: more than ``max_entries`` names.
            SigningError: it cannot be listed, or not in full.
        """
        ...

    def hashed(
        self, files: Mapping[str, FileState], plan: HashPlan, progress: Progress | None
    ) -> dict[str, HashedFile]:
        """Hash every file of ``files`` (path -> state as listed); what went wrong is in the value.

        Raises:
            UnsupportedError: a hash that is not there.
        """
        ...

    def read(self, path: str, at_most: int) -> bytes:
        """Return the first bytes of a file.

        Raises:
            UnreadError: the store does not give them now.
            SigningError: not there, or no regular file.
        """
        ...

    def changes(self, listing: Listing) -> list[Check]:
        """Look again: a failed check for each file and folder that is not as it was listed."""
        ...


class Model(Protocol):
    """A model to verify. ``address`` is what the policy is asked about: a path, or a URI."""

    @property
    def address(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def is_folder(self) -> bool: ...

    def has(self, path: str) -> bool:
        """Whether there is a regular file of this name."""
        ...

    def discover(self) -> Sequence[Signature]:
        """Find the signature files in it, or beside it under its name.

        Raises:
            UnreadError: it is not known what lies there.
        """
        ...

    def opened(self) -> AbstractContextManager[ModelFiles]:
        """Open its files for reading.

        Raises:
            SigningError: it is not there or cannot be opened.
        """
        ...
