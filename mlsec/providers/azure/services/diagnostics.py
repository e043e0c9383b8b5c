"""The one read of diagnostic settings: where the logs of a resource go. Any type may make it."""

from __future__ import annotations

import msgspec

from mlsec.providers.azure.route import ArmRead


class DiagnosticRead(ArmRead, frozen=True, kw_only=True):
    """The read, to be made of the item itself unless another place is named."""

    def at(self, path: str) -> DiagnosticRead:
        """Give the read for the resource whose id is at ``path`` in the item."""
        return msgspec.structs.replace(self, params={"scope": path})


# The only version with groups of categories; it is a preview in name, and what the portal uses.
DIAGNOSTIC_SETTINGS = DiagnosticRead(
    service="insights",
    name="DiagnosticSettings_List",
    action="Microsoft.Insights/diagnosticSettings/read",
    path="{scope}/providers/Microsoft.Insights/diagnosticSettings",
    params={"scope": "$.id"},
    version="2021-05-01-preview",
    items="value",
)
