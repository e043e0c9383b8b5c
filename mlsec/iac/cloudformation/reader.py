"""CloudFormation templates of a target: read, worked out, and given as declarations."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping

from mlsec.collect.code.code_file import CodeFile, CodeScope, Declared, Language
from mlsec.collect.located import json as marked_json
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.located.yaml import parse_documents
from mlsec.core.enums import GapReason, Truth
from mlsec.core.errors import MlsecError
from mlsec.iac.cloudformation.macros import macros_of, opened_by
from mlsec.iac.cloudformation.member import Member, given_of
from mlsec.iac.cloudformation.template import Template
from mlsec.iac.mapping.declaration import Declaration, text_of
from mlsec.iac.mapping.resources import ReferredOf, ShapesOf, declare
from mlsec.vocabulary.types import Vocabulary

KIND = "cloudformation"
_STACK = "AWS::CloudFormation::Stack"
_NESTED_APP = "AWS::Serverless::Application"
_MAX_NESTED = 8
# Of all nested stacks together; beyond that each template is still judged once.
_MAX_USES = 1_000


def read(
    scope: CodeScope, vocabulary: Vocabulary, shapes_of: ShapesOf, referred_of: ReferredOf
) -> Declared:
    """Give what the templates of a target declare."""
    reading = _Reading(scope, vocabulary)
    reading.parse()
    declared = reading.declarations()
    return declare(scope, vocabulary, declared, shapes_of, referred_of, reading.exported)


class _Reading:
    """The templates of one target; a nested one is read with the parameters of its parent."""

    def __init__(self, scope: CodeScope, vocabulary: Vocabulary) -> None:
        self._scope = scope
        self._table = vocabulary.declared.get(KIND, {})
        self._roots: dict[str, tuple[CodeFile, Node]] = {}
        self._nested: set[str] = set()
        # How many times a template was used as a nested one, and which were.
        self._uses = 0
        self._used: set[str] = set()
        self._seen: set[str] = set()
        # Stack -> the names of what it exports; filled as its declarations are given.
        self.exported: dict[str, frozenset[str]] = {}

    def parse(self) -> None:
        """Parse every template; one that cannot be parsed is refused, and not left out."""
        for file in self._scope.written_in(Language.CLOUDFORMATION):
            self._scope.take(file)
            try:
                root = _parsed(file.text)
            except MlsecError as error:
                self._scope.refuse_error(file, error)
                continue
            if root is not None and root.pairs("Resources"):
                self._roots[file.path] = (file, root)

    def declarations(self) -> Iterator[Declaration]:
        """Give the declarations of every template that is not only a part of another."""
        for file, root in self._roots.values():
            for node in root.pairs("Resources").values():
                child = self._child(file, node)
                if child is not None and child != file.path:
                    self._nested.add(child)
        for path, (file, root) in self._roots.items():
            if path not in self._nested:
                yield from self._of_template(file, root, {}, (path,), "", _stack_of(file))
        for path, (file, root) in self._roots.items():
            if path not in self._seen:  # they nest each other, and nothing else does
                yield from self._of_template(file, root, {}, (path,), "", _stack_of(file))

    def _of_template(
        self,
        file: CodeFile,
        root: Node,
        given: Mapping[str, Node],
        above: tuple[str, ...],
        prefix: str,
        stack: str,
    ) -> Iterator[Declaration]:
        children: dict[str, Template] = {}
        is_again = file.path in self._seen
        self._seen.add(file.path)
        template = self._template(
            file,
            root,
            given,
            lambda name, out: _output(children, name, out),
            is_repeated=is_again,
        )
        self._doubt_macros(file, root)
        for line, what in template.cut:
            self._scope.doubt(file, what, line=line)
        for member in template.members.values():
            if member.type in (_STACK, _NESTED_APP):
                yield from self._of_nested(file, member, template, children, above, prefix, stack)
        names = frozenset(_exports(template))
        self.exported[stack] = self.exported.get(stack, frozenset()) | names
        for member in template.members.values():
            made = self._declaration(file, member, template, prefix, stack)
            if made is not None:
                yield made

    def _template(
        self,
        file: CodeFile,
        root: Node,
        given: Mapping[str, Node],
        nested: Callable[[str, str], Node | None] = lambda _stack, _output: None,
        *,
        is_repeated: bool = True,
    ) -> Template:
        return Template(
            root,
            self._table,
            given,
            nested,
            budget=self._scope.budget(KIND),
            tell=lambda why, line: self._scope.over_limit(file, why, line),
            is_repeated=is_repeated,
        )

    def _declaration(
        self, file: CodeFile, member: Member, template: Template, prefix: str, stack: str
    ) -> Declaration | None:
        if not member.type:
            self._scope.doubt(
                file, f"{member.logical} has no type", line=member.node.line,
                reason=GapReason.MALFORMED,
            )  # fmt: skip
            return None
        if member.exists is Truth.FALSE:
            place = (member.type, self._scope.name, "")
            self._scope.tally.exclude(place, "its condition does not hold with the defaults")
            return None
        return Declaration(
            kind=KIND,
            type=member.type,
            address=f"{prefix}{member.logical}",
            body=template.body_of(member),
            file=file,
            stack=stack,
            line=member.node.line,
            column=member.node.column,
            given=given_of(member),
            why_unknown=_why_unknown(member),
            why_open=opened_by(template.root),
        )

    def _of_nested(
        self,
        file: CodeFile,
        member: Member,
        template: Template,
        children: dict[str, Template],
        above: tuple[str, ...],
        prefix: str,
        stack: str,
    ) -> Iterator[Declaration]:
        path = self._child(file, member.node)
        if path is None or path in above or len(above) > _MAX_NESTED or path not in self._roots:
            what = "is not in this folder" if path is None else f"{path} is not a template here"
            detail = f"the nested stack {member.logical} {what}"
            if path in above or len(above) > _MAX_NESTED:
                detail = f"the nested stack {member.logical} refers to itself"
                self._scope.doubt(file, detail, line=member.node.line)
            else:
                self._scope.unread_part(file, f"{detail}: scan its template too", member.node.line)
            return
        self._uses += 1
        if self._uses > _MAX_USES and path in self._used:
            what = f"the nested stack {member.logical} is one of more than {_MAX_USES:,}"
            self._scope.over_limit(file, what, member.node.line)
            return
        self._used.add(path)
        child_file, child_root = self._roots[path]
        body = template.body_of(member)
        given = dict(body.pairs("Parameters"))
        children[member.logical] = self._template(child_file, child_root, given)
        yield from self._of_template(
            child_file, child_root, given, (*above, path), f"{prefix}{member.logical}/", stack
        )

    def _child(self, file: CodeFile, node: Node) -> str | None:
        """Give the path in the target of the template that a nested stack names, if it is local."""
        if node.text("Type") not in (_STACK, _NESTED_APP):
            return None
        place = (
            node.text("Properties", "TemplateURL")
            or node.text("Properties", "Location")
            # Where the CDK leaves the template that it then uploads.
            or node.text("Metadata", "aws:asset:path")
        )
        if not place or "://" in place or "${" in place:
            return None
        return posixpath.normpath(posixpath.join(posixpath.dirname(file.path), place))

    def _doubt_macros(self, file: CodeFile, root: Node) -> None:
        for name, line in macros_of(root):
            detail = f"the macro {name} may change what the template declares"
            self._scope.doubt(file, detail, line=line, reason=GapReason.UNSUPPORTED)


def _parsed(text: str) -> Node | None:
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        try:
            return marked_json.parse(text.lstrip("\ufeff"))
        except MlsecError:
            # YAML may begin with a brace as well.
            return next(parse_documents(text), None)
    return next(parse_documents(text), None)


def _output(children: Mapping[str, Template], stack: str, output: str) -> Node | None:
    child = children.get(stack)
    result = child.root.get("Outputs", output, "Value") if child is not None else None
    if child is None or result is None:
        return None
    value = child.whole(result)
    return value if value is not None else Node(UnknownValue(f"output {output} of {stack}"))


def _exports(template: Template) -> Iterator[str]:
    for pair in template.root.pairs("Outputs").values():
        name = pair.get("Export", "Name")
        yield text_of(template.whole(name)) if name is not None else ""


def _stack_of(file: CodeFile) -> str:
    return file.in_repository or file.id


def _why_unknown(member: Member) -> UnknownValue | None:
    if member.exists is not Truth.UNKNOWN:
        return None
    return UnknownValue(f"condition {member.node.text('Condition')} depends on the deployment")
