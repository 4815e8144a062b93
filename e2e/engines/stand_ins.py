#!/usr/bin/env python3
"""Empty stand-ins for the CUDA libraries that the torch wheel is linked against and a CPU run never calls.

Two gigabytes need not be downloaded so that the dynamic linker is content. Every function of a stand-in ends
the program, so that a call cannot go unnoticed. Run with the interpreter that has torch. Needs gcc, readelf.
"""

import importlib.util
import pathlib
import re
import subprocess
import sys
import tempfile

# Installed, or a part of the system.
PRESENT = re.compile(r"lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+|gomp|cudart|cupti|cuda)\.so|ld-linux")
BODY = '#include <stdlib.h>\n#include <unistd.h>\n#define F(n) void n(void){write(2, #n ": no CUDA here\\n", sizeof(#n) + 15); abort();}\n'


def read(option, library):
    command = ["readelf", "-W", option, str(library)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Library:
    """What one shared object asks for and offers."""

    def __init__(self, path):
        self.needed = set(re.findall(r"\(NEEDED\)[^\[]*\[([^\]]+)\]", read("-d", path)))
        self.asked, self.offered = set(), set()
        for line in read("--dyn-syms", path).splitlines():
            columns = line.split()
            if len(columns) != 8 or not columns[0].endswith(":"):
                columns = columns[:8]
            if len(columns) < 8 or columns[0] == "Num:":
                continue
            binding, section, symbol = columns[4], columns[6], columns[7]
            name, _, version = symbol.partition("@")
            if section != "UND":
                self.offered.add(name)
            elif binding == "GLOBAL":
                self.asked.add((name, version.strip("@")))
        # Which library a version belongs to.
        self.versions, file = {}, None
        for line in read("-V", path).splitlines():
            if found := re.search(r"File: (\S+)", line):
                file = found[1]
            elif (found := re.search(r"Name: (\S+)\s+Flags", line)) and file:
                self.versions.setdefault(file, set()).add(found[1])


def in_system(names):
    """Symbols that the C and C++ libraries of this machine have."""
    import ctypes

    libraries = [ctypes.CDLL(name) for name in ("libc.so.6", "libm.so.6", "libstdc++.so.6", "libgcc_s.so.1")]
    return {name for name in names if any(hasattr(library, name) for library in libraries)}


def build(path, groups):
    """A shared object with functions of these names, by version."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        names = sorted(set().union(*groups.values()))
        (folder / "empty.c").write_text(BODY + "".join(f"F({name})\n" for name in names))
        command = ["gcc", "-shared", "-fPIC", "-w", "-fno-builtin", f"-Wl,-soname,{path.name}", "-o", str(path)]
        versions = [
            f"{version} {{ {'global: ' + '; '.join(sorted(group)) + ';' if group else ''} }};\n"
            for version, group in groups.items()
            if version
        ]
        if versions:
            (folder / "versions").write_text("".join(versions))
            command.append(f"-Wl,--version-script={folder / 'versions'}")
        subprocess.run([*command, str(folder / "empty.c")], check=True)


def main():
    spec = importlib.util.find_spec("torch")
    if spec is None:
        sys.exit("torch is not installed here")
    folder = pathlib.Path(spec.submodule_search_locations[0]) / "lib"
    paths = [path for path in sorted(folder.glob("*.so*")) if path.is_file() and not path.is_symlink()]
    libraries = [Library(path) for path in paths]
    here = {path.name for path in paths}
    wanted = set().union(*(library.needed for library in libraries))
    missing = sorted(name for name in wanted - here if not PRESENT.match(name))
    offered = set().union(*(library.offered for library in libraries))
    asked = set().union(*(library.asked for library in libraries))
    loose = {name for name, version in asked if not version} - offered
    loose -= in_system(loose)
    for name in missing:
        versions = set().union(*(library.versions.get(name, set()) for library in libraries))
        groups = {version: {symbol for symbol, of in asked if of == version} for version in sorted(versions)}
        # Symbols of no version may stand in any of them: the first takes them.
        groups[""] = loose - set().union(set(), *groups.values())
        loose = set()
        build(folder / name, groups)
    print(f"{len(missing)} stand-ins: {' '.join(missing)}")


if __name__ == "__main__":
    main()
