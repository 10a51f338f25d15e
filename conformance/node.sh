# shellcheck shell=bash
# Sourced by the scripts here: installs what package-lock.json pins, Node 22
# included, and sets $node. The working directory must be this folder.
if ! cmp -s package-lock.json node_modules/.installed-lock; then # none, or of other pins
  npm ci --ignore-scripts --no-audit --no-fund >&2
  cp package-lock.json node_modules/.installed-lock
fi
node=$(find "$PWD"/node_modules/node-linux-*/bin/node 2>/dev/null | head -1)
node=${node:-node}
major=$("$node" -p 'process.versions.node.split(".")[0]')
if [ "$major" -lt 22 ]; then
  echo "Node 22 is needed, $node is $major" >&2
  exit 1
fi
