# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

import errno
import os
import stat
import tempfile
from typing import Optional

from .lock import LockFileError

SIZE_LIMIT = 64 * 1024 * 1024


def read_lock_text(path: str) -> Optional[str]:
    """Return the text of a lock file, or None where there is none yet."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise LockFileError("%s: not a plain file" % path)
        with open(path, "rb") as stream:
            content = stream.read(SIZE_LIMIT + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LockFileError("%s: cannot be read: %s" % (path, error.strerror)) from None
    if len(content) > SIZE_LIMIT:
        raise LockFileError("%s: larger than %d bytes, so not a lock file" % (path, SIZE_LIMIT))
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LockFileError("%s: not UTF-8 text: byte %d" % (path, error.start)) from None


def require_writable(path: str) -> None:
    """Raise LockFileError where a later write_lock_text cannot succeed."""
    directory = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(directory):
        raise LockFileError("%s: the folder %s does not exist; create it first" % (path, directory))
    if not os.access(directory, os.W_OK | os.X_OK):
        raise LockFileError("%s: the folder %s is not writable; the file is replaced as a whole" % (path, directory))


def write_lock_text(path: str, text: str) -> None:
    """Replace the file as a whole: after a crash it holds the old text or the new one. A symbolic link is followed."""
    path = os.path.realpath(path)
    directory = os.path.dirname(path)
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".%s." % os.path.basename(path), dir=directory)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fchmod(stream.fileno(), 0o644)
            os.fsync(stream.fileno())
        os.rename(temporary, path)
        temporary = ""
        _sync_directory(directory)
    except OSError as error:
        raise LockFileError("%s: cannot be written: %s" % (path, error.strerror)) from None
    finally:
        if temporary:
            os.unlink(temporary)


def _sync_directory(directory: str) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot sync a folder
            raise
    finally:
        os.close(descriptor)
