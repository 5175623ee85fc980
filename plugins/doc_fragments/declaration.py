# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Made from the schema of the declaration: `make generate` writes it anew.

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  networks:
    suboptions:
      name:
        description:
        - Name of the network.
        type: str
        required: true
      driver:
        description:
        - What the network is made of; each has keys of its own.
        type: str
        choices:
        - bridge
        - overlay
        - macvlan
        - ipvlan
        - routed
        default: bridge
      ipam_config:
        description:
        - Subnets of the network. Of a routed network, on a host, this host's part of it, without gateways.
        - 'Such as C([{subnet: 10.20.0.0/24}]).'
        type: list
        elements: dict
        default: []
        suboptions:
          subnet:
            description:
            - The subnet, IPv4 or IPv6.
            - Such as C(10.20.0.0/24).
            type: str
            required: true
          gateway:
            description:
            - Address of the gateway.
            - 'Default: of driver V(bridge) without V(interfaces) the first address; else none.'
            type: str
          ip_range:
            description:
            - Part of the subnet that addresses are given from, a smaller one or FIRST-LAST.
            - 'Default: all of it.'
            - Such as C(10.20.0.100-10.20.0.150).
            type: str
          aux_addresses:
            description:
            - Addresses that are given to no endpoint, by names of your own.
            - 'Such as C({printer: 10.20.0.9}).'
            type: dict
            default: {}
      enable_ipv6:
        description:
        - With V(true), a private /64 is derived from the name where V(ipam_config) has no IPv6 subnet; V(false) forbids one.
        type: bool
      mtu:
        description:
        - Largest packet of the network.
        - 68 to 65535 bytes.
        - 'Default: what the links below it take: of V(macvlan) and V(ipvlan) the parent''s; of V(overlay) the underlay''s less 50 over IPv4 or 70 over
          IPv6; else that of the interface with the default route, or 1500.'
        type: int
      default_policy:
        description:
        - What becomes of connections into its endpoints that no policy names. V(deny) leaves what is published, and answers. Not with V(macvlan) and V(ipvlan).
        type: str
        choices:
        - allow
        - deny
        default: allow
      default_egress:
        description:
        - What becomes of connections that its endpoints begin and no policy names, towards the outside, other networks and neighbours. Not with V(macvlan)
          and V(ipvlan).
        type: str
        choices:
        - allow
        - deny
        default: allow
      labels:
        description:
        - Text of your own, for whoever reads the declaration.
        - 'Such as C({team: shop}).'
        type: dict
        default: {}
      state:
        description:
        - Whether it is to be there. With V(absent), only what names it may stand beside.
        type: str
        choices:
        - present
        - absent
        default: present
      on_every_host:
        description:
        - Whether the network is made also on hosts of the fleet where nothing uses it.
        - Only for a fleet's plan.
        type: bool
        default: false
      bridge_name:
        description:
        - Of driver V(bridge) or V(overlay). Name of the bridge on the host. One that stands and is not ours is used, and never deleted.
        - 'Default: C(br-) and the network''s name.'
        type: str
      mac_address:
        description:
        - Of driver V(bridge). MAC address of the bridge.
        - 'Default: derived from its name.'
        type: str
      internal:
        description:
        - Of driver V(bridge). Whether nothing comes into the network or leaves it.
        - 'Default: V(false).'
        - Of driver V(macvlan) or V(ipvlan). Whether the network has no parent and no gateway, so that nothing comes in or leaves.
        - 'Default: V(false).'
        - Of driver V(routed). Whether only endpoints of the network reach each other.
        - 'Default: V(false).'
        type: bool
        default: false
      masquerade:
        description:
        - Of driver V(bridge). Whether what leaves the network has an address of the host as its source.
        - 'Default: V(true).'
        type: bool
        default: true
      snat_address:
        description:
        - Of driver V(bridge). Fixed source address of what leaves the network, instead of whichever the host has on the way out; a list holds one of each
          IP version.
        - 'Default: V([]).'
        - Such as C(192.0.2.10).
        type: raw
        default: []
      snat_address_elsewhere:
        description:
        - Of driver V(bridge). Whether V(snat_address) need not be an address of this host.
        - 'Default: V(false).'
        type: bool
        default: false
      no_masquerade:
        description:
        - Of driver V(bridge). Subnets and addresses that packets reach with the endpoint's own address as source, because they know the way back, as behind
          a VPN. Answers come in, and nothing else does. With V(::/0), IPv6 is not masqueraded at all.
        - Such as C([10.0.0.0/8, fd00::/8]).
        type: list
        elements: str
        default: []
      mss_clamp:
        description:
        - Of driver V(bridge). Largest TCP segment that both ends of a connection into the network or out of it are told, or V(pmtu) for what the MTU of
          the way takes. It is never raised.
        - 'Default: what the ends say.'
        - Such as C(pmtu).
        type: raw
      enable_icc:
        description:
        - Of driver V(bridge). Whether the endpoints of the network reach each other.
        - 'Default: V(true).'
        type: bool
        default: true
      gateway_on_host:
        description:
        - Of driver V(bridge). Whether the gateways of V(ipam_config) are addresses of the bridge, so that the host routes for the network.
        - 'Default: V(true), with V(interfaces) V(false).'
        type: bool
      hairpin:
        description:
        - Of driver V(bridge). Whether a port sends frames back where they came from (a flag of each port).
        - 'Default: V(false).'
        type: bool
        default: false
      anti_spoofing:
        description:
        - Of driver V(bridge) or V(overlay). Whether endpoints send from their own MAC and addresses only, claim no others in ARP and neighbour discovery,
          and are neither routers nor DHCP servers unless they are declared to forward. It needs nft, whichever firewall is used; with V(firewall_backend=none)
          it does nothing.
        - 'Default: V(true).'
        type: bool
        default: true
      host_access:
        description:
        - 'Of driver V(bridge). What of the host its endpoints reach: V(none), V(established) (answers only), V(all), or a list of services.'
        - 'Default: V(established).'
        - Such as C([53/udp, 53/tcp]).
        - Of driver V(macvlan). Whether the host and its endpoints reach each other, by a link of the host's own beside theirs. Mode V(bridge) only.
        - 'Default: V(false).'
        type: raw
      trusted_interfaces:
        description:
        - Of driver V(bridge). Links of the host behind which endpoints may be reached directly.
        type: list
        elements: str
        default: []
      interfaces:
        description:
        - Of driver V(bridge). Links of the host that become ports of the bridge. Their addresses and routes move to the bridge, and come back on removal.
          Unless V(gateway_on_host) is V(true), the host neither routes nor filters the segment.
        - Such as C([eth1]).
        type: list
        elements: str
        default: []
      vlan_filtering:
        description:
        - Of driver V(bridge). Whether the bridge keeps VLANs apart; V(vlan) and V(trunk) of an attachment then count.
        - 'Default: V(false).'
        type: bool
        default: false
      stp:
        description:
        - Of driver V(bridge). Whether the bridge takes part in the spanning tree protocol.
        - 'Default: the kernel''s, off.'
        type: bool
      priority:
        description:
        - Of driver V(bridge). Priority of the bridge in the spanning tree.
        - 0 to 65535.
        - 'Default: the kernel''s, 32768.'
        type: int
      ageing_time:
        description:
        - Of driver V(bridge). How long the bridge remembers behind which port a MAC is.
        - 0 to 1000000 seconds.
        - 'Default: the kernel''s, 300.'
        type: int
      multicast_snooping:
        description:
        - Of driver V(bridge). Whether multicast goes only where somebody listens.
        - 'Default: the kernel''s, on.'
        type: bool
      group_fwd_mask:
        description:
        - 'Of driver V(bridge). Which frames to the link-local groups 01:80:C2:00:00:00 to 0F the bridge forwards, by the bit of the last octet''s value:
          0x4000 is LLDP, 0x8 802.1X.'
        - 0 to 65528.
        - 'Default: 0, none; on a bridge of somebody else what that has.'
        - Such as C(16384).
        type: int
      bridge_mode:
        description:
        - 'Of driver V(bridge). V(managed) makes the bridge where there is none. V(existing) never does: somebody else makes it, and a host without it is
          an error.'
        - 'Default: V(managed).'
        type: str
        choices:
        - managed
        - existing
        default: managed
      vrf:
        description:
        - Of driver V(bridge). VRF that the bridge is put into, made where it is missing. It needs V(vrf_table).
        - Such as C(blue).
        type: str
      vrf_table:
        description:
        - Of driver V(bridge). Routing table of V(vrf). The host's own, 253 to 255, are refused.
        - 1 to 4294967295.
        - Such as C(1001).
        type: int
      vni:
        description:
        - Of driver V(overlay). Number of the network in its tunnels.
        - 1 to 16777215.
        - Needed on a host; a fleet's plan provides it.
        type: int
      udp_port:
        description:
        - Of driver V(overlay). UDP port of the tunnels.
        - 1024 to 49151.
        type: int
        default: 4789
      encryption:
        description:
        - Of driver V(overlay). This version encrypts nothing.
        - 'Default: V(none).'
        type: str
        choices:
        - none
        default: none
      control_plane:
        description:
        - Of driver V(overlay). This version writes down for each host where the endpoints of the others are.
        - 'Default: V(static).'
        type: str
        choices:
        - static
        default: static
      vtep_address:
        description:
        - Of driver V(overlay). This host's address on the network between the hosts.
        - Needed on a host; a fleet's plan provides it.
        type: str
      underlay_interface:
        description:
        - Of driver V(overlay). Link of the host that the tunnels are bound to.
        - 'Default: none, the host''s routes lead them.'
        type: str
      peers:
        description:
        - Of driver V(overlay). The other hosts of the overlay; a fleet's plan lists its own.
        - Of driver V(routed). The other hosts of the network, and their parts; a fleet's plan lists its own.
        type: list
        elements: dict
        default: []
        suboptions:
          host:
            description:
            - Of driver V(overlay) or V(routed). Name of the host.
            type: str
            required: true
          vtep:
            description:
            - Of driver V(overlay). Address of the host on the network between the hosts.
            - Required.
            type: str
          foreign:
            description:
            - Of driver V(overlay). Whether this collection does not manage the host. With one, ARP and neighbour discovery go through the tunnel instead
              of being answered on this host.
            - 'Default: V(true).'
            type: bool
            default: true
          next_hops:
            description:
            - Of driver V(routed). Addresses of the host on the network between the hosts, one of each IP version.
            - Required.
            type: raw
          subnets:
            description:
            - Of driver V(routed). The host's part of the network.
            - Required.
            type: list
            elements: str
      remote_endpoints:
        description:
        - Of driver V(overlay). The endpoints on other hosts; a fleet's plan lists its own.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description:
            - Name of the endpoint.
            type: str
            required: true
          mac:
            description:
            - MAC address of the endpoint.
            type: str
            required: true
          vtep:
            description:
            - Address of its host on the network between the hosts.
            type: str
            required: true
          addresses:
            description:
            - Addresses of the endpoint.
            type: list
            elements: str
            default: []
      vxlan_name:
        description:
        - Of driver V(overlay). Name of the VXLAN device on the host.
        - 'Default: C(vx-) and the network''s name.'
        type: str
      parent:
        description:
        - Of driver V(macvlan) or V(ipvlan). Interface of the host that the network stands on. V(eth1.30) is VLAN 30 of eth1, and is made where it is missing.
        - 'Default: the interface with the default route.'
        - Such as C(eth1).
        type: str
      mode:
        description:
        - 'Of driver V(macvlan). How the endpoints of one parent reach each other: directly, not at all, by the switch; with V(passthru) one endpoint has
          the parent to itself; with V(source) each takes in the frames of its V(source_macs) only, and those on one host reach each other as with V(vepa).'
        - 'Default: V(bridge).'
        - Of driver V(ipvlan). Whether the endpoints are on the segment of the parent (V(l2)), or behind routes of the host.
        - 'Default: V(l2).'
        type: str
        choices:
        - bridge
        - private
        - vepa
        - passthru
        - source
        - l2
        - l3
        - l3s
      shim_name:
        description:
        - Of driver V(macvlan). Name of the host's own link where V(host_access) is V(true).
        - 'Default: C(mv-) and the network''s name.'
        type: str
      broadcast_queue_length:
        description:
        - Of driver V(macvlan). Frames to many that may wait on the parent. It is one for all networks on it.
        - 1 to 1000000 frames.
        - 'Default: the kernel''s.'
        type: int
      broadcast_limit:
        description:
        - Of driver V(macvlan). From how many listeners on a frame to many waits in the queue; V(-1) never. It is one for all networks on the parent.
        - -1 to 1000000 listeners.
        - 'Default: the kernel''s, 1.'
        type: int
      flag:
        description:
        - 'Of driver V(ipvlan). How the endpoints of one parent reach each other: directly, not at all, or by the switch.'
        - 'Default: V(bridge).'
        type: str
        choices:
        - bridge
        - private
        - vepa
        default: bridge
      reach:
        description:
        - Of driver V(routed). Subnets of the whole network, on all hosts.
        - 'Default: those of V(ipam_config).'
        - Such as C([10.62.0.0/16]).
        type: list
        elements: str
      proxy_interfaces:
        description:
        - Of driver V(routed). Links of the host on which it answers ARP and neighbour discovery for the network's endpoints.
        type: list
        elements: str
        default: []
      host_prefix:
        description:
        - 'Of driver V(routed). Prefix length of each host''s part, which the plan cuts from V(ipam_config): a number, or one for each IP version.'
        - Only for a fleet's plan.
        - 'Such as C({ipv4: 24, ipv6: 64}).'
        type: raw
        suboptions:
          ipv4:
            description:
            - Prefix length of each host's IPv4 subnet.
            - 8 to 30.
            type: int
          ipv6:
            description:
            - Prefix length of each host's IPv6 subnet.
            - 16 to 126.
            type: int
      host_subnets:
        description:
        - 'Of driver V(routed). The part of each host, by its name: a subnet or a list of them.'
        - Only for a fleet's plan.
        - 'Such as C({h1: 10.62.1.0/24}).'
        type: dict
        default: {}
  endpoints:
    suboptions:
      name:
        description:
        - Name of the endpoint.
        type: str
        required: true
      container:
        description:
        - Where it lives. Required, unless V(network_mode) names another namespace.
        - It has exactly one of V(netns), V(docker), V(podman), V(docker_label), V(podman_label), V(docker_name), V(podman_name), V(machine), V(path), V(pid),
          V(cni).
        type: dict
        suboptions:
          netns:
            description:
            - Name of a network namespace, made if it does not exist.
            type: str
          docker:
            description:
            - Exact name or full id of a running container of the Docker Engine.
            type: str
          podman:
            description:
            - Exact name or full id of a running container of Podman.
            type: str
          docker_label:
            description:
            - Labels, all of which exactly one running container of the Docker Engine has.
            - Such as C(app=web,tier=front).
            type: str
          podman_label:
            description:
            - Labels, all of which exactly one running container of Podman has.
            - Such as C(app=web,tier=front).
            type: str
          docker_name:
            description:
            - Pattern that the name of exactly one running container of the Docker Engine fits, with * and ?.
            - Such as C(shop-*).
            type: str
          podman_name:
            description:
            - Pattern that the name of exactly one running container of Podman fits, with * and ?.
            - Such as C(shop-*).
            type: str
          machine:
            description:
            - Name of a running machine of systemd-machined, such as systemd-nspawn's, that has a network namespace of its own.
            type: str
          path:
            description:
            - Absolute path of a namespace file.
            - Such as C(/run/netns/cni-5d1e0c).
            type: str
          pid:
            description:
            - 'Number of a process, for single tasks: it changes with each start.'
            - 1 to 4194304.
            type: int
          cni:
            description:
            - Name of a slot, which a runtime fills by CNI or netavark with a container that it makes; until then nothing stands of it.
            type: str
      network_mode:
        description:
        - V(none) has no networks; what we had attached goes. V(host) is the host's own network, where nothing is attached. V(container:ENDPOINT) is the
          namespace of another endpoint of this host. None of them goes with networks, ports, devices, routes or rules; with the last two, V(container)
          is optional, and is checked to share that namespace.
        - 'Default: the networks it lists.'
        type: str
      networks:
        description:
        - 'The networks it is attached to: names, or maps.'
        - 'Such as C([web, {name: lan, ipv4_address: 192.0.2.70}]).'
        type: list
        elements: raw
        default: []
        suboptions:
          name:
            description:
            - Name of the network.
            type: str
            required: true
          ipv4_address:
            description:
            - IPv4 address of the endpoint on this network.
            - 'Default: the one it has, as long as it is in V(ip_range) and nobody else names it; else one of the subnet, by its name.'
            type: str
          ipv6_address:
            description:
            - IPv6 address of the endpoint on this network.
            - 'Default: as that of V(ipv4_address).'
            type: str
          addresses:
            description:
            - Further addresses, of subnets of the network. What the endpoint sends comes from the first one of each IP version, and ports lead to that.
              Each has the prefix length of its subnet, unless a longer one is given.
            - Such as C([10.20.0.11, 10.20.0.12/32]).
            type: list
            elements: str
            default: []
          mac_address:
            description:
            - MAC address of the endpoint on this network.
            - 'Default: derived from the network and the first address.'
            type: str
          interface_name:
            description:
            - Name of the interface inside.
            - 'Default: C(eth0), C(eth1), ... in order.'
            type: str
          host_interface_name:
            description:
            - Name of the host's end of the interface, where it has one.
            - 'Default: C(cn-) and a hash.'
            type: str
          ipam:
            description:
            - 'V(none) gives no address. There is no V(dhcp): nothing of this collection stays on a host to renew a lease.'
            type: str
            choices:
            - allocate
            - none
            default: allocate
          aliases:
            description:
            - Further names of the endpoint on this network, for whoever reads the declaration.
            type: list
            elements: str
            default: []
          gw_priority:
            description:
            - The network with the highest one gives the endpoint its default route.
            - -2147483648 to 2147483647.
            type: int
            default: 0
          default_route:
            description:
            - V(auto) makes a default route by this network where nobody else gave the container one. V(true) goes before one that is there, which stays;
              V(false) never makes one.
            type: raw
            choices:
            - auto
            - true
            - false
            default: auto
          metric:
            description:
            - Metric of that default route.
            - 0 to 4294967295.
            - 'Default: the usual one of its IP version, or what goes before others.'
            type: int
          sysctls:
            description:
            - Kernel parameters of the interface, for which V(IFNAME) stands in the key.
            - 'Such as C({net.ipv4.conf.IFNAME.rp_filter: 2}).'
            type: dict
            default: {}
          routes:
            description:
            - Routes that leave by this network.
            type: list
            elements: dict
            default: []
            suboptions:
              destination:
                description:
                - Subnet that the route leads to.
                type: str
                required: true
              gateway:
                description:
                - Address of the router behind which it lies.
                type: str
              type:
                description:
                - What becomes of packets to it. Only V(unicast) has a gateway; the others drop them, silently or with an answer.
                type: str
                choices:
                - unicast
                - blackhole
                - unreachable
                - prohibit
                default: unicast
              metric:
                description:
                - Of routes to one destination, that with the lowest counts.
                - 0 to 4294967295.
                type: int
                default: 0
              table:
                description:
                - 'Routing table that it is in: 254 is the one that every packet asks, others are asked by V(rules). 255 is the kernel''s own, and 1000000
                  to 17777215 are those of V(source_routing).'
                - 1 to 4294967295.
                type: int
                default: 254
              src:
                description:
                - Address of the endpoint that is preferred for what is sent by it.
                - 'Default: as the kernel chooses.'
                type: str
              onlink:
                description:
                - Whether the gateway is a neighbour although no subnet of the endpoint holds it. The interface must be known.
                type: bool
                default: false
              nexthops:
                description:
                - Two or more next hops that share the packets, in place of V(gateway) and V(interface).
                - 'Such as C([{gateway: 10.20.0.253}, {gateway: 10.20.0.254, weight: 2}]).'
                type: list
                elements: dict
                default: []
                suboptions:
                  gateway:
                    description:
                    - Address of the router behind which it lies.
                    type: str
                  weight:
                    description:
                    - Share of the packets.
                    - 1 to 256.
                    type: int
                    default: 1
          vlan:
            description:
            - Untagged VLAN of the port, where the bridge has V(vlan_filtering).
            - 1 to 4094.
            type: int
          trunk:
            description:
            - Tagged VLANs of the port, where the bridge has V(vlan_filtering).
            type: list
            elements: int
            default: []
          mtu:
            description:
            - Largest packet of this one interface and the host's end of it; at most the network's.
            - 68 to 65535 bytes.
            - 'Default: the network''s.'
            type: int
          isolated:
            description:
            - 'Port flag of this one attachment, on a network of driver V(bridge) or V(overlay): isolated ports do not reach each other.'
            - 'Default: V(true) where the network has V(enable_icc=false), else V(false).'
            type: bool
          anti_spoofing:
            description:
            - Whether the endpoint sends from its own addresses only, on a network of driver V(bridge) or V(overlay).
            - 'Default: that of the network.'
            type: bool
          allowed_addresses:
            description:
            - 'Addresses and subnets that the endpoint may speak for beside its own, on a network with V(anti_spoofing): of containers behind it, or one
              that moves.'
            - Such as C([10.20.0.100, 10.30.0.0/24]).
            type: list
            elements: str
            default: []
          allowed_macs:
            description:
            - MAC addresses that the endpoint may send from beside its own, on a network with V(anti_spoofing).
            - Such as C(["00:00:5e:00:01:0a"]).
            type: list
            elements: str
            default: []
          up:
            description:
            - Whether the interface is raised. One that is not has its addresses, but no routes, and answers to nobody.
            type: bool
            default: true
          promisc:
            description:
            - Whether the container's interface takes in every frame.
            type: bool
            default: false
          allmulti:
            description:
            - Whether the container's interface takes in every multicast frame.
            type: bool
            default: false
          txqueuelen:
            description:
            - Packets that may wait to leave by the container's interface.
            - 0 to 1000000 packets.
            type: int
            default: 1000
          source_macs:
            description:
            - MAC addresses whose frames alone the interface takes in, on a network of driver V(macvlan) with V(mode=source), which needs at least one.
            - Such as C(["02:00:00:00:00:02"]).
            type: list
            elements: str
            default: []
          ingress_rate:
            description:
            - 'How fast frames come to the endpoint, in bits per second: C(kbit), C(mbit) and C(gbit) are thousands of each other. Not on a network of driver
              V(macvlan) or V(ipvlan), where nothing of the host''s stands before the endpoint.'
            - 'Default: no limit.'
            - Such as C(100mbit).
            type: str
          ingress_burst:
            description:
            - What may come at once after a pause, in C(kib) or C(mib). At least one frame, and at most what passes in a minute.
            - 'Default: what passes in 10 ms at that rate, but at least C(16kib) and one frame.'
            - Such as C(64kib).
            type: str
          egress_rate:
            description:
            - How fast frames leave the endpoint, as V(ingress_rate).
            - 'Default: no limit.'
            - Such as C(50mbit).
            type: str
          egress_burst:
            description:
            - What may leave at once, as V(ingress_burst).
            - 'Default: what passes in 10 ms at that rate, but at least C(16kib) and one frame.'
            - Such as C(64kib).
            type: str
          dscp:
            description:
            - 'Differentiated services code point that what the endpoint sends carries from the host on, whatever the endpoint wrote: a name such as V(ef),
              or a number. Not where the host routes nothing for it: on a network of driver V(macvlan) or V(ipvlan), or on a bridge of the LAN.'
            - 'Default: as the endpoint wrote it.'
            - Such as C(ef).
            type: raw
          netem:
            description:
            - 'What a bad network would do to what the endpoint sends: on this attachment packets leave late, get lost, come twice or overtake each other.'
            - 'Default: nothing of that.'
            - 'Such as C({delay: 20ms, loss: "1%"}).'
            type: dict
            suboptions:
              delay:
                description:
                - How much later each packet leaves, in C(us), C(ms) or C(s).
                - 'Default: none.'
                - Such as C(20ms).
                type: str
              jitter:
                description:
                - By how much the delay of each packet may be shorter or longer, evenly spread. Packets may overtake each other then. At most the delay.
                - 'Default: every packet waits as long.'
                - Such as C(2ms).
                type: str
              loss:
                description:
                - Share of the packets that are lost, by chance.
                - 'Default: none.'
                - Such as C("1%").
                type: str
              duplicate:
                description:
                - Share of the packets that are sent twice.
                - 'Default: none.'
                - Such as C("1%").
                type: str
              reorder:
                description:
                - Share of the packets that leave at once, and so in front of others that wait. Needs V(delay).
                - 'Default: none.'
                - Such as C("5%").
                type: str
      ports:
        description:
        - 'Ports of the host that lead to it: text such as C([host_ip:]published[-end]:target[-end][/protocol]), which needs quotes, or maps. Where no port
          of the host is named, as in V(80/tcp) or V(192.0.2.10::80), a free one is chosen and kept.'
        - Such as C(["8080:80/tcp"]).
        type: list
        elements: raw
        default: []
        suboptions:
          published:
            description:
            - Port of the host, or a range such as V(8000-8010).
            - 'Default: one that is free, from 49153 to 65535.'
            type: raw
          target:
            description:
            - Port inside, or a range of the same size.
            type: raw
            required: true
          protocol:
            description:
            - Its protocol.
            type: str
            choices:
            - tcp
            - udp
            - sctp
            default: tcp
          host_ip:
            description:
            - Address of the host at which the port is published. At V(127.0.0.1), or another one of loopback, only the host itself reaches it.
            - 'Default: all of them but those of loopback.'
            type: str
          host_ip_nonlocal:
            description:
            - Whether V(host_ip) need not be an address of this host yet.
            type: bool
            default: false
          allowed_sources:
            description:
            - Subnets and addresses that may use the port.
            - 'Default: everybody.'
            type: list
            elements: str
      sysctls:
        description:
        - Kernel parameters of the whole namespace.
        - 'Such as C({net.ipv4.ip_unprivileged_port_start: 80}).'
        type: dict
        default: {}
      source_routing:
        description:
        - Whether answers leave by the interface the question came in on, where several of its networks have a gateway in one family, or one and another
          is a LAN.
        type: bool
        default: true
      routes:
        description:
        - Routes inside, which leave by the interface that reaches the gateway, or by the one they name.
        type: list
        elements: dict
        default: []
        suboptions:
          destination:
            description:
            - Subnet that the route leads to.
            type: str
            required: true
          gateway:
            description:
            - Address of the router behind which it lies.
            type: str
          type:
            description:
            - What becomes of packets to it. Only V(unicast) has a gateway; the others drop them, silently or with an answer.
            type: str
            choices:
            - unicast
            - blackhole
            - unreachable
            - prohibit
            default: unicast
          metric:
            description:
            - Of routes to one destination, that with the lowest counts.
            - 0 to 4294967295.
            type: int
            default: 0
          interface:
            description:
            - Interface inside by which it leaves.
            - 'Default: the one that reaches the gateway.'
            type: str
          table:
            description:
            - 'Routing table that it is in: 254 is the one that every packet asks, others are asked by V(rules). 255 is the kernel''s own, and 1000000 to
              17777215 are those of V(source_routing).'
            - 1 to 4294967295.
            type: int
            default: 254
          src:
            description:
            - Address of the endpoint that is preferred for what is sent by it.
            - 'Default: as the kernel chooses.'
            type: str
          onlink:
            description:
            - Whether the gateway is a neighbour although no subnet of the endpoint holds it. The interface must be known.
            type: bool
            default: false
          nexthops:
            description:
            - Two or more next hops that share the packets, in place of V(gateway) and V(interface).
            - 'Such as C([{gateway: 10.20.0.253}, {gateway: 10.20.0.254, weight: 2}]).'
            type: list
            elements: dict
            default: []
            suboptions:
              gateway:
                description:
                - Address of the router behind which it lies.
                type: str
              interface:
                description:
                - Interface inside by which it leaves.
                - 'Default: the one that reaches the gateway.'
                type: str
              weight:
                description:
                - Share of the packets.
                - 1 to 256.
                type: int
                default: 1
      rules:
        description:
        - Which of its packets ask which of its routing tables before the main one. What it has of its own is left alone.
        type: list
        elements: dict
        default: []
        suboptions:
          from:
            description:
            - Only packets from this subnet or address.
            - 'Default: any.'
            type: str
          to:
            description:
            - Only packets to this subnet or address.
            - 'Default: any.'
            type: str
          iif:
            description:
            - Only what comes in by this interface; V(lo) is what the container sends itself.
            - 'Default: any.'
            type: raw
          oif:
            description:
            - Only what is sent by sockets that are bound to this interface.
            - 'Default: any.'
            type: raw
          fwmark:
            description:
            - Only packets with this mark, of which only the bits of a mask may count.
            - 'Default: any.'
            - Such as C(0x1/0xff).
            type: raw
          table:
            description:
            - Routing table that they ask.
            - 1 to 4294967295.
            type: int
            required: true
          priority:
            description:
            - Rules are asked in this order, the lowest first; each number once in an IP version. 30000 is that of V(source_routing).
            - 1 to 32765.
            type: int
            required: true
      forwarding:
        description:
        - Whether it is a router between its interfaces. On a network with V(gateway_on_host=false) it may have the gateway's address.
        type: bool
        default: false
      masquerade:
        description:
        - Those of its networks towards which a router hides the others behind its own address (NAT inside the endpoint).
        type: list
        elements: str
        default: []
      devices:
        description:
        - Links of the host that are handed to it, and given back on removal. One that is in use, or that carries the host's default route or the connection
          to it, is refused.
        - It has exactly one of V(name), V(mac), V(pci_address).
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description:
            - Name that the link has on the host.
            type: str
          mac:
            description:
            - MAC address of the link.
            type: str
          pci_address:
            description:
            - Place of the card.
            - Such as C("0000:03:00.0").
            type: str
          interface_name:
            description:
            - Name of the interface inside.
            - 'Default: the next free C(ethN).'
            type: str
          addresses:
            description:
            - Addresses of the interface inside, with prefix length.
            type: list
            elements: str
            default: []
          mtu:
            description:
            - Largest packet of the interface.
            - 68 to 65535 bytes.
            - 'Default: what it has.'
            type: int
      groups:
        description:
        - Groups it is in, by which policies name it.
        - Such as C([backend]).
        type: list
        elements: str
        default: []
      labels:
        description:
        - Text of your own, for whoever reads the declaration.
        - 'Such as C({team: shop}).'
        type: dict
        default: {}
      state:
        description:
        - Whether it is to be there. With V(absent), only what names it may stand beside.
        type: str
        choices:
        - present
        - absent
        default: present
  links:
    suboptions:
      name:
        description:
        - Name of the link.
        type: str
        required: true
      ends:
        description:
        - The two ends of a wire, or the one of a tunnel, which is in an endpoint.
        - It has exactly one of V(endpoint), V(network), V(host).
        type: list
        elements: dict
        required: true
        suboptions:
          endpoint:
            description:
            - Endpoint that the end is an interface of.
            type: str
          network:
            description:
            - Network that the end is a port of, of driver V(bridge) or V(overlay).
            type: str
          host:
            description:
            - V(true) leaves the end with the host, as an interface of its own; the other end is in an endpoint. Nothing is forwarded or translated because
              of it.
            type: bool
            default: false
          interface_name:
            description:
            - Name of the interface.
            - 'Default: inside an endpoint the next free C(ethN), on the host C(cn-) and a hash.'
            type: str
          mac_address:
            description:
            - MAC address of the interface, not of a network's port.
            - 'Default: derived from the link.'
            type: str
          addresses:
            description:
            - Addresses of the interface, with prefix length; not of a network's port.
            type: list
            elements: str
            default: []
      tunnel:
        description:
        - Makes it a tunnel, a VXLAN device that ends in an endpoint. The other end is declared on the other host.
        type: dict
        suboptions:
          vni:
            description:
            - Number of the tunnel, the same at both ends.
            - 1 to 16777215.
            type: int
            required: true
          remote:
            description:
            - Address of the other host. Only it may send into the tunnel.
            type: str
            required: true
          local:
            description:
            - This host's address.
            - 'Default: the one on the way to V(remote).'
            type: str
          udp_port:
            description:
            - UDP port of the tunnel.
            - 1024 to 49151.
            type: int
            default: 4789
          underlay_interface:
            description:
            - Link of the host that the tunnel is bound to.
            - 'Default: none, the host''s routes lead it.'
            type: str
      mtu:
        description:
        - Largest packet.
        - 68 to 65535 bytes.
        - 'Default: of a wire the smallest of its networks, or 1500; of a tunnel the underlay''s less 50 over IPv4 or 70 over IPv6.'
        type: int
      state:
        description:
        - Whether it is to be there. With V(absent), only what names it may stand beside.
        type: str
        choices:
        - present
        - absent
        default: present
  policies:
    suboptions:
      name:
        description:
        - Name of the policy; it stands in its log lines, and O(policies) has it once.
        type: str
        required: true
      from:
        description:
        - Who begins the connection.
        - 'Default: anybody.'
        type: dict
        suboptions:
          endpoints:
            description:
            - Endpoints by their names.
            - Such as C([api]).
            type: list
            elements: str
            default: []
          groups:
            description:
            - All endpoints that have one of these in their V(groups).
            - Such as C([backend]).
            type: list
            elements: str
            default: []
          networks:
            description:
            - All that is on these networks.
            - Such as C([web]).
            type: list
            elements: str
            default: []
          cidrs:
            description:
            - Subnets and addresses, whoever has them.
            - Such as C([192.0.2.0/24]).
            type: list
            elements: str
            default: []
          addresses:
            description:
            - What is named and lives on other hosts, on routed networks. M(netloom.container_net.fleet_plan) fills it in.
            type: list
            elements: str
            default: []
          neighbours:
            description:
            - The same of overlays, where only who is on them can have such an address.
            type: list
            elements: str
            default: []
      to:
        description:
        - Whom it is to. A V(deny), or the first V(allow) that names both sides, decides.
        - 'Default: anybody.'
        type: dict
        suboptions:
          endpoints:
            description:
            - Endpoints by their names.
            - Such as C([api]).
            type: list
            elements: str
            default: []
          groups:
            description:
            - All endpoints that have one of these in their V(groups).
            - Such as C([backend]).
            type: list
            elements: str
            default: []
          networks:
            description:
            - All that is on these networks.
            - Such as C([web]).
            type: list
            elements: str
            default: []
          cidrs:
            description:
            - Subnets and addresses, whoever has them.
            - Such as C([192.0.2.0/24]).
            type: list
            elements: str
            default: []
          addresses:
            description:
            - What is named and lives on other hosts, on routed networks. M(netloom.container_net.fleet_plan) fills it in.
            type: list
            elements: str
            default: []
          neighbours:
            description:
            - The same of overlays, where only who is on them can have such an address.
            type: list
            elements: str
            default: []
      ports:
        description:
        - Ports it is about, each with its protocol.
        - 'Default: every protocol.'
        - Such as C(["5432/tcp"]).
        type: list
        elements: str
      action:
        description:
        - What happens to it.
        type: str
        choices:
        - allow
        - deny
        required: true
      log:
        description:
        - Whether the kernel's log gets a line for such connections, at most 10 a minute.
        type: bool
        default: false
"""
