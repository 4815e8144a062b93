# Sourced: $python has the libraries for data frames. They stay in the cache folder.
cache="${DUALROUND_E2E_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/dualround-e2e}"
python="$cache/examples/bin/python"
if ! "$python" -c 'import pandas, polars, pyarrow, duckdb' 2>/dev/null; then
    python3 -m venv "$cache/examples"
    "$cache/examples/bin/pip" install --quiet --disable-pip-version-check pandas polars pyarrow duckdb
fi
