"""Which provider configuration a resource uses: aliases, inheritance, what a call hands down."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.iac.terraform.evaluation.evaluate import Evaluator
from mlsec.iac.terraform.evaluation.located_blocks import body_node, node_value
from mlsec.iac.terraform.modules.module import Module
from mlsec.iac.terraform.syntax.tree import Attr, Attribute, Block, Expr, Literal, Name, ObjectOf
from mlsec.iac.terraform.values import Value

Config = Mapping[str, Value]


class Providers:
    """The provider configurations that one use of a module knows, by name or name.alias."""

    def __init__(
        self,
        module: Module,
        evaluator: Evaluator,
        handed: Mapping[str, Config],
        inherited: Providers | None,
    ) -> None:
        self._module, self._evaluator = module, evaluator
        self._handed, self._inherited = handed, inherited
        self._known: dict[str, Config] | None = None

    def named(self, name: str) -> Config:
        """Give a configuration; {} when nothing says how the provider is set."""
        result = self._own().get(name)
        if result is not None:
            return result
        if name in self._handed:
            return self._handed[name]
        if self._inherited is None or "." in name:
            return {}
        return self._inherited.named(name)

    def of_resource(self, block: Block) -> Config:
        """Give the configuration that a resource or data source uses."""
        chosen = block.body.attributes.get("provider")
        name = provider_name(chosen) or block.labels[0].partition("_")[0]
        return self.named(name)

    def handed_to(self, call: Block) -> Mapping[str, Config]:
        """Give the configurations that a module call hands down, by their names there."""
        chosen = call.body.attributes.get("providers")
        if chosen is None or not isinstance(chosen.value, ObjectOf):
            return {}
        pairs = [(_written(key), _written(value)) for key, value in chosen.value.items]
        return {key: self.named(name) for key, name in pairs if key and name}

    def _own(self) -> Mapping[str, Config]:
        if self._known is None:
            self._known = {}
            for placed in self._module.providers:
                block = placed.block
                name = block.labels[0] if block.labels else ""
                alias = block.body.attributes.get("alias")
                if alias is not None:
                    name = f"{name}.{getattr(alias.value, 'value', '')}"
                node = body_node(block.body, self._evaluator, (block.line, block.column))
                self._known[name] = node_value(node)
        return self._known


def provider_name(chosen: Attribute | None) -> str:
    """Give the name that a ``provider`` argument writes, "" for none."""
    return _written(chosen.value) if chosen is not None else ""


def _written(expr: Expr) -> str:
    if isinstance(expr, Attr) and isinstance(expr.of, Name):
        return f"{expr.of.name}.{expr.name}"
    if isinstance(expr, Name):
        return expr.name
    return expr.value if isinstance(expr, Literal) and isinstance(expr.value, str) else ""
