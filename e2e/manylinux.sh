#!/usr/bin/env bash
# The wheel for old systems, in the oldest Debian that can be had, in a folder. That one's glibc is 2.31; between
# the 2.17 that the wheel asks for and it, only auditwheel has looked, at the symbols. Needs root for chroot.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. packaging/common.sh
. e2e/apt.sh
trap 'echo "$0: line $LINENO does not hold" >&2' ERR
[ "$(id -u)" = 0 ] || {
    echo "an old system in a folder needs root" >&2
    exit 2
}
suite=bullseye
system="$cache/$suite"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
packaging/wheel/manylinux "$(host_target)" "$work/old" | tail -1
# Its name says what this machine's glibc has made of it: there it must be refused, or run.
packaging/wheel/build "$work/new" | tail -1

if ! chroot "$system" python3 -c 'import venv, ensurepip' 2>/dev/null; then
    ensure_tool debootstrap debootstrap
    rm -rf "$system"
    # From where this machine has its own packages.
    mirror="$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | head -1)"
    debootstrap --variant=minbase --include=python3-venv "$suite" "$system" "$mirror" >"$work/debootstrap.txt" || {
        tail -5 "$work/debootstrap.txt" >&2
        echo "Debian's $suite cannot be had: the wheel has not been run on an older glibc" >&2
        exit 1
    }
fi
home="$(mktemp -d "$system/tmp/dualround.XXXXXX")"
trap 'rm -rf "$work" "$home"' EXIT
cp "$work"/{old,new}/*.whl "$home/"
chroot "$system" env HOME="/tmp/${home##*/}" bash -euc '
    cd
    ldd --version | head -1
    python3 -m venv old
    old/bin/pip install --quiet --no-index ./*manylinux2014*.whl
    old/bin/dualround demo >demo.txt 2>&1 || { cat demo.txt; exit 1; }
    [ -s results/demo/comparison.json ]
    old/bin/python -m dualround --version
    python3 -m venv new
    for wheel in $(ls *.whl | grep -v manylinux2014); do
        if new/bin/pip install --quiet --no-index "./$wheel" 2>refused.txt; then
            new/bin/dualround --version
        else
            grep "not a supported wheel" refused.txt
        fi
    done'
echo "the wheel for old systems runs"
