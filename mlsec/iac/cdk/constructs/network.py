"""What security groups of the CDK synthesise, with the rules that calls add."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.cdk.constructs.settings import opened_by_settings
from mlsec.iac.cdk.template import Building, as_node
from mlsec.iac.cdk.values import Made, Symbol, unknown_at
from mlsec.iac.mapping.path_lookup import fold

_NOTHING = {
    "CidrIp": "255.255.255.255/32",
    "IpProtocol": "icmp",
    "FromPort": 252,
    "ToPort": 86,
}
_LOOSE = ("addingressrule", "connections.allowfrom", "allowfrom", "allowto", "allowfromanyipv4",
          "allowdefaultportfrom", "allowdefaultportfromanyipv4", "allowtoanyipv4")  # fmt: skip
_NAMED_PORTS = {
    "ssh": 22,
    "https": 443,
    "http": 80,
    "mysqlaurora": 3306,
    "postgres": 5432,
    "rdp": 3389,
}


def security_group(building: Building, made: Made) -> None:
    """Add a group with the rules that calls add."""
    ingress = _rules(building, made, "addingressrule") + _connections(building, made)
    hidden = _widened(building, made)
    if hidden is not None:
        ingress.append(Node(hidden))
    egress = _egress(building, made)
    if hidden is not None and made.get("allowAllOutbound") is not None:
        egress.append(Node(hidden))
    vpc = UnknownValue("its network is known to the app alone", "‹vpc›", is_given=True)
    building.add(
        made,
        "AWS::EC2::SecurityGroup",
        {
            "GroupName": building.lower(made.get("securityGroupName")),
            "SecurityGroupIngress": Node(tuple(ingress), made.line, made.column)
            if ingress
            else None,
            "SecurityGroupEgress": Node(tuple(egress), made.line, made.column),
            "VpcId": Node(vpc),
        },
        opened=opened_by_settings(made),
    )


def _egress(building: Building, made: Made) -> list[Node]:
    """Give what a group lets out: everything, unless it is said otherwise."""
    rules = _rules(building, made, "addegressrule")
    every, every6 = made.get("allowAllOutbound"), made.get("allowAllIpv6Outbound")
    newer = [rule for rule in rules if rule.get("CidrIpv6") is not None]
    older = [rule for rule in rules if rule.get("CidrIpv6") is None]
    listed: list[Node]
    if every is None or every.value is True:
        # Rules for addresses of version 4 then add nothing.
        listed = [as_node({"CidrIp": "0.0.0.0/0", "IpProtocol": "-1"})]
    elif every.value is False:
        listed = older or [as_node(_NOTHING)]
    else:
        listed = [unknown_at(every, "what it lets out is known to the app alone")]
    listed += newer
    if every6 is not None and every6.value is not False:
        opened = as_node({"CidrIpv6": "::/0", "IpProtocol": "-1"})
        listed.append(opened if every6.value is True else unknown_at(every6, "what it lets out"))
    return listed


def _rules(building: Building, made: Made, method: str) -> list[Node]:
    listed: list[Node] = []
    for done in made.applied:
        if done.name != method:
            continue
        peer, port = (*done.arguments, None, None)[:2]
        if done.arguments and isinstance(done.arguments[0].value, Mapping):
            # Python may name them.
            named = done.arguments[0].value
            peer, port = named.get("peer"), named.get("connection")
        if peer is None or port is None:
            listed.append(Node(UnknownValue(f"line {done.line} adds a rule"), done.line))
            continue
        rule = {**_peer(building, peer), **_port(building, port)}
        listed.append(Node(as_node(rule).value, done.line, 1))
    return listed


def _connections(building: Building, made: Made) -> list[Node]:
    listed: list[Node] = []
    for done in made.applied:
        if done.name == "connections.allowfromanyipv4" and done.arguments:
            rule = {"CidrIp": "0.0.0.0/0", **_port(None, done.arguments[0])}
            listed.append(Node(as_node(rule).value, done.line, 1))
        elif done.name == "connections.allowfrom" and len(done.arguments) > 1:
            peer, port = done.arguments[:2]
            rule = {**_peer(building, peer), **_port(building, port)}
            listed.append(Node(as_node(rule).value, done.line, 1))
        elif done.name.startswith("connections.allow") and "allowto" not in done.name:
            listed.append(Node(UnknownValue(f"line {done.line} adds a rule"), done.line))
    return listed


def _widened(building: Building, made: Made) -> UnknownValue | None:
    for receiver in made.given_to:
        if isinstance(receiver, str):
            return UnknownValue("a function of the app has it and may add rules")
        last = receiver.kind.rpartition(".")[2]
        is_own_rule = receiver.kind in (".addingressrule", ".addegressrule")
        if (
            last.startswith("cfn")
            or is_own_rule
            or receiver.kind in ("core.cfnoutput", "awslambda.function")
        ):
            continue
        return UnknownValue(f"{receiver.name} (line {receiver.line}) may add rules to it")
    return building.may_be(made, *_LOOSE)


def _peer(building: Building, node: Node) -> dict[str, Any]:
    made = node.value
    if isinstance(made, Made) and made.of is None:
        name = made.kind.removeprefix("awsec2.peer.")
        if name == "anyipv4":
            return {"CidrIp": "0.0.0.0/0"}
        if name == "anyipv6":
            return {"CidrIpv6": "::/0"}
        if name in ("ipv4", "ipv6"):
            return {"CidrIp" if name == "ipv4" else "CidrIpv6": building.lower(made.argument(0))}
        if made.kind == "awsec2.securitygroup":
            return {"SourceSecurityGroupId": building.ref(made, "GroupId")}
    return {"CidrIp": unknown_at(node, "whom it lets in is known to the app alone")}


def _port(building: Building | None, node: Node) -> dict[str, Any]:
    del building
    made = node.value
    hidden = unknown_at(node, "which ports it opens is known to the app alone")
    if isinstance(made, Symbol):
        port = _NAMED_PORTS.get(fold(made.last))
        is_port = fold(made.path).startswith("awsec2.port.")
        if is_port and port is not None:
            return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
        return {"IpProtocol": hidden, "FromPort": hidden, "ToPort": hidden}
    if isinstance(made, Made) and made.kind.startswith("awsec2.port."):
        name = made.kind.removeprefix("awsec2.port.")
        given = [node.value for node in made.arguments]
        if all(isinstance(value, int) for value in given):
            if name in ("tcp", "udp") and len(given) == 1:
                return {"IpProtocol": name, "FromPort": given[0], "ToPort": given[0]}
            if name in ("tcprange", "udprange") and len(given) == 2:
                return {"IpProtocol": name[:3], "FromPort": given[0], "ToPort": given[1]}
            if name in ("alltcp", "alludp") and not given:
                return {"IpProtocol": name[3:], "FromPort": 0, "ToPort": 65535}
            if name == "alltraffic" and not given:
                return {"IpProtocol": "-1"}
    return {"IpProtocol": hidden, "FromPort": hidden, "ToPort": hidden}
