#!/usr/bin/python
# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: probe
author:
  - The netloom.container_net authors (@netloom)
short_description: Check with real packets what a container or namespace can reach
version_added: 1.0.0
description:
  - Runs a list of checks from inside any network namespace of a host, side by side, and returns a list and a matrix.
  - A check can demand that something is reached, or that it is not.
  - Can also open responders, which answer with the name of their endpoint, so that a check can tell who answered.
  - Needs no tools on the host, neither C(ping) nor C(nc) nor C(dig).
notes:
  - No answer within the time allowed, a refused connection and a missing route all count as V(refuse). The RV(results[].detail) tells them apart.
  - To prove that a firewall refuses something, have a responder listen there. Without one, the refusal may only mean that nobody was at home.
requirements:
  - Python >= 3.9 on the host where the module runs
extends_documentation_fragment:
  - netloom.container_net.attributes
attributes:
  check_mode:
    support: full
    details:
      - The module changes nothing, so in check mode it sends the same packets.
  diff_mode:
    support: N/A
    details:
      - The module changes nothing.
  idempotent:
    support: full
    details:
      - The module changes nothing.
options:
  namespace:
    description:
      - Where every check starts and every responder listens that does not say otherwise.
      - The name of a named network namespace, or the absolute path of a namespace file.
      - Without it, that is the network namespace of the host.
    type: str
  checks:
    description: What to try. All checks run at the same time.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name in the results. The default is made of type, start and target.
        type: str
      from:
        description: Where the check starts. The default is O(namespace).
        type: dict
        suboptions:
          netns:
            description: Name of a named network namespace.
            type: str
          path:
            description: Absolute path of a namespace file. Excludes O(checks[].from.netns).
            type: str
          docker:
            description: Name or full id of a container of the Docker Engine. Excludes the other places.
            type: str
          podman:
            description: Name or full id of a container of Podman. Excludes the other places.
            type: str
          docker_label:
            description: Labels, such as C(app=web,tier=front), all of which exactly one running container of the Docker Engine has. Excludes the other places.
            type: str
          podman_label:
            description: Labels, such as C(app=web,tier=front), all of which exactly one running container of Podman has. Excludes the other places.
            type: str
          docker_name:
            description: Pattern, such as C(shop-*), that the name of exactly one running container of the Docker Engine fits. Excludes the other places.
            type: str
          podman_name:
            description: Pattern, such as C(shop-*), that the name of exactly one running container of Podman fits. Excludes the other places.
            type: str
          machine:
            description: Name of a machine of systemd-machined. Excludes the other places.
            type: str
          pid:
            description: Number of a process whose network namespace it is. Excludes the other places.
            type: int
          label:
            description: Word for the place in the results and the rows of the matrix.
            type: str
      type:
        description:
          - V(ping) sends ICMP echo requests.
          - V(tcp) opens a connection.
          - V(udp) sends datagrams with a unique token and waits until it comes back, as a responder of this module or any echo server sends it.
          - V(mtu) finds the largest packet that gets there unfragmented, by ICMP echo requests.
          - V(name) asks the DNS server O(checks[].server) for the addresses of a name.
        type: str
        required: true
        choices: [ping, tcp, udp, mtu, name]
      address:
        description: IPv4 or IPv6 address to reach. For O(checks[].type=name), the name to look up.
        type: str
        required: true
      to:
        description: Word for the target in the results and the columns of the matrix. The default is the address.
        type: str
      port:
        description: Port to reach. Required for V(tcp) and V(udp). For V(name), the port of the server, by default 53.
        type: int
      size:
        description:
          - Bytes of the whole IP packet.
          - For V(ping), the packet has this size and may not be fragmented.
          - For V(mtu), the check passes when the path MTU is at least this. The default is what the kernel of the start has
            learned to send there, so that a check finds a path on which large packets vanish without a word.
        type: int
      server:
        description: IP address of the DNS server. Required for O(checks[].type=name).
        type: str
      record:
        description: Kind of record to ask for.
        type: str
        choices: [A, AAAA]
        default: A
      timeout:
        description:
          - Seconds that the whole check may take.
          - For V(mtu), the time for the first answer. what follows waits ten round trips for each packet, and 0.2 seconds at least.
        type: float
        default: 2.0
      count:
        description: How many packets to send, spread over the O(checks[].timeout), before no answer is taken for a refusal. V(tcp) does not use it.
        type: int
        default: 3
      expect:
        description: What is right. Any other outcome is a failed check.
        type: str
        choices: [pass, refuse]
        default: pass
      expect_banner:
        description:
          - Name of the responder that must answer a V(tcp) or V(udp) check.
          - An answer from somebody else is neither V(pass) nor V(refuse) but V(error), and always a failed check.
        type: str
  listen:
    description: Responders. They answer every TCP connection and every UDP datagram with a line that holds their name.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name to answer with.
        type: str
        required: true
      in:
        description: Where to listen. The default is O(namespace).
        type: dict
        suboptions:
          netns:
            description: Name of a named network namespace.
            type: str
          path:
            description: Absolute path of a namespace file. Excludes O(listen[].in.netns).
            type: str
          docker:
            description: Name or full id of a container of the Docker Engine. Excludes the other places.
            type: str
          podman:
            description: Name or full id of a container of Podman. Excludes the other places.
            type: str
          docker_label:
            description: Labels, such as C(app=web,tier=front), all of which exactly one running container of the Docker Engine has. Excludes the other places.
            type: str
          podman_label:
            description: Labels, such as C(app=web,tier=front), all of which exactly one running container of Podman has. Excludes the other places.
            type: str
          docker_name:
            description: Pattern, such as C(shop-*), that the name of exactly one running container of the Docker Engine fits. Excludes the other places.
            type: str
          podman_name:
            description: Pattern, such as C(shop-*), that the name of exactly one running container of Podman fits. Excludes the other places.
            type: str
          machine:
            description: Name of a machine of systemd-machined. Excludes the other places.
            type: str
          pid:
            description: Number of a process whose network namespace it is. Excludes the other places.
            type: int
          label:
            description: Word for the place in messages.
            type: str
      protocol:
        description: Transport protocol.
        type: str
        choices: [tcp, udp]
        default: tcp
      address:
        description: Address to listen on. V(any) is every address of both families.
        type: str
        default: any
      port:
        description: Port to listen on.
        type: int
        required: true
  hold:
    description:
      - Seconds, counted from the start, after which the responders end.
      - With V(0), they end with the checks of the same task.
      - With O(background=false), the task itself lasts as long.
    type: int
    default: 0
  background:
    description:
      - Leave the responders to a process of their own and go on with the play.
      - When the task is done, every responder is ready.
    type: bool
    default: false
  run_file:
    description:
      - Absolute path of an empty file that exists as long as the responders run. Removing it ends them.
      - A call with the same file takes the place of an earlier one.
    type: path
  fail_on_mismatch:
    description: Whether a failed check makes the task fail.
    type: bool
    default: true
