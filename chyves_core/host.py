"""The host: the only module that names the place of files and runs programs.

Commands that only look are `read`; commands that change something are steps of a plan and are
`act`ed on. In a dry run reading goes on, and acting prints.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from chyves_core.errors import ChyvesError, HostError
from chyves_core.plan import Copy, Folder, Run, Size, Step, Write, hide_passwords, quote

# Values of ZFS user properties may hold any byte; surrogateescape brings each one through whole.
TEXT = {"encoding": "utf-8", "errors": "surrogateescape"}

# How much commands say, see the global property stdout_level.
SAYS_ERRORS, SAYS_DONE, SAYS_PROGRESS, SAYS_PROGRAMS = range(4)


@dataclass(frozen=True)
class Result:
    """What a program answered: its exit status and both its outputs."""

    argv: tuple[str, ...]
    status: int
    stdout: str
    stderr: str


class Host:
    """The machine that chyves works on; `prefix` stands before every path in the lab.

    `changes_datasets` says that the command at work may change what is on the pools. `level` is
    how much it says, from 0 (errors only) to 3 (each program that is run); None leaves it to the
    global property stdout_level, from the moment on at which the pools are read.
    """

    def __init__(
        self, *, dry_run: bool = False, level: int | None = 2, changes_datasets: bool = False
    ) -> None:
        lab = os.environ.get("CHYVES_LAB")
        self.lab = Path(lab) if lab else None
        self.prefix = f"{lab}/root" if lab else ""
        self.dry_run = dry_run
        self.changes_datasets = changes_datasets
        self.level = SAYS_PROGRESS if level is None else level
        self.level_is_open = level is None

    @property
    def is_root(self) -> bool:
        """Whether this user may change the host."""
        if self.lab:
            return os.environ.get("CHYVES_LAB_UID", "0") == "0"
        return os.geteuid() == 0

    def path(self, host_path: str) -> Path:
        """Return where a file of the host lies; `host_path` is absolute, as FreeBSD names it."""
        return Path(self.prefix + host_path)

    def list_folder(self, host_path: str) -> tuple[str, ...]:
        """Return the sorted names in a folder of the host; none where there is no folder."""
        try:
            return tuple(sorted(os.listdir(self.path(host_path))))
        except (FileNotFoundError, NotADirectoryError):
            return ()

    def read_text(self, host_path: str) -> str | None:
        """Return the text of a file of the host, None where it can't be read."""
        try:
            return self.path(host_path).read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return None

    def read(self, *argv: str, allowed: tuple[int, ...] | None = (0,)) -> Result:
        """Run a program that changes nothing and return its answer, in a dry run too.

        Raises HostError with the program's own words where its status is not in `allowed`;
        None allows every status.
        """
        return self._run(argv, allowed)

    def act(self, *steps: Step) -> None:
        """Carry out the steps in order, or print them in a dry run; stop at the first failure."""
        for step in steps:
            if self.dry_run:
                print(step)
            elif isinstance(step, Run):
                self._run_step(step)
            elif isinstance(step, Write):
                self.write(step.path, step.text, step.mode)
            elif isinstance(step, Copy):
                self.copy(step.source, step.target)
            elif isinstance(step, Size):
                self.set_size(step)
            elif isinstance(step, Folder):
                self.make_folder(step)
            else:
                self.remove(step.path)

    def try_to(self, *steps: Step) -> list[ChyvesError]:
        """Carry out every step even when others fail, and return what failed: for cleaning up."""
        errors = []
        for step in steps:
            try:
                self.act(step)
            except ChyvesError as error:
                errors.append(error)
        return errors

    def write(
        self, host_path: str, text: str | bytes, mode: int = 0o644, *, durable: bool = False
    ) -> None:
        """Replace a file of the host whole, so that a reader sees the old text or the new one.

        A durable one is there after a power loss too.
        """
        data = text.encode(**TEXT) if isinstance(text, str) else text
        target = self.path(host_path)
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            opened = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
            with open(opened, "wb") as file:
                file.write(data)
                file.flush()
                if durable:
                    os.fsync(opened)
            os.replace(draft, target)
            if durable:
                sync_folder(target.parent)
        except OSError as error:
            raise HostError(f"cannot write {host_path}: {error.strerror}") from error

    def copy(self, source: str, target: str) -> None:
        """Copy a file of the host whole, never over one that is there."""
        import shutil

        draft = self.path(f"{target}.{os.getpid()}")
        try:
            shutil.copyfile(self.path(source), draft)
            os.link(draft, self.path(target))
        except OSError as error:
            raise HostError(f"cannot copy {source} to {target}: {error.strerror}") from error
        finally:
            with contextlib.suppress(FileNotFoundError):
                draft.unlink()

    def set_size(self, step: Size) -> None:
        """Give a file of the host its size; a new one comes into being with it."""
        target = self.path(step.path)
        draft = target.with_name(f".{target.name}.{os.getpid()}") if step.new else target
        try:
            target.parent.mkdir(exist_ok=True)
            opened = os.open(draft, os.O_WRONLY | (os.O_CREAT if step.new else 0), 0o600)
            with open(opened, "wb") as file:
                file.truncate(step.size)
                os.fsync(opened)
            if step.new:
                os.link(draft, target)
        except OSError as error:
            raise HostError(f"cannot make {step.path}: {error.strerror}") from error
        finally:
            if step.new:
                draft.unlink(missing_ok=True)

    def make_folder(self, step: Folder) -> None:
        """Make a folder of the host where it is not there; one that is there keeps its mode."""
        try:
            self.path(step.path).mkdir(step.mode, parents=True, exist_ok=True)
        except OSError as error:
            raise HostError(f"cannot make {step.path}: {error.strerror}") from error

    def file_size(self, host_path: str) -> tuple[int, int]:
        """Return how long a file of the host is and how many bytes it takes; 0 where it is gone."""
        try:
            found = self.path(host_path).stat()
        except OSError:
            return 0, 0
        return found.st_size, found.st_blocks * 512

    def remove(self, host_path: str, *, durable: bool = False) -> None:
        """Remove a file of the host where it is there; a durable removal outlives a power loss."""
        try:
            self.path(host_path).unlink(missing_ok=True)
            if durable:
                sync_folder(self.path(host_path).parent)
        except OSError as error:
            raise HostError(f"cannot remove {host_path}: {error.strerror}") from error

    def interactive(self, argv: Sequence[str], given: str | None = None) -> int:
        """Run a program on the user's own terminal, or with `given` to read; return its status."""
        self._trace(argv)
        words = None if given is None else given.encode(**TEXT)
        try:
            return subprocess.run(list(argv), input=words, check=False).returncode
        except FileNotFoundError as error:
            raise not_installed(argv[0]) from error

    def pipe(self, source: Run, target: Run, passed: Callable[[int], None] | None = None) -> None:
        """Run two programs, the first one's output being the second one's input.

        With `passed`, which is told the bytes so far, everything goes through this process: when
        it dies, neither of them goes on. Raises HostError with the words of the one that failed.
        """
        if self.dry_run:
            print(f"{source} | {target}")
            return
        self._trace(source.argv)
        self._trace(target.argv)
        out = subprocess.PIPE
        with subprocess.Popen(source.argv, stdout=out, stderr=out) as sender:
            given = subprocess.PIPE if passed else sender.stdout
            with subprocess.Popen(target.argv, stdin=given, stdout=out, stderr=out) as receiver:
                if passed and sender.stdout and receiver.stdin:
                    hand_on(sender.stdout.fileno(), receiver.stdin.fileno(), passed)
                if sender.stdout:
                    sender.stdout.close()
                _, receiver_words = receiver.communicate()
            sender_words = sender.stderr.read() if sender.stderr else b""
        for argv, status, words in (
            (target.argv, receiver.returncode, receiver_words),
            (source.argv, sender.returncode, sender_words),
        ):
            if status != 0:
                raise failed(Result(argv, status, "", words.decode(**TEXT)))

    def _run(self, argv: Sequence[str], allowed: Iterable[int] | None) -> Result:
        self._trace(argv)
        try:
            done = subprocess.run(
                list(argv), stdin=subprocess.DEVNULL, capture_output=True, check=False
            )
        except FileNotFoundError as error:
            raise not_installed(argv[0]) from error
        except OSError as error:
            raise HostError(f"cannot run {argv[0]}: {error.strerror}") from error
        result = Result(
            tuple(argv), done.returncode, done.stdout.decode(**TEXT), done.stderr.decode(**TEXT)
        )
        if allowed is not None and result.status not in allowed:
            raise failed(result)
        return result

    def _run_step(self, step: Run) -> None:
        """Run a step of a plan, `zfs set` once for each pair where this host's takes only one."""
        try:
            self._run(step.argv, step.allowed)
        except HostError as error:
            single = step.one_pair_each
            if len(single) < 2 or f"cannot open '{single[1][2]}'" not in error.message:
                raise
            for argv in single:
                self._run(argv, step.allowed)

    def _trace(self, argv: Sequence[str]) -> None:
        if self.level >= SAYS_PROGRAMS or os.environ.get("CHYVES_DEBUG") == "1":
            print(f"+ {quote(hide_passwords(tuple(argv)))}", file=sys.stderr)


def hand_on(source: int, target: int, passed: Callable[[int], None]) -> None:
    """Hand everything on from one descriptor to another until one of them ends."""
    done = 0
    with contextlib.suppress(BrokenPipeError):
        while data := os.read(source, 1 << 20):
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(target, rest) :]
            done += len(data)
            passed(done)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder written to disk now."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def failed(result: Result) -> HostError:
    """Return the error for a program that failed, in its own words where it had some."""
    words = " / ".join(line for line in result.stderr.strip().splitlines() if line)
    program = os.path.basename(result.argv[0])
    if not words:
        words = f"ended with status {result.status} and said nothing"
    return HostError(words if words.startswith(program) else f"{program}: {words}")


def not_installed(program: str) -> HostError:
    """Return the error for a program that this host does not have."""
    return HostError(f"{program} is not installed on this host")
