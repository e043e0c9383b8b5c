"""The tables and views of a history, written once for SQLite and for PostgreSQL."""

from __future__ import annotations

import enum
from collections.abc import Iterator

# Versions 1 and 2 were never released.
VERSION = 3
TABLES_SCHEMA, VIEWS_SCHEMA = "mlsec", "mlsec_v1"

# What a failure is now is in ``finding``, what it was before is in ``past``: a row changes when the
# failure does, not with each scan. A failure that was not seen to end lasts until the last scan of
# its series. ``opened_scan`` is the scan since which it fails, 0 where it does not; ``change`` is
# what became of it in ``noted_scan``, and since then nothing did. ``severity`` is a rank, 0 for
# critical. ``before`` is the scan before one in its series, or 0. A scan that is ``pruned`` is
# there because failures refer to it, and was counted no more.
_TABLES = """
CREATE TABLE account (id {id}, provider {text} NOT NULL, scope {text} NOT NULL);
CREATE TABLE series (id {id}, targets {text} NOT NULL, passed {bytes} NOT NULL,
  last_scan {int} NOT NULL);
CREATE TABLE scan (id {id}, series {int} NOT NULL REFERENCES series, before {int} NOT NULL,
  digest {text} NOT NULL, finished_at {text} NOT NULL, finished_s {int}, tool {text} NOT NULL,
  rules_digest {text} NOT NULL, passed {int} NOT NULL, failed {int} NOT NULL,
  not_assessed {int} NOT NULL, changes {text} NOT NULL, pruned {int} NOT NULL,
  UNIQUE (series, digest));
CREATE TABLE finding (id {id}, series {int} NOT NULL REFERENCES series,
  account {int} NOT NULL REFERENCES account, fingerprint {text} NOT NULL, state {text} NOT NULL,
  change {text} NOT NULL, noted_scan {int} NOT NULL, first_scan {int} NOT NULL,
  opened_scan {int} NOT NULL, changed_scan {int} NOT NULL, severity {int} NOT NULL,
  concern {text} NOT NULL, category {text} NOT NULL, rule {text} NOT NULL, message {text} NOT NULL,
  resource {text} NOT NULL, type {text} NOT NULL, region {text} NOT NULL, name {text} NOT NULL,
  file {text} NOT NULL, line {int} NOT NULL, owner {text} NOT NULL, digest {int} NOT NULL,
  UNIQUE (fingerprint, series));
CREATE INDEX finding_account ON finding (account, severity, state);
CREATE INDEX finding_changed ON finding (changed_scan);
CREATE TABLE past (finding {int} NOT NULL REFERENCES finding, state {text} NOT NULL,
  changed_scan {int} NOT NULL, last_scan {int} NOT NULL,
  PRIMARY KEY (finding, changed_scan)){by_key};
CREATE TABLE counted (scan {int} NOT NULL REFERENCES scan, account {int} NOT NULL
  REFERENCES account, severity {int} NOT NULL, concern {text} NOT NULL, failing {int} NOT NULL,
  not_assessed {int} NOT NULL, waived {int} NOT NULL, new {int} NOT NULL, regressed {int} NOT NULL,
  fixed {int} NOT NULL, no_longer_seen {int} NOT NULL, rule_gone {int} NOT NULL,
  PRIMARY KEY (scan, account, severity, concern)){by_key};
"""
# Beside a file the record of what was sent is a file of its own.
_SENT_TABLES = """
CREATE TABLE receiver (id {text} PRIMARY KEY, since {text} NOT NULL);
CREATE TABLE notified (receiver {text} NOT NULL, key {text} NOT NULL, is_sent {int} NOT NULL,
  PRIMARY KEY (receiver, key));
"""
# What other programs may read. A view keeps its name, its columns and their meaning; what cannot be
# kept comes as another version beside it. They are made again at each migration.
_WORDS = (
    "CASE {0} WHEN 0 THEN 'critical' WHEN 1 THEN 'high' WHEN 2 THEN 'medium' WHEN 3 THEN 'low'"
    " ELSE 'info' END"
)
_VIEWS = """
CREATE VIEW {view}scans AS SELECT scan.id AS scan, scan.series AS series, series.targets AS targets,
  {time:scan} AS finished_at, scan.id = series.last_scan AS is_last, scan.tool AS tool,
  scan.passed AS passed, scan.failed AS failed, scan.not_assessed AS not_assessed
  FROM scan JOIN series ON series.id = scan.series WHERE scan.pruned = 0;
CREATE VIEW {view}counts AS SELECT counted.scan AS scan, scan.series AS series,
  series.targets AS targets, {time:scan} AS finished_at, scan.id = series.last_scan AS is_last,
  account.provider AS provider, account.scope AS account, {word:counted.severity} AS severity,
  counted.severity AS severity_rank, counted.concern AS concern, counted.failing AS failing,
  counted.not_assessed AS not_assessed, counted.failing + counted.not_assessed AS open,
  counted.waived AS waived, counted.new AS new, counted.regressed AS regressed,
  counted.fixed AS fixed, counted.no_longer_seen AS no_longer_seen, counted.rule_gone AS rule_gone
  FROM counted JOIN scan ON scan.id = counted.scan JOIN series ON series.id = scan.series
  JOIN account ON account.id = counted.account;
CREATE VIEW {view}open_findings AS SELECT finding.fingerprint AS fingerprint,
  finding.series AS series, series.targets AS targets, account.provider AS provider,
  account.scope AS account, {word:finding.severity} AS severity, finding.severity AS severity_rank,
  finding.concern AS concern, finding.category AS category, finding.rule AS rule,
  finding.message AS message, finding.resource AS resource, finding.type AS type,
  finding.region AS region, finding.name AS name, finding.file AS file, finding.line AS line,
  finding.owner AS owner, finding.state = 'fail' AS is_assessed, {time:seen} AS first_seen,
  {time:opened} AS open_since
  FROM finding JOIN series ON series.id = finding.series
  JOIN account ON account.id = finding.account JOIN scan AS seen ON seen.id = finding.first_scan
  JOIN scan AS opened ON opened.id = finding.opened_scan
  WHERE finding.state IN ('fail', 'not_assessed_now');
"""


