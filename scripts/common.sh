# Shared by the scripts: where things are. Sourced, not run.
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

# Build results live outside the clone, so that a second clone starts where the first one stopped.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/conet/target}"
export PATH="$root/contracts/node_modules/.bin:$PATH"
export CONET_ANVIL="$root/contracts/node_modules/.bin/anvil"

step() { printf '\n==> %s\n' "$*"; }
