#!/bin/bash
# The aws CLI.
set -euo pipefail
cd "$(dirname "$0")"
venv=$(../../setup/python.sh ../../setup/aws-cli.txt)
PATH="$venv/bin:$PATH" exec ../../setup/with-server.sh -- ./round_trip.sh
