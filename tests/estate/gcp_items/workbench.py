"""Workbench instances of the invented company."""

from __future__ import annotations

from collections.abc import Callable

from tests.estate.gcp_estate import Planted, Site
from tests.estate.gcp_kinds import (
    DEFAULT_ACCOUNT,
    LABELS,
    RECENT,
    TOKEN,
    Body,
    Fault,
    Kind,
    also,
    key_of,
    opened_to,
    planted,
    with_,
    without,
)
from tests.estate.gcp_world import PROJECT, Thing, Told

_SETUP = "gceSetup"
_SWITCHES = {
    "notebook-disable-root": "true",
    "notebook-disable-terminal": "true",
    "notebook-disable-downloads": "true",
    "notebook-upgrade-schedule": "00 19 * * SAT",
    "framework": "PyTorch",
}


def _instance(site: Site, path: str) -> Body:
    key = dict(key_of(site))["kmsKeyName"]
    return {
        "name": path,
        "createTime": RECENT,
        "state": "ACTIVE",
        "labels": dict(LABELS),
        "instanceOwners": ["ana@nordlicht.example"],
        "gceSetup": {
            "disablePublicIp": True,
            "networkInterfaces": [{"network": f"projects/{PROJECT}/global/networks/ml"}],
            "serviceAccounts": [{"email": f"notebooks@{PROJECT}.iam.gserviceaccount.com"}],
            "bootDisk": {"diskEncryption": "CMEK", "kmsKey": key},
            "dataDisks": [{"diskEncryption": "CMEK", "kmsKey": key}],
            "shieldedInstanceConfig": {
                "enableVtpm": True,
                "enableSecureBoot": True,
                "enableIntegrityMonitoring": True,
            },
            "metadata": dict(_SWITCHES),
        },
    }


def _put(key: str, value: str | None) -> Callable[[Body, Body], object]:
    """Give a change that sets a switch in the metadata, or takes it away."""

    def change(body: Body, _: Body) -> None:
        metadata = body[_SETUP]["metadata"]
        metadata.pop(key, None)
        if value is not None:
            metadata[key] = value

    return change


def _switched(names: str, value: str | None) -> Fault:
    """Give the fault of one switch; ``names`` is the rule's ending and the key."""
    rule, key = names.split(" ")
    return Fault(rules=(f"workbench/instance-{rule}",), change=_put(key, value))


def _set(rule: str, path: str, value: object) -> Fault:
    return Fault(rules=(f"workbench/instance-{rule}",), change=with_(f"{_SETUP}.{path}", value))


INSTANCE = Kind(
    noun="instances",
    document="notebooks.v2",
    schema="Instance",
    body=_instance,
    faults=(
        _set("public-ip", "disablePublicIp", False),
        _set("default-service-account", "serviceAccounts", [{"email": DEFAULT_ACCOUNT}]),
        _set("disk-without-customer-key", "dataDisks", [{"diskEncryption": "GMEK"}]),
        _set("without-vtpm", "shieldedInstanceConfig.enableVtpm", False),
        _set("without-secure-boot", "shieldedInstanceConfig.enableSecureBoot", False),
        _set("integrity-not-monitored", "shieldedInstanceConfig.enableIntegrityMonitoring", False),
        _set("forwards-packets", "enableIpForwarding", True),
        _set(
            "on-default-network",
            "networkInterfaces",
            [{"network": f"projects/{PROJECT}/global/networks/default"}],
        ),
        _set("container-unpinned", "containerImage.repository", "eu-docker.pkg.dev/p/r/nb"),
        Fault(rules=("workbench/instance-shared-by-account",), change=without("instanceOwners")),
        _switched("root-access notebook-disable-root", "false"),
        _switched("terminal notebook-disable-terminal", None),
        _switched("downloads-allowed notebook-disable-downloads", None),
        _switched("without-upgrade-schedule notebook-upgrade-schedule", None),
        _switched("without-idle-shutdown idle-timeout-seconds", "0"),
        _switched("start-script-from-web post-startup-script", "https://tools.example/start.sh"),
        _switched("secret-in-metadata hub-token", TOKEN),
        _switched(
            "start-script-unpinned-download startup-script",
            "#!/bin/bash\ncurl -s https://tools.example/setup.sh | bash\n",
        ),
        Fault(
            rules=("workbench/instance-start-script-each-time",),
            change=also(
                _put("post-startup-script", "gs://scripts/start.sh"),
                _put("post-startup-script-behavior", "download_and_run_every_start"),
            ),
        ),
        Fault(rules=("workbench/instance-public",), change=opened_to("allUsers")),
    ),
)
KINDS = (INSTANCE,)


FAULTS: tuple[Planted, ...] = planted(KINDS)


def of_company() -> list[Thing | Told]:
    return []


def of_deployment(site: Site) -> list[Thing | Told]:
    return [thing for kind in KINDS for thing in kind.things(site)]


def specimens() -> list[Thing | Told]:
    return []
