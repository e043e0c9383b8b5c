"""Turns what a stream does into facts, by the policy; nothing is asked of what is installed."""

from __future__ import annotations

from typing import assert_never

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import DANGERS, FactKind
from mlsec.artifacts.pickle.known_names import LISTED, Entry, Standing
from mlsec.artifacts.pickle.policy import (
    argument_calls,
    indirect_calls,
    methods,
    names,
    namespaces,
    patches,
)
from mlsec.artifacts.pickle.policy.call_judgement import Call, Judgement
from mlsec.artifacts.pickle.policy.callable_lists import Policy
from mlsec.artifacts.pickle.policy.calling_functions import made_by_others
from mlsec.artifacts.pickle.policy.code_by_value import BY_VALUE, called_by_value
from mlsec.artifacts.pickle.policy.evidence import evidence, is_inert, is_weak, program_kept
from mlsec.artifacts.pickle.policy.hostile_arguments import plain_arguments_of, program_in
from mlsec.artifacts.pickle.policy.judged_calls import JUDGEMENTS
from mlsec.artifacts.pickle.policy.listed_calls import judge_class, judge_listed
from mlsec.artifacts.pickle.policy.names import NOT_LISTED, is_identifier, modern
from mlsec.artifacts.pickle.policy.persistent_ids import storage_bytes
from mlsec.artifacts.pickle.policy.plain_arguments import are_plain_words, is_latin_text
from mlsec.artifacts.pickle.policy.program_texts import KeptTexts
from mlsec.artifacts.pickle.policy.tensor_extents import beyond_storage
from mlsec.artifacts.pickle.vm.values import CallKind, CallResult, Global, Value
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity

# No library holds it, so no version of one vouches for it: what runs is what the loader defines.
_SCRIPT = "__main__"
_FAR = "refers to an object that only the loading program can find"
_CALLED = "no list knows it, and what it is called with may steer it"


