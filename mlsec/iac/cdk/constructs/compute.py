"""What functions and their URLs of the CDK synthesise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.cdk.constructs.grants import (
    FUNCTIONS,
    added_by_calls,
    by_settings,
    granted_by,
    named_policy,
    widened_by,
)
from mlsec.iac.cdk.constructs.policies import managed_arns, policy, principal
from mlsec.iac.cdk.constructs.settings import (
    field,
    handed_on,
    is_own,
    key_arn,
    opened_by_settings,
)
from mlsec.iac.cdk.template import Building, as_node, chosen, symbol_of
from mlsec.iac.cdk.values import OPEN, Applied, Made, unknown_at
from mlsec.iac.mapping.path_lookup import fold

_PERMISSION = "AWS::Lambda::Permission"
_BASIC = "service-role/AWSLambdaBasicExecutionRole"
_VPC = "service-role/AWSLambdaVPCAccessExecutionRole"
_AUTHENTICATIONS = {"NONE": "NONE", "AWS_IAM": "AWS_IAM"}
# What gets a function and does not let others call it, or adds to its role.
# Tasks and providers let the roles of their own call it, by those roles' policies.
_HARMLESS = (
    "core.cfnoutput", ".grantinvoke", "awscloudwatch.alarm", "awsstepfunctionstasks.lambdainvoke",
    "customresources.provider", "core.customresources.provider",
)  # fmt: skip
_SOURCES = "aws_lambda_event_sources."
_WRITES_ENVIRONMENT = ("addenvironment",)


def function(building: Building, made: Made) -> None:
    """Add a function, the role that is made for it, and who may call it."""
    role = made.get("role")
    given = building.lower(role)
    if role is not None and isinstance(role.value, Made) and role.value.kind == "awsiam.role":
        role_arn: Any = building.ref(role.value, "Arn")
    elif given is not None:
        words = UnknownValue("its role is known to the app alone", "‹its role›", is_given=True)
        role_arn = Node(words, made.line)
    else:
        role_arn = as_node({"Fn::GetAtt": [f"{building.name_of(made)}/ServiceRole", "Arn"]})
        _service_role(building, made)
    environment = building.lower(made.get("environment"))
    if any(done.name in _WRITES_ENVIRONMENT for done in made.applied):
        environment = _with_environment(building, made, environment)
    loose = building.may_be(made, *_WRITES_ENVIRONMENT)
    if loose is not None and not isinstance(environment, Node):
        environment = Node(loose)
    vpc = made.get("vpc")
    building.add(
        made,
        "AWS::Lambda::Function",
        {
            "FunctionName": building.lower(made.get("functionName")),
            "Role": role_arn,
            "Runtime": _runtime(made),
            "PackageType": _package(made),
            "Environment": {"Variables": environment} if environment is not None else None,
            "KmsKeyArn": key_arn(building, made.get("environmentEncryption")),
            "VpcConfig": _network(made) if vpc is not None else None,
            "TracingConfig": _tracing(made),
            "LoggingConfig": unknown_at(logs, "its log group")
            if (logs := made.get("logGroup"))
            else None,
        },
        opened=opened_by_settings(made),
    )
    _callers(building, made)
    for done in made.applied:
        if done.name == "addfunctionurl":
            url(building, made, made, next(iter(done.arguments), None), "FunctionUrl")


def _with_environment(building: Building, made: Made, written: Node | None) -> Node:
    entries = dict(written.value) if written is not None and isinstance(written.value, dict) else {}
    if written is not None and not isinstance(written.value, dict):
        return written
    for done in made.applied:
        if done.name in _WRITES_ENVIRONMENT:
            key, value = (*done.arguments, None, None)[:2]
            if key is None or not isinstance(key.value, str):
                return Node(UnknownValue(f"line {done.line} adds to it"), done.line)
            entries[key.value] = building.lower(value) or Node("")
    return Node(entries, made.line, made.column)


def _runtime(made: Made) -> Node | None:
    node = made.get("runtime")
    if node is None:
        return None
    name = symbol_of(node).lower()
    family, _, version = name.partition("_")
    if family == "python" and version:
        return Node(f"python{version.replace('_', '.')}", node.line, node.column)
    if family == "nodejs" and version.endswith("_x"):
        return Node(f"nodejs{version.replace('_', '.')}", node.line, node.column)
    return unknown_at(node, "its runtime")


def _package(made: Made) -> Node | None:
    return Node("Image") if made.kind == "awslambda.dockerimagefunction" else None


def _tracing(made: Made) -> Node | None:
    node = made.get("tracing")
    mode = chosen(node, {"ACTIVE": "Active", "PASS_THROUGH": "PassThrough", "DISABLED": None})
    return Node({"Mode": mode}, node.line, node.column) if node is not None and mode else None


def _network(made: Made) -> Node:
    vpc = made.get("vpc") or Node(None)
    why = UnknownValue(
        "which subnets it runs in is known to the app alone", "‹subnets›", is_given=True
    )
    groups = UnknownValue("its security groups are known to the app alone", is_given=True)
    return Node({"SubnetIds": Node(why), "SecurityGroupIds": Node(groups)}, vpc.line, vpc.column)


def _service_role(building: Building, made: Made) -> None:
    """Add the role that a function without one of its own gets."""
    arns = [_BASIC] if made.get("vpc") is None else [_BASIC, _VPC]
    settings, opened = by_settings(building, made)
    listed = [*settings, *added_by_calls(building, made), *granted_by(building, made)]
    managed = [_managed(name) for name in arns]
    for done in made.applied:
        if done.name == "role.addmanagedpolicy" and done.arguments:
            lowered = managed_arns(building, named_policy(done.arguments[0]))
            managed += [lowered] if lowered is not None else []
    hidden = widened_by(building, made, ("addtorolepolicy",)) or opened
    inline = (
        [{"PolicyName": "DefaultPolicy", "PolicyDocument": policy(listed, made.line)}]
        if listed
        else []
    )
    if hidden is not None:
        inline.append({"PolicyName": "more", "PolicyDocument": Node(hidden)})
        managed.append(Node(hidden))
    trusted = {
        "Action": "sts:AssumeRole",
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
    }
    building.add(
        made,
        "AWS::IAM::Role",
        {
            "AssumeRolePolicyDocument": policy([as_node(trusted)], made.line, made.column),
            "ManagedPolicyArns": managed,
            "Policies": inline or None,
        },
        below="ServiceRole",
    )


def _managed(name: str) -> Node:
    return as_node(
        {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, f":iam::aws:policy/{name}"]]}
    )


def _callers(building: Building, made: Made) -> None:
    """Say that others may be let call a function, where something has it that can do so."""
    hidden = handed_on(made, _HARMLESS) or building.may_be(made, "addpermission", "grantinvoke")
    for at, done in enumerate(made.applied):
        if done.name.startswith("grantinvoke") and is_own(done.arguments):
            continue
        allowed = _permission(building, made, done)
        if allowed is not None:
            building.add(made, _PERMISSION, allowed, below=f"Permission-{at}", line=done.line)
        elif done.name in ("addpermission", "addeventsource") or done.name.startswith("grantinv"):
            first = done.arguments[0].value if done.arguments else None
            is_source = isinstance(first, Made) and first.path.startswith(_SOURCES)
            if done.name != "addeventsource" or not is_source:
                hidden = hidden or UnknownValue(f"line {done.line} lets something call it")
    if hidden is not None:
        unknown = Node(hidden)
        building.add(
            made,
            _PERMISSION,
            {
                "FunctionName": building.ref(made, "Arn"),
                "Action": unknown,
                "Principal": unknown,
            },
            below="Permission",
        )


def _permission(building: Building, made: Made, done: Applied) -> dict[str, Any] | None:
    """Give whom a call lets call a function; None where that is not written out."""
    settings: Mapping[str, Node] = {}
    given = done.arguments[0] if done.name == "grantinvoke" and done.arguments else None
    if done.name == "addpermission" and len(done.arguments) == 2:
        second = done.arguments[1].value
        settings = second if isinstance(second, Mapping) and OPEN not in second else {}
        given = field(done.arguments[1], "principal") if settings else None
    whom = principal(building, given).value if given is not None else None
    if not isinstance(whom, Mapping):
        return None
    body: dict[str, Any] = {
        "FunctionName": building.ref(made, "Arn"),
        "Action": "lambda:InvokeFunction",
        "Principal": next(iter(whom.values())),
    }
    named = {"action": "Action", "sourceArn": "SourceArn", "sourceAccount": "SourceAccount"}
    for name, value in settings.items():
        key = named.get(name) or next((v for k, v in named.items() if fold(k) == fold(name)), "")
        if key:
            body[key] = building.lower(value)
        elif fold(name) not in ("principal", "scope"):
            return None
    return body


def url(building: Building, owner: Made, of: Made, settings: Node | None, below: str = "") -> None:
    """Add the URL of a function, and that everybody may call it where nobody signs in."""
    wanted: Node | None = None
    if settings is not None:
        is_written = isinstance(settings.value, Mapping)
        wanted = field(settings, "authType") if is_written else unknown_at(settings, "its settings")
    kind = chosen(wanted, _AUTHENTICATIONS, Node("AWS_IAM", owner.line))
    line = wanted.line if wanted is not None else owner.line
    body = {"AuthType": kind, "TargetFunctionArn": building.ref(of, "Arn")}
    building.add(owner, "AWS::Lambda::Url", body, below=below, line=line)
    if symbol_of(wanted) == "NONE":
        everybody = {
            "FunctionName": building.ref(of, "Arn"),
            "Action": "lambda:InvokeFunctionUrl",
            "Principal": "*",
            "FunctionUrlAuthType": "NONE",
        }
        name = f"{below}/invoke" if below else "invoke"
        building.add(owner, _PERMISSION, everybody, below=name, line=line)


def function_url(building: Building, made: Made) -> None:
    """Add a URL that is a construct of its own."""
    of = made.get("function")
    if of is not None and isinstance(of.value, Made) and of.value.kind in FUNCTIONS:
        url(building, made, of.value, Node(made.props, made.line, made.column))
