"""The command ``mlsec rules``: list, show, test, new, index, vocabulary, explain."""

from __future__ import annotations

import argparse
import fnmatch
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlsec.cli import console, exits

if TYPE_CHECKING:
    from mlsec.engine.model.rule import RuleSet


_GLOB_HELP = "ids of rules, such as sagemaker/* (default: all)"


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add ``rules`` and its own commands."""
    parser = subparsers.add_parser(
        "rules",
        help="list, show, test and write rules",
        description="List, show, test and write rules.",
        epilog=exits.EPILOG,
    )
    parser.keep_back("index", "techniques")
    below = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = _add(below, "list", _list, "list rules, one per line")
    _add_filters(listing)
    listing.add_argument("-f", "--format", choices=("text", "json"), default="text",
                         help="text, or json: one object per rule (default: text)")  # fmt: skip
    show = _add(below, "show", _show, "show one rule in full")
    show.add_argument("id", metavar="ID", help="id of the rule, such as sagemaker/notebook-root")
    test = _add(below, "test", _test, "run the examples of rules, and mutate their clauses")
    test.add_argument("globs", nargs="*", metavar="GLOB",
                      help="ids of rules or techniques (default: all)")  # fmt: skip
    test.add_argument("--no-mutants", action="store_true",
                      help="run the examples only")  # fmt: skip
    new = _add(below, "new", _new, "write a draft of a rule, which fails its test until finished")
    new.add_argument("id", metavar="ID", help="id of the new rule, such as sagemaker/bad-state")
    new.add_argument("--resource", required=True, metavar="TYPE",
                     help="resource type or concept that the rule assesses")  # fmt: skip
    _add(below, "index", _index, "print all rules as a Markdown table")
    techniques = _add(below, "techniques", _techniques, has_rules=False,
                      about="list the known techniques of privilege escalation")  # fmt: skip
    techniques.add_argument("globs", nargs="*", metavar="GLOB",
                            help="ids of techniques, such as aws/* (default: all)")  # fmt: skip
    vocabulary = _add(below, "vocabulary", _vocabulary, "print resource types and their properties",
                      has_rules=False)  # fmt: skip
    vocabulary.add_argument("type", nargs="?", default="", metavar="TYPE",
                            help="type, or glob of types (default: one line per type)")  # fmt: skip
    explain = _add(
        below, "explain", _explain, "show clause by clause why a rule decides as it does"
    )
    explain.add_argument("id", metavar="ID", help="id of the rule")
    explain.add_argument(
        "subject", metavar="EXAMPLE|RESOURCE",
        help="example of the rule, such as fail:0; with --assessment the id of a resource",
    )  # fmt: skip
    explain.add_argument("--assessment", type=Path, metavar="ASSESSMENT",
                         help="assessment.json (or its folder) with the resource")  # fmt: skip


def _add_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("globs", nargs="*", metavar="GLOB", help=_GLOB_HELP)
    for name, meaning in (
        ("equivalent", "with an equivalent in another tool, such as checkov:CKV_AWS_*"),
        ("concern", "of this concern, such as data"),
        ("severity", "of this severity, such as high"),
        ("resource", "for this resource type, such as aws.sagemaker.*"),
        ("objective", "that test this objective, such as notebook-root-access"),
        ("profile", "that this profile adds, such as strict"),
    ):
        parser.add_argument(f"--{name}", default="", metavar="GLOB", help=f"only rules {meaning}")


def run(args: argparse.Namespace) -> int:
    """Run the chosen command and give the exit code."""
    return int(args.run(args))


def _add(
    below: argparse._SubParsersAction[Any],
    name: str,
    action: Any,
    about: str,
    *,
    has_rules: bool = True,
) -> argparse.ArgumentParser:
    description = f"{about[0].upper()}{about[1:]}."
    parser: argparse.ArgumentParser = below.add_parser(
        name, help=about, description=description, epilog=exits.EPILOG
    )
    if has_rules:
        parser.add_argument(
            "--rules", type=Path, action="append", default=[], metavar="DIR",
            help="folder (or file) of your own rules, used beside the shipped ones; repeatable",
        )  # fmt: skip
    parser.set_defaults(run=action)
    return parser


def _load(args: argparse.Namespace) -> RuleSet:
    from mlsec.core.content_paths import content_folder
    from mlsec.engine.rules.load import load_content

    return load_content(content_folder("rules"), args.rules)


def _list(args: argparse.Namespace) -> int:
    from mlsec.cli.rule_pages import list_json
    from mlsec.cli.rule_selection import filter_rules, match_rules

    ruleset = _load(args)
    matched = {rule.id for rule in match_rules(ruleset.rules, args.globs)}
    chosen = [rule for rule in filter_rules(ruleset, args) if rule.id in matched]
    if args.format == "json":
        console.write_bytes(list_json(chosen))
        return exits.CLEAN
    lines = [f"{rule.severity.value:<9}{rule.id:<58} {rule.title}" for rule in chosen]
    console.out("\n".join([*lines, _count(len(chosen), "rule")]))
    return exits.CLEAN


def _show(args: argparse.Namespace) -> int:
    from mlsec.cli.rule_pages import page_of
    from mlsec.cli.rule_selection import find_rule

    ruleset = _load(args)
    console.out(page_of(find_rule(ruleset, args.id), ruleset.frameworks))
    return exits.CLEAN


def _test(args: argparse.Namespace) -> int:
    from mlsec.cli.technique_pages import globs_of_rules, try_techniques

    ruleset = _sound(args)
    has_failed = try_techniques(args.globs, ruleset.vocabulary)
    globs = globs_of_rules(args.globs)
    if globs or not args.globs:
        has_failed = _test_rules(ruleset, globs, has_mutants=not args.no_mutants) or has_failed
    return exits.FINDINGS if has_failed else exits.CLEAN


def _test_rules(ruleset: RuleSet, globs: Sequence[str], *, has_mutants: bool) -> bool:
    from mlsec.cli.rule_pages import disagreement_text
    from mlsec.cli.rule_selection import match_rules
    from mlsec.engine.testing.examples import documents_of, run_examples
    from mlsec.engine.testing.mutate import surviving_mutants

    failed: set[str] = set()
    examples = survivors = 0
    chosen = match_rules(ruleset.rules, globs)
    for rule in chosen:
        examples += sum(1 for _ in documents_of(rule.tests))
        wrong = run_examples(rule, ruleset.vocabulary)
        for disagreement in wrong:
            failed.add(rule.id)
            console.out(disagreement_text(disagreement, rule.place))
        if wrong or not has_mutants:
            continue
        for change in surviving_mutants(rule, ruleset.vocabulary):
            failed.add(rule.id)
            survivors += 1
            console.out(f"survives[{rule.id}] {change}: no example notices\n  --> {rule.place}")
    mutants = _count(survivors, "surviving mutant") if has_mutants else "mutants not run"
    console.out(
        f"{_count(len(chosen), 'rule')}, {_count(examples, 'example')}, {len(failed)} "
        f"failed, {mutants}"
    )
    return bool(failed)


def _sound(args: argparse.Namespace) -> RuleSet:
    """All rules; with globs a mistake in a file that none of them means is only counted."""
    from mlsec.core.content_paths import content_folder
    from mlsec.engine.model.diagnostics import RuleFilesError
    from mlsec.engine.rules.load import examine, load_known_controls
    from mlsec.vocabulary.load import load_vocabulary

    if not args.globs:
        return _load(args)
    content = content_folder("rules")
    vocabulary = load_vocabulary(content / "vocabulary")
    known = load_known_controls(content / "frameworks")
    ruleset, errors = examine((content, *args.rules), vocabulary, known)
    meant = [error for error in errors if _is_meant(error.location, args.globs)]
    if meant:
        raise RuleFilesError(meant)
    if errors:
        console.note(f"{_count(len(errors), 'mistake')} in other rule files: mlsec rules test")
    return ruleset


def _is_meant(location: str, globs: Sequence[str]) -> bool:
    path = Path(location.split(".yaml", maxsplit=1)[0])
    return any(fnmatch.fnmatchcase(f"{path.parent.name}/{path.name}", glob) for glob in globs)


def _new(args: argparse.Namespace) -> int:
    from mlsec.cli.files import mode_of
    from mlsec.cli.rule_draft import write_draft
    from mlsec.core.content_paths import content_folder
    from mlsec.core.errors import MlsecError
    from mlsec.engine.rules.load import load_content

    if len(args.rules) > 1:
        raise MlsecError("a new rule goes into one folder", hint="give --rules once")
    shipped = content_folder("rules")
    folder = args.rules[0] if args.rules else shipped
    mode_of(folder)
    # The first rule of a folder goes into one that holds none yet.
    filled = [own for own in args.rules if any(own.rglob("*.yaml"))]
    path = write_draft(load_content(shipped, filled), args.id, args.resource, folder)
    console.out(f"{path}\nnow finish it: mlsec rules test {args.id}")
    return exits.CLEAN


def _index(args: argparse.Namespace) -> int:
    from mlsec.cli.rule_pages import index_of

    console.out(index_of(_load(args)))
    return exits.CLEAN


def _techniques(args: argparse.Namespace) -> int:
    from mlsec.cli.technique_pages import technique_lines

    console.out("\n".join(technique_lines(args.globs)))
    return exits.CLEAN


def _vocabulary(args: argparse.Namespace) -> int:
    from mlsec.cli.rule_pages import type_page, types_page
    from mlsec.core.content_paths import content_folder
    from mlsec.vocabulary.load import load_vocabulary

    vocabulary = load_vocabulary(content_folder("rules") / "vocabulary")
    console.out(type_page(vocabulary, args.type) if args.type else types_page(vocabulary))
    return exits.CLEAN


def _explain(args: argparse.Namespace) -> int:
    from mlsec.cli.rule_selection import find_rule
    from mlsec.cli.rule_trace import explain_example, explain_finding

    ruleset = _load(args)
    rule = find_rule(ruleset, args.id)
    if args.assessment is not None:
        console.out(explain_finding(rule, args.subject, args.assessment))
    else:
        console.out(explain_example(rule, args.subject, ruleset.vocabulary))
    return exits.CLEAN


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
