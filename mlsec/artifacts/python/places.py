"""Sensitive paths, addresses and settings that a file beside a model has no reason to use."""

from __future__ import annotations

from mlsec.core.regex import regex

# Keys, passwords and tokens, and files that a shell, Python or a system runs by itself.
SECRETS = regex(
    r"/etc/(?:passwd|shadow|sudoers|crontab|cron\.|hosts\Z|ld\.so\.preload|profile|rc\.local|init\.d|systemd)"
    r"|\.ssh(?:/|\\|\Z)|\bauthorized_keys\b|\.aws(?:/|\\|\Z)|\.bashrc|\.bash_(?:profile|login|history)|\.zshrc|\.zprofile"
    r"|(?:\A|/)\.profile\Z|\.netrc|\.pypirc|\.kube(?:/config|\Z)|\.docker/config|\bid_(?:rsa|ed25519|ecdsa|dsa|\*)"
    r"|/proc/(?:self|\d+|%\w)/(?:environ|mem)|/dev/tcp/|\.git-credentials|\.git/hooks"
    r"|\b(?:site|user)customize(?:\.py)?\b|\bpip\.conf\b|\.config/(?:systemd|autostart|pip|gcloud|google-chrome|chromium)"
    r"|\.mozilla/|Local State\Z|Login Data\Z|\bwallet\.dat\b|\.ethereum|\.electrum|\bkeystore/"
    r"|Start Menu[\\/]+Programs[\\/]+Startup|CurrentVersion\\+Run\b|\bLaunchAgents\b"
    r"|application_default_credentials|\.cache/huggingface/token|\.huggingface/token|/var/spool/cron"
    r"|/run/secrets/kubernetes|docker\.sock\b|\.vscode/tasks|\.gnupg|\.pgpass"
)
# Where a machine in a cloud asks for its own keys, and drops for what was taken.
ADDRESSES = regex(
    r"169\.254\.169\.254|169\.254\.170\.2|metadata\.google\.internal|\b100\.100\.100\.200\b|fd00:ec2::254"
    r"|discord(?:app)?\.com/api/webhooks|api\.telegram\.org/bot|webhook\.site|requestbin"
    r"|pastebin\.com/raw|transfer\.sh|\bngrok(?:-free)?\.(?:io|app)|burpcollaborator|oastify\.com|interact\.sh|oast\.(?:fun|pro|live|me|site)"
    r"|pipedream\.net|\.onion\b|bashupload|https?://file\.io\b|0x0\.st\b"
)
# What the interpreter or the system's loader runs, when it is set for the processes to come.
STARTING = frozenset(
    """LD_PRELOAD PYTHONSTARTUP PYTHONHOME DYLD_INSERT_LIBRARIES LD_AUDIT
    BASH_ENV PROMPT_COMMAND PERL5OPT NODE_OPTIONS GIT_SSH_COMMAND PIP_INDEX_URL
    PIP_EXTRA_INDEX_URL""".split()  # noqa: SIM905
)
# Keys of whole accounts, which are sent only to their own service.
ACCOUNT_KEYS = regex(
    r"AWS_(?:SECRET_ACCESS_KEY|SESSION_TOKEN|ACCESS_KEY_ID)|HF_TOKEN|HUGGING_?FACE\w{0,60}TOKEN|GITHUB_TOKEN|GH_TOKEN"
    r"|AZURE_CLIENT_SECRET|GOOGLE_APPLICATION_CREDENTIALS|WANDB_API_KEY|SSH_\w+|KUBE\w+|NPM_TOKEN|PYPI_TOKEN|VAULT_TOKEN"
    r"|AWS_CONTAINER_CREDENTIALS\w*"
)
