#!/usr/bin/env bash
# Puts the mlsec that lies beside this file into MLSEC_HOME/venv, with the locked packages it needs.
# Nothing is built, and nothing of the folder this is started from is imported: every Python is
# isolated (-I) and runs in /.
#
#   MLSEC_HOME      where to put it
#   MLSEC_PYTHON    default python3
#   MLSEC_LOCK      ci: what a repository needs; cloud: that and the SDKs, for accounts, clusters
#                   and buckets. Default: what MLSEC_TARGETS needs.
#   MLSEC_TARGETS   as for ci/scan.sh
set -euo pipefail
source_folder=${BASH_SOURCE[0]%/*}
if [[ $source_folder == "${BASH_SOURCE[0]}" ]]; then
  source_folder=.
fi
# shellcheck source=guard.sh
source "$source_folder/guard.sh"

source_folder=$(cd -P -- "$source_folder/.." && pwd -P)
home=${MLSEC_HOME:?says where to put it}
mkdir -p -- "$home"
home=$(cd -- "$home" && pwd -P)
cd /

lock=${MLSEC_LOCK:-}
if [[ -z $lock ]]; then
  lock=ci
  while IFS= read -r target || [[ -n $target ]]; do
    target=${target%$'\r'}
    case ${target%%:*} in
      aws | azure | gcp | kubernetes | s3 | gs | az) lock=cloud ;;
    esac
  done <<<"${MLSEC_TARGETS:-}"
fi
if [[ $lock != ci && $lock != cloud ]]; then
  echo "MLSEC_LOCK is \"$lock\": expected ci or cloud" >&2
  exit 2
fi

"${MLSEC_PYTHON:-python3}" -I -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' || {
  echo "mlsec needs Python 3.11 to 3.14" >&2
  exit 2
}
"${MLSEC_PYTHON:-python3}" -I -m venv "$home/venv"
"$home/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check --no-input \
  --require-hashes --only-binary :all: -r "$source_folder/requirements/$lock.lock"
site_packages=$("$home/venv/bin/python" -I -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
printf '%s\n' "$source_folder" >"$site_packages/mlsec.pth"
printf '%s\n' "$lock" >"$home/venv/mlsec-lock"
