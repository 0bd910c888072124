"""Denies every network socket to a process and, as Python imports this page by its name, to all its children.

Two locks. An audit hook refuses and writes down each AF_INET or AF_INET6 socket that Python code makes. On Linux a
filter in the kernel ends the process over one that native code makes (Qt, decoders, torch).
"""

from __future__ import annotations

import ctypes
import os
import platform
import socket
import sys

#: Names the file that refusals are written to; nothing is denied without it.
RECORD = "MAMMOVIEW_TEST_NO_NETWORK"
_DENIED = (socket.AF_INET, socket.AF_INET6)
_EVENTS = {"socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"}


def watch(event: str, args: tuple[object, ...]) -> None:
    """The audit hook. It cannot be taken away again, so it looks whether it is wanted."""
    if not event.startswith("socket."):
        return
    record = os.environ.get(RECORD)
    if not record:
        return
    is_made = event == "socket.__new__" and args[1] in _DENIED
    is_used = event in _EVENTS and getattr(args[0], "family", socket.AF_INET) in _DENIED
    if is_made or is_used:
        with open(record, "a", encoding="utf-8") as file:  # noqa: PTH123 - as little as possible is imported here
            file.write(f"{os.getpid()} {event} {sys.argv[:1]}\n")
        raise PermissionError("This process may not use the network.")


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("yes", ctypes.c_ubyte),
        ("no", ctypes.c_ubyte),
        ("value", ctypes.c_uint),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(_Instruction)))


def lock_in_kernel() -> bool:
    """Have the kernel kill this process and its children over a network socket; whether it will."""
    known = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
    if sys.platform != "linux" or platform.machine() not in known:
        return False
    machine, number = known[platform.machine()]
    load, equal, end = 0x20, 0x15, 0x06
    steps = (
        _Instruction(load, 0, 0, 4),
        _Instruction(equal, 0, 5, machine),
        _Instruction(load, 0, 0, 0),
        _Instruction(equal, 0, 3, number),
        _Instruction(load, 0, 0, 16),
        _Instruction(equal, 2, 0, int(socket.AF_INET)),
        _Instruction(equal, 1, 0, int(socket.AF_INET6)),
        _Instruction(end, 0, 0, 0x7FFF0000),
        _Instruction(end, 0, 0, 0x80000000),
    )
    program = _Program(len(steps), (_Instruction * len(steps))(*steps))
    prctl = ctypes.CDLL(None).prctl
    # No new privileges first: without them anybody may narrow what he himself may do.
    return prctl(38, 1, 0, 0, 0) == 0 and prctl(22, 2, ctypes.byref(program), 0, 0) == 0


if os.environ.get(RECORD) and __name__ == "sitecustomize":
    sys.addaudithook(watch)
    lock_in_kernel()
