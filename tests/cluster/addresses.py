"""Which address is whose: one /16 a cluster, so that the host needs one route and two clusters do not meet.

10.N.0.1          API server, on the switch          10.N.0.11, .12, …   nodes
10.N.64.0/18      pods, a /24 a node                 10.N.128.0/18       Services
10.N.255.0/30     the link between host (.1) and switch (.2)
"""

from __future__ import annotations

from dataclasses import dataclass

NUMBERS = range(200, 250)
API_PORT = 6443


@dataclass(frozen=True)
class Addresses:
    number: int

    @property
    def everything(self) -> str:
        return f"10.{self.number}.0.0/16"

    @property
    def switch(self) -> str:
        return f"10.{self.number}.0.1"

    @property
    def api(self) -> str:
        return f"https://{self.switch}:{API_PORT}"

    def node(self, index: int) -> str:
        return f"10.{self.number}.0.{10 + index}"

    def pods_of(self, index: int) -> str:
        return f"10.{self.number}.{64 + index}.0/24"

    @property
    def pods(self) -> str:
        return f"10.{self.number}.64.0/18"

    @property
    def services(self) -> str:
        return f"10.{self.number}.128.0/18"

    @property
    def api_service(self) -> str:
        return f"10.{self.number}.128.1"

    @property
    def dns(self) -> str:
        return f"10.{self.number}.128.10"

    @property
    def host_end(self) -> str:
        return f"10.{self.number}.255.1"

    @property
    def switch_end(self) -> str:
        return f"10.{self.number}.255.2"
