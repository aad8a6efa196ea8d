"""The servers side by side as a picture."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402  the backend is chosen before anything draws

from comparison.report import WORKLOADS  # noqa: E402


def draw(results: dict, path: Path) -> None:
    """One panel a workload, a bar a server, from zero on: a logarithmic axis would flatter whoever is behind."""
    shown = [workload for workload in WORKLOADS if any(figure(found, workload) for found in results["servers"].values())]
    if not shown:
        return
    figure_, panels = pyplot.subplots(len(shown), 1, figsize=(9, 1.9 * len(shown)), layout="constrained", squeeze=False)
    for panel, workload in zip(panels[:, 0], shown, strict=True):
        bars = [(name, figure(found, workload)) for name, found in results["servers"].items()]
        bars = [(name, value) for name, value in reversed(bars) if value]
        colours = ["#1f6f8b" if name == "anabranch" else "#b8c4cc" for name, _ in bars]
        drawn = panel.barh([name for name, _ in bars], [value for _, value in bars], color=colours)
        panel.bar_label(drawn, labels=[f"{value:,.0f}" for _, value in bars], padding=3, fontsize=8)
        panel.set_title(f"{workload[1]} ({workload[3]})", loc="left", fontsize=9)
        panel.tick_params(labelsize=8)
        panel.margins(x=0.12)
        panel.spines[["top", "right"]].set_visible(False)
    figure_.savefig(path, dpi=120)
    pyplot.close(figure_)


def figure(found: dict, workload: tuple[str, str, str, str]) -> float | None:
    return found.get(workload[0], {}).get(workload[2])
