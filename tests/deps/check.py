"""What the program is made of: no banned crate, no unknown licence, no crate twice without a reason.

The lists stand in `deny.toml`. This check needs nothing but Cargo and Python; `cargo deny`, where it is installed, reads
the same file."""

import json
import os
import re
import subprocess
import sys
import tomllib

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def metadata(target):
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target]
    return json.loads(subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=True).stdout)


def reached(resolved, kinds):
    """The packages that the workspace needs, through dependencies of these kinds (`None` is the usual kind)."""
    nodes = {node["id"]: node for node in resolved["resolve"]["nodes"]}
    todo, seen = list(resolved["workspace_members"]), set()
    while todo:
        identity = todo.pop()
        if identity in seen:
            continue
        seen.add(identity)
        for dependency in nodes[identity]["deps"]:
            if any(kind["kind"] in kinds for kind in dependency["dep_kinds"]):
                todo.append(dependency["pkg"])
    return [package for package in resolved["packages"] if package["id"] in seen]


class Licence:
    """A licence expression: OR of ANDs of licences and brackets. The old `/` means OR."""

    def __init__(self, expression, known):
        self.tokens = re.findall(r"[()/]|[^\s()/]+", expression)
        self.known = known

    def allowed(self):
        """True if a choice is left that takes only known licences."""
        fits = self.choice()
        if self.tokens:
            raise ValueError(f"not understood: {self.tokens}")
        return fits

    def choice(self):
        fits = self.all_of()
        while self.tokens and self.tokens[0] in ("OR", "/"):
            self.tokens.pop(0)
            # Called first: the right side must be read even if the left one decides.
            fits = self.all_of() or fits
        return fits

    def all_of(self):
        fits = self.one()
        while self.tokens and self.tokens[0] == "AND":
            self.tokens.pop(0)
            fits = self.one() and fits
        return fits

    def one(self):
        name = self.tokens.pop(0)
        if name == "(":
            fits = self.choice()
            if self.tokens.pop(0) != ")":
                raise ValueError("a bracket is missing")
            return fits
        if self.tokens and self.tokens[0] == "WITH":
            name = " ".join([name, self.tokens.pop(0), self.tokens.pop(0)])
        return name in self.known


def test_licences():
    """The cases that a check by splitting at the words gets wrong."""
    known = {"MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"}
    for expression, expected in {
        "MIT": True, "GPL-3.0": False, "GPL-3.0/MIT": True, "MIT OR GPL-3.0": True, "MIT AND GPL-3.0": False,
        "(MIT OR Apache-2.0) AND GPL-3.0": False, "(GPL-3.0 OR MIT) AND Apache-2.0": True,
        "GPL-3.0 OR MIT AND GPL-3.0": False, "Apache-2.0 WITH LLVM-exception": True, "MIT WITH LLVM-exception": False,
    }.items():
        assert Licence(expression, known).allowed() == expected, expression


def major(version):
    numbers = version.split("+")[0].split(".")
    return numbers[0] if numbers[0] != "0" else ".".join(numbers[:2])


def licence_faults(packages, known):
    for package in packages:
        licence = package.get("license")
        try:
            fits = licence is not None and Licence(licence, known).allowed()
        except (IndexError, ValueError):
            fits = False
        if not fits:
            yield f"{package['name']}: licence {licence!r} is not in the list"


def version_faults(packages, skipped):
    versions = {}
    for package in packages:
        versions.setdefault(package["name"], set()).add(major(package["version"]))
    several = {name: majors for name, majors in versions.items() if len(majors) > 1}
    for name in sorted(several.keys() - skipped):
        yield f"{name} comes in versions {', '.join(sorted(several[name]))}"
    for name in sorted(skipped - several.keys()):
        yield f"{name} comes in one version: take its line out of deny.toml"


def main():
    test_licences()
    with open(os.path.join(root, "deny.toml"), "rb") as file:
        rules = tomllib.load(file)
    resolved = metadata(rules["graph"]["targets"][0])
    program = reached(resolved, {None})
    everything = reached(resolved, {None, "build", "dev"})
    banned = set(rules["bans"]["deny"])
    # Banned is banned everywhere; licences and versions matter in what is handed out.
    faults = [f"{package['name']} is banned" for package in everything if package["name"] in banned]
    faults += licence_faults(program, set(rules["licenses"]["allow"]))
    faults += version_faults(program, {skipped["crate"] for skipped in rules["bans"]["skip"]})
    for fault in faults:
        print(fault)
    print(f"{len(program)} packages in the program, {len(everything)} with those that build and test it, {len(faults)} faults")
    sys.exit(1 if faults else 0)


main()
