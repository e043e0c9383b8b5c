"""The closed sets: status, severity, category, concern, gap reason, truth."""

from __future__ import annotations

import enum


class Status(enum.Enum):
    """What one rule says of one resource; a waiver never changes it."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    NOT_ASSESSED = "not_assessed"
    NOT_APPLICABLE = "not_applicable"


class Severity(enum.Enum):
    """How bad a failure is; ``rank`` orders, most severe first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for critical up to 4 for info."""
        return _RANKS[self._value_]  # a million times a night: not by the descriptor of value


_RANKS = {severity.value: position for position, severity in enumerate(Severity)}


class Category(enum.Enum):
    """What kind of property a rule reads."""

    ENCRYPTION = "encryption"
    EXPOSURE = "exposure"
    ACCESS = "access"
    LOGGING = "logging"
    SUPPLY_CHAIN = "supply-chain"
    DATA = "data"
    RESILIENCE = "resilience"
    GOVERNANCE = "governance"


class Concern(enum.Enum):
    """The five worries of a team that scales models in the cloud."""

    INFRASTRUCTURE = "infrastructure"
    DATA = "data"
    MONITORING = "monitoring"
    DEPLOYMENT = "deployment"
    SECURITY = "security"


class Exposure(enum.Enum):
    """Who can make use of what is wrong, without another mistake beside it."""

    ANYONE = "anyone"
    """Anyone on the internet, without credentials."""
    OUTSIDE = "outside"
    """A principal outside the account or tenant, somebody on the network path, a supplier."""
    INSIDE = "inside"
    """An ordinary user or workload of the account, network or cluster."""
    PRIVILEGED = "privileged"
    """Only somebody who already has strong rights, or nobody: the record of what happened."""


class Consequence(enum.Enum):
    """What they gain when it works."""

    TAKEOVER = "takeover"
    """Running code, replacing what is served, or acting as a privileged identity."""
    DATA = "data"
    """Reading or changing models, data, prompts or secrets."""
    SERVICE = "service"
    """Loss of service, of money, or of what would show an attack."""
    RECORD = "record"
    """Nothing at once: order, names, documentation."""


class Effort(enum.Enum):
    """How many steps it takes."""

    DIRECT = "direct"
    """One step with common tools."""
    CHAINED = "chained"
    """Something else must be wrong too, or happen first."""


class Profile(enum.Enum):
    """How much is asked for; each profile includes the ones before it."""

    ESSENTIAL = "essential"
    """What every deployment must have: a way in, or the loss of data or of control."""
    RECOMMENDED = "recommended"
    """Good practice for what runs in production."""
    STRICT = "strict"
    """Hardening that a policy asks for; the default of the provider exposes nothing."""

    def includes(self, other: Profile) -> bool:
        """Whether what the other asks for is asked for here as well."""
        members = list(Profile)
        return members.index(other) <= members.index(self)


class Relation(enum.Enum):
    """How what a rule tests relates to what a control asks for (set theory of NIST IR 8477)."""

    EQUAL = "equal"
    """The same."""
    SUBSET = "subset"
    """A part of what the control asks for, and nothing else."""
    INTERSECTS = "intersects"
    """Some of it, and something else too."""


class FrameworkKind(enum.Enum):
    """Who links to the controls of a framework."""

    BENCHMARK = "benchmark"
    """Settings of one provider, written to be checked: rules link to it one by one."""
    CATALOGUE = "catalogue"
    """What an organisation must achieve: objectives link to it."""


class Automation(enum.Enum):
    """How much of a control can be tested by reading a configuration."""

    AUTOMATED = "automated"
    """All that it asks for."""
    PARTIAL = "partial"
    """A part; ``does_not_test`` says what is left."""
    MANUAL = "manual"
    """Nothing: people have to look."""


class ControlStatus(enum.Enum):
    """What a scan says of one control; none of them says that a control is met."""

    NO_EVIDENCE = "no_evidence"
    """Nothing that is needed could be tested here, or not all of it."""
    AGAINST = "evidence_against"
    """At least one rule of it failed."""
    NOT_ASSESSED = "not_assessed"
    """No rule failed, and something could not be read."""
    TESTED_PART = "evidence_for_tested_part"
    """All that is needed was tested and passed; the rest of the control was not tested."""
    MANUAL = "manual"
    """No rule tests any part of it."""


class RuleStatus(enum.Enum):
    """Where a rule stands in its life."""

    EXPERIMENTAL = "experimental"
    STABLE = "stable"
    DEPRECATED = "deprecated"


class GapReason(enum.Enum):
    """Why something could not be read."""

    DENIED = "denied"
    THROTTLED = "throttled"
    TIMEOUT = "timeout"
    UNSUPPORTED = "unsupported"
    MALFORMED = "malformed"
    OVER_LIMIT = "over_limit"
    UNRESOLVED = "unresolved"
    NOT_COLLECTED = "not_collected"
    """Nobody asked: the evidence is older than what a rule reads, or was taken without it."""
    NOT_STATED = "not_stated"
    """What was asked answered, and says nothing of it."""


class Truth(enum.Enum):
    """Three-valued (Kleene) truth."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"
