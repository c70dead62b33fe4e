# Shared by the scripts beside it; sourced, never run. Everything it makes stays inside the checkout,
# or where PLANTPROOF_VENV says.

say() { printf '%s\n' "$*" >&2; }

die() {
  say "$@"
  exit 1
}

# Print the first Python that is new enough.
plantproof_python() {
  local candidate
  for candidate in "${PLANTPROOF_PYTHON:-python3}" python3.13 python3.12 python3.11 python3.14 python3; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  die "Python 3.11 or newer is needed. On Debian:  apt-get install -y python3 python3-venv"
}

# Make the empty environment $1 with Python $2: with venv where it is whole, else with the pip that is there.
make_venv() {
  local venv=$1 python=$2
  if "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    "$python" -m venv "$venv"
  elif "$python" -m pip --version >/dev/null 2>&1; then
    "$python" -m venv --without-pip "$venv" && "$python" -m pip --python "$venv/bin/python" install --quiet pip
  else
    die "$python has neither venv nor pip. On Debian:  apt-get install -y python3-venv"
  fi
}

# Print the versions of uv.lock as pip's constraints; what is locked at several, by version of Python, is left to pip.
locked_versions() {
  "$VENV/bin/python" -c '
import collections, tomllib
versions = collections.defaultdict(set)
for package in tomllib.load(open("uv.lock", "rb"))["package"]:
    if "registry" in package["source"]:
        versions[package["name"]].add(package["version"])
print("\n".join(f"{name}=={found.pop()}" for name, found in versions.items() if len(found) == 1))'
}

# plantproof_venv [demo|dev]: make or reuse the environment, install this checkout into it (with what the demo's plant or
# the tests need) at the versions of uv.lock, and set VENV. A stamp of both files saves the second run the work.
plantproof_venv() {
  local mode=${1:-run} python stamp wanted
  VENV=${PLANTPROOF_VENV:-$PWD/.venv}
  # What Python compiles is kept, whatever the caller set, and not beside the sources: a quarter of a command's start.
  unset PYTHONDONTWRITEBYTECODE
  export PYTHONPYCACHEPREFIX=$VENV/compiled
  if [ ! -x "$VENV/bin/python" ]; then
    python=$(plantproof_python) || exit 1
    say "making $VENV with $python"
    make_venv "$VENV" "$python" || die "could not make $VENV"
  fi
  wanted="$PWD $("$VENV/bin/python" -c 'import hashlib, sys; print(sys.version, hashlib.sha256(open("pyproject.toml", "rb").read() + open("uv.lock", "rb").read()).hexdigest())')"
  for stamp in "$VENV/.plantproof-$mode" "$VENV/.plantproof-dev"; do
    [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && return
  done
  say "installing into $VENV"
  local extra=() what=.
  [ "$mode" = demo ] && what=".[demo]"
  [ "$mode" = dev ] && mapfile -t extra < <("$VENV/bin/python" -c '
import tomllib
print("\n".join(tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["dev"]))')
  locked_versions >"$VENV/constraints.txt"
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --constraint "$VENV/constraints.txt" \
    --editable "$what" "${extra[@]}" ||
    die "pip could not install what pyproject.toml lists (is a package index reachable?)"
  printf '%s' "$wanted" >"$VENV/.plantproof-$mode"
}
