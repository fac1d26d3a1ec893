# SPDX-License-Identifier: BSD-3-Clause
# Another host that is a network namespace, at the other end of a virtual cable; sourced within `unshare -Urn`, so no root is
# needed. The caller ends
# $there when it ends. Here is 10.99.7.1 on here0; there, in the namespace of process $there, 10.99.7.2 on there0.

plug_cable() {
    unshare -n sleep 600 &
    there=$!
    while [ "$(readlink /proc/$there/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
    ip link add here0 type veth peer name there0
    ip link set there0 netns $there
    ip addr add 10.99.7.1/24 dev here0
    ip link set here0 up
    ip link set lo up
    on_other_host ip addr add 10.99.7.2/24 dev there0
    on_other_host ip link set there0 up
    on_other_host ip link set lo up
}

on_other_host() { # command…
    nsenter -t "$there" -n "$@"
}
