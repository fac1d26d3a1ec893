# SPDX-License-Identifier: BSD-3-Clause
# A Slurm of two nodes that nobody else sees; sourced by root within `unshare -m -n -u -p -f --mount-proc`. Here is the
# controller, `hub`, 10.99.8.1. Nodes n1 and n2, 10.99.8.11 and .12, each have a network, a host name and a boot of their
# own, as hosts have. Keys, sockets, configuration, states and logs are in $work/slurm; $daemons has what runs of it.
slurm=$work/slurm
export SLURM_CONF="$slurm/slurm.conf"
daemons=

# Wait until a command succeeds, at most 30 s.
until_true() { # command…
    for _ in $(seq 300); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    return 1
}

configure_cluster() {
    mkdir -p "$slurm/munge" "$slurm/state" "$slurm/spool-n1" "$slurm/spool-n2" "$slurm/tmp-n1" "$slurm/tmp-n2"
    chmod 711 "$work" "$slurm" # munged asks for a socket that all can reach
    (umask 077 && head -c 1024 /dev/urandom >"$slurm/munge/key")
    # Named, or a node looks for the file system of control groups, which not every container has.
    echo "CgroupPlugin=cgroup/v1" >"$slurm/cgroup.conf"
    # A TmpFS of each node, for sockets of PMIx in a common one would collide.
    cat >"$SLURM_CONF" <<CONF
ClusterName=dawdle
SlurmctldHost=hub(10.99.8.1)
SlurmUser=root
SlurmdUser=root
AuthInfo=socket=$slurm/munge/socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
StateSaveLocation=$slurm/state
SlurmdSpoolDir=$slurm/spool-%n
TmpFS=$slurm/tmp-%n
SlurmctldPidFile=$slurm/slurmctld.pid
SlurmdPidFile=$slurm/slurmd-%n.pid
NodeName=n1 NodeAddr=10.99.8.11
NodeName=n2 NodeAddr=10.99.8.12
PartitionName=all Nodes=ALL Default=YES State=UP
CONF
    # What an outer Slurm has told this script is not meant for this one.
    for name in $(env | sed -n 's/^\(SLURM_[A-Z0-9_]*\)=.*/\1/p'); do
        [ "$name" = SLURM_CONF ] || unset "$name"
    done
}

start() { # name, command…: a daemon that stays this script's child
    log=$slurm/$1.log
    shift
    "$@" >"$log" 2>&1 &
    daemons="$daemons $!"
}

has_own_mounts() { # process
    [ "$(readlink "/proc/$1/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ]
}

# A process that holds what is a node's alone, and one end of a cable.
add_node() { # number
    cat /proc/sys/kernel/random/uuid >"$slurm/boot-$1"
    start "n$1" unshare -n -u -m sleep infinity
    holder=$!
    until_true has_own_mounts $holder
    ip link add "n$1" type veth peer name eth0 netns $holder
    ip link set "n$1" master hub0 up
    nsenter -t $holder -n -u -m sh -e -c "hostname n$1
        mount --bind $slurm/boot-$1 /proc/sys/kernel/random/boot_id
        ip link set lo up
        ip addr add 10.99.8.1$1/24 dev eth0
        ip link set eth0 up"
    start "slurmd-$1" nsenter -t "$holder" -n -u -m slurmd -D
}

all_idle() {
    [ "$(sinfo -h -o '%D %T')" = "2 idle" ]
}

# False: it is not up, and $slurm/*.log say why.
start_cluster() {
    configure_cluster
    hostname hub
    ip link set lo up
    ip link add hub0 type bridge
    ip addr add 10.99.8.1/24 dev hub0
    ip link set hub0 up
    start munged munged --foreground --force --key-file="$slurm/munge/key" --socket="$slurm/munge/socket" \
        --pid-file="$slurm/munge/pid" --log-file="$slurm/munge/log" --seed-file="$slurm/munge/seed"
    until_true munge -n -S "$slurm/munge/socket" || return
    start slurmctld slurmctld -D
    until_true scontrol ping || return
    add_node 1
    add_node 2
    until_true all_idle
}

# The last started ends first.
stop_cluster() {
    for pid in $daemons; do reversed="$pid ${reversed-}"; done
    for pid in ${reversed-}; do
        kill "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    daemons=
}
