"""What comes to a reading process: messages, and the descriptors of files that come with them."""

from __future__ import annotations

import _socket  # all of the module socket that is used here, and loaded in a tenth of the time
import array
from collections import deque

import msgspec

from mlsec.artifacts.sandbox.wire import LENGTH_BYTES, LocalFile, ToChild

READ = 0
_PIECE_BYTES = 256 << 10
# The scan's process sends one descriptor at a time.
_DESCRIPTORS_BYTES = _socket.CMSG_SPACE(4 * array.array("i").itemsize)
_FLAGS = getattr(_socket, "MSG_CMSG_CLOEXEC", 0)
_messages = msgspec.msgpack.Decoder(ToChild)

Message = tuple[ToChild, int]


class Inbox:
    """Messages in the order in which they are answered; ends the process when there is no more."""

    def __init__(self) -> None:
        self._socket = _socket.socket(fileno=READ)
        self._buffer = bytearray()
        self._descriptors: deque[int] = deque()
        self._files: deque[Message] = deque()

    def next(self) -> Message:
        """The next message, and the descriptor of a file where one comes with it, else -1."""
        return self._files.popleft() if self._files else self._receive()

    def reply(self) -> ToChild:
        """What was asked for; files that were given meanwhile are kept for later."""
        while True:
            message, descriptor = self._receive()
            if not isinstance(message, LocalFile):
                return message
            self._files.append((message, descriptor))

    def _receive(self) -> Message:
        length = int.from_bytes(self._take(LENGTH_BYTES), "little")
        message: ToChild = _messages.decode(self._take(length))
        # A descriptor arrives with the first byte of its message at the latest.
        is_file = isinstance(message, LocalFile)
        return message, self._descriptors.popleft() if is_file else -1

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            piece, extra, _, _ = self._socket.recvmsg(_PIECE_BYTES, _DESCRIPTORS_BYTES, _FLAGS)
            if not piece:
                raise SystemExit(0)
            self._buffer += piece
            for level, kind, data in extra:
                if (level, kind) == (_socket.SOL_SOCKET, _socket.SCM_RIGHTS):
                    self._descriptors.extend(array.array("i", data))
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken
