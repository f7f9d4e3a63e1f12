#!/bin/sh
# Installs the dependencies when they are missing or out of date, and builds. Run from the package's directory by
# `npm start` and `npm test`; quiet unless something fails.
#
# Install scripts are not run: koffi and fuse-native bring compiled binaries, and without one for this machine
# fuse-native's script would look for a compiler that need not be there.

set -eu

output=$(mktemp)
trap 'rm -f "$output"' EXIT

quietly() {
  "$@" > "$output" 2>&1 && return
  cat "$output" >&2
  return 1
}

is_installed() {
  [ -f node_modules/.package-lock.json ] || return 1
  [ -z "$(find package-lock.json -newer node_modules/.package-lock.json 2>/dev/null)" ]
}

install_dependencies() {
  echo 'logagg-fs: installing dependencies' >&2
  quietly npm ci --include=dev --include=optional --ignore-scripts --no-fund --no-audit && return
  echo 'logagg-fs: npm ci failed, see above. Offline? It needs the npm registry or a filled npm cache.' >&2
  return 1
}

major=$(node -p 'process.versions.node.split(".")[0]') || major=0
if [ "$major" -lt 20 ]; then
  echo "logagg-fs: Node.js 20 or newer is needed, and this is $(node --version 2>/dev/null || echo none)" >&2
  exit 5
fi

is_installed || install_dependencies
if ! quietly npm run --silent build; then
  echo 'logagg-fs: the build failed, see above' >&2
  exit 1
fi
