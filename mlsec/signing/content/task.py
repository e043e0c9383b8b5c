"""The input of a verification: a model and the entry of a trust policy that applies to it."""

from __future__ import annotations

import datetime

import msgspec

from mlsec.signing.content.unsigned_files import AllowedExtras
from mlsec.signing.files.hash_plan import Progress
from mlsec.signing.models.model import Model, Signature
from mlsec.signing.trust.policy import ModelRule, Profile, TrustPolicy
from mlsec.signing.verdicts.verdict import Answer, Verdict


class VerificationTask(msgspec.Struct, frozen=True, kw_only=True):
    """A model, the policy and its entry for the model, the time to judge by and the profile."""

    model: Model
    policy: TrustPolicy
    rule: ModelRule
    profile: Profile
    now: datetime.datetime
    signatures: tuple[Signature, ...] = ()
    progress: Progress | None = None

    @property
    def lock_key(self) -> str:
        """The name under which the model stands in a lock file."""
        return self.policy.name_of(self.model.address)

    def allowed_extras(self) -> AllowedExtras:
        """Return what may lie beside the signed files: what the policy names, and signatures."""
        return AllowedExtras(
            ignored=self.rule.may_ignore,
            signatures=frozenset(file.inside for file in self.signatures) - {""},
            extra_files=self.policy.defaults.extra_files,
            profile=self.profile,
        )

    def verdict(self) -> Verdict:
        """Return the verdict that the checks will fill."""
        return Verdict(
            target=self.model.address,
            signature_files=tuple(str(file) for file in self.signatures),
            answer=Answer.INCOMPLETE,
            profile=self.profile.value,
            checks=(),
            verified_at=self.now,
        )
