"""The steps of a verification: functions that raise become checks of a verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from mlsec.signing.errors import MalformedError, SigningError, UnsupportedError
from mlsec.signing.verdicts.verdict import Check, Outcome, failed, not_checked, passed

P = ParamSpec("P")
T = TypeVar("T")


class CheckFailedError(SigningError):
    """A condition that does not hold; ``expected`` and ``actual`` are the values that decided."""

    def __init__(
        self, message: str, *, expected: str = "", actual: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.expected = expected
        self.actual = actual


class Steps:
    """Runs the steps of one verification in order and records a check of each."""

    def __init__(self) -> None:
        self._checks: list[Check] = []

    def run(
        self, check_id: str, what: str, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T | None:
        """Return the result of ``step``; None, and a check that did not pass, where it raised."""
        try:
            result = step(*args, **kwargs)
        except CheckFailedError as error:
            check = failed(
                check_id, error.message, expected=error.expected, actual=error.actual,
                fix=error.hint,
            )  # fmt: skip
        except UnsupportedError as error:
            check = not_checked(check_id, error.message, fix=error.hint)
        except MalformedError as error:
            check = failed(check_id, error.message, fix=error.hint)
        else:
            self.add(passed(check_id, what))
            return result
        self.add(check)
        return None

    def holds(
        self, check_id: str, what: str, step: Callable[P, object], *args: P.args, **kwargs: P.kwargs
    ) -> bool:
        """Run a step that has no result; whether it raised nothing."""
        self.run(check_id, what, step, *args, **kwargs)
        return self._checks[-1].outcome is Outcome.OK

    def add(self, *checks: Check) -> None:
        """Record checks that were made elsewhere."""
        self._checks.extend(checks)

    @property
    def checks(self) -> tuple[Check, ...]:
        """All checks so far, in order."""
        return tuple(self._checks)
