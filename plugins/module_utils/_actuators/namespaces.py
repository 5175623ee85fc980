# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Named network namespaces, made and removed."""

from __future__ import annotations

from typing import List, Sequence

from .._kernel.namespace import create_namespace, delete_namespace, ensure_directory
from .._model.errors import ContainerNetError, KernelError
from .._model.objects import Namespace
from .._plan.step import CREATE, DELETE, Step
from .._runtime.namespace import NETNS_DIRECTORY, namespace_path
from .base import Effect, Means, Phase, Scene
from .sending import send


class Namespaces(Effect):
    """A namespace carries its mark before anyone can see it."""

    def __init__(self, means: Means) -> None:
        self._means = means

    def apply(self, phase: Phase, steps: Sequence[Step], scene: Scene) -> None:
        if phase is Phase.END:
            for step in steps:
                if step.action == DELETE:
                    delete_namespace(self._means.handles, step.place, namespace_path(step.place))
        elif phase is Phase.FOUND:
            made = [(step, step.subject) for step in steps if step.action == CREATE and isinstance(step.subject, Namespace)]
            if made:
                self._ensure_directory(made[0][0])
            for step, namespace in made:
                self._create(step, namespace)

    def _ensure_directory(self, first: Step) -> None:
        try:
            ensure_directory(NETNS_DIRECTORY)
        except OSError as error:
            raise KernelError(first.line, error.errno or 0, str(error)) from error

    def _create(self, step: Step, namespace: Namespace) -> None:
        def tell(place: str, messages: List[bytes]) -> None:
            send(self._means.door, place, [(step, message) for message in messages])

        try:
            create_namespace(self._means.handles, namespace.place, namespace_path(namespace.place), namespace.mark or "", tell)
        except ContainerNetError:
            raise  # it says itself what failed
        except OSError as error:
            raise KernelError(step.line, error.errno or 0, str(error)) from error
