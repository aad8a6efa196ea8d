"""Where things lie, for every test of the chart."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CHART = ROOT / "charts" / "anabranch"
DEFINITIONS = ROOT / "crds" / "yaml"
CASES = sorted((Path(__file__).resolve().parent / "cases").glob("*.yaml"))
# The chart's, and that of the objects that tests make.
NAMESPACE = "kinesis"
# Helm would take the one it was built with for the cluster's.
KUBERNETES = "1.36.0"
