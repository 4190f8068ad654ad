"""What the program is made of: no banned crate, no unknown licence, no crate twice without a reason."""

import json
import re
import subprocess
import sys

BANNED = {"openssl", "openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys", "rav1e"}
LICENCES = {
    "MIT", "MIT-0", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Zlib",
    "Unicode-3.0", "CC0-1.0", "BSL-1.0", "0BSD", "Unlicense", "CDLA-Permissive-2.0",
}
# Crates that come in two incompatible versions because what we use has not agreed yet.
TWICE = {
    "windows-sys": "not built on Linux", "windows-targets": "not built on Linux", "windows-link": "not built on Linux",
    "getrandom": "one for rand 0.9, one for our own use", "r-efi": "not built on Linux",
    "hashbrown": "dashmap and indexmap differ", "rand": "tests and metrics differ", "rand_core": "tests and metrics differ",
    "thiserror": "old clap helpers", "thiserror-impl": "old clap helpers", "cpufeatures": "old and new RustCrypto",
    "wasip2": "not built on Linux", "bitflags": "old and new", "base64": "the metrics exporter and ours",
    "foldhash": "hashbrown differs", "miniz_oxide": "png and the backtrace differ", "syn": "macros only",
}


def normal(metadata):
    """The packages that end up in the program: what the workspace needs to run, not to build or test."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    todo, seen = list(metadata["workspace_members"]), set()
    while todo:
        identity = todo.pop()
        if identity in seen:
            continue
        seen.add(identity)
        for dependency in nodes[identity]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                todo.append(dependency["pkg"])
    return [package for package in metadata["packages"] if package["id"] in seen]


def allowed(expression):
    """True if some choice of the licence expression is in the list."""
    text = expression.replace("/", " OR ")
    choices = [part.strip(" ()") for part in re.split(r"\bOR\b", text)]
    return any(all(one.strip(" ()") in LICENCES for one in re.split(r"\bAND\b", choice)) for choice in choices)


def major(version):
    numbers = version.split("+")[0].split(".")
    return numbers[0] if numbers[0] != "0" else ".".join(numbers[:2])


def main():
    out = subprocess.run(
        ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", "x86_64-unknown-linux-gnu"],
        capture_output=True, text=True, check=True,
    )
    packages = normal(json.loads(out.stdout))
    faults, versions = [], {}
    for package in packages:
        name = package["name"]
        versions.setdefault(name, set()).add(major(package["version"]))
        if name in BANNED:
            faults.append(f"{name} is banned")
        licence = package.get("license")
        if licence is None or not allowed(licence):
            faults.append(f"{name}: licence {licence!r} is not in the list")
    for name, majors in sorted(versions.items()):
        if len(majors) > 1 and name not in TWICE:
            faults.append(f"{name} comes in versions {', '.join(sorted(majors))}")
    for fault in faults:
        print(fault)
    print(f"{len(packages)} packages looked at, {len(faults)} faults")
    sys.exit(1 if faults else 0)


main()
