"""`chyves GUEST log`, and the files behind it."""

from __future__ import annotations

import re
import subprocess
import threading

import pytest
from bulk_guests import make_guests

from chyves_core import logs
from chyves_core.guests import read_inventory
from chyves_core.host import Host


@pytest.fixture
def guests(lab, monkeypatch):
    make_guests(lab, {"web1": {}, "web10": {}})
    for name, value in lab.environment().items():
        monkeypatch.setenv(name, value)
    return lab


def log(guest: str | None, text: str, level: str = "info") -> None:
    """Write a line as start and stop do."""
    host = Host()
    inventory = read_inventory(host)
    logs.log(host, inventory.storage, inventory.guest(guest) if guest else None, level, text)


def texts(output: str) -> list[str]:
    """Return the lines without their times, which have to look right."""
    lines = output.splitlines()
    form = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ - (\[\w+\] - .*)")
    return [form.fullmatch(line).group(1) for line in lines]


def month(host, folder: str, name: str, *words: str) -> None:
    """Write a log file of some month."""
    logs_folder = host.root / folder / "logs"
    logs_folder.mkdir(exist_ok=True)
    with open(logs_folder / f"{name}.log", "a") as file:
        file.writelines(f"{name}-01T00:00:00Z - [info] - {word}\n" for word in words)


def test_a_line_stands_in_the_log_of_the_guest_and_of_the_host(guests):
    log("web1", "boot")
    log(None, "pool tank is gone", "warning")
    assert texts(guests.output("web1", "log")) == ["[info] - boot"]
    assert texts(guests.output("host", "log")) == [
        "[info] - web1: boot",
        "[warning] - pool tank is gone",
    ]


def test_log_mode_guest_keeps_it_out_of_the_hosts_log(guests):
    guests.chyves("global", "set", "log_mode=guest")
    log("web1", "boot")
    log(None, "about the host")
    assert texts(guests.output("web1", "log")) == ["[info] - boot"]
    assert texts(guests.output("host", "log")) == ["[info] - about the host"]


def test_log_mode_host_finds_the_lines_of_just_that_guest_in_the_hosts_log(guests):
    guests.chyves("global", "set", "log_mode=host")
    log("web1", "one")
    log("web10", "ten")
    assert not (guests.root / "chyves/zroot/guests/web1/logs").exists()
    assert texts(guests.output("web1", "log")) == ["[info] - web1: one"]


def test_log_to_file_off_writes_nothing(guests):
    guests.chyves("global", "set", "log_to_file=no")
    log("web1", "boot")
    done = guests.chyves("web1", "log")
    assert (done.stdout, done.stderr) == ("", "nothing in the log of web1\n")
    assert guests.chyves("web1", "log", "-q").stderr == ""


def test_it_shows_the_last_twenty_lines_or_as_many_as_are_asked_for(guests):
    month(guests, "chyves/zroot/guests/web1", "2026-01", *(f"n{n}" for n in range(30)))
    assert len(guests.output("web1", "log").split("\n")) == 20
    assert texts(guests.output("web1", "log", "2")) == ["[info] - n28", "[info] - n29"]
    assert texts(guests.output("log", "web1", "1")) == ["[info] - n29"]
    assert guests.output("web1", "log", "0") == ""


def test_the_last_lines_reach_over_the_end_of_a_month(guests):
    month(guests, "chyves/zroot/guests/web1", "2025-12", "a", "b")
    month(guests, "chyves/zroot/guests/web1", "2026-01", "c")
    (guests.root / "chyves/zroot/guests/web1/logs/notes.txt").write_text("not a log\n")
    assert texts(guests.output("web1", "log", "2")) == ["[info] - b", "[info] - c"]
    assert texts(guests.output("web1", "log")) == ["[info] - a", "[info] - b", "[info] - c"]


def test_line_breaks_and_colours_of_a_guest_stay_on_their_line(guests):
    log("web1", "bhyve said\nfoo\x1b[31m")
    assert texts(guests.output("web1", "log")) == ["[info] - bhyve said\\nfoo\\x1b[31m"]


def test_a_word_that_is_no_number_is_a_usage_error(guests):
    assert "abc: is not a number" in guests.chyves("web1", "log", "abc", status=2).stderr
    assert guests.chyves("nosuch", "log", status=3).stdout == ""


def test_f_goes_on_over_the_end_of_a_month(guests):
    month(guests, "chyves/zroot/guests/web1", "2026-01", "old", "before")
    argv = [str(guests.lab.bin / "chyves"), "web1", "log", "-f", "1"]
    with subprocess.Popen(
        argv, env=guests.environment(), stdout=subprocess.PIPE, text=True
    ) as following:
        stop = threading.Timer(60, following.kill)
        stop.start()
        assert texts(following.stdout.readline()) == ["[info] - before"]
        month(guests, "chyves/zroot/guests/web1", "2026-01", "same month")
        assert texts(following.stdout.readline()) == ["[info] - same month"]
        month(guests, "chyves/zroot/guests/web1", "2026-02", "next month")
        assert texts(following.stdout.readline()) == ["[info] - next month"]
        following.send_signal(2)
        assert following.wait(timeout=20) == 130
        stop.cancel()


def test_f_waits_for_a_log_that_is_not_there_yet(guests):
    argv = [str(guests.lab.bin / "chyves"), "web1", "log", "-f"]
    with subprocess.Popen(
        argv, env=guests.environment(), stdout=subprocess.PIPE, text=True
    ) as following:
        month(guests, "chyves/zroot/guests/web1", "2026-01", "first")
        assert texts(following.stdout.readline()) == ["[info] - first"]
        following.kill()


def test_a_folder_that_is_not_there_stops_nothing_and_is_told(guests, capsys):
    logs.write(Host(), "/chyves/zroot/guests/unmounted", None, "info", "boot")
    assert capsys.readouterr().err == (
        "chyves: cannot write a log in /chyves/zroot/guests/unmounted/logs: "
        "No such file or directory\n"
    )


def test_a_dry_run_writes_no_log(guests):
    logs.write(Host(dry_run=True), "/chyves/zroot/guests/web1", None, "info", "boot")
    assert not (guests.root / "chyves/zroot/guests/web1/logs").exists()


def test_many_writers_at_once_mix_no_lines(guests):
    host = Host()
    words = ["x" * 200, "y" * 200]
    writers = [
        threading.Thread(
            target=lambda word=word: [
                logs.write(host, "/chyves/zroot/guests/web1", None, "info", word)
                for _ in range(100)
            ]
        )
        for word in words
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    lines = texts(guests.output("web1", "log", "1000"))
    assert sorted(lines) == sorted([f"[info] - {word}" for word in words] * 100)
