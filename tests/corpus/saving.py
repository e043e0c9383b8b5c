"""Ways of saving an object for the corpus of honest models."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Saved = tuple[str, Callable[[Path], object]]


def pickled(value: Any, protocol: int) -> Callable[[Path], object]:
    """Write the pickle of a value."""
    return lambda path: path.write_bytes(pickle.dumps(value, protocol))


def all_protocols(name: str, value: Any) -> Iterator[Saved]:
    """The value in protocols 0, 2, 4 and 5."""
    for protocol in (0, 2, 4, 5):
        yield f"{name}.p{protocol}.pkl", pickled(value, protocol)