seealso:
  - module: netloom.container_net.topology
"""

EXAMPLES = r"""
- name: A container reaches the other one, and its packets fit
  netloom.container_net.probe:
    namespace: api
    checks:
      - {type: ping, address: 10.20.0.11, to: db}
      - {type: tcp, address: 10.20.0.11, to: db, port: 5432}
      - {type: mtu, address: 10.20.0.11, to: db, size: 1450}

- name: Two networks of a host do not see each other
  netloom.container_net.probe:
    listen:
      - {name: db, in: {netns: db}, port: 5432}
    checks:
      - {from: {netns: api}, type: tcp, address: 10.20.0.11, to: db, port: 5432, expect_banner: db}
      - {from: {netns: guest}, type: tcp, address: 10.20.0.11, to: db, port: 5432, expect: refuse}
      - {from: {docker: shop}, type: tcp, address: 10.20.0.11, to: db, port: 5432, expect_banner: db}

- name: Have every container of the fleet answer for a minute
  netloom.container_net.probe:
    listen:
      - {name: api, in: {netns: api}, port: 7000}
      - {name: api, in: {netns: api}, port: 7000, protocol: udp}
    background: true
    hold: 60
    run_file: /run/container_net_probe

- name: End them before the time
  ansible.builtin.file:
    path: /run/container_net_probe
    state: absent

- name: Print who reaches whom, without failing
  netloom.container_net.probe:
    fail_on_mismatch: false
    checks:
      - {from: {label: this host}, type: udp, address: "2001:db8::11", to: h1, port: 7000}
      - {from: {label: this host}, type: name, address: db.example.org, to: db, server: 192.0.2.53, record: AAAA}
  register: reached

