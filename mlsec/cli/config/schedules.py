"""The jobs that scan every night on GitHub and GitLab and sign in to clouds without a secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

CLOUDS = ("aws", "azure", "gcp")
_GITHUB = """\
# Scans every night. Put in who hosts mlsec, and the commit to run (see the page "CI").
name: mlsec
on:
  schedule: [{cron: "17 3 * * *"}]
  workflow_dispatch: {}
permissions: {}
# Two scans at a time would record into one history.
concurrency: {group: mlsec, cancel-in-progress: false}
jobs:
  scan:
    name: mlsec
    runs-on: ubuntu-latest
    timeout-minutes: 240
    permissions:
      contents: read
      actions: read  # for code scanning in a private repository
      security-events: write  # for code scanning
"""
_GITHUB_ID = """\
      id-token: write  # to sign in: the clouds trust this repository, and no secret is stored
"""
_GITHUB_CHECKOUT = """\
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with: {persist-credentials: false}
"""
_GITHUB_SIGN_IN = {
    "aws": """\
      - uses: aws-actions/configure-aws-credentials@e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3
        with:
          role-to-assume: arn:aws:iam::111122223333:role/mlsec-scan
          aws-region: eu-west-1
""",  # noqa: E501
    "azure": """\
      - uses: azure/login@f5d393ae46f8fde4be8b75f32e3fc50e654ad0ca # v3.0.1
        with:
          client-id: 00000000-0000-0000-0000-000000000000
          tenant-id: 00000000-0000-0000-0000-000000000000
          subscription-id: 00000000-0000-0000-0000-000000000000
""",
    "gcp": """\
      - uses: google-github-actions/auth@7c6bc770dae815cd3e89ee6cdf493a5fab2cc093 # v3.0.0
        with:
          workload_identity_provider: projects/1234567890/locations/global/workloadIdentityPools/github/providers/github
          service_account: mlsec-scan@my-project.iam.gserviceaccount.com
""",  # noqa: E501
}
_GITHUB_SCAN = """\
      # Who may read this repository may read its caches: in a public one leave the two cache steps
      # and the history out.
      - uses: actions/cache/restore@27d5ce7f107fe9357f9df03efb73ab90386fccae # v5.0.5
        with:
          path: ${{ runner.temp }}/mlsec-history
          key: mlsec-history-${{ github.run_id }}-${{ github.run_attempt }}
          restore-keys: mlsec-history-
      - run: mkdir -p "$RUNNER_TEMP/mlsec-history"
      - uses: OWNER/mlsec@COMMIT
        with:
          config: mlsec.yaml
"""
_GITHUB_END = """\
          args: --history=${{ runner.temp }}/mlsec-history/history.sqlite
        # To hear what is new: the address in a secret of the repository.
        # env: {MLSEC_NOTIFY: "${{ secrets.MLSEC_NOTIFY }}"}
      # Also when there are findings, which fail the job.
      - uses: actions/cache/save@27d5ce7f107fe9357f9df03efb73ab90386fccae # v5.0.5
        if: ${{ always() }}
        with:
          path: ${{ runner.temp }}/mlsec-history
          key: mlsec-history-${{ github.run_id }}-${{ github.run_attempt }}
"""
_GITLAB = """\
# Include this file in .gitlab-ci.yml (include: {local: .gitlab/mlsec.yml}), make a pipeline
# schedule (Build > Pipeline schedules) such as "17 3 * * *", and give MLSEC_IMAGE the image, by
# digest. To hear what is new, put the address into a masked variable MLSEC_NOTIFY.
mlsec-scheduled:
  rules:
    - if: $CI_PIPELINE_SOURCE == "schedule"
  image:
    name: "$MLSEC_IMAGE"
    entrypoint: [""]
  # Two scans at a time would record into one history. Tokens last as long as the job may.
  resource_group: mlsec
  timeout: 4h
"""
_GITLAB_AUDIENCES = {
    "aws": '    TOKEN_FOR_AWS: {aud: "https://gitlab.com"}\n',
    "azure": '    TOKEN_FOR_AZURE: {aud: "api://AzureADTokenExchange"}\n',
    "gcp": '    TOKEN_FOR_GCP: {aud: "https://gitlab.com"}\n',
}
_GITLAB_VARIABLES = """\
  variables:
    MLSEC_HOME: /opt/mlsec
    MLSEC_OUT: mlsec-reports
    MLSEC_CONFIG: mlsec.yaml
    MLSEC_ARGS: --history=mlsec-history/history.sqlite
