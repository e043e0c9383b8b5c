"""Parse Python within bounds; nothing is compiled to code."""

from __future__ import annotations

import ast
import re
import warnings

from mlsec.artifacts.errors import OverLimitError

MOST_NESTED = 150
# What the interpreter is given as the name of the source: it is parsed, never compiled to code.
PARSED_ONLY = "<parsed only>"


def tree_of(data: bytes | str) -> ast.Module:
    """The tree of a source text; bytes are in the encoding that their first lines name.

    Raises:
        SyntaxError: no Python of this version.
        OverLimitError: nested too deep to be parsed within bounds.
    """
    depth = deepest = 0
    text = data if isinstance(data, bytes) else data.encode("utf-8", "replace")
    for byte in re.findall(rb"[(\[{)\]}]", text):
        depth = depth + 1 if byte in b"([{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    if deepest > MOST_NESTED:
        raise OverLimitError("Python is nested deeper than can be followed")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(data, filename=PARSED_ONLY)
    except (RecursionError, MemoryError) as error:
        raise OverLimitError("Python is nested deeper than can be followed") from error
    except ValueError as error:
        raise SyntaxError(str(error)) from error
