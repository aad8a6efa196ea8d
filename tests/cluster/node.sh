#!/bin/bash
# What a node does when it is switched on. It is the first process of a pid and a mount namespace of the node's own, in the
# node's network namespace: when it is killed, everything that the node ran and mounted is gone, as with a machine.
#
# Its /var and /run are folders of the cluster's directory; the programs, and the rest of the file system, are the host's.
set -euo pipefail
: "${NODE:?}" "${DISK:?}" "${VOLUMES:?}" "${CONFIGURATION:?}" "${LOGS:?}" "${CGROUPS:?}" "${BINARIES:?}" "${PROXY:?}" "${PODS:?}"

for group in $CGROUPS; do echo 0 >"$group/cgroup.procs"; done

mount --make-rshared /
mkdir -p "$DISK/var/lib/volumes" "$DISK/var/log" "$DISK/var/tmp"
# Left over from before the node was killed: a real /run would have been lost with the memory.
find "$DISK/run" -mindepth 1 -delete 2>/dev/null || true
mkdir -p "$DISK/run/sysctl"
mount --bind "$VOLUMES" "$DISK/var/lib/volumes"
mount --rbind "$DISK/var" /var
mount --bind "$DISK/run" /run

# The kubelet sets these for the whole machine. It gets files of its own to write to; nothing of the host's changes.
for name in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
  copy=/run/sysctl/${name//\//.}
  cat "/proc/sys/$name" >"$copy"
  mount --bind "$copy" "/proc/sys/$name"
done

export PATH=$BINARIES:$PATH TMPDIR=/var/tmp

# A daemon that ends is started again, as a service manager would.
keep() {
  local log=$LOGS/$NODE-$1.log
  shift
  while true; do
    "$@" >>"$log" 2>&1 || true
    echo "$1 ended, starting it again" >>"$log"
    sleep 1
  done
}

keep containerd containerd --config "$CONFIGURATION/containerd.toml" &
keep kubelet kubelet --config "$CONFIGURATION/kubelet.json" --kubeconfig "$CONFIGURATION/kubeconfig" \
  --hostname-override "$NODE" --node-ip "$ADDRESS" --node-labels "$LABELS" &
keep kube-proxy kube-proxy --kubeconfig "$PROXY" --hostname-override "$NODE" --proxy-mode nftables \
  --cluster-cidr "$PODS" --conntrack-max-per-core 0 &
wait
