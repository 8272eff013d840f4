#!/bin/sh
# Install hash-pinned requirements into .venv: PY=python3 sh requirements/install.sh FILE [--no-deps]
# With uv, which pip fetches first, once; with pip alone where uv does not run. Pip is slow (a second each time it is called,
# six to be put into .venv) and is asked as seldom as can be: the Python outside has one.
file=$1; shift
PY=${PY:-python3}
inside=.venv/bin/python
uv=.venv/uv/bin/uv
pip() {
  if $inside -c 'import pip' 2>/dev/null; then $inside -m pip "$@"
  elif "$PY" -c 'import pip' 2>/dev/null && "$PY" -m pip --python $inside "$@"; then :
  else $inside -m ensurepip >/dev/null && $inside -m pip "$@"
  fi
}
fetch_uv() {
  $uv --version 2>/dev/null | grep -qF "$(sed -n 's/^uv==\([0-9.]*\).*/uv \1/p' requirements/uv.txt)" && return
  set -- install -qq --no-deps --no-compile --require-hashes --only-binary :all: --upgrade --target .venv/uv -r requirements/uv.txt
  "$PY" -m pip "$@" 2>/dev/null || pip "$@" 2>/dev/null
}
if [ -z "$PIP_INDEX_URL$UV_DEFAULT_INDEX" ]; then
  [ -f .venv/index ] || "$PY" -m pip config get global.index-url >.venv/index 2>/dev/null
  PIP_INDEX_URL=$(cat .venv/index)
fi
index=${UV_DEFAULT_INDEX:-$PIP_INDEX_URL}
[ -n "$index" ] && export UV_DEFAULT_INDEX="$index"
if fetch_uv && $uv pip install -q --python $inside --require-hashes --only-binary :all: "$@" -r "$file" 2>/dev/null
then exit 0; fi
pip install -qq --require-hashes --only-binary :all: "$@" -r "$file"
