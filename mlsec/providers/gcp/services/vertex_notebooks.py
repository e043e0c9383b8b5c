"""Which calls read Colab Enterprise: runtime templates and runtimes."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.gcp.route import Route
from mlsec.providers.gcp.services.vertex_operations import (
    listing,
    listing_route,
    policy,
    policy_route,
)

ROUTES: Mapping[str, Route] = {
    "aiplatform:ListNotebookRuntimeTemplates": listing_route("notebookRuntimeTemplates"),
    "aiplatform:NotebookRuntimeTemplatesGetIamPolicy": policy_route(),
    "aiplatform:ListNotebookRuntimes": listing_route("notebookRuntimes"),
}


def _secrets(noun: str) -> tuple[str, ...]:
    software = f"{noun}[].softwareConfig"
    return (f"{software}.env[].value", f"{software}.postStartupScriptConfig.postStartupScript")


PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="gcp.vertex.runtime_template",
        listing=listing(
            "ListNotebookRuntimeTemplates",
            "notebookRuntimeTemplates",
            redact=_secrets("notebookRuntimeTemplates"),
        ),
        reads=(policy("NotebookRuntimeTemplatesGetIamPolicy", "notebookRuntimeTemplates"),),
    ),
    TypePlan(
        type="gcp.vertex.runtime",
        listing=listing(
            "ListNotebookRuntimes", "notebookRuntimes", redact=_secrets("notebookRuntimes")
        ),
    ),
)
