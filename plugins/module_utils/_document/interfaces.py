# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What the host's ends of endpoints are called."""

from __future__ import annotations

from dataclasses import replace
from typing import Mapping, Sequence, Tuple

from .._model import names
from .._model.document import Attachment, Endpoint
from .._model.network import Network


def name_interfaces(endpoints: Sequence[Endpoint], networks: Sequence[Network], scope: str) -> Tuple[Endpoint, ...]:
    """Return the endpoints with the names that their networks give to host-side links, where none was given."""
    naming = {network.name: network for network in networks if network.names_interfaces}
    return tuple(_named(endpoint, naming, scope) if naming else endpoint for endpoint in endpoints)


def _named(endpoint: Endpoint, networks: Mapping[str, Network], scope: str) -> Endpoint:
    def name(attachment: Attachment) -> Attachment:
        usual = names.host_interface_name(scope, endpoint.name, attachment.network)
        if attachment.network not in networks or attachment.host_interface_name != usual:
            return attachment
        return replace(attachment, host_interface_name=networks[attachment.network].name_interface(scope, endpoint.name))

    return replace(endpoint, attachments=tuple(map(name, endpoint.attachments)))
