#!/usr/bin/env bash
# Puts the mlsec that lies beside this file into MLSEC_HOME/venv, with the locked packages it needs.
# Nothing is built, and nothing of the folder this is started from is imported: every Python is
# isolated (-I) and runs in /.
set -euo pipefail

source_folder=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
home=${MLSEC_HOME:?says where to put it}
mkdir -p -- "$home"
home=$(cd -- "$home" && pwd -P)
cd /

"${MLSEC_PYTHON:-python3}" -I -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || {
  echo "mlsec needs Python 3.11, 3.12 or 3.13" >&2
  exit 2
}
"${MLSEC_PYTHON:-python3}" -I -m venv "$home/venv"
"$home/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check --no-input \
  --require-hashes --only-binary :all: -r "$source_folder/requirements/ci.lock"
site_packages=$("$home/venv/bin/python" -I -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
printf '%s\n' "$source_folder" >"$site_packages/mlsec.pth"
