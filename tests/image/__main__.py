"""`python3 -m image`: make the image of Anabranch from what `make build` built, and say what to do with it."""

from __future__ import annotations

import os
from pathlib import Path

from image import anabranch


def main() -> None:
    cache = Path(os.environ.get("ANABRANCH_CACHE") or Path.home() / ".cache" / "anabranch")
    built = Path(os.environ.get("CARGO_TARGET_DIR") or cache / "target") / "release"
    folder = anabranch.ROOT / "target" / "image"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"anabranch-{anabranch.version()}.tar"
    name, digest = anabranch.build(target, built)
    print(f"image: {name} is in {target} ({target.stat().st_size / 2**20:.0f} MiB, {digest}). To have it on the test cluster:\n")
    print(f"  (cd tests && python3 -m cluster load-image {target})")
    print("\nElsewhere: `ctr --namespace k8s.io images import FILE`, `podman load --input FILE`, `docker load --input FILE`.")


if __name__ == "__main__":
    main()