class Dialect(enum.Enum):
    """A database that a history can be kept in."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


_TYPES = {
    Dialect.SQLITE: {
        "{id}": "INTEGER PRIMARY KEY",
        "{int}": "INTEGER",
        "{text}": "TEXT",
        "{bytes}": "BLOB",
        "{by_key}": " WITHOUT ROWID",
        "{view}": f"{VIEWS_SCHEMA}_",
        "{time:scan}": "scan.finished_at",
        "{time:seen}": "seen.finished_at",
        "{time:opened}": "opened.finished_at",
    },
    # Text is ordered by code point in both, whatever the language of the database is.
    Dialect.POSTGRESQL: {
        "{id}": "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
        "{int}": "BIGINT",
        "{text}": 'TEXT COLLATE "C"',
        "{bytes}": "BYTEA",
        "{by_key}": "",
        "{view}": f"{VIEWS_SCHEMA}.",
        "{time:scan}": "to_timestamp(scan.finished_s)",
        "{time:seen}": "to_timestamp(seen.finished_s)",
        "{time:opened}": "to_timestamp(opened.finished_s)",
    },
}


def tables(dialect: Dialect) -> str:
    """Give the statements that make the tables, separated by semicolons."""
    more = _SENT_TABLES if dialect is Dialect.POSTGRESQL else ""
    return _written(_TABLES + more, dialect)


def views(dialect: Dialect) -> str:
    """Give the statements that make the views, separated by semicolons."""
    return _written(_VIEWS, dialect)


def statements(text: str) -> Iterator[str]:
    """Give each statement of a text on one line."""
    return (" ".join(part.split()) for part in text.split(";") if part.strip())


def _written(text: str, dialect: Dialect) -> str:
    for mark, word in _TYPES[dialect].items():
        text = text.replace(mark, word)
    for column in ("counted.severity", "finding.severity"):
        text = text.replace(f"{{word:{column}}}", _WORDS.format(column))
    return text
