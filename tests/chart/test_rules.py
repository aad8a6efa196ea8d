"""Recording and alert rules, judged by promtool; every alert has its page, and every series that is asked for is one of ours."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from places import CHART, ROOT

RULES = CHART / "rules" / "anabranch.yaml"
HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def promtool() -> Path:
    done = subprocess.run([ROOT / "tests" / "setup" / "prometheus.sh"], check=True, capture_output=True, text=True)
    return Path(done.stdout.strip()) / "promtool"


def test_alerts_fire_when_they_should_and_not_before(promtool: Path) -> None:
    for command in (["check", "rules", str(RULES)], ["test", "rules", str(HERE / "rules_test.yaml")]):
        done = subprocess.run([promtool, *command], capture_output=True, text=True, cwd=HERE)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested_and_has_its_page() -> None:
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    alerts = {rule["alert"]: rule for rule in rules if "alert" in rule}
    tested = yaml.safe_load((HERE / "rules_test.yaml").read_text())["tests"]
    fired = {case["alertname"] for test in tested for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert fired == set(alerts)
    for name, rule in alerts.items():
        page = ROOT / rule["annotations"]["runbook"]
        assert name in page.read_text(), page


def test_what_is_asked_for_is_what_processes_export() -> None:
    sources = [*(ROOT / "dataplane" / "src").rglob("*.rs"), *(ROOT / "operator" / "src").rglob("*.rs")]
    known = set(re.findall(r'"(anabranch_[a-z_]+)"', "".join(path.read_text() for path in sources)))
    dashboards = [json.dumps(json.loads(path.read_text())) for path in (CHART / "dashboards").glob("*.json")]
    asked = set(re.findall(r"(?<![a-z:_])anabranch_[a-z_]+", "".join([RULES.read_text(), *dashboards])))
    asked = {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}
    assert asked <= known, asked - known
