#!/bin/sh
# The page in a real browser: both builds, from the story to a dropped log.
# It needs node and npm; Debian's Chromium is installed where there is none.
# Screenshots and figures of sizes and times go to out/page-check.
set -eu
cd "$(dirname "$0")/../.."
# A machine that cannot install a browser says so and checks nothing, unless
# PAGE_CHECK=strict; one that has it checks everything.
without() {
	echo "page-check: $1: THE PAGE IS NOT CHECKED HERE" >&2
	[ "${PAGE_CHECK-}" != strict ] || exit 1
	exit 0
}
install() {
	command -v apt-get >/dev/null && apt-get update -q && apt-get install -qy --no-install-recommends "$@"
}
command -v node >/dev/null && command -v npm >/dev/null || install nodejs npm || without "node and npm are missing"
CHROMIUM=${CHROMIUM-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
if [ -z "$CHROMIUM" ]; then
	install chromium fonts-dejavu-core || without "there is no Chromium: set CHROMIUM to one"
	CHROMIUM=$(command -v chromium)
fi
export CHROMIUM
OUT=out/page-check
mkdir -p "$OUT/node"
cp web/check/package.json "$OUT/node/"
[ -d "$OUT/node/node_modules/playwright-core" ] && [ -d "$OUT/node/node_modules/typescript" ] ||
	npm install --prefix "$OUT/node" --no-audit --no-fund --loglevel=error || without "npm cannot install playwright-core"
"$OUT/node/node_modules/.bin/tsc" -p web/check/tsconfig.json
go build -o "$OUT/agentsim" ./cmd/agentsim
make -s page
NODE_PATH="$OUT/node/node_modules" node web/check/check.mjs "$OUT" out/page
