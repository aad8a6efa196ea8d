"""The figures of a run as a table in the page and as a plot beside it: `page.py FIGURES.json DOCS`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams["svg.hashsalt"] = "anabranch"
matplotlib.rcParams["svg.fonttype"] = "none"
from matplotlib import pyplot  # noqa: E402  the backend is chosen before anything draws

BEGIN, END = "<!-- report: make autoscale-report -->", "<!-- end of report -->"
OURS, HPA, PRAVEGA = "Anabranch", "HPA, uniform", "Pravega"
COLOURS = {OURS: "#1f6f8b", "AWS on-demand": "#d9822b", PRAVEGA: "#8a6fb0", "PIP-483": "#8f9aa3", HPA: "#b5483a"}


def main(figures: Path, docs: Path) -> None:
    report = json.loads(figures.read_text())
    page = docs / "autoscaling.md"
    text = page.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    page.write_text(before + BEGIN + "\n" + markdown(report) + END + after)
    draw(report, docs / "autoscaling.svg")


def markdown(report: dict) -> str:
    scenarios = list(dict.fromkeys(row["scenario"] for row in report["rows"]))
    seeds = ", ".join(map(str, report["seeds"]))
    skews = ", ".join(map(str, report["skews"]))
    lines = [
        f"Seeds {seeds}; Zipf exponents {skews}; every figure is over all of them (traces: the first seed).",
        "",
        "| scenario | rule | throttled % (worst run) | resolved p50 / p99 s | cost: free / 15 min dwell | operations a day |",
        "|---|---|---|---|---|---|",
    ]
    for scenario in scenarios:
        for row in (row for row in report["rows"] if row["scenario"] == scenario):
            lines.append(line(row))
    lines += ["", "| aim | met | where not |", "|---|---|---|"]
    lines += [verdict(aim, failed) for aim, failed in aims(report, scenarios)]
    return "\n" + "\n".join(lines) + "\n\n"


def line(row: dict) -> str:
    score = row["score"]
    bold = "**" if row["rule"] == OURS else ""
    cells = [
        row["scenario"] if row["rule"] == OURS else "",
        f"{bold}{row['rule']}{bold}",
        f"{bold}{score['throttled_percent']:.3f}{bold} ({score['throttled_percent_worst']:.3f})",
        f"{score['resolved_p50_secs']:.0f} / {score['resolved_p99_secs']:.0f}",
        f"{score['cost_free']:.2f} / {score['cost_dwell']:.2f}",
        f"{score['operations_per_day']:,.0f}",
    ]
    return "| " + " | ".join(cells) + " |"


def aims(report: dict, scenarios: list[str]) -> list[tuple[str, list[str]]]:
    """What was aimed at, and the scenarios that miss it with their figure."""
    score = {(row["scenario"], row["rule"]): row["score"] for row in report["rows"]}
    others = [rule for rule in COLOURS if rule != OURS]
    found: list[tuple[str, list[str]]] = []

    def aim(text: str, over: list[str], missed) -> None:
        found.append((text, [f"{name} ({said})" for name in over if (said := missed(name))]))

    def ours(name: str, figure: str) -> float:
        return score[name, OURS][figure]

    def above(figure: str, most: float, unit: str = ""):
        return lambda name: f"{ours(name, figure):.3g}{unit}" if ours(name, figure) > most else ""

    def than_the_best(name: str) -> str:
        best = min((score[name, rule]["throttled_percent"], rule) for rule in others if (name, rule) in score)
        mine = ours(name, "throttled_percent")
        return f"{mine:.3f} % and {best[1]} {best[0]:.3f} %" if mine > best[0] else ""

    def than_hpa(name: str) -> str:
        hpa = score[name, HPA]
        times = ours(name, "cost_free") / hpa["cost_free"]
        refused = ours(name, "throttled_percent") / max(hpa["throttled_percent"], 1e-9)
        return f"{times:.2f}× at {refused:.0%}" if times > 1.5 or refused > 0.1 else ""

    def than_pravega(name: str) -> str:
        mine, other = ours(name, "operations_per_day"), score[name, PRAVEGA]["operations_per_day"]
        return f"{mine:,.0f} and {other:,.0f}" if mine >= other else ""

    def than_hundredth(name: str) -> str:
        mine, other = ours(name, "operations_per_day"), score[name, HPA]["operations_per_day"]
        return f"{mine:,.0f} of {other:,.0f}" if mine > other / 100 else ""

    rest = [name for name in scenarios if name != "diurnal"]
    aim("throttled: less than every other rule", scenarios, than_the_best)
    aim("throttled: step ×4 at most 0.2 %", ["step ×4"], above("throttled_percent", 0.2, " %"))
    aim("throttled: diurnal at most 0.02 %", ["diurnal"], above("throttled_percent", 0.02, " %"))
    aim("resolved: p50 at most 15 s", scenarios, above("resolved_p50_secs", 15, " s"))
    aim("resolved: p99 at most 60 s", scenarios, above("resolved_p99_secs", 60, " s"))
    aim("cost: diurnal at most 2.0", ["diurnal"], above("cost_free", 2.0))
    aim("cost: elsewhere at most 1.5 × HPA's, with a tenth of its throttling", rest, than_hpa)
    aim("operations: fewer than Pravega's", scenarios, than_pravega)
    aim("operations: a hundredth of HPA's", scenarios, than_hundredth)
    return [(text, failed) for text, failed in found]


def verdict(aim: str, failed: list[str]) -> str:
    return f"| {aim} | {'no' if failed else 'yes'} | {'; '.join(failed)} |"


def draw(report: dict, path: Path) -> None:
    """One row a scenario: the load with the shards of every rule, and beside it what was throttled."""
    scenarios = list(dict.fromkeys(course["scenario"] for course in report["courses"]))
    figure, panels = pyplot.subplots(
        len(scenarios), 2, figsize=(11, 1.9 * len(scenarios)), layout="constrained", squeeze=False, width_ratios=(2, 1)
    )
    for (shards, throttled), scenario in zip(panels, scenarios, strict=True):
        courses = [course for course in report["courses"] if course["scenario"] == scenario]
        for course in courses:
            step = max(1, len(course["load"]) // 200)
            minutes = range(0, len(course["load"]), step)
            colour = COLOURS.get(course["rule"], "grey")
            if course["rule"] == OURS:
                shards.fill_between(minutes, course["load"][::step], color="#d7dee3", linewidth=0)
            shards.plot(minutes, course["shards"][::step], color=colour, linewidth=1.1)
        scores = {row["rule"]: row["score"] for row in report["rows"] if row["scenario"] == scenario}
        rules = [rule for rule in reversed(COLOURS) if rule in scores]
        values = [scores[rule]["throttled_percent"] for rule in rules]
        drawn = throttled.barh(rules, values, color=[COLOURS[rule] for rule in rules])
        throttled.bar_label(drawn, labels=[f"{value:.3f} %" for value in values], padding=3, fontsize=7)
        shards.set_title(f"{scenario}: load (grey) and shards, by minutes", loc="left", fontsize=9)
        throttled.set_title("throttled", loc="left", fontsize=9)
        throttled.margins(x=0.25)
        for panel in (shards, throttled):
            panel.tick_params(labelsize=7)
            panel.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
