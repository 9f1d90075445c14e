"""daemon, ps, pgrep and pkill: processes that outlive the command that started them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable

from chyves_core.lab.host.processes import all_processes, process_folder
from tests.conftest import LabHost


def wait_until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def titles(host: LabHost) -> list[str]:
    return [process.title for process in all_processes(host.lab)]


def test_daemon_returns_at_once_and_leaves_the_pipes_of_its_caller(empty_lab: LabHost) -> None:
    started = time.monotonic()
    empty_lab.run("daemon", "-f", "sleep", "20")
    assert time.monotonic() - started < 3
    wait_until(lambda: "sleep 20" in titles(empty_lab))


def test_a_daemon_without_pid_file_becomes_its_command(empty_lab: LabHost) -> None:
    empty_lab.run("daemon", "-f", "sleep", "20")
    wait_until(lambda: titles(empty_lab))
    assert titles(empty_lab) == ["sleep 20"]
    rows = empty_lab.run("ps", "-axo", "ppid,state,command").stdout.splitlines()
    assert rows[1].split() == ["0", "S", "/sbin/init"]
    assert rows[2].split() == ["1", "S", "sleep", "20"]


def test_sigterm_to_the_supervisor_ends_the_child_and_removes_the_pid_files(
    empty_lab: LabHost,
) -> None:
    files = [empty_lab.root / "tmp" / name for name in ("child.pid", "daemon.pid")]
    empty_lab.run("daemon", "-f", "-p", "/tmp/child.pid", "-P", "/tmp/daemon.pid", "sleep", "20")
    wait_until(lambda: len(titles(empty_lab)) == 2 and all(file.exists() for file in files))
    child = files[0].read_text()
    assert f"daemon: sleep[{child}] (daemon)" in empty_lab.run("ps", "-ax").stdout
    empty_lab.run("sh", "-c", f"kill {files[1].read_text()}")
    wait_until(lambda: not titles(empty_lab))
    wait_until(lambda: not any(file.exists() for file in files))


def test_daemon_restarts_a_command_that_ends(empty_lab: LabHost) -> None:
    command = "echo started"
    empty_lab.run("daemon", "-r", "-R", "1", "-o", "/tmp/out", "-t", "mine", "sh", "-c", command)
    out = empty_lab.root / "tmp" / "out"
    wait_until(lambda: out.exists() and out.read_text().count("started") >= 2)
    assert empty_lab.run("pkill", "-f", "^daemon: mine").returncode == 0
    wait_until(lambda: not titles(empty_lab))


def test_a_command_that_is_missing_leaves_no_daemon(empty_lab: LabHost) -> None:
    empty_lab.run("daemon", "-f", "-p", "/tmp/x.pid", "nosuchprogram")
    wait_until(lambda: not titles(empty_lab) and not (empty_lab.root / "tmp/x.pid").exists())


def test_ps_shows_chosen_columns_without_headings(empty_lab: LabHost) -> None:
    empty_lab.run("daemon", "-f", "sleep", "20")
    wait_until(lambda: titles(empty_lab))
    argv = ("ps", "-axww", "-o", "pid=", "-o", "ppid=", "-o", "rss=", "-o", "command=")
    init, sleep = empty_lab.run(*argv).stdout.splitlines()
    assert init.split()[::3] == ["1", "/sbin/init"]
    pid, parent, memory, *command = sleep.split()
    assert pid == empty_lab.run("pgrep", "-x", "sleep").stdout.strip()
    assert parent == "1" and int(memory) > 0 and command == ["sleep", "20"]


def test_a_heading_spans_the_rest_of_the_argument(empty_lab: LabHost) -> None:
    """ps(1): the last keyword may be followed by `=` and a heading with commas in it."""
    empty_lab.run("daemon", "-f", "sleep", "20")
    wait_until(lambda: titles(empty_lab))
    heading = empty_lab.run("ps", "-axo", "pid,ucomm=THE NAME, SHORT").stdout.splitlines()[0]
    assert heading.split(maxsplit=1) == ["PID", "THE NAME, SHORT"]
    assert empty_lab.run("ps", "-axo", "pid=,ppid=").stdout.splitlines()[0] == ",ppid="


def test_a_number_that_another_process_has_got_since_counts_for_nothing(
    empty_lab: LabHost,
) -> None:
    folder = process_folder(empty_lab.lab)
    folder.mkdir(parents=True, exist_ok=True)
    record = [os.getpid(), "another start", "bhyve", "bhyve: web1", True, False]
    (folder / f"{os.getpid()}.json").write_text(json.dumps(record))
    empty_lab.run("pgrep", "-f", "^bhyve: web1", status=1)
    assert not (folder / f"{os.getpid()}.json").exists()


def test_pkill_signals_the_labs_processes_and_no_others(empty_lab: LabHost) -> None:
    empty_lab.run("daemon", "-f", "sleep", "20")
    wait_until(lambda: titles(empty_lab))
    empty_lab.run("pkill", "-f", "python", status=1)
    empty_lab.run("pkill", "-9", "-x", "sleep")
    wait_until(lambda: not titles(empty_lab))
