# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Sockets that answer with the name of their endpoint."""

from __future__ import annotations

import contextlib
import errno
import selectors
import socket
import struct
import threading
import time
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .._model.errors import EnvironmentUnfit
from .answer import LINE_LIMIT, PREFIX, banner
from .check import TCP, Responder
from .namespace import call_inside

IP_PKTINFO, IPV6_RECVPKTINFO, IPV6_PKTINFO = 8, 49, 50
DATAGRAM_LIMIT, ANCILLARY_LIMIT, BACKLOG, GUESTS_LIMIT = 65535, 256, 128, 1024
# Responders of an earlier call that this one replaces let go of their ports within one pulse.
PULSE, BIND_PATIENCE = 0.1, 3.0


class Opened(NamedTuple):
    responder: Responder
    socket: socket.socket


def open_responders(responders: Sequence[Responder]) -> List[Opened]:
    """Open every socket, or none; EnvironmentUnfit names the one that failed."""
    end = time.monotonic() + BIND_PATIENCE
    with contextlib.ExitStack() as stack:
        opened: List[Opened] = []
        for responder in responders:
            for item in call_inside(responder.location, lambda responder=responder: _open_patiently(responder, end)):  # type: ignore[misc]
                stack.enter_context(item)
                opened.append(Opened(responder, item))
        stack.pop_all()
    return opened


def _open_patiently(responder: Responder, end: float) -> List[socket.socket]:
    while True:
        try:
            return _open(responder)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > end:
                words = (responder.name, responder.protocol, responder.address or "any", responder.port, responder.location.label)
                raise EnvironmentUnfit("responder %s: cannot listen on %s %s port %d in %s: " % words + (error.strerror or str(error))) from error
        time.sleep(PULSE)


def _open(responder: Responder) -> List[socket.socket]:
    if responder.address:
        return [_open_one(responder, socket.AF_INET6 if ":" in responder.address else socket.AF_INET, responder.address)]
    ipv4 = _open_one(responder, socket.AF_INET, "0.0.0.0")
    try:
        return [ipv4, _open_one(responder, socket.AF_INET6, "::")]
    except OSError as error:
        if error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
            return [ipv4]
        ipv4.close()
        raise


def _open_one(responder: Responder, family: int, address: str) -> socket.socket:
    kind = socket.SOCK_STREAM if responder.protocol == TCP else socket.SOCK_DGRAM
    target = socket.getaddrinfo(address, responder.port, type=kind, flags=socket.AI_NUMERICHOST)[0][4]
    opened = socket.socket(family, kind)
    try:
        opened.setblocking(False)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == socket.SOCK_STREAM:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        elif family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
        else:
            opened.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        opened.bind(target)
        if kind == socket.SOCK_STREAM:
            opened.listen(BACKLOG)
    except OSError:
        opened.close()
        raise
    return opened


def serve(opened: Sequence[Opened], goes_on: Callable[[], bool]) -> None:
    """Answer until told to stop; closes the sockets."""
    guests: Dict[socket.socket, None] = {}
    with selectors.DefaultSelector() as selector:
        for item in opened:
            selector.register(item.socket, selectors.EVENT_READ, item.responder)
        while goes_on():
            for key, _events in selector.select(PULSE):
                handle = key.fileobj
                if not isinstance(handle, socket.socket):
                    continue
                responder: Optional[Responder] = key.data
                if responder is None:
                    _drain(handle, selector, guests)
                elif responder.protocol == TCP:
                    _greet(handle, responder, selector, guests)
                else:
                    _echo(handle, responder)
    for sock in [item.socket for item in opened] + list(guests):
        sock.close()


def _greet(listener: socket.socket, responder: Responder, selector: selectors.BaseSelector, guests: Dict[socket.socket, None]) -> None:
    try:
        guest, _address = listener.accept()
    except OSError:
        return
    try:
        guest.setblocking(False)
        guest.send(banner(responder.name))
        guest.shutdown(socket.SHUT_WR)
    except OSError:
        guest.close()
        return
    # Closing now, with words of the guest unread, would reset the connection and could take the banner with it.
    selector.register(guest, selectors.EVENT_READ, None)
    guests[guest] = None
    if len(guests) > GUESTS_LIMIT:
        _dismiss(next(iter(guests)), selector, guests)


def _drain(guest: socket.socket, selector: selectors.BaseSelector, guests: Dict[socket.socket, None]) -> None:
    try:
        if guest.recv(DATAGRAM_LIMIT):
            return
    except BlockingIOError:
        return
    except OSError:
        pass  # a reset ends the visit as well
    _dismiss(guest, selector, guests)


def _dismiss(guest: socket.socket, selector: selectors.BaseSelector, guests: Dict[socket.socket, None]) -> None:
    if guests.pop(guest, guest) is None:
        selector.unregister(guest)
        guest.close()


def _echo(datagrams: socket.socket, responder: Responder) -> None:
    try:
        words, ancillary, _flags, sender = datagrams.recvmsg(DATAGRAM_LIMIT, ANCILLARY_LIMIT)
        # Two responders must not talk to each other for ever.
        if not words.startswith(PREFIX):
            answer = banner(responder.name, words[:LINE_LIMIT].strip())
            datagrams.sendmsg([answer], list(_same_source(ancillary)), 0, sender)
    except OSError:
        return  # no way back to the sender: for a datagram, silence is the answer


def _same_source(ancillary: Sequence[Tuple[int, int, bytes]]) -> Iterator[Tuple[int, int, bytes]]:
    """Answer from the address that was asked, not from the one the route would choose."""
    for level, kind, data in ancillary:
        if level == socket.IPPROTO_IP and kind == IP_PKTINFO:
            yield level, kind, struct.pack("=I4s4s", 0, data[4:8], bytes(4))
        elif level == socket.IPPROTO_IPV6 and kind == IPV6_PKTINFO:
            yield level, kind, data[:20]


class Service:
    """Responders served by a thread while this process does other things."""

    def __init__(self, opened: Sequence[Opened], goes_on: Callable[[], bool]) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=serve, args=(opened, lambda: goes_on() and not self._stopped.is_set()), daemon=True)
        self._thread.start()

    def wait(self) -> None:
        self._thread.join()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()
