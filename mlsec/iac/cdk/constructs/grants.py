"""What constructs and methods that a role is given to may add to its permissions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.cdk.constructs.policies import listed_in, statement, statements
from mlsec.iac.cdk.constructs.rights import (
    EXACT,
    HOLDING,
    KEYS,
    NO_RIGHTS,
    OF_FUNCTIONS,
    RIGHTS,
    RUNNING,
    WITHOUT_RIGHTS,
)
from mlsec.iac.cdk.constructs.settings import opened_by_settings
from mlsec.iac.cdk.template import Building, as_node
from mlsec.iac.cdk.values import Made

ADDS = ("addtopolicy", "addtoprincipalpolicy")
# A method of the library that is called so adds a right.
_GRANTS = ".grant"
_OF_CALLS = ("addtorolepolicy",)
_OF_RUNNING = ("addtorolepolicy", "addtotaskrolepolicy", "addtoexecutionrolepolicy")
_ADDS_TO_FUNCTIONS = ("addtorolepolicy", "role.addtoprincipalpolicy", "role.addtopolicy")
_ATTACHES = "role.attachinlinepolicy"
_WIDENING = ("role.", "configureasyncinvoke")
_LOOSE = (*ADDS, "attachinlinepolicy", "addmanagedpolicy")
FUNCTIONS = (
    "awslambda.function", "awslambda.dockerimagefunction", "awslambdanodejs.nodejsfunction",
    "awslambdapythonalpha.pythonfunction", "triggers.triggerfunction",
)  # fmt: skip
_ONLY_NAMES = ("core.cfnoutput", "awsiam.policystatement", "awsiam.arnprincipal")
# What is followed from the other side.
_MODELLED = (
    "awsiam.policy", "awsiam.managedpolicy", ".attachtorole", ".attachtouser", ".attachtogroup",
    ".attachinlinepolicy", ".add", "awslambda.functionurl",
)  # fmt: skip


def granted_by(building: Building, made: Made) -> list[Node]:
    """Give a statement for each right that the library's methods and functions give a role.

    The methods are known by their names, and so are the actions that they allow; on what, only
    where they are those of a thing that is declared here.
    """
    listed: list[Node] = []
    for receiver in made.given_to:
        if isinstance(receiver, Made) and receiver.kind in FUNCTIONS:
            continue
        if isinstance(receiver, Made) and receiver.kind in RUNNING:
            listed += [*_added_to_running(building, receiver), *granted_by(building, receiver)]
        name = receiver if isinstance(receiver, str) else receiver.kind
        line = 0 if isinstance(receiver, str) else receiver.line
        exact = _on_declared(building, receiver) if isinstance(receiver, Made) else None
        actions = _named_actions(receiver) if name == _GRANTS else RIGHTS.get(name, ())
        if exact is not None:
            listed += exact
        elif actions:
            listed.append(_allowing(actions, f"what {name.strip('.')} gives it a right on", line))
    for function in functions_of(made):
        listed += [*by_settings(building, function)[0], *added_by_calls(building, function)]
        listed += granted_by(building, function)
    return listed


def functions_of(role: Made) -> Iterator[Made]:
    """Give the functions that run under a role; or that may, by settings that are not known."""
    for receiver in role.given_to:
        if isinstance(receiver, Made) and receiver.kind in FUNCTIONS:
            given = receiver.get("role")
            if given is not None and (given.value is role or not isinstance(given.value, Made)):
                yield receiver


def _added_to_running(building: Building, made: Made) -> list[Node]:
    """Give the statements that calls add to the roles of a build or a task."""
    calls = (done for done in made.applied if done.name in _OF_RUNNING and done.arguments)
    return [statement(building, done.arguments[0]) for done in calls]


def _allowing(actions: tuple[str, ...], on: str, line: int) -> Node:
    """Give a statement that allows actions on what is not known."""
    where = Node(UnknownValue(on, only_allows=True), line)
    return Node(as_node({"Effect": "Allow", "Action": actions, "Resource": where}).value, line)


def _on_declared(building: Building, grant: Made) -> list[Node] | None:
    """Give what a grant of a bucket, secret or role allows; None for one of anything else."""
    of = grant.of
    if not isinstance(of, Made) or of.of is not None:
        return None
    actions = EXACT.get(of.kind, {}).get(grant.kind)
    if actions is None:
        return None
    if of.kind == "awss3.bucket":
        pattern = building.lower(grant.argument(1)) or Node("*")
        arn = building.ref(of, "Arn")
        below = as_node({"Fn::Join": ["", [arn, "/", pattern]]})
        on = Node((below,) if "put" in grant.kind or "delete" in grant.kind else (arn, below))
    else:
        on = building.ref(of, "Arn") if of.kind == "awsiam.role" else building.ref(of)
    body = {"Effect": "Allow", "Action": actions, "Resource": on}
    keys = _allowing(KEYS, f"the key of what {grant.name} is called on", grant.line)
    has_key = of.get("encryptionKey") is not None or of.get("encryption") is not None
    return [Node(as_node(body).value, grant.line, grant.column), *([keys] if has_key else [])]


def _named_actions(grant: Made | str) -> tuple[str, ...]:
    """Give the actions that ``grant`` names; none where one is not written out."""
    given = grant.arguments[1:] if isinstance(grant, Made) else ()
    names = [item.value for item in given]
    is_whole = all(isinstance(name, str) and ":" in name for name in names)
    return tuple(map(str, names)) if is_whole else ()


def by_settings(building: Building, made: Made) -> tuple[list[Node], UnknownValue | None]:
    """Give what the settings of a function add to its role, and why they may add more."""
    hidden = opened_by_settings(made)
    if hidden is not None:
        return [], UnknownValue(hidden.why, only_allows=True)
    listed: list[Node] = []
    for name, actions in OF_FUNCTIONS.items():
        given = made.get(name)
        if given is not None and given.value is not False:
            listed.append(_allowing(actions, f"what {name} gives it a right on", given.line))
    for name, (module, actions) in HOLDING.items():
        given = made.get(name)
        if given is not None:
            listed.append(_by_things(given, module, actions))
    initial = statements(building, made.get("initialPolicy"))
    if initial is not None:
        listed += initial.value if isinstance(initial.value, tuple) else [initial]
    return listed, None


def added_by_calls(building: Building, made: Made) -> list[Node]:
    """Give the statements that what is called on a function adds to its role."""
    listed: list[Node] = []
    for done in made.applied:
        first = done.arguments[0] if done.arguments else Node(None)
        if done.name in _ADDS_TO_FUNCTIONS and done.arguments:
            listed.append(statement(building, named_statement(first)))
        elif done.name == _ATTACHES and _is_policy(named_policy(first)):
            listed += listed_in(building, named_policy(first).value)
        elif done.name == "addeventsource":
            listed.append(_by_things(first, *HOLDING["events"]))
        elif done.name != "role.addmanagedpolicy" and done.name.startswith(_WIDENING):
            listed.append(Node(UnknownValue(f"line {done.line} may add to its role")))
    return listed


def _by_things(node: Node, module: str, actions: tuple[str, ...]) -> Node:
    """Give what things of a module of the library add; those of the app may add anything."""
    things = node.value if isinstance(node.value, tuple) else (node,)
    if all(isinstance(item.value, Made) and item.value.path.startswith(module) for item in things):
        return _allowing(actions, "what it is set up with", node.line)
    return Node(UnknownValue("what it is set up with may add to its role"), node.line)


def named_policy(node: Node) -> Node:
    """Give what is handed over, where Python says what it is by the name of the argument."""
    named = node.value.get("policy") if isinstance(node.value, Mapping) else None
    return node if named is None else named


def named_statement(node: Node) -> Node:
    """Give what is handed over, where Python says what it is by the name of the argument."""
    named = node.value.get("statement") if isinstance(node.value, Mapping) else None
    return node if named is None else named


def _is_policy(node: Node) -> bool:
    return isinstance(node.value, Made) and node.value.kind == "awsiam.policy"


def widened_by(
    building: Building, made: Made, methods: tuple[str, ...] = _LOOSE
) -> UnknownValue | None:
    """Say why a role may be allowed more than is written at it; or denied, if anything may."""
    reasons = [why for holder in made.given_to if (why := _widened_through(building, holder))]
    loose = building.may_be(made, *methods)
    if loose is not None:
        # What an app adds from afar gives rights: whoever denies does so where the role is made.
        reasons.append(UnknownValue(loose.why, only_allows=True))
    denying = (why for why in reasons if not why.only_allows)
    return next(denying, reasons[0] if reasons else None)


def _is_of_library(receiver: Made | str) -> bool:
    return isinstance(receiver, Made) and receiver.root.path.startswith(("aws_", "core."))


def _widened_through(building: Building, receiver: Made | str) -> UnknownValue | None:
    """Say what one that is given a role may add to it."""
    name = receiver if isinstance(receiver, str) else receiver.kind
    if isinstance(receiver, Made) and name in RUNNING:
        foreign = (item for item in receiver.given_to if not _is_of_library(item))
        reasons = (_widened_through(building, item) for item in foreign)
        known = next((why for why in reasons if why is not None), None)
        return known or building.may_be(receiver, *_OF_RUNNING)
    if name in NO_RIGHTS or name in RIGHTS or name.startswith(WITHOUT_RIGHTS):
        return None
    if isinstance(receiver, str):
        if receiver in (".", "="):
            return UnknownValue("a function of the app has it and may add to its permissions")
        why = f"{receiver[1:]} of what is not known here may add to it"
        return UnknownValue(why, only_allows=receiver.startswith(_GRANTS))
    last = receiver.kind.rpartition(".")[2]
    if receiver.of is None and (last.startswith("cfn") or receiver.kind in _ONLY_NAMES):
        return None
    if receiver.kind in _MODELLED:
        return None
    if receiver.kind in FUNCTIONS:
        return opened_by_settings(receiver) or widened_by(building, receiver, _OF_CALLS)
    if receiver.kind == _GRANTS and _named_actions(receiver):
        return None
    why = f"{receiver.name} (line {receiver.line}) may add to its permissions"
    # The constructs and grants of the library allow, and never deny.
    is_own = receiver.kind.startswith(_GRANTS) or receiver.path.startswith("aws_")
    return UnknownValue(why, only_allows=is_own)
