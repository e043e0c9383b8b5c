"""One call in Python source, and the values that only a run of the source would give."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mlsec.collect.located.located import Node, UnknownValue


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call, with what its arguments are as far as the file says it.

    ``name`` is the qualified name of what is called, imports and aliases followed: ``torch.load``.
    A method of what another call made has ``()`` in it: ``boto3.client().create_model``; that other
    call is ``on``. What this file defines itself begins with a dot, and so does what it imports
    from its own package; ``?`` is what is not known: ``?.deploy``. ``is_open``: more arguments are
    given by ``*`` or ``**`` than the file says. ``assigned`` is the name that the result is given
    to, "" for none. ``is_conditional``: it stands in a branch or a loop; ``function`` is the name
    of the function it stands in, "" outside of all. ``line`` and ``column`` begin at 1.
    """

    name: str
    args: tuple[Node, ...] = ()
    kwargs: Mapping[str, Node] = msgspec.field(default_factory=dict)
    is_open: bool = False
    on: Call | None = None
    assigned: str = ""
    function: str = ""
    is_conditional: bool = False
    line: int = 0
    column: int = 0

    def argument(self, name: str, position: int | None = None) -> Node | None:
        """Give an argument by its keyword, or by its position from 0; None when it is not given.

        Where arguments are given that the file does not say, one that is not seen is unknown.
        """
        if name in self.kwargs:
            return self.kwargs[name]
        if position is not None and position < len(self.args):
            return self.args[position]
        if self.is_open:
            why = "more arguments are given than the file says"
            return Node(UnknownValue(why), self.line, self.column)
        return None


class CallResult(UnknownValue, frozen=True, kw_only=True):
    """What a call gives when it is run: not known, but by which call.

    ``path`` is what is taken of the result, as it is written: ``.content``, ``["Body"]``. A
    parameter that is annotated with a class stands for a call of the class.
    """

    call: Call
    path: str = ""


class EachValue(UnknownValue, frozen=True, kw_only=True):
    """What a loop gives a name, one after the other; ``elements`` are all of them."""

    elements: tuple[Node, ...]


class ChoiceValue(UnknownValue, frozen=True, kw_only=True):
    """One of several values, by what happens when the code runs; ``options`` are those known.

    ``is_open``: it may be something else, which is not known.
    """

    options: tuple[Node, ...]
    is_open: bool


class NamedValue(UnknownValue, frozen=True, kw_only=True):
    """What a qualified name stands for: something of another module, as a member of an enum."""

    name: str
