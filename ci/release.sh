#!/usr/bin/env bash
# The steps of a release, the same on a developer's machine and in .github/workflows/release.yml.
#
#   ci/release.sh version TAG      refuse a tag that is not the version of this commit, and on GitHub
#                                  a repository that is not the one pyproject.toml names
#   ci/release.sh build DIR        wheel and sdist of the commit HEAD into DIR
#   ci/release.sh sbom DIR         CycloneDX bills of materials of the wheel and the image into DIR
#   ci/release.sh sums DIR         SHA256SUMS over what lies in DIR
#   ci/release.sh reproduce DIR    build again, elsewhere and otherwise, and compare with DIR
#   ci/release.sh sign DIR KEY     sign DIR and attest its build with a key, as a rehearsal
#   ci/release.sh verify DIR KEY   verify what "sign" wrote, and that a changed file is refused
#   ci/release.sh image NAME BASE  build the image NAME on BASE, which is pinned by digest
#   ci/release.sh bom NAME DIR     add the Debian packages of the image NAME to what "sbom" wrote into DIR,
#                                  as DIR/image.cdx.json
#   ci/release.sh check DIR        all but the image, with a new key: what needs no service
#
# MLSEC_RELEASE_PYTHON is a Python with requirements/release.lock (default .venv-release/bin/python).
set -euo pipefail
root=$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
python=${MLSEC_RELEASE_PYTHON:-$root/.venv-release/bin/python}
builder=${MLSEC_BUILDER:-https://localhost/rehearsal}
repository=$(sed -n 's/^Repository = "\(.*\)"$/\1/p' "$root/pyproject.toml")

# stop MESSAGE: end with bad input.
stop() {
  echo "release: $1" >&2
  exit 2
}

# mlsec ARGUMENTS: the command of this checkout.
mlsec() {
  (cd / && PYTHONPATH="$root" "$python" -s -P -m mlsec "$@")
}

version() {
  sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$root/mlsec/__init__.py"
}

commit_time() {
  git -C "$root" log -1 --format=%ct HEAD
}

# tree DIR: lay the commit HEAD, and nothing that lies about in the checkout, into DIR.
tree() {
  mkdir -p -- "$1"
  git -C "$root" archive HEAD | tar -x -C "$1"
}

# build_from TREE DIR [VARIABLE=VALUE...]: wheel and sdist of a tree, with nothing of this machine
# in them.
build_from() {
  local out
  out=$(realpath -- "$2")
  (cd "$1" && env -i PATH=/usr/bin:/bin HOME=/nonexistent LC_ALL=C TZ=UTC PYTHONHASHSEED=0 \
    PYTHONDONTWRITEBYTECODE=1 MLSEC_NO_CACHE=1 SOURCE_DATE_EPOCH="$(commit_time)" "${@:3}" \
    "$python" -s -m hatchling build -d "$out") >/dev/null 2>&1 || stop "the build in $1 failed"
}

do_version() {
  [[ $1 == "v$(version)" ]] || stop "the tag is $1 and the version is $(version): expected v$(version)"
  [[ -z ${GITHUB_REPOSITORY:-} || $repository == "https://github.com/$GITHUB_REPOSITORY" ]] \
    || stop "pyproject.toml names $repository, and this is $GITHUB_REPOSITORY: correct it, and run make docs"
}

do_build() {
  local work
  mkdir -p -- "$1"
  work=$(mktemp -d)
  (umask 022 && tree "$work/tree" && build_from "$work/tree" "$1")
  rm -r -- "$work"
}

# do_reproduce DIR: another folder, umask, zone, order of sets, times of files and time of day; and
# the wheel also from the sdist, as who packages it for a distribution does.
do_reproduce() {
  local work
  work=$(mktemp -d)
  mkdir -p -- "$work/elsewhere/out" "$work/from-sdist"
  (umask 077 && tree "$work/elsewhere/a longer name of a folder")
  find "$work/elsewhere" -exec touch -h -d '2001-02-03 04:05:06' {} +
  (umask 077 && build_from "$work/elsewhere/a longer name of a folder" "$work/elsewhere/out" \
    TZ=Pacific/Chatham LC_ALL=C.UTF-8 PYTHONHASHSEED=4711)
  mkdir "$work/unpacked"
  tar -x -z -C "$work/unpacked" --strip-components 1 -f "$work"/elsewhere/out/*.tar.gz
  build_from "$work/unpacked" "$work/from-sdist"
  for file in "$work"/elsewhere/out/*; do
    cmp -- "$file" "$1/${file##*/}" || stop "${file##*/} is not reproducible"
    echo "reproduced ${file##*/}"
  done
  for file in "$work"/from-sdist/*.whl; do
    cmp -- "$file" "$1/${file##*/}" || stop "${file##*/} differs when built from the sdist"
    echo "reproduced ${file##*/} from the sdist"
  done
  rm -r -- "$work"
}

# do_sbom DIR: from the locks, which say by hash what is installed; validated against the schema.
do_sbom() {
  local work name
  work=$(mktemp -d)
  mkdir -p -- "$1"
  sed "s/^dynamic = .*/version = \"$(version)\"/" "$root/pyproject.toml" >"$work/pyproject.toml"
  for name in run ci cloud; do
    # It warns that who depends on whom is not in a lock.
    "$python" -s -W ignore::UserWarning -m cyclonedx_py requirements --pyproject "$work/pyproject.toml" \
      --mc-type application --output-reproducible --validate --spec-version 1.6 \
      --output-format JSON --output-file "$work/$name.json" "$root/requirements/$name.lock"
    case $name in
      run) cp -- "$work/run.json" "$1/mlsec_scanner.cdx.json" ;;
      *) cp -- "$work/$name.json" "$1/mlsec-image-$name.cdx.json" ;;
    esac
  done
  rm -r -- "$work"
}

