#!/usr/bin/env bash
# Scans with what a CI job was told, by environment variables alone, and keeps the reports.
# A list (targets, further arguments) has one entry a line; no value is ever read as shell text.
#
#   MLSEC_HOME           where ci/install.sh put mlsec
#   MLSEC_OUT            folder for the reports
#   MLSEC_CONFIG         an mlsec.yaml; default none, since a pull request could change one
#   MLSEC_TARGETS        default . without MLSEC_CONFIG, and else what it names (a folder is always
#                        scanned; saved evidence is a .mlsnap file)
#   MLSEC_FAIL_ON, MLSEC_MIN_COVERAGE, MLSEC_BASELINE, MLSEC_CHANGED_SINCE, MLSEC_FORMATS
#   MLSEC_ARGS           further arguments of mlsec scan, one a line
#   MLSEC_GATE           "later": end with 0 and leave the exit code in GITHUB_OUTPUT
set -euo pipefail
source_folder=${BASH_SOURCE[0]%/*}
if [[ $source_folder == "${BASH_SOURCE[0]}" ]]; then
  source_folder=.
fi
# shellcheck source=guard.sh
source "$source_folder/guard.sh"

out=${MLSEC_OUT:?says where the reports go}
refuse_links "$out"
mlsec=("${MLSEC_HOME:?says where mlsec is}/venv/bin/python" -I -m mlsec)

read_list() { # the lines of $1 that are not blank, into the array "listed"
  listed=()
  local line
  while IFS= read -r line || [[ -n $line ]]; do
    line=${line%$'\r'}
    if [[ -n ${line//[[:space:]]/} ]]; then
      listed+=("$line")
    fi
  done <<<"$1"
}

words=(scan)
add() { # an option with its value in one word, so that a value is never taken for an option
  if [[ -n $2 ]]; then
    words+=("$1=$2")
  fi
}
add --fail-on "${MLSEC_FAIL_ON:-}"
add --min-coverage "${MLSEC_MIN_COVERAGE:-}"
add --baseline "${MLSEC_BASELINE:-}"
add --changed-since "${MLSEC_CHANGED_SINCE:-}"
add --format "${MLSEC_FORMATS:-html,sarif,json,markdown}"
add --config "${MLSEC_CONFIG:-none}"
read_list "${MLSEC_ARGS:-}"
words+=("${listed[@]}")

# Written outside of the scanned folder, and copied when all is there.
draft=$(mktemp -d)
trap 'rm -rf -- "$draft"' EXIT
words+=("--output=$draft")
read_list "${MLSEC_TARGETS:-}"
if [[ ${#listed[@]} == 0 && -z ${MLSEC_CONFIG:-} ]]; then
  listed=(.)
fi
words+=(-- "${listed[@]}")

# Names in the code may look like commands of the runner: while the scan speaks they are not obeyed.
silence=""
if [[ ${GITHUB_ACTIONS:-} == true ]]; then
  silence=$("${MLSEC_HOME}/venv/bin/python" -I -c 'import secrets; print(secrets.token_hex(16))')
  printf '::stop-commands::%s\n' "$silence"
fi
code=0
"${mlsec[@]}" "${words[@]}" || code=$?
if [[ -n $silence ]]; then
  printf '\n::%s::\n' "$silence"
fi

rm -f -- "$draft"/evidence.mlsnap.part*
refuse_links "$out"
mkdir -p -- "$out"
for file in "$draft"/*; do
  if [[ -e $file ]]; then
    rm -rf -- "${out:?}/${file##*/}" # a link there is taken away, not followed
    cp -R -- "$file" "$out"/
  fi
done
if [[ -n $(ls -A -- "$draft") ]]; then
  printf 'the reports are in %s\n' "$out" >&2
fi
if [[ -n ${GITHUB_STEP_SUMMARY:-} && -f $out/summary.md ]]; then
  cat -- "$out/summary.md" >>"$GITHUB_STEP_SUMMARY"
fi
if [[ -n ${GITHUB_OUTPUT:-} ]]; then
  has_sarif=false
  if [[ -f $out/results.sarif ]]; then
    has_sarif=true
  fi
  printf 'exit-code=%s\nhas-sarif=%s\n' "$code" "$has_sarif" >>"$GITHUB_OUTPUT"
fi
if [[ ${MLSEC_GATE:-} == later ]]; then
  exit 0
fi
exit "$code"
