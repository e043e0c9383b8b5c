"""Security groups of Azure in code by which notebooks and dashboards can be reached."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.servers.config.declared import seen


@pytest.mark.parametrize(
    ("ports", "source", "count"),
    [
        ("8888", "*", 1),
        ("8780-8790", "Internet", 1),
        ("0-65535", "*", 0),
        ("443", "*", 0),
        ("8888", "10.0.0.0/8", 0),
    ],
)
def test_a_group_that_opens_the_port_of_a_notebook_is_one_of_machine_learning(
    tmp_path: Path, ports: str, source: str, count: int
) -> None:
    rule = {
        "name": "in",
        "properties": {
            "priority": 100, "protocol": "Tcp", "access": "Allow", "direction": "Inbound",
            "sourceAddressPrefix": source, "sourcePortRange": "*",
            "destinationAddressPrefix": "*", "destinationPortRange": ports,
        },
    }  # fmt: skip
    group = {
        "type": "Microsoft.Network/networkSecurityGroups", "apiVersion": "2021-05-01",
        "name": "web", "location": "westeurope", "properties": {"securityRules": [rule]},
    }  # fmt: skip
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [group],
    }
    inventory = seen(tmp_path, {"t.json": json.dumps(template)}).inventory
    assert sum(item.type == "azure.network.nsg" for item in inventory.resources) == count