- name: Show the matrix
  ansible.builtin.debug:
    msg: "{{ reached.matrix.splitlines() }}"
"""

RETURN = r"""
results:
  description: Every check with its outcome, in the order of the option.
  returned: always, unless the input is wrong or a responder cannot listen
  type: list
  elements: dict
  contains:
    name:
      description: Name of the check.
      type: str
      sample: tcp api -> db port 5432
    from:
      description: Where it started.
      type: str
      sample: api
    to:
      description: Word for the target.
      type: str
      sample: db
    type:
      description: Type of the check.
      type: str
      sample: tcp
    address:
      description: The address, or for V(name) the name.
      type: str
      sample: 10.20.0.11
    port:
      description: The port, or null.
      type: int
      sample: 5432
    expect:
      description: What was expected.
      type: str
      sample: pass
    outcome:
      description: What happened, V(pass), V(refuse), or V(error) when it could not be tried or somebody else answered.
      type: str
      sample: pass
    ok:
      description: Whether the outcome is the expected one.
      type: bool
      sample: true
    detail:
      description: The reason in words.
      type: str
      sample: connected, "db" answered
    milliseconds:
      description: How long the check took.
      type: float
      sample: 1.482
    banner:
      description: Name of the responder that answered, or the first line of another server.
      returned: for V(tcp) and V(udp), when there was an answer
      type: str
      sample: db
    path_mtu:
      description: Bytes of the largest packet that got there, or null.
      returned: for V(mtu)
      type: int
      sample: 1450
    addresses:
      description: The addresses found.
      returned: for V(name)
      type: list
      elements: str
      sample: ["2001:db8::5"]
  sample:
    - {name: tcp api -> db port 5432, from: api, to: db, type: tcp, address: 10.20.0.11, port: 5432, expect: pass, outcome: pass, ok: true,
       detail: "connected, \"db\" answered", milliseconds: 1.482, banner: db}
matrix:
  description: The results as a text table with a legend, rows by start, columns by target.
  returned: always, unless the input is wrong or a responder cannot listen
  type: str
  sample: |
    from / to  db
    api        ok
    guest      --
failed_checks:
  description: One sentence for each check whose outcome is not the expected one.
  returned: always, unless the input is wrong or a responder cannot listen
  type: list
  elements: str
  sample: ["tcp guest -> db port 5432: tcp from guest to 10.20.0.11 port 5432 should refuse: connected, \"db\" answered"]
listening:
  description: The sockets of the responders.
  returned: when O(listen) is given
  type: list
  elements: dict
  contains:
    name:
      description: Name of the responder.
      type: str
    protocol:
      description: Transport protocol.
      type: str
    address:
      description: Address of the socket.
      type: str
    port:
      description: Port of the socket.
      type: int
  sample:
    - {name: db, protocol: tcp, address: 0.0.0.0, port: 5432}
