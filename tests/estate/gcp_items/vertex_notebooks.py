"""Colab Enterprise in the invented company."""

from __future__ import annotations

from tests.estate.gcp_estate import Planted, Site
from tests.estate.gcp_kinds import (
    SECRET_VARIABLE,
    TOKEN,
    Body,
    Fault,
    Kind,
    common,
    opened_to,
    planted,
    with_,
    without,
)
from tests.estate.gcp_world import PROJECT, Thing, Told

_SCHEMA = "GoogleCloudAiplatformV1"


_SCRIPT = "#!/bin/bash\ncurl -s https://tools.example/setup.sh | bash\n"
_SECRET_SCRIPT = f"#!/bin/bash\nexport HF_TOKEN={TOKEN}\n"


def _template(site: Site, path: str) -> Body:
    return common(
        site,
        path,
        networkSpec={"network": f"projects/{PROJECT}/global/networks/ml"},
        shieldedVmConfig={"enableSecureBoot": True},
        softwareConfig={"env": [{"name": "MODE", "value": "lab"}]},
    )


TEMPLATE = Kind(
    noun="notebookRuntimeTemplates",
    schema=f"{_SCHEMA}NotebookRuntimeTemplate",
    body=_template,
    faults=(
        Fault(
            rules=("vertex/runtime-template-direct-internet",),
            change=with_("networkSpec.enableInternetAccess", True),
        ),
        Fault(
            rules=("vertex/runtime-template-without-idle-shutdown",),
            change=with_("idleShutdownConfig.idleShutdownDisabled", True),
        ),
        Fault(
            rules=("vertex/runtime-template-without-secure-boot",),
            change=without("shieldedVmConfig"),
        ),
        Fault(
            rules=("vertex/runtime-template-without-customer-key",),
            change=without("encryptionSpec"),
        ),
        Fault(
            rules=("vertex/runtime-template-start-script-unpinned-download",),
            change=with_("softwareConfig.postStartupScriptConfig.postStartupScript", _SCRIPT),
        ),
        Fault(
            rules=("vertex/runtime-template-secret-in-start-script",),
            change=with_(
                "softwareConfig.postStartupScriptConfig.postStartupScript", _SECRET_SCRIPT
            ),
        ),
        Fault(
            rules=("vertex/runtime-template-secret-in-environment",),
            change=with_("softwareConfig.env", [SECRET_VARIABLE]),
        ),
        Fault(rules=("vertex/runtime-template-public",), change=opened_to("allUsers")),
    ),
)


def _runtime(site: Site, path: str) -> Body:
    return common(
        site,
        path,
        runtimeState="RUNNING",
        runtimeUser="ana@nordlicht.example",
        networkSpec={"network": f"projects/{PROJECT}/global/networks/ml"},
        notebookRuntimeTemplateRef={"notebookRuntimeTemplate": TEMPLATE.path(site)},
    )


RUNTIME = Kind(
    noun="notebookRuntimes",
    schema=f"{_SCHEMA}NotebookRuntime",
    body=_runtime,
    faults=(
        Fault(
            rules=("vertex/runtime-direct-internet",),
            change=with_("networkSpec.enableInternetAccess", True),
        ),
        Fault(rules=("vertex/runtime-outdated",), change=with_("isUpgradable", True)),
    ),
)
KINDS = (TEMPLATE, RUNTIME)


FAULTS: tuple[Planted, ...] = planted(KINDS)


def of_company() -> list[Thing | Told]:
    return []


def of_deployment(site: Site) -> list[Thing | Told]:
    return [thing for kind in KINDS for thing in kind.things(site)]


def specimens() -> list[Thing | Told]:
    return []