class Verdict:
    """Judges one file's streams; each fact is noted where it was first seen, and where worse."""

    def __init__(self, window: Window, record: Recorder, policy: Policy) -> None:
        self.window = window
        self.record = record
        self.policy = policy
        self.storages: dict[str, int] = {}
        self.kept = KeptTexts()
        self._seen: dict[tuple[FactKind, str], Severity] = {}
        self._has_namespace = False

    def over(self, window: Window, record: Recorder) -> Verdict:
        """A judge of another reading of the same file, which notes what is new in it."""
        other = Verdict(window, record, self.policy)
        other._seen = self._seen
        return other

    def note(
        self, kind: FactKind, subject: str, detail: str, offset: int, danger: Severity | None = None
    ) -> None:
        """Record a fact unless as bad a one of this kind was said of the same name before."""
        danger = danger or DANGERS[kind]
        before = self._seen.get((kind, subject))
        if before is None or danger.rank < before.rank:
            self._seen[kind, subject] = danger
            self.record.fact(kind, subject, detail, offset=offset, danger=danger)

    def entry(self, global_: Global, protocol: int = 9) -> Entry:
        """What the policy says of a name; for protocols below 3 also of its Python 3 name."""
        entry = self.policy.look_up(global_.module, global_.name)
        if protocol < 3:
            module, name = modern(global_.module, global_.name)
            other = self.policy.look_up(module, name)
            if (module, name) != (global_.module, global_.name):
                worse = {Standing.DENIED, Standing.JUDGED}
                return entry if entry.standing in worse else other
        return entry

    def imported(self, global_: Global, protocol: int) -> None:
        """A name is imported."""
        if namespaces.is_namespace(self.policy, self.record, global_):
            global_.entry = namespaces.ENTRY
            self._has_namespace = True
            return
        global_.entry = entry = self.entry(global_, protocol)
        match entry.standing:
            case Standing.DENIED:
                self.note(
                    FactKind.DENIED_IMPORT,
                    global_.full,
                    f"a name that {entry.word}",
                    global_.offset,
                )
            case Standing.UNLISTED | Standing.UNKNOWN:
                self._unknown_import(global_)
            case Standing.JUDGED | Standing.CLASS | Standing.REDUCER | Standing.MAKER:
                pass
            case _:
                assert_never(entry.standing)
        if "." in global_.name and not names.is_listed_owner(self.policy, global_):
            detail = "a dotted name reaches through objects to something that is not listed"
            self.note(FactKind.HIDDEN_NAME, global_.full, detail, global_.offset)
        elif "." in global_.name and entry.standing is Standing.UNLISTED:
            owner, _, name = global_.name.rpartition(".")
            self._give(
                methods.judge_method(name, Global(global_.module, owner, global_.offset)),
                global_,
                global_.offset,
            )

    def _unknown_import(self, global_: Global) -> None:
        if not is_identifier(global_):
            detail = "a name that is no identifier or one of Python's own hooks"
            self.note(FactKind.HIDDEN_NAME, global_.full, detail, global_.offset)
        else:
            detail = "imported and not in the inventory of what libraries store"
            self.note(FactKind.UNKNOWN_IMPORT, global_.full, detail, global_.offset)

    def note_unknown(self, global_: Global, why: str) -> None:
        """What nobody knows is a gap: an unknown name must not read as clean."""
        detail = f"what {global_.full} does cannot be known from the file: {why}"
        self.record.gap(GapReason.UNRESOLVED, detail[:400])

    def _note_extent(self, function: Global, arguments: Value, offset: int) -> None:
        if said := beyond_storage(function, arguments):
            self.note(FactKind.BROKEN, function.name, said, offset)

    def called(self, how: CallKind, function: Value, arguments: Value, offset: int) -> None:
        """Something is called or instantiated."""
        if type(function) is Global:
            self._note_extent(function, arguments, offset)
            if how in function.harmless_calls and function.are_harmless(arguments):
                return
            if how in function.reported_calls and are_plain_words(arguments):
                return
        elif type(function) is CallResult:
            function = names.reached(self.policy, function)
        if self._has_namespace and namespaces.misuses(function, arguments):
            self.hidden("__dict__", namespaces.MISUSED, offset)
        if type(function) is Global:
            self.kept.called(function, arguments, offset)
            self._called_name(how, function, arguments, offset)
            return
        inner = function.function if isinstance(function, CallResult) else None
        if isinstance(inner, Global):
            if names.is_listed_method(self.policy, inner, function.arguments, arguments):
                return
            said = called_by_value(self._call(arguments, offset), how, function)
            if said[0]:
                self._give(said[1], inner, offset)
                return
        subject = f"what {inner.full} gave" if isinstance(inner, Global) else "a computed value"
        if how is CallKind.NEW and isinstance(inner, Global) and inner.entry.word == "attribute":
            detail = "a class reached by getattr is instantiated: which one is not known"
            self.note(FactKind.UNVERIFIED_CLASS, subject, detail, offset)
            self.record.gap(GapReason.UNRESOLVED, detail)
            return
        is_listed = isinstance(inner, Global) and inner.entry.standing in LISTED
        if is_listed and names.is_harmless((function.arguments, arguments)):
            detail = "what a listed name made is called, with nothing that could steer it"
            self.note(FactKind.UNVERIFIED_CLASS, subject, detail, offset)
            self.record.gap(GapReason.UNRESOLVED, f"{subject}: {detail}"[:400])
            return
        self.note(FactKind.UNKNOWN_CALL, subject, "calls a value that is no imported name", offset)

    def _called_name(self, how: CallKind, function: Global, arguments: Value, offset: int) -> None:
        entry = function.entry
        if entry.standing not in (Standing.DENIED, Standing.JUDGED) and (
            said := argument_calls.said_of(self.policy, how, function, arguments)
        ):
            self.note(FactKind.UNKNOWN_CALL, function.full, said, offset)
            return
        if entry.standing in LISTED:
            for judgement in indirect_calls.given_tables(function, arguments):
                self._give(judgement, function, offset)
        match entry.standing:
            case Standing.DENIED if names.is_made_bare(self.policy, how, function, arguments):
                said = f"{how.value}: of a module that {entry.word}"
                self.note(FactKind.UNVERIFIED_CLASS, function.full, said, offset, Severity.HIGH)
            case Standing.DENIED:
                said = evidence(arguments)
                detail = f"{how.value}: {entry.word}" + (f"; with {said}" if said else "")
                self.note(FactKind.DENIED_CALL, function.full, detail, offset)
            case Standing.JUDGED:
                judged = self._judged(how, function, arguments, offset)
                self._give(judged, function, offset)
            case Standing.REDUCER:
                if not self.kept.watches(function):
                    function.is_harmless_when(how, plain_arguments_of(function))
                judge_listed(self, function, arguments, offset)
            case Standing.MAKER:
                made_by_others(self, function, arguments, offset)
            case Standing.CLASS:
                judge_class(self, how, function, arguments, offset)
            case Standing.UNLISTED | Standing.UNKNOWN:
                self._unknown(how, function, arguments, offset)
            case _:
                assert_never(entry.standing)

    def _unknown(self, how: CallKind, function: Global, arguments: Value, offset: int) -> None:
        if (FactKind.HOSTILE_ARGUMENT, function.full) in self._seen:
            function.is_harmless_when(how, are_plain_words)
        # Texts that an object is filled with are its data: only a program among them says more.
        said = program_kept(arguments) if how is CallKind.NEW else evidence(arguments)
        is_class = how is CallKind.NEW or names.is_like_a_class(self.policy, function, arguments)
        if is_class and (how is not CallKind.NEW or self._is_left_out(function)):
            said = self._doubted(function, arguments, said)
        if not said and how in function.reported_calls:
            return
        # A name of a library that was listed is a class or none by what it is called with.
        is_open = (
            how is CallKind.REDUCE and is_class and function.entry.standing is Standing.UNLISTED
        )
        is_open |= function.module == _SCRIPT and arguments == ()
        if not said and not is_open:
            function.reported_calls.append(how)
        if said and how is not CallKind.NEW:
            danger = Severity.HIGH if is_weak(said) else None
            detail = f"{how.value} with {said}"
            self.note(FactKind.HOSTILE_ARGUMENT, function.full, detail, offset, danger)
        if is_class and not said:
            detail = f"{how.value}, and not in the inventory of what libraries store"
            self.note(FactKind.UNVERIFIED_CLASS, function.full, detail, offset)
        elif is_class:
            self.note(FactKind.UNKNOWN_CALL, function.full, f"instantiated with {said}", offset)
        else:
            detail = f"{how.value}, and not in the inventory of what libraries store"
            self.note(FactKind.UNKNOWN_CALL, function.full, detail, offset)

    def _is_left_out(self, function: Global) -> bool:
        """Whether a list of what its module stores does not have it."""
        is_unlisted = function.entry.standing is Standing.UNLISTED
        return is_unlisted or self.policy.lists_module(function.module)

    def _doubted(self, function: Global, arguments: Value, said: str) -> str:
        """Note why it is not known what a class does; give what its arguments say beyond doubt."""
        if self._is_left_out(function):
            self.note_unknown(function, NOT_LISTED)
        elif arguments != () and (function.module == _SCRIPT or not is_inert(arguments)):
            self.note_unknown(function, _CALLED)
        return "" if is_weak(said) else said

    def _judged(
        self, how: CallKind, function: Global, arguments: Value, offset: int
    ) -> Judgement | None:
        if function.entry.word == "codec":
            function.is_harmless_when(how, is_latin_text)
        judge = JUDGEMENTS.get(function.entry.word) or BY_VALUE[function.entry.word]
        return judge(self._call(arguments, offset, function.name))

    def _call(self, arguments: Value, offset: int, name: str = "") -> Call:
        items = arguments if isinstance(arguments, tuple) else None
        return Call(judge=self, items=items, offset=offset, name=name)

    def _give(self, judgement: Judgement | None, function: Global | None, offset: int) -> None:
        if judgement:
            name = judgement.subject or (function.full if function else "")
            self.note(judgement.kind, name, judgement.detail, offset, judgement.danger)

    def built(self, target: Value, state: Value, offset: int) -> None:
        """BUILD sets the state of an object."""
        if type(target) is CallResult:
            self.kept.built(target, offset)
            target = names.reached(self.policy, target)
        if self._has_namespace and namespaces.holds_one(state):
            self.hidden("__dict__", namespaces.MISUSED, offset)
        for judgement in patches.by_state(target, state):
            self._give(judgement, None, offset)

    def patched(self, target: Value, items: list[Value], offset: int) -> None:
        """SETITEM or APPEND on something that is no container made here."""
        for judgement in patches.by_items(target, items):
            self._give(judgement, None, offset)

    def unclear(self, detail: str, offset: int) -> None:
        """Loaders differ in what they make of it."""
        self.note(FactKind.TWO_READINGS, "FRAME", detail, offset)

    def hidden(self, subject: str, detail: str, offset: int) -> None:
        """A name that cannot be known from the file."""
        self.note(FactKind.HIDDEN_NAME, subject, detail, offset)

    def persistent(self, identity: Value, offset: int) -> Value:
        """A reference to an object outside the stream: torch storages are such."""
        storage = storage_bytes(identity)
        if storage:
            self.storages.setdefault(*storage)
        kind = identity[0] if isinstance(identity, tuple) and len(identity) > 1 else None
        if kind == "module":  # torch's legacy format refers to a class with its source this way
            return identity[1]
        if kind != "storage" and (said := self._far(identity)):
            self.note(FactKind.HOSTILE_ARGUMENT, "persistent id", said, offset)
        return CallResult(None, identity, None)

    def _far(self, identity: Value) -> str:
        self.record.gap(GapReason.UNRESOLVED, _FAR)
        said = program_in((identity,), self.window)
        return f"{_FAR}, by program text: {said}" if said else ""
