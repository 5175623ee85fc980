# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""An endpoint: its namespace, its place on every segment, and the routes it lists."""

from __future__ import annotations

from typing import List, Mapping, Tuple

from .._drivers.segment import Segment, split_sysctls
from .._model.document import Attachment, Endpoint
from .._model.mark import Mark
from .._model.objects import KernelObject, Namespace, Sysctl
from .parts import compile_limits
from .router import compile_forwarding, role_of
from .routes import compile_routes, compile_rules


def compile_endpoint(endpoint: Endpoint, segments: Mapping[str, Segment], scope: str, ipv6: bool) -> Tuple[KernelObject, ...]:
    objects: List[KernelObject] = []
    if endpoint.place.is_named:
        objects.append(Namespace(endpoint.place, str(Mark(scope, "namespace"))))
    for path, value in endpoint.sysctls:
        objects.append(Sysctl(endpoint.place, path.replace(".", "/"), value, restore=True))
    objects.extend(compile_forwarding(endpoint, ipv6))
    for attachment in endpoint.attachments:
        objects.extend(_compile_attachment(endpoint, attachment, segments[attachment.network], scope, ipv6))
    objects.extend(compile_routes(endpoint))
    objects.extend(compile_rules(endpoint, ipv6))
    return tuple(objects)


def _compile_attachment(endpoint: Endpoint, attachment: Attachment, segment: Segment, scope: str, ipv6: bool) -> List[KernelObject]:
    mark = str(Mark(scope, role_of(endpoint), attachment.network, endpoint.name))
    objects = list(segment.join(endpoint, attachment, mark, ipv6))
    objects.extend(Sysctl(endpoint.place, path, value, restore=True) for path, value in split_sysctls(attachment)[1])
    objects.extend(compile_limits(endpoint, attachment, segment))
    return objects
