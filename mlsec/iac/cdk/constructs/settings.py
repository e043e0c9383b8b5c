"""What constructs have in common: settings that are not known, keys, who may add to policies."""

from __future__ import annotations

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.cdk.template import Building
from mlsec.iac.cdk.values import OPEN, Made, unknown_at
from mlsec.iac.mapping.path_lookup import fold

_SILENCING = (
    "addresourcesuppressions", "addresourcesuppressionsbypath", "addstacksuppressions",
)  # fmt: skip
# What is given a thing and adds to none of its policies: it orders, opens ports, silences a check.
LEAVES_POLICIES = (
    ".adddependency", ".allowfrom", ".allowto", ".allowtodefaultport", ".allowdefaultportfrom",
    ".allowdefaultportto", ".addingressrule", ".addresourcesuppressions",
    *(f"cdknag.nagsuppressions.{name}" for name in _SILENCING),
    *(f"cdk-nag.nagsuppressions.{name}" for name in _SILENCING),
)  # fmt: skip


def opened_by_settings(made: Made) -> UnknownValue | None:
    """Say why what a construct is not given is not known."""
    hidden = made.props.get(OPEN)
    return hidden.value if hidden is not None and isinstance(hidden.value, UnknownValue) else None


def handed_on(made: Made, leaving: tuple[str, ...]) -> UnknownValue | None:
    """Say why a thing may be given a policy: something else has it that may write one."""
    for receiver in made.given_to:
        kind = receiver.kind if isinstance(receiver, Made) else receiver
        last = kind.rpartition(".")[2]
        is_low = isinstance(receiver, Made) and receiver.of is None and last.startswith("cfn")
        if (
            is_low
            or kind in (*leaving, *LEAVES_POLICIES)
            or kind == ".grant"
            or kind.startswith(".grant")
        ):
            continue
        what = receiver.name if isinstance(receiver, Made) else kind.strip(".=")
        return UnknownValue(f"{what or 'a function'} has it and may add to its policy")
    return None


def is_own(arguments: tuple[Node, ...]) -> bool:
    """Whether a grant is to something that has a role in this app, so that the role gets it."""
    first = arguments[0].value if arguments else None
    own = ("awsiam.role", "awsiam.user", "awsiam.group", "awslambda.function",
           "awslambda.dockerimagefunction", "awslambdanodejs.nodejsfunction",
           "awslambdapythonalpha.pythonfunction", "awsstepfunctions.statemachine")  # fmt: skip
    return isinstance(first, Made) and first.kind in own


def key_arn(building: Building, node: Node | None) -> Node | None:
    """Give the ARN of a key that is a setting."""
    if node is None:
        return None
    made = node.value
    if isinstance(made, Made) and made.kind == "awskms.key":
        return Node(building.ref(made, "Arn").value, node.line, node.column)
    words = UnknownValue("its key is known to the app alone", "‹its key›", is_given=True)
    is_hidden = isinstance(made, UnknownValue)
    return Node(made if is_hidden else words, node.line, node.column)


def unread(node: Node | None) -> Node | None:
    return unknown_at(node, "it is worked out by the construct") if node is not None else None


def field(options: Node | None, name: str) -> Node | None:
    """Give a setting of settings, whichever way its name is written."""
    if options is None or options.value is None:
        return None
    value = options.value
    if isinstance(value, Made):
        return value.get(name)
    wanted = fold(name)
    return next((node for key, node in value.items() if fold(key) == wanted or key == OPEN), None)
