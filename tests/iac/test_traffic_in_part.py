"""Which ports the internet reaches is known where no address or port that is open decides it."""

from __future__ import annotations

import pytest

from mlsec.collect.code.code_file import Language
from tests.iac.cdk.synthesis import declared
from tests.iac.reading import inventory_of, scope_of

_GROUP = """
variable "given" {{}}
resource "aws_security_group" "g" {{
  name = "g"
  ingress {{
    from_port = {port}
    to_port = {port}
    protocol = "tcp"
    cidr_blocks = {addresses}
  }}
}}
"""
_OPEN = "unread"


@pytest.mark.parametrize(
    ("port", "addresses", "ports"),
    [
        ("443", "[var.given]", []),
        ("443", "var.given", []),
        ("8888", "[var.given]", _OPEN),
        ("8888", "var.given", _OPEN),
        ("8888", '["0.0.0.0/0", var.given]', _OPEN),
        ("var.given", '["10.0.0.0/8"]', []),
        ("var.given", '["0.0.0.0/0"]', _OPEN),
    ],
)
def test_ports_are_known_where_what_is_open_decides_nothing(
    port: str, addresses: str, ports: list[str] | str
) -> None:
    code = _GROUP.format(port=port, addresses=addresses)
    (group,) = inventory_of(scope_of({"main.tf": code}, Language.TERRAFORM)).resources
    known = group.properties.get("public_sensitive_ports")
    assert (_OPEN if "public_sensitive_ports" in group.unread else known) == ports


@pytest.mark.parametrize(
    ("rule", "ports"),
    [
        ("g.add_ingress_rule(peer=given, connection=ec2.Port.tcp(80))", []),
        ("g.connections.allow_from(given, ec2.Port.tcp(80))", []),
        ("g.connections.allow_from(given, ec2.Port.tcp(8888))", _OPEN),
        ("g.add_ingress_rule(peer=ec2.Peer.any_ipv4(), connection=ec2.Port.tcp(8888))", ["8888"]),
    ],
)
def test_rules_that_calls_of_the_cdk_add_are_known_as_far(
    rule: str, ports: list[str] | str
) -> None:
    text = (
        "import aws_cdk as cdk\nfrom aws_cdk import aws_ec2 as ec2\n"
        "class S(cdk.Stack):\n def __init__(self, scope, id, given):\n"
        f"  g = ec2.SecurityGroup(self, 'G', vpc=given)\n  {rule}\n"
    )
    group = next(r for r in declared({"s.py": text}) if r.type == "aws.ec2.security_group")
    known = group.properties.get("public_sensitive_ports")
    assert (_OPEN if "public_sensitive_ports" in group.unread else known) == ports
