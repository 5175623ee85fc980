# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from ..._document.scene import Scene
from .network import MacvlanNetwork


def check_passthru(network: MacvlanNetwork, scene: Scene) -> None:
    """Report what a parent that is handed over cannot have: none, or two owners."""
    if not network.takes_parent:
        return
    if network.internal:
        scene.report(scene.network(network) + ".mode", network.mode, "an internal network has no parent to hand over", "use mode bridge or name a parent")
    members = [endpoint for endpoint in scene.document.endpoints if any(item.network == network.name for item in endpoint.attachments)]
    for endpoint in members[1:]:
        path = "%s.networks[%s]" % (scene.endpoint(endpoint), network.name)
        scene.report(path, network.name, 'mode passthru has room for one endpoint, and "%s" is there' % members[0].name, "remove one or use mode bridge")