"""
_GITLAB_IDENTITY = {
    "aws": """\
    AWS_ROLE_ARN: arn:aws:iam::111122223333:role/mlsec-scan
    AWS_REGION: eu-west-1
    AWS_WEB_IDENTITY_TOKEN_FILE: /tmp/token-for-aws
""",
    "azure": """\
    AZURE_CLIENT_ID: 00000000-0000-0000-0000-000000000000
    AZURE_TENANT_ID: 00000000-0000-0000-0000-000000000000
    AZURE_FEDERATED_TOKEN_FILE: /tmp/token-for-azure
""",
    "gcp": """\
    GOOGLE_APPLICATION_CREDENTIALS: /tmp/gcp.json
    GCP_PROVIDER: projects/1234567890/locations/global/workloadIdentityPools/gitlab/providers/gitlab
    GCP_SERVICE_ACCOUNT: mlsec-scan@my-project.iam.gserviceaccount.com
""",
}
_GITLAB_SIGN_IN = {
    "aws": """\
    - printf %s "$TOKEN_FOR_AWS" > "$AWS_WEB_IDENTITY_TOKEN_FILE"
""",
    "azure": """\
    - printf %s "$TOKEN_FOR_AZURE" > "$AZURE_FEDERATED_TOKEN_FILE"
""",
    "gcp": """\
    - printf %s "$TOKEN_FOR_GCP" > /tmp/token-for-gcp
    - |
      cat > "$GOOGLE_APPLICATION_CREDENTIALS" <<END
      {"type": "external_account",
       "audience": "//iam.googleapis.com/$GCP_PROVIDER",
       "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
       "token_url": "https://sts.googleapis.com/v1/token",
       "credential_source": {"file": "/tmp/token-for-gcp"},
       "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/$GCP_SERVICE_ACCOUNT:generateAccessToken"}
      END
""",
}
_GITLAB_END = """\
    - mkdir -p mlsec-history
    - bash /opt/mlsec/source/ci/scan.sh
  cache:
    key: mlsec-history
    paths: [mlsec-history/]
    when: always
  artifacts:
    when: always
    access: developer
    expire_in: 2 weeks
    paths: [mlsec-reports/]
"""


def github_schedule(folders: Sequence[str], clouds: Mapping[str, str]) -> str:
    """Give a workflow that scans every night; ``clouds`` maps some of ``CLOUDS`` to targets."""
    text = _GITHUB + (_GITHUB_ID if clouds else "") + _GITHUB_CHECKOUT
    text += _of(_GITHUB_SIGN_IN, clouds) + _GITHUB_SCAN
    if clouds:
        text += _block("          targets", folders, clouds)
    return text + _GITHUB_END


def gitlab_schedule(folders: Sequence[str], clouds: Mapping[str, str]) -> str:
    """Give a job that a pipeline schedule runs; ``clouds`` maps some of ``CLOUDS`` to targets."""
    text = _GITLAB
    if clouds:
        text += "  id_tokens:\n" + _of(_GITLAB_AUDIENCES, clouds)
    text += _GITLAB_VARIABLES
    if clouds:
        text += _block("    MLSEC_TARGETS", folders, clouds)
    text += _of(_GITLAB_IDENTITY, clouds)
    text += "  script:\n" + ("    - umask 077\n" if clouds else "")
    return text + _of(_GITLAB_SIGN_IN, clouds) + _GITLAB_END


def _of(parts: Mapping[str, str], clouds: Iterable[str]) -> str:
    return "".join(part for cloud, part in parts.items() if cloud in clouds)


def _block(key: str, folders: Sequence[str], clouds: Mapping[str, str]) -> str:
    """Give targets as a value of several lines.

    In these files a name with a dollar would be taken for a variable or an expression: then the
    whole repository is scanned.
    """
    is_plain = all(name.isprintable() and name == name.strip() for name in folders)
    if not is_plain or any("$" in name for name in folders):
        folders = (".",)
    indent = " " * (len(key) - len(key.lstrip()) + 2)
    lines = [f"{key}: |-", *(f"{indent}{target}" for target in (*folders, *clouds.values()))]
    return "".join(f"{line}\n" for line in lines)
