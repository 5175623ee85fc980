# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documents of cases_bad.yml."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import yaml

CASES: List[Dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("_document").joinpath("cases_bad.yml").read_text(encoding="utf-8"))

WEB = "networks: [{name: web, ipam_config: [{subnet: 10.20.0.0/24}]}]\n"
DOCUMENTS = {
    "document": "%s",
    "bridge": "networks:\n  - name: web\n    %s\n",
    "dual": "networks:\n  - name: web\n    ipam_config: [{subnet: 10.20.0.0/24}, {subnet: 'fd00:20::/64'}]\n    %s\n",
    "ipam": "networks: [{name: web, ipam_config: [{subnet: %s}]}]\n",
    "subnet": "networks: [{name: web, ipam_config: [{subnet: 10.20.0.0/24, %s}]}]\n",
    "overlay": "networks:\n  - name: mesh\n    driver: overlay\n    vni: 4200\n    vtep_address: 192.0.2.1\n"
    "    ipam_config: [{subnet: 10.60.0.0/16}]\n    %s\n",
    "overlay-bare": "networks:\n  - name: mesh\n    driver: overlay\n    vtep_address: 192.0.2.1\n    %s\n",
    "routed": "networks:\n  - name: mesh\n    driver: routed\n    ipam_config: [{subnet: 10.62.1.0/24}]\n    reach: [10.62.0.0/16]\n    %s\n",
    "routed-endpoint": "networks: [{name: mesh, driver: routed, ipam_config: [{subnet: 10.62.1.0/24}]}]\n"
    "endpoints:\n  - name: api\n    container: {netns: api}\n    networks: [mesh]\n    %s\n",
    "macvlan": "networks:\n  - name: lan\n    driver: macvlan\n    ipam_config: [{subnet: 192.0.2.0/24}]\n    %s\n",
    "ipvlan": "networks:\n  - name: lan\n    driver: ipvlan\n    %s\n",
    "lan-attachment": "networks: [{name: lan, driver: %s}]\nendpoints:\n  - {name: api, container: {netns: api}, networks: [{name: lan, ipam: none, %s}]}\n",
    "endpoint": WEB + "endpoints:\n  - name: api\n    container: {netns: api}\n    networks: [web]\n    %s\n",
    "attachment": WEB + "endpoints:\n  - name: api\n    container: {netns: api}\n    networks:\n      - name: web\n        %s\n",
    "container": WEB + "endpoints:\n  - name: api\n    container:\n      %s\n    networks: [web]\n",
    "ports": WEB + "endpoints: [{name: api, container: {netns: api}, networks: [web], ports: [%s]}]\n",
    "two-endpoints": WEB
    + "endpoints:\n  - {name: api, container: {netns: a}, networks: [{name: web, %s}]}\n  - {name: db, container: {netns: b}, networks: [{name: web, %s}]}\n",
    "links": "networks: [{name: web, ipam_config: [{subnet: 10.20.0.0/24}]}, {name: s2}, {name: s3}, {name: mesh, driver: overlay, vni: 4300, "
    + "vtep_address: 192.0.2.1}]\nendpoints: [{name: a, container: {netns: a}, networks: [web]}, {name: b, container: {netns: b}}]\nlinks: [%s]\n",
    "router": "networks: [{name: web, gateway_on_host: false, ipam_config: [{subnet: 10.20.0.0/24}]}]\n"
    + "endpoints:\n  - name: api\n    container: {netns: api}\n    networks: [{name: web, ipv4_address: 10.20.0.9}]\n    %s\n",
    "policies": "networks: [{name: web, ipam_config: [{subnet: 10.20.0.0/24}]}, {name: mesh, driver: routed, ipam_config: [{subnet: 10.62.1.0/24}]}, "
    + "{name: lan, driver: macvlan}, {name: one}, {name: two}]\nlinks: [{name: patch, ends: [{network: one}, {network: two}]}]\nendpoints: "
    + "[{name: api, container: {netns: api}, groups: [front], networks: [web]}, {name: db, container: {netns: db}, networks: [mesh]}, "
    + "{name: bare, container: {netns: bare}, groups: [none]}, {name: host, network_mode: host}, "
    + "{name: cam, container: {netns: cam}, groups: [far], networks: [{name: lan, ipam: none}]}]\npolicies: [%s]\n",
    "devices": "endpoints: [{name: fw, container: {netns: fw}, devices: [%s]}]\n",
    "crowd": "networks: [{name: web, ipam_config: [{subnet: %s}]}]\nendpoints:\n"
    + "".join("  - {name: e%d, container: {netns: e%d}, networks: [web]}\n" % (number, number) for number in range(9)),
}


def document_of(case: Dict[str, Any]) -> Any:
    """Return what YAML makes of a case; a flow map is spread over the keys around it, @300 is a long text."""
    template, text = DOCUMENTS[case["in"]], case["text"].replace("@300", "x" * 300)
    if text.startswith("{") and case["in"] not in ("document", "ports", "container", "links", "devices", "policies"):
        indent = template[: template.index("%s")].rpartition("\n")[2]
        text = yaml.safe_dump(yaml.safe_load(text)).rstrip().replace("\n", "\n" + indent)
    if case["in"] == "lan-attachment":
        return yaml.safe_load(template % tuple(text.split(" | ")))
    return yaml.safe_load(template.replace("%s", text))
