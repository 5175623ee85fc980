# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The words of Compose, docker_network, podman_network, containerlab and CNI, and what stands for them here."""

from __future__ import annotations

from types import MappingProxyType
from typing import Dict, Iterable, Mapping, Tuple

from .._schema.schema import Elsewhere

HOST_NAME = "set extra_hosts where the container is started, to the gateway of its network; host_access says what it may ask there"

# key: what to do instead
NETWORK: Mapping[str, str] = MappingProxyType(
    {
        "ipam": "write ipam_config: [{subnet: ..., gateway: ..., ip_range: ...}]",
        "ipam_options": "write ipam_config: [{subnet: ..., gateway: ..., ip_range: ...}]",
        "ipam_driver": "remove it: addresses are allocated, or ipam: none at the endpoint",
        "ipam_driver_options": "remove it: addresses are allocated, or ipam: none at the endpoint",
        "subnets": "write ipam_config: [{subnet: ...}, ...]",
        "route": "write routes at the endpoint",
        "enable_ipv4": "remove it: a network has IPv4 where ipam_config has an IPv4 subnet",
        "ipv6": "write enable_ipv6: true, or an IPv6 subnet in ipam_config",
        "driver_opts": "write its options as keys of the network: bridge_name, mtu, masquerade, enable_icc, parent, mode",
        "driver_options": "write its options as keys of the network: bridge_name, mtu, masquerade, enable_icc, parent, mode",
        "opt": "write its options as keys of the network: bridge_name, mtu, masquerade, enable_icc, parent, mode",
        "options": "write its options as keys of the network: bridge_name, mtu, masquerade, enable_icc, parent, mode",
        "com.docker.network.bridge.name": "write bridge_name",
        "com.docker.network.bridge.enable_icc": "write enable_icc",
        "com.docker.network.bridge.enable_ip_masquerade": "write masquerade",
        "com.docker.network.bridge.host_binding_ipv4": "write host_ip at the port",
        "com.docker.network.driver.mtu": "write mtu",
        "network_interface": "write bridge_name, or parent of a macvlan or ipvlan network",
        "interface_name": "write bridge_name, or interface_name at the endpoint's network",
        "bridge": "write bridge_name",
        "external": "declare the network once, in the scope that owns it, with every endpoint on it",
        "attachable": "remove it: every endpoint may join",
        "scope": "give the scope to the module or role, not to the network",
        "connected": "write networks at each endpoint",
        "appends": "remove it: what is not declared is left alone or belongs to another scope",
        "force": "remove it: what must be made anew is, and check mode says so",
        "isGateway": "write gateway_on_host",
        "ipMasq": "write masquerade",
        "hairpinMode": "write hairpin",
        "master": "write parent",
        "vlan": "write parent: NAME.VLAN, or vlan at the endpoint's network",
        "disable_dns": "remove it: this collection runs no name server",
        "dns_enabled": "remove it: this collection runs no name server",
        "dns": "remove it: this collection runs no name server",
        "type": "write driver",
        "host_gateway": HOST_NAME,
        "isolate": "write enable_icc: false for endpoints; networks are apart already",
    }
)
ENDPOINT: Mapping[str, str] = MappingProxyType(
    {
        "published_ports": "write ports",
        "publish": "write ports",
        "exposed_ports": "remove it: endpoints of a network reach every port of each other; ports publishes one on the host",
        "expose": "remove it: endpoints of a network reach every port of each other; ports publishes one on the host",
        "hostname": "set it where the container is started; name is what this declaration calls it",
        "container_name": "write container: {docker: NAME} or {podman: NAME}",
        "image": "start the container with its own tool; container says which one it is",
        "links": "put both endpoints on one network",
        "extra_hosts": "set it where the container is started",
        "host_gateway": HOST_NAME,
        "etc_hosts": "set it where the container is started",
        "dns": "set it where the container is started",
        "dns_servers": "set it where the container is started",
        "dns_search": "set it where the container is started",
        "net": "write network_mode",
        "network": "write networks",
        "netns": "write container: {netns: NAME}",
        "docker": "write container: {docker: NAME}",
        "podman": "write container: {podman: NAME}",
        "docker_label": "write container: {docker_label: KEY=VALUE}",
        "podman_label": "write container: {podman_label: KEY=VALUE}",
        "docker_name": "write container: {docker_name: PATTERN}",
        "podman_name": "write container: {podman_name: PATTERN}",
        "machine": "write container: {machine: NAME}",
        "pid": "write container: {pid: NUMBER}",
        "path": "write container: {path: FILE}",
    }
)
ATTACHMENT: Mapping[str, str] = MappingProxyType(
    {
        "ip": "write ipv4_address or ipv6_address",
        "ip6": "write ipv6_address",
        "ipv4": "write ipv4_address",
        "ipv6": "write ipv6_address",
        "static_ip": "write ipv4_address or ipv6_address",
        "static_ips": "write ipv4_address or ipv6_address",
        "static_mac": "write mac_address",
        "mac": "write mac_address",
        "priority": "write gw_priority",
        "links": "put both endpoints on one network",
        "host_gateway": HOST_NAME,
        "link_local_ips": "remove it: the kernel gives link-local addresses",
        "driver_opts": "write its options as keys: interface_name, sysctls, routes",
    }
)
SUBNET: Mapping[str, str] = MappingProxyType({"iprange": "write ip_range", "range": "write ip_range", "aux_address": "write aux_addresses"})
PORT: Mapping[str, str] = MappingProxyType(
    {
        "mode": "remove it: a port is published on the host of its endpoint",
        "app_protocol": "remove it",
        "host_port": "write published",
        "hostPort": "write published",
        "container_port": "write target",
        "containerPort": "write target",
        "hostIP": "write host_ip",
    }
)
DRIVERS: Mapping[str, str] = MappingProxyType(
    {
        "vxlan": "overlay",
        "nat": "bridge",
        "l3bridge": "routed",
        "l2bridge": "bridge",
        "ptp": "routed",
        "bridged": "bridge",
        "mac-vlan": "macvlan",
        "ip-vlan": "ipvlan",
    }
)


def unlike_ours(words: Mapping[str, str], known: Iterable[str]) -> Elsewhere:
    """Return what to say of the words of others, but for those that are ours as well."""
    ours = frozenset(known)
    found: Dict[str, Tuple[str, str]] = {}
    for key, fix in words.items():
        if key not in ours:
            found[key] = ("unknown key", fix)
    return found
