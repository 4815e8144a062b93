#!/usr/bin/env bash
# The archive as its users have it: unpacked into an empty folder, checked, its pages read, its completions loaded.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. e2e/apt.sh
trap 'echo "$0: line $LINENO does not hold" >&2' ERR
ensure_tool groff groff-base
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 packaging/test_licences.py 2>&1 | tail -3
target="$(rustc -vV | sed -n 's/^host: //p')"
packaging/archive/build "$target" "$work/one" >"$work/build.txt"
tar="$(tail -1 "$work/build.txt")"
# Another umask and another folder: the same bytes.
(umask 077 && packaging/archive/build "$target" "$work/two" >/dev/null 2>&1)
cmp "$tar" "$work/two/$(basename "$tar")"
(cd "$work/one" && sha256sum --check --quiet ./*.sha256)
mkdir "$work/empty"
tar --extract --file "$tar" --directory "$work/empty"
cd "$work/empty"/dualround-*
sha256sum --check --quiet --strict SHA256SUMS
[ "$(find . -type f ! -name SHA256SUMS | wc -l)" = "$(wc -l <SHA256SUMS)" ]
[ "dualround-$(./dualround --version | cut -d' ' -f2)-$target" = "$(basename "$PWD")" ]
for file in README.md examples/slo.yaml LICENSE THIRD-PARTY-LICENSES.txt; do [ -s "$file" ]; done

# Every page, without a warning. Chinese lines cannot be adjusted as English ones are: only that is not asked for.
pages=0
for page in man/man1/*.1 man/zh_CN/man1/*.1; do
    warnings="$(groff -man -Kutf8 -Tutf8 -ww -W break -P-cbou "$page" 2>&1 >"$work/page.txt")"
    [ -z "$warnings" ] || { echo "$warnings" >&2; exit 1; }
    grep -q '^NAME$' "$work/page.txt"
    pages=$((pages + 1))
done
[ "$(ls man/man1/*.1 | wc -l)" -gt 15 ]
[ "$(ls man/man1)" = "$(ls man/zh_CN/man1)" ]
grep -q '请求' man/zh_CN/man1/dualround-run.1

# A word that is begun is completed.
bash --norc -c 'set -e
    source completions/dualround.bash
    complete -p dualround >/dev/null
    COMP_WORDS=(dualround calib) COMP_CWORD=1
    _dualround dualround calib dualround
    [ "${COMPREPLY[*]}" = calibrate ]'
shells=bash
if command -v zsh >/dev/null; then
    zsh -f -c 'fpath=($PWD/completions $fpath); autoload -Uz compinit; compinit -u -D
        [[ $_comps[dualround] == _dualround ]] && autoload -Uz +X _dualround && zsh -n completions/_dualround'
    shells="$shells, zsh"
fi
if command -v fish >/dev/null; then
    [ "$(fish --no-config -c 'source completions/dualround.fish; complete --do-complete "dualround calib"' | cut -f1)" = calibrate ]
    shells="$shells, fish"
fi
printf 'the archive: %d kB, %d man pages in two languages, completions of %s\n' $(($(stat -c %s "$tar") / 1000)) "$pages" "$shells"
