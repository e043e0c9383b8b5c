"""Formulas that statsmodels evaluates, as Python, while it loads the data of a model."""

from __future__ import annotations

from mlsec.core.regex import regex

# What a formula may call: ways of coding, splines, and functions of numpy that only compute.
_CALLED = frozenset(
    """C Q I Treatment Sum Poly Diff Helmert center standardize scale poly bs cr cc te cs ncs
    contr lag log log2 log10 log1p exp expm1 sqrt abs absolute power square sin cos tan arcsin
    arccos arctan sinh cosh tanh sign floor ceil round maximum minimum where clip isnan float int
    bool str treatment sum helmert diff sas SAS hashed""".split()  # noqa: SIM905
)
_ROOTS = frozenset(("np", "numpy", "contr"))
_TEXT = regex(r"'[^'\\\n]*'|\"[^\"\\\n]*\"")
_QUOTED = regex(r"Q\s*\(\s*(?:'[^'\\\n]*'|\"[^\"\\\n]*\")\s*\)")
_NAME = regex(r"([\w.]+)\s*(\()?")
_CALLS_A_VALUE = regex(r"[\])}'\"]\s*\(")


def acts(text: str) -> str:
    """What a formula calls that no formula needs; "" where there is nothing of it."""
    plain = _TEXT.sub("0", _QUOTED.sub("x", text))
    if "'" in plain or '"' in plain or "`" in plain:
        return "a text that does not end"
    if result := _CALLS_A_VALUE.search(plain):
        return plain[max(result.start() - 40, 0) : result.end()]
    for result in _NAME.finditer(plain):
        name, is_call = result.group(1), bool(result.group(2))
        root, _, rest = name.partition(".")
        if "__" in name or (rest and not _is_number(name) and not _is_known(root, rest)):
            return name
        if is_call and name.rpartition(".")[2] not in _CALLED and name not in _ROOTS:
            return name
    return ""


def _is_known(root: str, rest: str) -> bool:
    return root in _ROOTS and "." not in rest and (rest in _CALLED or rest in ("pi", "e", "inf"))


def _is_number(name: str) -> bool:
    return name.replace(".", "", 1).replace("e", "", 1).isdecimal()
