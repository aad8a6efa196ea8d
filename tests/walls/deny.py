"""The part of `deny.toml` that keeps the house standing, read from `cargo metadata`: wrappers, sources and licences.

cargo-deny does the same and more; this stands in for it where nobody has compiled it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import tomllib

rules = tomllib.loads(Path("deny.toml").read_text())
metadata = json.loads(
    subprocess.check_output(["cargo", "metadata", "--format-version", "1", "--locked", "--all-features"], text=True)
)
packages = {package["id"]: package for package in metadata["packages"]}
dependents: dict[str, set[str]] = {}
for node in metadata["resolve"]["nodes"]:
    for dependency in node["dependencies"]:
        dependents.setdefault(packages[dependency]["name"], set()).add(packages[node["id"]]["name"])


def satisfied(expression: str, accepted: set[str]) -> bool:
    """SPDX without precedence games: an AND of ORs, as crates write it."""
    flat = re.sub(r"[()]", " ", expression.replace("/", " OR "))
    return all(any(term.strip() in accepted for term in part.split(" OR ")) for part in flat.split(" AND "))


faults = []
for ban in rules["bans"]["deny"]:
    name, wrappers = ban["crate"], set(ban.get("wrappers", []))
    strangers = dependents.get(name, set()) - wrappers
    if strangers:
        faults.append(f"{name} may be used only by {sorted(wrappers)}, but {sorted(strangers)} depend on it: {ban['reason']}")

allowed = set(rules["licenses"]["allow"])
exceptions = {entry["crate"]: set(entry["allow"]) for entry in rules["licenses"].get("exceptions", [])}
for package in packages.values():
    licence = (package["license"] or "").replace("+", "")
    accepted = allowed | exceptions.get(package["name"], set())
    if not satisfied(licence, accepted) and not any(term.strip(" ()") in accepted for term in licence.split(" OR ")):
        faults.append(f"{package['name']} {package['version']} is licensed {licence!r}, which deny.toml does not allow")
    if package["source"] and not package["source"].startswith("registry+"):
        faults.append(f"{package['name']} comes from {package['source']}, not from a registry")

for fault in faults:
    print(f"deny: {fault}", file=sys.stderr)
print(f"deny: {len(packages)} packages, {len(faults)} faults")
sys.exit(bool(faults))
