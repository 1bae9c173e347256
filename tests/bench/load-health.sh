#!/usr/bin/env bash
# Asks a node for /health with wrk for half a minute, and says what it has lost and what was restarted meanwhile: nothing, or it fails.
#
#   cargo build --release -p mainstay --bin mainstay
#   tests/bench/load-health.sh target/release/mainstay [SECONDS [CONNECTIONS]]
#
# Wants wrk (https://github.com/wg/wrk, or the package of that name). The node runs on a port of its own and in a folder of its own.
set -euo pipefail

node=$(realpath "${1:?expected the program mainstay}")
seconds=${2:-30}
connections=${3:-64}
address=127.0.0.1:${PORT:-4797}
folder=$(mktemp -d)
trap 'kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; rm -rf "$folder"' EXIT

cat > "$folder/node.ron" <<'RON'
(
    namespaces: [(
        name: "production",
        services: (telemetry: (), config_server: (), memory_manager: (), circuit_breakers: (), rate_limiters: (), health_aggregator: ()),
    )],
)
RON
(cd "$folder" && exec "$node" run node.ron --bind "$address" > node.log 2>&1) &
pid=$!

# What runs, and how often each was started anew.
tree() { "$node" tree --url "http://$address" --json | grep -oE '"(id|pid|restarts)":("[^"]*"|[0-9]+)'; }

for _ in $(seq 100); do
    "$node" health --quiet --url "http://$address" 2> /dev/null && break
    kill -0 "$pid" || { cat "$folder/node.log"; exit 1; }
    sleep 0.1
done
before=$(tree)
wrk --threads 2 --connections "$connections" --duration "${seconds}s" --latency "http://$address/health" | tee "$folder/wrk.log"
"$node" health --url "http://$address" | head -1
after=$(tree)
sum() { grep restarts <<< "$1" | cut -d: -f2 | awk "{ sum += \$1 } END { print sum + 0 }"; }
echo "restarts before: $(sum "$before"), after: $(sum "$after"); processes: $(grep -c pid <<< "$after")"
if [ "$before" != "$after" ]; then
    echo "the tree is another than before:" >&2
    diff <(echo "$before") <(echo "$after") >&2
    exit 1
fi
if grep -E 'Socket errors|Non-2xx' "$folder/wrk.log" >&2; then
    echo "some requests were lost" >&2
    exit 1
fi
