"""A program at a pseudo-terminal: what it shows there, and what is typed."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

from harness.process import ENVIRONMENT

SECONDS_MAX = 10
# What a screen of `parleyctl watch` begins and ends with.
FRAME = re.compile(r"\x1b\[H(.*?)\x1b\[J", re.S)


class AtTerminal:
    """A child process whose terminal is here."""

    def __init__(self, command: list[str], columns: int = 80, rows: int = 24) -> None:
        self.written = ""
        ours, theirs = pty.openpty()
        self._mode = termios.tcgetattr(theirs)
        self._descriptor = ours
        self._theirs = theirs
        self.resize(columns, rows)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
            for number in range(3):
                os.dup2(theirs, number)
            os.closerange(3, 1024)
            os.execve(command[0], command, ENVIRONMENT)
        self.code: int | None = None

    def __enter__(self) -> "AtTerminal":
        return self

    def __exit__(self, *_: object) -> None:
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._descriptor)
        os.close(self._theirs)

    def resize(self, columns: int, rows: int) -> None:
        """Gives the terminal another size; the kernel tells the program."""
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def type(self, text: str) -> None:
        """Presses keys."""
        os.write(self._descriptor, text.encode())

    def send(self, number: int) -> None:
        """Sends the process a signal."""
        os.kill(self.pid, number)

    def read(self) -> None:
        """Takes what the program has written by now."""
        while select.select([self._descriptor], [], [], 0.05)[0]:
            self.written += os.read(self._descriptor, 65_536).decode(errors="replace")

    def lines(self) -> list[str]:
        """The lines of the last whole screen, without their looks."""
        frames = FRAME.findall(self.written)
        return [re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", line)
                for line in frames[-1].split("\r\n")] if frames else []

    def until(self, holds) -> bool:
        """Whether the lines come to fulfil this."""
        return self._wait(lambda: holds(self.lines()))

    def shows(self, text: str) -> bool:
        """Whether the program comes to write this."""
        return self._wait(lambda: text in self.written)

    def ends(self) -> bool:
        """Whether the program ends; `code` is its exit code then."""
        def is_over() -> bool:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
            return bool(pid)
        return self._wait(is_over)

    def is_as_before(self) -> bool:
        """Whether the terminal has the mode that it had, and its own screen again."""
        self.read()
        return (termios.tcgetattr(self._theirs) == self._mode
                and self.written.endswith("\x1b[?7h\x1b[?25h\x1b[?1049l"))

    def _wait(self, holds) -> bool:
        end = time.monotonic() + SECONDS_MAX
        while time.monotonic() < end:
            self.read()
            if holds():
                return True
        return False
