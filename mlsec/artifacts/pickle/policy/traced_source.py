"""Reads the source of a module of torch.fx: whether it calls nothing but operators and parts.

Only what the code generator of torch.fx writes is passed; anything else is reported.
"""

from __future__ import annotations

import ast

from mlsec.artifacts.pickle.known_names import Standing
from mlsec.artifacts.pickle.policy.callable_lists import Policy
from mlsec.artifacts.python.syntax import tree_of

# What the generator writes; every other kind of node is refused.
_PLAIN = (
    ast.Module, ast.arguments, ast.arg, ast.Return, ast.Expr, ast.Pass, ast.Name, ast.Load,
    ast.Store, ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.Set, ast.Slice, ast.Subscript,
    ast.UnaryOp, ast.BinOp, ast.Compare, ast.keyword, ast.Starred, ast.operator, ast.unaryop,
    ast.cmpop, ast.Del, ast.Delete,
)  # fmt: skip
# Namespaces of torch whose names are operators, and how many names may follow.
_OPERATORS = {
    "torch": 1, "torch.nn.functional": 1, "torch._C._nn": 1, "torch.functional": 1,
    "torch.special": 1, "torch.fft": 1, "torch.linalg": 1, "torch._C._linalg": 1,
    "torch._C._special": 1, "torch._C._fft": 1, "torch.sparse": 1, "torch.Tensor": 1,
    "torch.fx._pytree": 1, "torch.utils._pytree": 1, "fx_pytree": 1, "pytree": 1,
    "torch.ops.aten": 2, "torch.ops.prims": 2, "torch.ops.quantized": 2,
    "torch.ops.torchvision": 2, "torch.ops.quantized_decomposed": 2, "torch.nested": 1,
    "torch.amp.autocast_mode": 1,
}  # fmt: skip
# Of these the first argument is called, or they act on more than tensors.
_NOT_OPERATORS = frozenset(
    """compile load save from_file fork wait import_ir_module import_ir_module_from_buffer parse_ir
    parse_schema parse_type_comment cond vmap map while_loop scan get_device_module set_vital
    read_vitals tree_map tree_map_ tree_map_only tree_map_with_path register_pytree_node
    treespec_loads load_library""".split()  # noqa: SIM905
)
_CLASSES = frozenset(("Size", "Tensor"))
# Methods of values that reach files or call what they are given.
_METHODS = frozenset(
    """tofile dump dumps save savez savetxt from_file from_buffer apply_ map_ map2_ apply
    share_memory_ register_hook register_forward_hook register_forward_pre_hook
    register_full_backward_hook
    write_file load load_state_dict numpy format format_map register_post_accumulate_grad_hook
    share_memory compile""".split()  # noqa: SIM905
)
_BUILTINS = frozenset(("slice", "getattr", "int", "float", "bool", "len", "tuple", "list", "range"))
_ARITHMETIC = frozenset(
    """abs add and_ eq floordiv ge getitem gt iadd imul index inv invert isub itruediv le lshift lt
    matmul mod mul ne neg not_ or_ pos pow rshift sub truediv truth xor ceil floor sqrt trunc log
    exp prod inf nan""".split()  # noqa: SIM905
)
_IMPORTED = {
    "builtins": _BUILTINS | {"max", "min", "sum", "round", "abs", "NoneType"},
    "math": _ARITHMETIC, "operator": _ARITHMETIC, "_operator": _ARITHMETIC,
    "torch": frozenset(("device", "dtype", "Size", "Tensor", "layout", "memory_format")),
    "typing": frozenset(("Any", "Dict", "List", "Optional", "Tuple", "Union")),
}  # fmt: skip
_MODULES = frozenset(("torch", "torch.fx._pytree", "torch.utils._pytree", "torchvision", "math"))
# Functions that torchvision marks to be called whole.
_WRAPPED = {
    "torchvision.ops.stochastic_depth": frozenset(("stochastic_depth",)),
    "torchvision.ops.boxes": frozenset(("nms", "batched_nms", "clip_boxes_to_image", "box_area")),
    "torchvision.ops.roi_align": frozenset(("roi_align",)),
    "torchvision.models.swin_transformer": frozenset(
        ("_patch_merging_pad", "_get_relative_position_bias", "shifted_window_attention")
    ),
    "torchvision.models.maxvit": frozenset(("_get_relative_position_bias",)),
}


class _RefusedError(Exception):
    def __init__(self, said: str, *, is_denied: bool = False) -> None:
        super().__init__(said)
        self.is_denied = is_denied


def refused(source: bytes, policy: Policy) -> tuple[str, bool]:
    """What in the source is more than calls of operators and parts, and whether it is known to do
    harm; "" for nothing.

    Raises:
        SyntaxError: no Python of this version.
        OverLimitError: nested too deep.
    """
    reader = _Reader(policy)
    try:
        reader.read(tree_of(source))
    except _RefusedError as error:
        return str(error), error.is_denied
    return "", False


