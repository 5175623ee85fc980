# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Where an object lives: the host, or the network namespace of a container."""

from __future__ import annotations

NAMED, DOCKER, PODMAN, PATH, PROCESS = "netns", "docker", "podman", "path", "pid"
DOCKER_LABEL, PODMAN_LABEL = "docker_label", "podman_label"
DOCKER_NAME, PODMAN_NAME = "docker_name", "podman_name"
MACHINE = "machine"  # of systemd-machined
SLOT = "cni"  # for a container that a runtime will make
KINDS = (NAMED, DOCKER, PODMAN, DOCKER_LABEL, PODMAN_LABEL, DOCKER_NAME, PODMAN_NAME, MACHINE, PATH, PROCESS)  # of namespaces that can be found
ENGINES = {
    DOCKER: DOCKER,
    DOCKER_LABEL: DOCKER,
    DOCKER_NAME: DOCKER,
    PODMAN: PODMAN,
    PODMAN_LABEL: PODMAN,
    PODMAN_NAME: PODMAN,
    MACHINE: MACHINE,
}


class Place(str):
    """`KIND:REFERENCE` as the declaration names a container ; empty for the host."""

    __slots__ = ()

    @staticmethod
    def of(kind: str, reference: str) -> Place:
        return Place("%s:%s" % (kind, reference))

    @property
    def kind(self) -> str:
        return self.partition(":")[0]

    @property
    def reference(self) -> str:
        return self.partition(":")[2]

    @property
    def engine(self) -> str:
        """The engine that runs the container, or an empty text."""
        return ENGINES.get(self.kind, "")

    @property
    def is_named(self) -> bool:
        """Tell whether it is a named namespace, which we may make and remove."""
        return self.startswith(NAMED + ":")


HOST = Place()


def in_place(place: str) -> str:
    """Return the words that name a place behind an object's label."""
    return " in %s" % Place(place).reference if place else ""
