"""The access keys of the tests that verify signatures, as the server's credentials file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.server import ACCOUNT_ID


@dataclass(frozen=True)
class Key:
    access_key: str
    secret_key: str
    user: str
    account: str = ACCOUNT_ID
    rules: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] | None = None

    def yaml(self) -> str:
        lines = [
            f"- accessKeyId: {self.access_key}",
            f"  secretAccessKey: {self.secret_key}",
            f"  userName: {self.user}",
        ]
        if self.account != ACCOUNT_ID:
            lines.append(f'  accountId: "{self.account}"')
        if self.rules is not None:
            lines.append("  allow:")
            for actions, streams in self.rules:
                lines.append(f"    - actions: [{', '.join(map(repr, actions))}]")
                lines.append(f"      streams: [{', '.join(map(repr, streams))}]")
        return "\n".join(lines)


OWNER = Key("AKIAOWNER00000000000", "ownerSecret/with+signs", "owner")
READER = Key(
    "AKIAREADER0000000000", "readerSecret", "reader", rules=((("kinesis:Get*", "kinesis:Describe*", "kinesis:List*"), ("*",)),)
)
ONE_STREAM = Key("AKIAONE0000000000000", "oneSecret", "one", rules=((("*",), ("only-this",)),))
STRANGER = Key("AKIASTRANGER00000000", "strangerSecret", "stranger", account="111122223333")
ALL = (OWNER, READER, ONE_STREAM, STRANGER)


def write(path: Path) -> Path:
    path.write_text("\n".join(key.yaml() for key in ALL) + "\n")
    path.chmod(0o600)
    return path
