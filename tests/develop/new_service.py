"""Begin a new AWS type: ``make new-service OPERATION=transcribe:ListVocabularies TYPE=aws...``.

From botocore's published model it writes the plan that lists the type, its line in the table of
services, and a vocabulary entry with every plain value of a list entry as a property. What the
model cannot say is left to a person: what an absent value means, and which properties matter.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import ListShape, OperationModel, Shape, StructureShape

_KINDS = {
    "string": "string", "boolean": "bool", "integer": "int", "long": "int", "timestamp": "date",
}  # fmt: skip
_MOST_VALUES = 12
_PLAN = '''"""Which call lists {title} of {service}."""

from __future__ import annotations

from mlsec.collect.walk.plan import Operation, TypePlan

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="{type}",
        listing=Operation(service="{service}", name="{operation}", items="{items}"),
    ),
)
'''


class MistakeError(Exception):
    """What a person has to mend before anything is written."""


def main(words: list[str]) -> int:
    """Write the files; exit 2 with one sentence where the arguments do not fit."""
    parser = argparse.ArgumentParser(prog="make new-service", allow_abbrev=False)
    parser.add_argument("operation", help="SERVICE:Operation as botocore names it")
    parser.add_argument("type", help="aws.SERVICE.NOUN, the type in the vocabulary")
    parser.add_argument("--root", type=Path, default=Path(), help="the checkout")
    given = parser.parse_args(words)
    try:
        for path in begin(given.operation, given.type, given.root):
            sys.stdout.write(f"wrote {path}\n")
    except MistakeError as error:
        sys.stderr.write(f"new-service: {error}\n")
        return 2
    sys.stdout.write(
        "Next: choose the properties and what an absent value means in the vocabulary file, then\n"
        "run `make generated`, and the tests that CONTRIBUTING.md names.\n"
    )
    return 0


def begin(operation: str, type_name: str, root: Path) -> Iterator[Path]:
    """Write plan, table line and vocabulary of a new type; gives each path that was written.

    Raises:
        MistakeError: botocore does not know the operation, it lists nothing, or a file is there.
    """
    service, _, name = operation.partition(":")
    model = _model(service, name)
    items, entry = _list_in(model)
    match = re.fullmatch(r"aws\.([a-z_]+)\.([a-z_]+)", type_name)
    if match is None:
        raise MistakeError(f'"{type_name}" is not aws.SERVICE.NOUN in lower case')
    room, noun = match.groups()
    plan = root / "mlsec/providers/aws/services" / f"{room}.py"
    vocabulary = root / "rules/vocabulary/aws" / f"{room}.yaml"
    for path in (plan, vocabulary):
        if path.exists():
            raise MistakeError(f"{path} is there already: add the type to it by hand")
    title = noun.replace("_", " ")
    plan.write_text(
        _PLAN.format(title=f"each {title}", service=service, type=type_name, operation=name,
                     items=items)
    )  # fmt: skip
    yield plan
    vocabulary.write_text(_vocabulary(type_name, title, name, entry))
    yield vocabulary
    yield _add_to_table(root / "mlsec/providers/aws/services/__init__.py", room)


def _model(service: str, name: str) -> OperationModel:
    session = botocore.session.Session()
    try:
        known = session.get_service_model(service)
    except UnknownServiceError:
        raise MistakeError(f'botocore knows no service "{service}"') from None
    if name not in known.operation_names:
        near = [each for each in known.operation_names if each.startswith("List")][:8]
        raise MistakeError(f'{service} has no operation "{name}"; it has {", ".join(near)} ...')
    return known.operation_model(name)


def _list_in(model: OperationModel) -> tuple[str, StructureShape]:
    shape = model.output_shape
    members = shape.members.items() if isinstance(shape, StructureShape) else ()
    for name, member in members:
        if isinstance(member, ListShape) and isinstance(member.member, StructureShape):
            return name, member.member
    raise MistakeError(f"{model.name} gives no list of things: write the plan by hand")


def _vocabulary(type_name: str, title: str, operation: str, entry: StructureShape) -> str:
    arn = next((name for name in entry.members if name.lower().endswith("arn")), "")
    name = next((n for n in entry.members if n.lower().endswith("name")), arn)
    noun = type_name.rpartition(".")[2].replace("_", "-")
    service = type_name.split(".")[1]
    by_name = f"arn:{{partition}}:{service}:{{region}}:{{account}}:{noun}/{{{operation}:{name}}}"
    lines = [
        f"{type_name}:",
        f"  title: {title.capitalize()}",
        f'  id: {{api: "{f"{operation}:{arn}" if arn else by_name}"}}',
        f'  name: {{api: "{operation}:{name}"}}',
        "  properties:",
    ]
    for member, shape in entry.members.items():
        kind = _KINDS.get(shape.type_name)
        if kind is not None and member not in (arn, name):
            source = f'from: {{api: "{operation}:{member}"}}'
            lines.append(f"    {_snake(member)}: {{type: {_kind(kind, shape)}, {source}}}")
    return "\n".join(lines) + "\n"


def _kind(kind: str, shape: Shape) -> str:
    """Give the kind; a long enumeration grows with the service, so that it is taken as text."""
    values = getattr(shape, "enum", None) or ()
    return f'"enum [{", ".join(values)}]"' if 0 < len(values) <= _MOST_VALUES else kind


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _add_to_table(path: Path, room: str) -> Path:
    text = path.read_text("utf-8")
    head, _, rest = text.partition("from mlsec.providers.aws.services import (\n")
    names, _, tail = rest.partition(")\n")
    known = sorted({*re.findall(r"(\w+),", names), room})
    listed = "".join(f"    {name},\n" for name in known)
    tail = tail.rstrip().removesuffix("}") + f'    "{room}": {room}.PLANS,\n}}\n'
    path.write_text(f"{head}from mlsec.providers.aws.services import (\n{listed}){chr(10)}{tail}")
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