class _Reader:
    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        # What the source imports, by its name here; the names it gives to values.
        self.names = {name: f"builtins.{name}" for name in _BUILTINS}
        self.values: set[str] = set()

    def read(self, tree: ast.Module) -> None:
        body = [item for item in tree.body if not isinstance(item, (ast.Import, ast.ImportFrom))]
        for item in tree.body:
            if isinstance(item, (ast.Import, ast.ImportFrom)):
                self._import(item)
        if not body or not isinstance(body[-1], ast.FunctionDef) or body[-1].name != "forward":
            raise _RefusedError("it defines no forward")
        for item in body[:-1]:
            if ast.unparse(item) != "NoneType = type(None)":
                raise _RefusedError(f"line {item.lineno} is no import")
        self.names["NoneType"] = "builtins.NoneType"
        self._forward(body[-1])

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for name in node.names:
            if isinstance(node, ast.Import):
                if name.name not in _MODULES:
                    raise self._no(name.name, "x", f"it imports {name.name}")
                self.names[name.asname or name.name.partition(".")[0]] = (
                    name.name if name.asname else name.name.partition(".")[0]
                )
                continue
            module = node.module or ""
            is_known = name.name in _IMPORTED.get(module, ()) or name.name in _WRAPPED.get(
                module, ()
            )
            if node.level or not is_known:
                raise self._no(module, name.name, f"it imports {module}.{name.name}")
            self.names[name.asname or name.name] = f"{module}.{name.name}"

    def _no(self, module: str, name: str, said: str) -> _RefusedError:
        is_denied = self.policy.look_up(module, name).standing is Standing.DENIED
        return _RefusedError(said, is_denied=is_denied)

    def _forward(self, node: ast.FunctionDef) -> None:
        if node.decorator_list or getattr(node, "type_params", None):
            raise _RefusedError("its function is decorated")
        every = list(ast.walk(node))
        self.values = {item.arg for item in every if isinstance(item, ast.arg)} | {
            item.id
            for item in every
            if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)
        }
        if first := sorted((self.values - {"self"}) & {*self.names, "torch"}):
            raise _RefusedError(f"it gives {first[0]} another meaning")
        for item in every[1:]:
            self._node(item)

    def _node(self, node: ast.AST) -> None:
        match node:
            case ast.Call():
                self._call(node)
            case ast.Attribute():
                self._attribute(node)
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if not all(isinstance(target, (ast.Name, ast.Tuple)) for target in targets):
                    raise _RefusedError(f"line {node.lineno} changes what it does not make")
            case ast.Name() if node.id.startswith("__"):
                raise _RefusedError(f"line {node.lineno} uses {node.id}")
            case _ if not isinstance(node, _PLAIN):
                raise _RefusedError(f"it holds a {type(node).__name__.lower()}")

    def _attribute(self, node: ast.Attribute) -> None:
        """An attribute that is only read."""
        if node.attr.startswith("__") or not isinstance(node.ctx, ast.Load):
            raise _RefusedError(f"line {node.lineno} reaches {node.attr}", is_denied=True)
        whole = self._dotted(node)
        module, _, name = whole.partition(".")
        is_denied = bool(whole) and self.policy.look_up(module, name).standing is Standing.DENIED
        # Its own namespaces of operators are denied as a whole.
        spaces = (*_OPERATORS, "torch.ops")
        if is_denied and not any(f"{whole}.".startswith(f"{space}.") for space in spaces):
            raise _RefusedError(f"line {node.lineno} names {whole}", is_denied=True)

    def _call(self, node: ast.Call) -> None:
        func = node.func
        if isinstance(func, ast.Call):  # getattr(self.layers, "0")(x)
            if self._dotted(func.func) != "builtins.getattr" or not self._is_part(func):
                raise _RefusedError(f"line {node.lineno} calls what a call gave")
            return
        whole = self._dotted(func)
        if whole == "builtins.getattr":
            name = node.args[1] if len(node.args) == 2 else None
            if not isinstance(name, ast.Constant) or not isinstance(name.value, str):
                raise _RefusedError(f"line {node.lineno} gets an attribute by a name it computes")
            if name.value.startswith("__") or name.value in _METHODS:
                raise _RefusedError(f"line {node.lineno} reaches {name.value}", is_denied=True)
        elif whole:
            self._named(whole, node.lineno)
        elif not isinstance(func, ast.Attribute):
            raise _RefusedError(f"line {node.lineno} calls a value")
        elif func.attr in _METHODS or (func.attr.startswith("_") and not self._is_part(func)):
            raise _RefusedError(f"line {node.lineno} calls the method {func.attr}")

    def _named(self, whole: str, line: int) -> None:
        module, _, name = whole.rpartition(".")
        if name in _IMPORTED.get(module, ()) or name in _WRAPPED.get(module, ()):
            return
        for space, most in _OPERATORS.items():
            rest = whole[len(space) + 1 :].split(".")
            if whole.startswith(f"{space}.") and len(rest) <= most and _is_operator(rest[0]):
                first, _, last = whole.partition(".")
                is_own = space != "torch"
                if is_own or self.policy.look_up(first, last).standing is not Standing.DENIED:
                    return
        raise self._no(*whole.partition(".")[::2], f"line {line} calls {whole}")

    def _is_part(self, node: ast.expr) -> bool:
        """Whether it is reached from the module itself by plain names."""
        while not isinstance(node, ast.Name):
            if isinstance(node, ast.Attribute):
                node = node.value
            elif isinstance(node, ast.Call) and self._dotted(node.func) == "builtins.getattr":
                node = node.args[0] if node.args else ast.Constant(value=None)
            else:
                return False
        return node.id == "self"

    def _dotted(self, node: ast.expr) -> str:
        """The name that an expression stands for, as imported; "" for what is a value here."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id in self.values:
            return ""
        return ".".join([self.names.get(node.id, f"builtins.{node.id}"), *reversed(parts)])


def _is_operator(name: str) -> bool:
    if name in _CLASSES:
        return True
    return name not in _NOT_OPERATORS and (name[:1].islower() or name in ("_assert",))
