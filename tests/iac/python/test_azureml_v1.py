"""Web services of the first SDK of Azure ML: what asks for a key, and what speaks TLS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.iac.python.test_python_file import resource_of

HEAD = (
    "from azureml.core.webservice import AciWebservice, AksWebservice, LocalWebservice\n"
    "from azureml.core.model import Model\n"
)


def services(folder: Path, text: str) -> list[dict[str, Any]]:
    """The web services that a file deploys."""
    resource = resource_of(folder, "deploy.py", HEAD + text)
    return list(resource.properties["web_services"]) if resource is not None else []


@pytest.mark.parametrize(
    ("arguments", "is_authenticated", "has_tls"),
    [
        ("cpu_cores=1, memory_gb=1", False, False),
        ("auth_enabled=True", True, False),
        ("auth_enabled=True, ssl_enabled=True", True, True),
        ("1, 1, None, None, None, None, True, True", True, True),
    ],
)
def test_a_container_instance_does_what_its_call_says(
    tmp_path: Path, arguments: str, is_authenticated: bool, has_tls: bool
) -> None:
    (item,) = services(tmp_path, f"AciWebservice.deploy_configuration({arguments})")
    assert (item["is_authenticated"], item["has_tls"]) == (is_authenticated, has_tls)


def test_a_service_of_a_cluster_asks_for_a_key_unless_its_call_says_not_to(tmp_path: Path) -> None:
    text = (
        "AksWebservice.deploy_configuration()\n"
        "AksWebservice.deploy_configuration(auth_enabled=False)"
    )
    assert [item["is_authenticated"] for item in services(tmp_path, text)] == [True, False]


@pytest.mark.parametrize(
    "text",
    [
        "LocalWebservice.deploy_configuration(port=6789)",
        "AciWebservice.deploy_configuration(vnet_name='v', subnet_name='s')",
    ],
)
def test_what_nobody_outside_can_reach_is_no_item(tmp_path: Path, text: str) -> None:
    assert services(tmp_path, text) == []


def test_a_configuration_that_the_file_does_not_hold_is_not_known(tmp_path: Path) -> None:
    text = (
        "def f(ws, config):\n"
        "    Model.deploy(ws, 'name', [], inference_config=None, deployment_config=config)"
    )
    resource = resource_of(tmp_path, "deploy.py", HEAD + text)
    assert resource is not None
    assert {"web_services[].is_authenticated", "web_services[].has_tls"} <= resource.unread.keys()
