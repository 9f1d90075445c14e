"""daemon(8): run a command away from the terminal.

With a pid file, an output file, a title or -r the daemon stays and supervises its child, else
it becomes the command itself. SIGTERM to a supervisor is passed on to its child.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from typing import IO, NoReturn

from chyves_core.lab.home import Lab
from chyves_core.lab.host.getopt import BadOption, parse_options
from chyves_core.lab.host.processes import forget, register

USAGE = """\
usage: daemon [-cfHrS] [-p child_pidfile] [-P supervisor_pidfile]
              [-u user] [-o output_file] [-t title]
              [-l syslog_facility] [-s syslog_priority]
              [-T syslog_tag] [-m output_mask] [-R restart_delay_secs]
command arguments ..."""

SUPERVISING = "HlmoPprRSsTt"


class Running(Exception):
    """The pid file belongs to a daemon that lives: daemon(8) ends with 3."""


def main(arguments: list[str], lab: Lab) -> int:
    """Start the command in the background."""
    try:
        options, command = parse_options(arguments, "cfHl:m:o:P:p:rR:Ss:T:t:u:")
        if not command:
            raise BadOption("")
    except BadOption as bad:
        text = f"daemon: {bad}\n" if str(bad) else ""
        print(f"{text}{USAGE}", file=sys.stderr)
        return 1
    chosen = dict(options)
    try:
        child_file = _open_pid_file(lab, chosen.get("p"))
        own_file = _open_pid_file(lab, chosen.get("P"))
        output = _open_output(lab, chosen.get("o"))
    except Running as running:
        print(f"daemon: process already running, pid: {running}", file=sys.stderr)
        return 3
    except OSError as error:
        print(f"daemon: open: {error.strerror}", file=sys.stderr)
        return 1
    sys.stdout.flush()
    sys.stderr.flush()
    if os.fork() == 0:
        _Daemon(lab, chosen, command, child_file, own_file, output).run()
    return 0


def _open_pid_file(lab: Lab, name: str | None) -> IO[str] | None:
    """Open and lock a pid file, as pidfile(3) does; raises Running with the other's number."""
    if name is None:
        return None
    file = open(lab.path(name), "a+")  # noqa: SIM115
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        number = file.read().strip()
        file.close()
        raise Running(number) from None
    return file


def _write_pid_file(file: IO[str] | None, pid: int) -> None:
    if file is not None:
        file.seek(0)
        file.truncate()
        file.write(str(pid))
        file.flush()


def _open_output(lab: Lab, name: str | None) -> int | None:
    if name is None:
        return None
    return os.open(lab.path(name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


class _Daemon:
    """The process in the background; it never returns to its caller."""

    def __init__(
        self,
        lab: Lab,
        chosen: dict[str, str],
        command: list[str],
        child_file: IO[str] | None,
        own_file: IO[str] | None,
        output: int | None,
    ) -> None:
        self.lab, self.chosen, self.command = lab, chosen, command
        self.child_file, self.own_file, self.output = child_file, own_file, output
        self.child = 0
        self.ending = False

    def run(self) -> NoReturn:
        """Supervise the command, or become it."""
        status = 1
        try:
            os.setsid()
            if "c" in self.chosen:
                os.chdir("/")
            self._redirect()
            if set(self.chosen) & set(SUPERVISING):
                status = self._supervise()
            else:
                self._become_command()
        finally:
            os._exit(status)

    def _redirect(self) -> None:
        null = os.open(os.devnull, os.O_RDWR)
        if "f" in self.chosen:
            for descriptor in (0, 1, 2):
                os.dup2(null, descriptor)
        if self.output is not None:
            os.dup2(self.output, 1)
            os.dup2(self.output, 2)
        os.close(null)

    def _become_command(self) -> NoReturn:
        register(self.lab, os.path.basename(self.command[0]), " ".join(self.command))
        try:
            os.execvp(self.command[0], self.command)
        except OSError as error:
            print(f"daemon: {self.command[0]}: {error.strerror}", file=sys.stderr, flush=True)
            os._exit(1)

    def _supervise(self) -> int:
        signal.signal(signal.SIGTERM, self._on_term)
        _write_pid_file(self.own_file, os.getpid())
        status = 0
        while not self.ending:
            status = self._run_child()
            if "r" not in self.chosen and "R" not in self.chosen:
                break
            if not self.ending:
                time.sleep(float(self.chosen.get("R", "1")))
        for name in ("p", "P"):
            if name in self.chosen:
                self.lab.path(self.chosen[name]).unlink(missing_ok=True)
        forget(self.lab)
        return status

    def _run_child(self) -> int:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        self.child = os.fork()
        if self.child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
            self._become_command()
        name = self.chosen.get("t", os.path.basename(self.command[0]))
        register(self.lab, "daemon", f"daemon: {name}[{self.child}]", titled=True)
        _write_pid_file(self.child_file, self.child)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        _, wait_status = os.waitpid(self.child, 0)
        forget(self.lab, self.child)
        self.child = 0
        return abs(os.waitstatus_to_exitcode(wait_status))

    def _on_term(self, number: int, frame: object) -> None:
        self.ending = True
        if self.child:
            os.kill(self.child, signal.SIGTERM)
