#!/usr/bin/env bash
# Installs what "make test" needs and the machine lacks. Running it again costs
# a second. It fails where a part cannot be had: a test that is left out in
# silence proves nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }

# Debian packages: two real documentation sites, a service, and both Chromiums: the
# headless shell, which the program prefers, and the whole one, which visits the page.
packages=(python3.11-doc postgresql-doc-15 redis-server chromium chromium-headless-shell iproute2)
command -v gcc >/dev/null || packages+=(gcc libc6-dev) # the race detector links with it
command -v npm >/dev/null || packages+=(npm)            # brings Node 22 and the conformance suite
missing=()
for package in "${packages[@]}"; do
  if ! dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed'; then
    missing+=("$package")
  fi
done
if [ ${#missing[@]} -gt 0 ]; then
  say "installing ${missing[*]}"
  sudo=""
  [ "$(id -u)" = 0 ] || sudo=sudo
  # No service is started by its package: tests start their own.
  printf '#!/bin/sh\nexit 101\n' > /tmp/axon-policy-rc.d
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    $sudo install -m 755 /tmp/axon-policy-rc.d /usr/sbin/policy-rc.d
    trap '$sudo rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  $sudo apt-get update -q
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -q -y --no-install-recommends "${missing[@]}"
fi

# The documents must be there, not only the packages: images often leave out
# /usr/share/doc.
for dir in /usr/share/doc/python3.11/html /usr/share/doc/postgresql-doc-15/html; do
  if [ ! -e "$dir/index.html" ]; then
    say "$dir is missing though its package is installed; unpacking it again"
    case $dir in *python*) package=python3.11-doc ;; *) package=postgresql-doc-15 ;; esac
    work=$(mktemp -d)
    (cd "$work" && apt-get download -q "$package" && dpkg-deb -x ./*.deb root && cp -a root/usr/share/doc/. /usr/share/doc/)
    rm -rf "$work"
  fi
  [ -e "$dir/index.html" ] || { say "cannot get $dir"; exit 1; }
done

# Node 22, for the conformance suite, the inspector and MCP clients of others: it
# ships in npm's package "node".
say "conformance suite, clients and Node 22 from npm"
(cd conformance && bash -euo pipefail ./node.sh)
say "all there"
