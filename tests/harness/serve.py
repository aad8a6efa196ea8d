"""Run a command against a fresh server: `python -m harness.serve [--limits] [--tls CERT KEY] -- COMMAND...`

The command finds the endpoint in ANABRANCH_ENDPOINT and AWS_ENDPOINT_URL, with credentials and a region that any SDK accepts.
The server's log is shown when the command fails or the server dies.
"""

from __future__ import annotations

import os
import subprocess
import sys

from harness.server import ACCOUNT_ID, REGION, Server


def main() -> int:
    arguments = sys.argv[1:]
    split = arguments.index("--")
    options, command = arguments[:split], arguments[split + 1 :]
    limits = "--limits" in options
    extra = [option for option in options if option != "--limits"]
    server = Server(*extra, limits=limits)
    try:
        server.start()
        env = {
            **os.environ,
            "ANABRANCH_ENDPOINT": server.endpoint,
            "ANABRANCH_ADMIN": server.admin,
            "ANABRANCH_ACCOUNT_ID": ACCOUNT_ID,
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }
        status = subprocess.run(command, env=env, check=False).returncode
        died = not server.running()
        if status != 0 or died:
            print(server.log_tail(), file=sys.stderr)
        if died:
            print(f"the server died with {server.process.returncode}", file=sys.stderr)
        return status or int(died)
    finally:
        server.discard()


if __name__ == "__main__":
    sys.exit(main())
