"""Calls that run what a model answered: as Python, or in a shell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from mlsec.collect.python.call import Call

_RUNS = frozenset({
    "eval", "exec", "os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput",
})  # fmt: skip
# These start a shell only with shell=True.
_SHELL = frozenset({
    "subprocess.run", "subprocess.call", "subprocess.Popen", "subprocess.check_output",
    "subprocess.check_call",
})  # fmt: skip
# How the calls end by which a model answers, whoever gave the client.
_ANSWERS = (
    ".invoke_model", ".invoke_model_with_response_stream", ".converse", ".converse_stream",
    ".invoke_agent", ".retrieve_and_generate", ".completions.create", ".responses.create",
    ".messages.create", ".ChatCompletion.create", ".Completion.create", ".generate_content",
)  # fmt: skip
_CHAINS = ("langchain", "llama_index.", "vllm.LLM", "ollama.", "litellm.")
_CHAIN_CALLS = (".invoke", ".ainvoke", ".predict", ".run", ".complete", ".chat", ".generate",
                ".completion")  # fmt: skip


class RunAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One call that runs what a model answered; ``answer`` is the call that gave it."""

    call: Call
    answer: str


def runs_text(name: str) -> bool:
    """Whether a call of this name runs a text that it is given."""
    return name in _RUNS or name in _SHELL


def run_answers(calls: Iterable[tuple[Call, frozenset[str]]]) -> Iterator[RunAnswer]:
    """Give the calls that run what a model answered, by what their text is made of."""
    for call, behind in calls:
        shell = call.argument("shell")
        if call.name in _SHELL and (shell is None or shell.value is not True):
            continue
        answer = next((name for name in sorted(behind) if _is_answer(name)), "")
        if answer:
            yield RunAnswer(call=call, answer=answer.rpartition(".")[2])


def _is_answer(name: str) -> bool:
    return name.endswith(_ANSWERS) or (name.startswith(_CHAINS) and name.endswith(_CHAIN_CALLS))
