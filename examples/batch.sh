#!/usr/bin/env bash
# One run per concurrency, each in a folder of its own. Set DATASET, ENDPOINT, CONCURRENCIES or
# NUM_SAMPLES to change what is run.
set -euo pipefail

DATASET="${DATASET:-examples/example_dataset.json}"
ENDPOINT="${ENDPOINT:-http://localhost:8000/v1/chat/completions}"
CONCURRENCIES="${CONCURRENCIES:-1 5 10 20 50 100}"

for conc in $CONCURRENCIES; do
    echo "Testing concurrency: $conc"
    "${DUALROUND:-dualround}" \
        --dataset "$DATASET" \
        --endpoint "$ENDPOINT" \
        --num-samples "${NUM_SAMPLES:-100}" \
        --concurrency "$conc" \
        --output-dir "${OUTPUT_ROOT:-results}/conc_$conc" \
        "$@"
done
