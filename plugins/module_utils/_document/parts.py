# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What few declarations have, checked by files that are loaded where one has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._drivers.base import HostView
    from .._model.document import Endpoint
    from .scene import Scene


def check_ports(scene: Scene) -> None:
    if any(endpoint.ports for endpoint in scene.document.endpoints):
        from . import check_ports

        check_ports.check_ports(scene)


def check_routes(scene: Scene) -> None:
    if any(map(_has_routes, scene.document.endpoints)):
        from . import check_routes

        check_routes.check_routes(scene)


def _has_routes(endpoint: Endpoint) -> bool:
    """Tell whether it has routes of its own, or networks that may each give it one."""
    attachments = endpoint.attachments
    return bool(endpoint.routes) or len(attachments) > 1 or any(item.routes or item.default_route for item in attachments)


def check_host_devices(view: HostView) -> None:
    if any(endpoint.devices for endpoint in view.document.endpoints):
        from . import host_devices

        host_devices.check_host_devices(view)
