"""Keys and kubeconfigs of one cluster: a CA, the API server's certificate, its client certificate for kubelets, tokens.

Users and components say who they are with tokens; a certificate is used only where Kubernetes takes nothing else.
"""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
from pathlib import Path

from cluster.state import State

ADMIN = "admin"
CONTROLLER_MANAGER = "system:kube-controller-manager"
SCHEDULER = "system:kube-scheduler"
PROXY = "system:kube-proxy"
DAYS = "3650"


def create(state: State) -> None:
    addresses = state.addresses
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", state.key("ca.key"))
    subject = ("-subj", "/CN=anabranch-test-ca")
    _openssl("req", "-x509", "-new", "-key", state.key("ca.key"), "-days", DAYS, *subject, "-out", state.key("ca.crt"))
    names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost"]
    alternatives = [f"DNS:{name}" for name in names]
    alternatives += [f"IP:{address}" for address in (addresses.switch, addresses.api_service, "127.0.0.1")]
    server = f"subjectAltName={','.join(alternatives)}\nextendedKeyUsage=serverAuth\n"
    _certificate(state, "api-server", "/CN=kube-apiserver", server)
    _certificate(state, "kubelet-client", "/O=system:masters/CN=kube-apiserver-kubelet-client", "extendedKeyUsage=clientAuth\n")
    _openssl("genrsa", "-out", state.key("service-accounts.key"), "2048")

    users = {ADMIN: "system:masters", CONTROLLER_MANAGER: "", SCHEDULER: "", PROXY: ""}
    users |= {f"system:node:{node.name}": "system:nodes" for node in state.nodes}
    lines = []
    for user, group in users.items():
        token = secrets.token_hex(16)
        lines.append(f'{token},{user},{user},"{group}"')
        _kubeconfig(state, user, token)
    state.key("tokens.csv").write_text("\n".join(lines) + "\n")
    state.kubeconfig.write_bytes(kubeconfig(state, ADMIN).read_bytes())
    state.kubeconfig.chmod(0o600)


def kubeconfig(state: State, user: str) -> Path:
    return state.key(f"{user.replace(':', '-')}.kubeconfig")


def _kubeconfig(state: State, user: str, token: str) -> None:
    authority = base64.b64encode(state.key("ca.crt").read_bytes()).decode()
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": state.name, "cluster": {"server": state.addresses.api, "certificate-authority-data": authority}}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": state.name, "context": {"cluster": state.name, "user": user}}],
        "current-context": state.name,
    }
    kubeconfig(state, user).write_text(json.dumps(content, indent=2))


def _certificate(state: State, name: str, subject: str, extensions: str) -> None:
    key, request, extension_file = state.key(f"{name}.key"), state.key(f"{name}.csr"), state.key(f"{name}.extensions")
    extension_file.write_text(extensions)
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key)
    _openssl("req", "-new", *new_key, "-subj", subject, "-out", request)
    signer = ("-CA", state.key("ca.crt"), "-CAkey", state.key("ca.key"), "-CAcreateserial")
    _openssl("x509", "-req", "-in", request, *signer, "-days", DAYS, "-extfile", extension_file, "-out", state.key(f"{name}.crt"))


def _openssl(*arguments: object) -> None:
    done = subprocess.run(["openssl", *(str(part) for part in arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr}")
