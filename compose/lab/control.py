"""Orders to the running lab: one JSON line each way over a Unix socket only its owner can open."""

import contextlib
import json
import os
import socket

from .errors import LabError

MESSAGE_BYTES_MAX = 65536
_REPLY_S_MAX = 90.0
_SENDER_S_MAX = 5.0


class NotListening(LabError):
    """Nobody takes orders there now."""


@contextlib.contextmanager
def _short_path(path):
    """The same file by a path that fits into a socket address (107 bytes), however deep it is."""
    folder = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{os.path.basename(path)}"
    finally:
        os.close(folder)


def listen(path):
    """The lab's end. The caller holds the claim, so an old socket file has no owner."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    previous = os.umask(0o177)
    try:
        with _short_path(path) as short:
            listener.bind(short)
    finally:
        os.umask(previous)
    listener.listen(8)
    return listener


def serve_one(listener, perform):
    """Takes one order, performs it, replies. A LabError goes to the sender, as does a refusal."""
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(_SENDER_S_MAX)
        try:
            order = json.loads(_read_line(connection))
        except (OSError, ValueError):
            return  # a sender that broke off or never spoke our language
        try:
            reply = {"result": perform(order)}
        except (LabError, OSError) as error:
            reply = {"error": str(error)}
        with contextlib.suppress(OSError):  # the sender may be gone; what is done is done
            connection.sendall(json.dumps(reply).encode() + b"\n")


def send(path, order):
    """Sends one order and returns its result; raises LabError with the lab's own words."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(_REPLY_S_MAX)
        try:
            with _short_path(path) as short:
                sock.connect(short)
        except PermissionError as error:
            raise LabError("the lab was started by another user; run this as that user"
                           " (sudo, if it was root)") from error
        except OSError as error:
            raise NotListening("the lab is just starting or ending; try again") from error
        try:
            sock.sendall(json.dumps(order).encode() + b"\n")
            reply = json.loads(_read_line(sock))
        except TimeoutError as error:
            raise LabError(f"the lab did not answer within {_REPLY_S_MAX:.0f} s") from error
        except (OSError, ValueError) as error:
            raise LabError("the lab ended while it was asked; see log/lab.log") from error
    if "error" in reply:
        raise LabError(reply["error"])
    return reply["result"]


def _read_line(sock):
    received = b""
    while not received.endswith(b"\n"):
        data = sock.recv(4096)
        if not data:
            return received
        received += data
        if len(received) > MESSAGE_BYTES_MAX:
            raise ValueError("message too long")
    return received