"""

import math
from typing import Any, Dict, List, Tuple

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._model.errors import PROBLEMS_SHOWN, ContainerNetError, InputError, Problem
from ..module_utils._probe.arguments import read_checks, read_responders
from ..module_utils._probe.background import Lease, leave_behind
from ..module_utils._probe.check import TYPES, Check, Responder, Result
from ..module_utils._probe.locations import find_locations
from ..module_utils._probe.matrix import render_matrix
from ..module_utils._probe.responder import Opened, Service, open_responders, serve
from ..module_utils._probe.runner import run_checks

HOLD_LIMIT = 86400
LOCATION = {
    "netns": {"type": "str"},
    "path": {"type": "str"},
    "docker": {"type": "str"},
    "podman": {"type": "str"},
    "docker_label": {"type": "str"},
    "podman_label": {"type": "str"},
    "docker_name": {"type": "str"},
    "podman_name": {"type": "str"},
    "machine": {"type": "str"},
    "pid": {"type": "int"},
    "label": {"type": "str"},
}
CHECK = {
    "name": {"type": "str"},
    "from": {"type": "dict", "options": LOCATION},
    "type": {"type": "str", "required": True, "choices": list(TYPES)},
    "address": {"type": "str", "required": True},
    "to": {"type": "str"},
    "port": {"type": "int"},
    "size": {"type": "int"},
    "server": {"type": "str"},
    "record": {"type": "str", "choices": ["A", "AAAA"], "default": "A"},
    "timeout": {"type": "float", "default": 2.0},
    "count": {"type": "int", "default": 3},
    "expect": {"type": "str", "choices": ["pass", "refuse"], "default": "pass"},
    "expect_banner": {"type": "str"},
}
RESPONDER = {
    "name": {"type": "str", "required": True},
    "in": {"type": "dict", "options": LOCATION},
    "protocol": {"type": "str", "choices": ["tcp", "udp"], "default": "tcp"},
    "address": {"type": "str", "default": "any"},
    "port": {"type": "int", "required": True},
}
ARGUMENTS = {
    "namespace": {"type": "str"},
    "checks": {"type": "list", "elements": "dict", "default": [], "options": CHECK},
    "listen": {"type": "list", "elements": "dict", "default": [], "options": RESPONDER},
    "hold": {"type": "int", "default": 0},
    "background": {"type": "bool", "default": False},
    "run_file": {"type": "path"},
    "fail_on_mismatch": {"type": "bool", "default": True},
}


def read_options(params: Dict[str, Any]) -> Tuple[Tuple[Check, ...], Tuple[Responder, ...]]:
    """Return checks and responders; InputError with every problem of all options."""
    problems: List[Problem] = []
    if not 0 <= params["hold"] <= HOLD_LIMIT:
        problems.append(Problem("hold", params["hold"], "0 to %d seconds" % HOLD_LIMIT))
    if params["background"] and not (params["hold"] and params["listen"]):
        problems.append(Problem("background", True, "needs listen, and a hold of 1 second or more"))
    if params["run_file"] and not params["run_file"].startswith("/"):
        problems.append(Problem("run_file", params["run_file"], "an absolute path is needed"))
    checks: Tuple[Check, ...] = ()
    responders: Tuple[Responder, ...] = ()
    try:
        checks = read_checks(params["checks"], params["namespace"])
    except InputError as error:
        problems.extend(error.problems)
    try:
        responders = read_responders(params["listen"], params["namespace"])
    except InputError as error:
        problems.extend(problem for problem in error.problems if problem not in problems)
    if problems:
        raise InputError(tuple(problems))
    return checks, responders


def run(params: Dict[str, Any]) -> Tuple[List[Result], List[Dict[str, Any]]]:
    """Open the responders, run the checks, and let the responders end as they should."""
    checks, responders = find_locations(*read_options(params))
    if not responders:
        return run_checks(checks), []
    lease = Lease(params["hold"] or math.inf, params["run_file"])
    try:
        opened = open_responders(responders)
    except ContainerNetError:
        lease.end()
        raise
    listening = [_describe(item) for item in opened]
    if params["background"]:

        def answer() -> None:
            serve(opened, lease.goes_on)
            lease.end()

        leave_behind(answer, lease.descriptors | {item.socket.fileno() for item in opened})
        for item in opened:
            item.socket.close()
        return run_checks(checks), listening
    service = Service(opened, lease.goes_on)
    results = run_checks(checks)
    if params["hold"]:
        service.wait()
    else:
        service.stop()
    lease.end()
    return results, listening


def _describe(item: Opened) -> Dict[str, Any]:
    address, port = item.socket.getsockname()[:2]
    return {"name": item.responder.name, "protocol": item.responder.protocol, "address": address, "port": port}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        results, listening = run(module.params)
    except ContainerNetError as error:
        module.fail_json(msg=str(error))
    failed = [result.line for result in results if not result.ok]
    answer: Dict[str, Any] = {
        "changed": False,
        "results": [result.as_dict() for result in results],
        "matrix": render_matrix(results),
        "failed_checks": failed,
    }
    if listening:
        answer["listening"] = listening
    if failed and module.params["fail_on_mismatch"]:
        lines = ["- " + line for line in failed[:PROBLEMS_SHOWN]]
        if len(failed) > PROBLEMS_SHOWN:
            lines.append("... and %d more" % (len(failed) - PROBLEMS_SHOWN))
        module.fail_json(msg="%d of %d checks not as expected:\n%s" % (len(failed), len(results), "\n".join(lines)), **answer)
    module.exit_json(**answer)


if __name__ == "__main__":
    main()
