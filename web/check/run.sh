#!/bin/sh
# The page in a real browser: both builds, from the story to a dropped log.
# It needs node and npm; Debian's Chromium is installed where there is none.
# Screenshots and figures of sizes and times go to out/page-check.
set -eu
cd "$(dirname "$0")/../.."
command -v node >/dev/null && command -v npm >/dev/null || {
	command -v apt-get >/dev/null || { echo "page-check: node and npm are missing" >&2; exit 1; }
	apt-get update -q && apt-get install -qy --no-install-recommends nodejs npm
}
CHROMIUM=${CHROMIUM-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
if [ -z "$CHROMIUM" ]; then
	command -v apt-get >/dev/null || { echo "page-check: no Chromium: set CHROMIUM to one" >&2; exit 1; }
	apt-get update -q && apt-get install -qy --no-install-recommends chromium fonts-dejavu-core
	CHROMIUM=$(command -v chromium)
fi
export CHROMIUM
OUT=out/page-check
mkdir -p "$OUT/node"
cp web/check/package.json "$OUT/node/"
[ -d "$OUT/node/node_modules/playwright-core" ] && [ -d "$OUT/node/node_modules/typescript" ] ||
	npm install --prefix "$OUT/node" --no-audit --no-fund --loglevel=error
"$OUT/node/node_modules/.bin/tsc" -p web/check/tsconfig.json
go build -o "$OUT/agentsim" ./cmd/agentsim
make -s page
NODE_PATH="$OUT/node/node_modules" node web/check/check.mjs "$OUT" out/page
