# Everything CI runs.
test:
    scripts/test

# Without the end-to-end runs.
quick:
    scripts/test --quick

fmt:
    cargo fmt --all

lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings

doc:
    cargo doc --workspace --no-deps --document-private-items --open

# The main job on the simulated engine.
demo:
    cargo run --release -- demo

# The main job on a real llama.cpp server.
e2e:
    cargo build --release --locked
    e2e/main_job.sh

# Look at changed snapshots.
snapshots:
    cargo insta review
