"""Mutations: patches that break the code where it matters, and the tests that must notice.

A patch begins with two lines: what it breaks, and the test that is to notice, as `cargo test …` or `pytest …`. The test has to
pass without the patch, and to fail with it, after a build that succeeds: what does not compile proves nothing.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BREAKS, NOTICED_BY = "Breaks: ", "Noticed by: "
#: A test that hangs has noticed something too, and a build of everything takes long.
TEST_SECONDS, BUILD_SECONDS = 300, 3600


@dataclass(frozen=True)
class Mutation:
    name: str
    patch: Path
    breaks: str
    noticed_by: str

    @classmethod
    def read(cls, patch: Path) -> Mutation:
        first, second = patch.read_text().splitlines()[:2]
        if not (first.startswith(BREAKS) and second.startswith(NOTICED_BY)):
            raise SystemExit(f"{patch.name}: the first two lines are to say “{BREAKS}…” and “{NOTICED_BY}…”")
        return cls(patch.stem, patch, first.removeprefix(BREAKS), second.removeprefix(NOTICED_BY))


class Copy:
    """The sources, in a folder of their own, and what is built there."""

    def __init__(self, cache: Path):
        self.sources = cache / "sources"
        self.target = Path(os.environ.get("ANABRANCH_MUTATIONS_TARGET", cache / "target"))
        # Line numbers are worth nothing here, and cost half of the build.
        self.environment = {**os.environ, "CARGO_TARGET_DIR": str(self.target), "CARGO_PROFILE_DEV_DEBUG": "0"}
        self.environment |= {"ANABRANCH_BIN": str(self.target / "debug/anabranch"), "PROPTEST_CASES": "64"}
        # Were the cache inside a repository, patches would be for that one.
        self.environment |= {"GIT_CEILING_DIRECTORIES": str(cache)}

    def refresh(self) -> None:
        """Makes the copy what the clone is. Only what differs is written, now: Cargo builds what is newer than it knows."""
        listing = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, stdout=subprocess.PIPE
        )
        names = {name.decode() for name in listing.stdout.split(b"\0") if name and (ROOT / name.decode()).is_file()}
        for name in sorted(names):
            source, copy = ROOT / name, self.sources / name
            content = source.read_bytes()
            if not copy.is_file() or copy.read_bytes() != content:
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(content)
                copy.chmod(source.stat().st_mode)
        for copy in [path for path in self.sources.rglob("*") if path.is_file()]:
            if str(copy.relative_to(self.sources)) not in names:
                copy.unlink()

    def apply(self, mutation: Mutation) -> None:
        subprocess.run(["git", "apply", str(mutation.patch)], cwd=self.sources, env=self.environment, check=True)

    def run(self, command: list[str], seconds: int, folder: str = ".") -> subprocess.CompletedProcess:
        how = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.run(command, cwd=self.sources / folder, env=self.environment, timeout=seconds, **how)

    def build(self, test: str) -> None:
        """What `test` needs, or the compiler's words."""
        words = shlex.split(test)
        if words[:2] == ["cargo", "test"]:
            arguments = words[2 : words.index("--")] if "--" in words else words[2:]
            command = ["cargo", "test", "--locked", "--no-run", *arguments]
        else:
            command = ["cargo", "build", "--locked", "--package", "anabranch"]
        done = self.run(command, BUILD_SECONDS)
        if done.returncode != 0:
            raise SystemExit(f"mutations: this does not compile, so it proves nothing\n{done.stdout[-4000:]}")

    def fails(self, test: str) -> tuple[bool, str]:
        """Whether `test` fails, by a test's failure, and its last words."""
        words = shlex.split(test)
        try:
            if words[0] == "pytest":
                command = [os.environ["ANABRANCH_PYTHON"], "-m", "pytest", "-x", "-q", *words[1:]]
                done = self.run(command, TEST_SECONDS, "tests")
                # 1: tests ran and some failed. Anything else is pytest's own trouble.
                ran, failed = done.returncode in (0, 1), done.returncode == 1
            else:
                done = self.run(["cargo", "test", "--locked", *words[2:]], TEST_SECONDS)
                ran = "test result: " in done.stdout and "running 0 tests" not in last_run(done.stdout)
                failed = done.returncode != 0
        except subprocess.TimeoutExpired:
            return True, f"did not end within {TEST_SECONDS} s"
        if not ran:
            raise SystemExit(f"mutations: no test ran: {test}\n{done.stdout[-4000:]}")
        return failed, done.stdout


def last_run(output: str) -> str:
    """Of the last test binary that ran: the others were asked for nothing."""
    return output[output.rfind("running ") :]


def failures(output: str) -> str:
    """The names of the tests that failed."""
    names = [line.split()[1] for line in output.splitlines() if line.startswith("test ") and line.endswith("FAILED")]
    names += [line.split()[1] for line in output.splitlines() if line.startswith("FAILED ")]
    short = [name.rsplit("::", 1)[-1] for name in names]
    return ", ".join(sorted(set(short))[:3]) or output.strip().splitlines()[-1]


def check(mutations: list[Mutation]) -> int:
    """Whether each patch still applies to the clone."""
    rotten = 0
    for mutation in mutations:
        done = subprocess.run(["git", "apply", "--check", str(mutation.patch)], cwd=ROOT)
        rotten += done.returncode != 0
    print(f"mutations: {len(mutations) - rotten} of {len(mutations)} patches apply")
    return min(rotten, 1)


def prove(mutations: list[Mutation], copy: Copy) -> int:
    copy.refresh()
    for test in dict.fromkeys(mutation.noticed_by for mutation in mutations):
        copy.build(test)
        failed, output = copy.fails(test)
        if failed:
            raise SystemExit(f"mutations: this fails without any mutation: {test}\n{output[-4000:]}")
        print(f"mutations: passes as it is: {test}", file=sys.stderr, flush=True)
    rows, unnoticed = [], 0
    try:
        for mutation in mutations:
            began = time.monotonic()
            copy.refresh()
            copy.apply(mutation)
            copy.build(mutation.noticed_by)
            failed, output = copy.fails(mutation.noticed_by)
            unnoticed += not failed
            who = failures(output) if failed else "**nobody**"
            rows.append(f"| `{mutation.name}` | {mutation.breaks} | {who} |")
            print(f"mutations: {mutation.name}: {who} ({time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True)
    finally:
        copy.refresh()
    print("| mutation | what it breaks | what noticed |\n|---|---|---|")
    print("\n".join(rows))
    print(f"\n{len(rows) - unnoticed} of {len(rows)} noticed")
    return min(unnoticed, 1)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("names", nargs="*", metavar="NAME", help="some of them; by default all")
    arguments.add_argument("--check", action="store_true", help="only whether each patch still applies")
    arguments.add_argument("--list", action="store_true", help="only what each one breaks")
    chosen = arguments.parse_args()
    every = [Mutation.read(patch) for patch in sorted(HERE.glob("*.patch"))]
    if unknown := set(chosen.names) - {mutation.name for mutation in every}:
        arguments.error(f"no mutation is called {', '.join(sorted(unknown))}")
    mutations = [mutation for mutation in every if not chosen.names or mutation.name in chosen.names]
    if chosen.list:
        print("\n".join(f"{mutation.name}: {mutation.breaks} ({mutation.noticed_by})" for mutation in mutations))
        return 0
    if chosen.check:
        return check(mutations)
    return prove(mutations, Copy(Path(os.environ["ANABRANCH_CACHE"]) / "mutations"))


if __name__ == "__main__":
    sys.exit(main())
