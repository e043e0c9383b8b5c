"""Addresses of the documentation: one base for all of them, and what stands in without one."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from mlsec import __version__
from mlsec.core.enums import GapReason
from mlsec.render.links import is_link

# Where the pages of `make site` are published. Empty: they are not published yet, and an address
# that is not ours could come to belong to somebody else.
HELP_BASE = ""
# SARIF wants an absolute URI that says what the tool is: a package URL names it and leads nowhere.
_PACKAGE = f"pkg:generic/mlsec@{__version__}"


def home_address(base: str) -> str:
    """Give the address of the documentation; without a base what names this version."""
    return f"{base}/index.html" if base else _PACKAGE


def rule_address(base: str, rule_id: str, references: Sequence[str]) -> str:
    """Give the address of a rule's page, else of its first reference; "" when it has none.

    A rule of another tool (``checkov:CKV_AWS_1``) has no page.
    """
    if base and ":" not in rule_id:
        return f"{base}/rules/{quote(rule_id)}.html"
    return next((address for address in references if is_link(address)), "")


def gap_address(base: str, reason: GapReason) -> str:
    """Give the address of what to do about a gap; "" without a base."""
    return f"{base}/troubleshooting.html#{reason.value}" if base else ""
