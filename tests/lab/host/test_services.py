"""sysrc, service, fetch, logger: what chyves asks of a host besides its guests."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import LabHost

SCRIPT = """\
#!/bin/sh
. /etc/rc.subr
name=toy
rcvar=toy_enable
extra_commands="status"
start_cmd=toy_start
status_cmd=toy_status
toy_start() { echo "starting $*"; }
toy_status() { echo "toy is not running."; return 1; }
load_rc_config $name
: ${toy_enable:=NO}
run_rc_command "$@"
"""


def install_script(host: LabHost) -> None:
    folder = host.root / "usr/local/etc/rc.d"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "toy").write_text(SCRIPT)
    (folder / "toy").chmod(0o755)


def test_sysrc_sets_shows_edits_and_removes(empty_lab: LabHost) -> None:
    file = empty_lab.root / "etc/rc.conf"
    before = file.read_text()
    assert empty_lab.run("sysrc", "toy_enable=YES").stdout == "toy_enable:  -> YES\n"
    assert empty_lab.run("sysrc", "toy_list=a b").stdout == "toy_list:  -> a b\n"
    assert empty_lab.run("sysrc", "toy_list+=c").stdout == "toy_list: a b -> a b c\n"
    assert empty_lab.run("sysrc", "-n", "toy_list-=a").stdout == "a b c -> b c\n"
    assert empty_lab.run("sysrc", "-n", "toy_enable").stdout == "YES\n"
    assert 'toy_list="b c"\n' in file.read_text()
    empty_lab.run("sysrc", "-c", "toy_enable=YES")
    empty_lab.run("sysrc", "-c", "toy_enable=NO", status=1)
    other = {"RC_CONFS": "/tmp/other.conf"}
    empty_lab.run("sysrc", "toy_enable=NO", **other)
    assert empty_lab.run("sysrc", "-n", "toy_enable", **other).stdout == "NO\n"
    assert empty_lab.run("sysrc", "-n", "toy_enable").stdout == "YES\n"
    empty_lab.run("sysrc", "-x", "toy_enable", "toy_list")
    assert file.read_text() == before
    assert "unknown variable 'nosuch'" in empty_lab.run("sysrc", "nosuch", status=1).stderr
    empty_lab.run("sysrc", "-i", "nosuch")


def test_sysrc_keeps_quotes_and_dollars_as_they_are(empty_lab: LabHost) -> None:
    value = 'say "hello" to $USER at `home` \\ here'
    empty_lab.run("sysrc", f"toy_text={value}")
    assert empty_lab.run("sysrc", "-n", "toy_text").stdout == f"{value}\n"
    script = '. "$CHYVES_LAB/root/etc/rc.conf"; printf "%s\\n" "$toy_text"'
    assert empty_lab.run("sh", "-c", script).stdout == f"{value}\n"


def test_service_runs_a_script_only_when_it_is_enabled(empty_lab: LabHost) -> None:
    install_script(empty_lab)
    refusal = empty_lab.run("service", "toy", "start").stdout
    assert refusal.startswith("Cannot 'start' toy. Set toy_enable to YES in /etc/rc.conf")
    assert empty_lab.run("service", "toy", "onestart", "web1").stdout == "starting web1\n"
    empty_lab.run("sysrc", "toy_enable=YES")
    assert empty_lab.run("service", "toy", "start", "web1", "web2").stdout == (
        "starting web1 web2\n"
    )
    empty_lab.run("service", "toy", "status", status=1)
    assert "unknown directive 'dance'" in empty_lab.run("service", "toy", "dance", status=1).stderr
    assert empty_lab.run("service", "-e").stdout == "/usr/local/etc/rc.d/toy\n"


def test_service_names_a_script_that_is_missing(empty_lab: LabHost) -> None:
    error = empty_lab.run("service", "nosuch", "start", status=1).stderr
    assert error.startswith("nosuch does not exist in /etc/rc.d or the local startup\n")


def test_logger_appends_to_messages(empty_lab: LabHost) -> None:
    empty_lab.run("logger", "-t", "chyves", "web1", "started")
    line = (empty_lab.root / "var/log/messages").read_text().splitlines()[-1]
    assert line.endswith(" chyves: web1 started")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A web server with one file of 100,000 bytes."""
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "disc.iso").write_bytes(bytes(range(100)) * 1000)
    handler = partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def test_fetch_gets_a_file_and_its_date(empty_lab: LabHost, server: str) -> None:
    empty_lab.run("fetch", "-q", "-o", "/tmp/disc.iso", f"{server}/disc.iso")
    fetched = empty_lab.root / "tmp/disc.iso"
    assert fetched.stat().st_size == 100_000
    assert empty_lab.run("fetch", "-s", f"{server}/disc.iso").stdout == "100000\n"
    before = fetched.stat().st_mtime_ns
    empty_lab.run("fetch", "-m", "-o", "/tmp/disc.iso", f"{server}/disc.iso")
    assert fetched.stat().st_mtime_ns == before


def test_fetch_says_what_is_wrong_and_leaves_no_file(empty_lab: LabHost, server: str) -> None:
    error = empty_lab.run("fetch", "-o", "/tmp/x", f"{server}/nosuch", status=1).stderr
    assert error == f"fetch: {server}/nosuch: Not Found\n"
    refused = empty_lab.run("fetch", "-o", "/tmp/x", "http://127.0.0.1:1/x", status=1).stderr
    assert refused == "fetch: http://127.0.0.1:1/x: Connection refused\n"
    assert not (empty_lab.root / "tmp/x").exists()
    lost = empty_lab.run("fetch", "-o", "nosuch/x", f"{server}/disc.iso", status=1).stderr
    assert lost == "fetch: nosuch/x: open(): No such file or directory\n"


def test_fetch_reads_files_of_the_host(empty_lab: LabHost) -> None:
    (empty_lab.root / "tmp/a").write_text("inside")
    assert empty_lab.run("fetch", "-o", "-", "file:///tmp/a").stdout == "inside"