do_sums() {
  (cd "$1" && rm -f SHA256SUMS && sha256sum -- * >"${TMPDIR:-/tmp}/sums.$$" \
    && mv -- "${TMPDIR:-/tmp}/sums.$$" SHA256SUMS)
}

# do_sign DIR KEY: what the workflow has a service sign, signed by a key: a signature over the
# folder, and the provenance in the same shape and kind of bundle.
do_sign() {
  local folder key
  folder=$(realpath -- "$1") key=$(realpath -- "$2")
  rm -f -- "$folder/model.sig" "$folder/provenance.sigstore.json"
  (cd / && PYTHONPATH="$root" "$python" -s -P "$root/ci/provenance.py" "$folder" "$key" \
    "$builder" "$repository" "refs/tags/v$(version)" "$(git -C "$root" rev-parse HEAD)")
  mlsec sign "$folder" --key "$key" --ignore provenance.sigstore.json >/dev/null
}

# policy FILE PUBLIC_KEY: what a user trusts: this builder, repository, workflow and tag.
policy() {
  cat >"$1" <<POLICY
version: 1
anchors: {release: {type: key, pem: "$2"}}
models:
  - match: {path: "**"}
    require: {signers: [{anchor: release}]}
    provenance:
      predicate: https://slsa.dev/provenance/v1
      builder: $builder
      source: git+$repository@refs/tags/v$(version)
      workflow: .github/workflows/release.yml
      binds: files
POLICY
}

do_verify() {
  local work folder name code
  work=$(mktemp -d)
  folder=$(realpath -- "$1")
  openssl pkey -in "$2" -pubout -out "$work/release.pub"
  policy "$work/trust.yaml" "$work/release.pub"
  # As a user has it: the files, and the provenance alone.
  cp -r -- "$folder" "$work/user"
  rm -f -- "$work/user/model.sig"
  mlsec verify "$work/user" --trust "$work/trust.yaml" --signature "$work/user/provenance.sigstore.json"
  (cd "$work/user" && sha256sum --quiet --check SHA256SUMS)
  for name in "$work"/user/*.whl "$work"/user/*.tar.gz; do
    cp -- "$name" "$work/kept"
    printf x >>"$name"
    code=0
    mlsec verify "$work/user" --trust "$work/trust.yaml" \
      --signature "$work/user/provenance.sigstore.json" >/dev/null || code=$?
    [[ $code == 10 ]] || stop "a changed ${name##*/} ended with $code: expected 10"
    mv -- "$work/kept" "$name"
  done
  sed 's#refs/tags/v[^ ]*#refs/tags/v0.0.0#' "$work/trust.yaml" >"$work/other.yaml"
  code=0
  mlsec verify "$work/user" --trust "$work/other.yaml" \
    --signature "$work/user/provenance.sigstore.json" >/dev/null || code=$?
  [[ $code == 10 ]] || stop "provenance of another tag ended with $code: expected 10"
  rm -r -- "$work"
}

# do_image NAME BASE: podman, or what MLSEC_PODMAN names; times of files are those of the commit.
do_image() {
  local work
  [[ $2 =~ ^[a-z0-9./:_-]+@sha256:[0-9a-f]{64}$ ]] \
    || stop "the base image is \"$2\": expected NAME@sha256:..., pinned by digest"
  work=$(mktemp -d)
  (umask 022 && tree "$work/tree")
  "${MLSEC_PODMAN:-podman}" build --pull=always --timestamp "$(commit_time)" --format oci \
    --build-arg BASE="$2" --build-arg LOCK="${MLSEC_LOCK:-ci}" \
    --label "org.opencontainers.image.base.name=$2" \
    --label "org.opencontainers.image.version=$(version)" \
    --label "org.opencontainers.image.revision=$(git -C "$root" rev-parse HEAD)" \
    --label "org.opencontainers.image.licenses=Apache-2.0" \
    --tag "$1" -f "$work/tree/Containerfile" "$work/tree"
  rm -r -- "$work"
}

# do_bom NAME DIR: what is in an image beside the Python packages; the image itself is asked.
do_bom() {
  "${MLSEC_PODMAN:-podman}" run --rm --network none --entrypoint dpkg-query "$1" \
    --show --showformat '${Package}\t${Version}\t${Architecture}\n' \
    | "$python" -s -P "$root/ci/image_bom.py" "$2/mlsec-image-${MLSEC_LOCK:-ci}.cdx.json" "$2/image.cdx.json" \
    || stop "the packages of $1 could not be listed"
}

do_check() {
  local key
  [[ -z $(git -C "$root" status --porcelain --untracked-files=no) ]] \
    || echo "release: this checks the commit HEAD, without what is not committed" >&2
  rm -rf -- "$1"
  mkdir -p -- "$1"
  key=$(mktemp)
  openssl ecparam -name prime256v1 -genkey -noout -out "$key"
  do_version "v$(version)"
  do_build "$1"
  do_reproduce "$1"
  do_sbom "$1"
  do_sums "$1"
  do_sign "$1" "$key"
  do_verify "$1" "$key"
  rm -- "$key"
  ls -l -- "$1"
}

command=${1:-}
case $command in
  version | build | sbom | sums | reproduce | check) [[ $# == 2 ]] || stop "$command takes one argument" ;;
  sign | verify | image | bom) [[ $# == 3 ]] || stop "$command takes two arguments" ;;
  *) stop "\"$command\" is no step: see the top of ci/release.sh" ;;
esac
shift
"do_$command" "$@"
