"""What a caller may choose about a report: places, colour, width."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from mlsec.core.enums import Severity
from mlsec.core.finding import Finding
from mlsec.render.help_links import HELP_BASE

INVENTORY_FILE = "mlsec-inventory.txt"


class SourceLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of scanned code, and the path of its file from the working folder."""

    path: str
    text: str


# Gives the line of a file of a scope, None where the file is not at hand.
Sources = Callable[[str, str, int], SourceLine | None]


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Which open findings the text report shows: all, as long as nothing is set.

    ``severity`` is the least one; of ``concerns`` and ``providers`` one must fit each. ``sources``
    gives lines of the scanned code.
    """

    severity: Severity = Severity.INFO
    concerns: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    sources: Sources | None = None

    @property
    def is_whole(self) -> bool:
        """Whether every finding is shown."""
        return self.severity is Severity.INFO and not self.concerns and not self.providers

    def keeps(self, finding: Finding) -> bool:
        """Whether a finding is shown."""
        return (
            finding.severity.rank <= self.severity.rank
            and (not self.concerns or finding.concern.value in self.concerns)
            and (not self.providers or finding.resource.provider in self.providers)
        )


class RenderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Choices of the caller; the defaults are right for files.

    ``sarif_inventory`` is the path in the repository at which the file that lists the resources
    is committed; ``width_chars`` is the terminal's width (0 for 100 columns). ``is_brief`` asks the
    text report for what to do first instead of every finding, ``is_verbose`` for every gap.
    ``help_base`` is the address below
    which the pages of the documentation are published, without a slash at its end; "" for none.
    ``view`` is what the text report shows.
    ``framework`` is what a sheet shows, ``NAME`` or ``NAME:PROFILE``; "" for that of the scan.
    """

    framework: str = ""
    sarif_inventory: str = INVENTORY_FILE
    has_colour: bool = False
    width_chars: int = 0
    is_brief: bool = False
    is_verbose: bool = False
    view: View = View()
    help_base: str = HELP_BASE


DEFAULT = RenderSettings()
