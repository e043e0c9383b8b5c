"""What a technique is, and the words in which those of one cloud ask the graph."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.ternary import Answer

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph


Standing = Callable[[Resource], Answer]


class Gain(enum.Enum):
    """What a technique gives to whoever holds its rights."""

    RIGHTS = "rights"
    IDENTITY = "identity"
    CODE = "code"


class Target(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing that a technique works on.

    ``resource`` None stands for whichever there is of its ``kind``, now or later, or with
    ``is_unseen`` for some one that the graph does not know. ``identity`` is whom the holder acts as
    afterwards, None where it is not known. ``name`` is for reports.
    """

    kind: str
    name: str = ""
    resource: Resource | None = None
    identity: Resource | None = None
    is_unseen: bool = False


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One need of a technique, ready to be asked.

    ``label`` is the right as a reader knows it, "" for what is no right. ``ask`` says whether an
    identity has it, on the target if there is one. ``may_hold`` is a quick test: False only where
    every answer for this identity would be no; ``may_suit`` the same for a target.
    """

    label: str
    ask: Callable[[Resource, Target | None, Graph], Answer]
    may_hold: Callable[[Resource, Graph], bool]
    may_suit: Callable[[Target, Graph], bool] = lambda _, __: True


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """Questions and groups of them: all must be answered with yes, or (``is_any``) one."""

    is_any: bool
    parts: tuple[Question | Needs, ...]


class QuestionWord(msgspec.Struct, frozen=True, kw_only=True):
    """A word that a need can begin with, such as ``may``.

    ``fields`` are the further keys of such a need, each with the values it can take, empty for any
    text. ``required`` are those that must be there. ``read`` makes the question of a checked need;
    it raises ValueError with what is wrong with a value.
    """

    about: str
    read: Callable[[Mapping[str, Any]], Question]
    fields: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    required: tuple[str, ...] = ()


class TargetKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of thing that techniques work on, such as a function.

    ``leading_to`` gives the things through which one acts as an identity. ``is_raised``: the
    technique itself makes that identity powerful, so that every identity counts, and not only a
    privileged one. ``has_whichever``: a right on whichever there is counts by itself.
    ``is_across_scopes``: the identity may be one of another account. ``unseen`` says whether an
    identity has what is needed on one that the graph does not know; it is given what says whether
    somebody is privileged, by all that is known.
    """

    about: str
    leading_to: Callable[[Resource, Graph], tuple[Target, ...]]
    is_raised: bool = False
    has_whichever: bool = True
    is_across_scopes: bool = False
    unseen: Callable[[Resource, Needs, Standing, Graph], Answer] | None = None


class Words(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What the techniques of one cloud may say, and who they are asked of.

    ``types`` are the types of resources that are identities; ``not_there`` gives those that are
    referred to and were not found. ``is_admin`` says whether one of them
    needs no technique any more. ``spell_out`` turns the short form of an example into documents by
    name, as ``resources`` in an example has them; ``example_keys`` are the keys of the short form.
    It raises ValueError.
    """

    cloud: str
    types: tuple[str, ...]
    is_admin: Callable[[Resource, Graph], Answer]
    questions: Mapping[str, QuestionWord]
    targets: Mapping[str, TargetKind]
    example_keys: tuple[str, ...] = ()
    not_there: Callable[[Graph], tuple[Resource, ...]] = lambda _: ()
    spell_out: Callable[[Mapping[str, Any]], Mapping[str, Mapping[str, Any]]] | None = None


class TechniqueExample(msgspec.Struct, frozen=True, kw_only=True):
    """One small account in which a technique is open, or only nearly; ``place`` is file:line."""

    document: Mapping[str, Any]
    is_open: bool
    place: str


class Technique(msgspec.Struct, frozen=True, kw_only=True):
    """One way from rights to more rights. ``id`` is ``cloud/name``; ``label`` names its rights.

    ``sources`` are ids in published lists, such as ``pathfinding:sagemaker-002``. ``target`` is a
    kind of thing, "" for a technique that works on the holder itself.
    """

    id: str
    title: str
    label: str
    gives: Gain
    sources: tuple[str, ...]
    target: str
    needs: Needs
    examples: tuple[TechniqueExample, ...]
    place: str


def questions_in(needs: Needs) -> Iterable[Question]:
    """Yield every question, in order."""
    for part in needs.parts:
        if isinstance(part, Question):
            yield part
        else:
            yield from questions_in(part)
