"""Notebooks on their way into the evidence: only their code, and the keys in what it printed."""

from __future__ import annotations

from mlsec.collect.python.relevance import is_relevant


def code_of_notebook(text: str) -> str:
    """Give the code cells of a notebook as one text; "" where they hold nothing that is judged.

    Raises:
        LimitError: too many cells, too deep.
        MlsecError: not JSON, or no notebook.
    """
    from mlsec.collect.python.notebook import script_of  # noqa: PLC0415 - few targets have any

    script = script_of(text)
    return script if script is not None and is_relevant(script) else ""
