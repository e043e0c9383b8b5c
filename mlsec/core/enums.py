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
        return _RANKS[self.value]


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


class Truth(enum.Enum):
    """Three-valued (Kleene) truth."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"
