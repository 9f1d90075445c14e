"""`chyves iso import` of URLs, from a web server on this machine."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.commands.resource_files import CONTENT, installed, names, properties, resource_datasets
from tests.commands.resource_server import CHANGED, PACKED, web_server

if TYPE_CHECKING:
    from tests.conftest import LabHost


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a web server."""
    with web_server() as address:
        yield address


def test_a_url_is_fetched_quietly_and_its_source_kept(lab: LabHost, server: str) -> None:
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    done = lab.chyves("iso", "import", f"{server}/pub/a.iso?mirror=1", "--hash", sha256)
    assert (done.stdout, done.stderr) == (
        "a.iso: imported, 151K, its sha256 checksum is right\n",
        "",
    )
    assert installed(lab, "a.iso") == CONTENT
    assert properties(lab, "zroot/chyves/ISO/a.iso")["source"] == f"{server}/pub/a.iso?mirror=1"
    (fetch,) = lab.commands("fetch")
    assert fetch[:5] == ["fetch", "-q", "-r", "-o", "/chyves/zroot/ISO/a.iso/.download"]


def test_a_packed_url_is_checked_as_it_comes_and_unpacked(lab: LabHost, server: str) -> None:
    digits = hashlib.sha1(PACKED).hexdigest()
    lab.chyves("iso", "import", f"{server}/pub/a.iso.xz", "--hash", digits)
    assert installed(lab, "a.iso") == CONTENT


def test_a_redirect_is_followed_and_the_asked_name_kept(lab: LabHost, server: str) -> None:
    lab.chyves("iso", "import", f"{server}/mirror/b.iso")
    assert installed(lab, "b.iso") == CONTENT


def test_a_name_in_a_url_is_decoded(lab: LabHost, server: str) -> None:
    lab.chyves("iso", "import", f"{server}/pub/a%20(1).iso")
    assert names(lab) == ["a__1_.iso"]


def test_a_password_in_a_url_is_not_kept(lab: LabHost, server: str) -> None:
    address = server.replace("//", "//me:secret@")
    assert "source=http://127.0.0.1" in lab.output("iso", "import", "-n", f"{address}/pub/a.iso")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("gone.iso", "Not Found"),
        ("cut.iso", "appears to be truncated"),
        ("empty.iso", "empty.iso: is empty"),
    ],
)
def test_a_download_that_fails_leaves_nothing(
    lab: LabHost, server: str, path: str, reason: str
) -> None:
    said = lab.chyves("iso", "import", f"{server}/{path}", status=1).stderr
    assert reason in said
    assert said.startswith("chyves: ")
    assert said.count("\n") == 1
    assert resource_datasets(lab) == []


def test_a_download_with_a_wrong_checksum_leaves_nothing(lab: LabHost, server: str) -> None:
    for path in ("pub/a.iso", "pub/a.iso.xz"):
        done = lab.chyves("iso", "import", f"{server}/{path}", "--hash", "f" * 128, status=1)
        assert "the sha512 checksum is wrong, nothing was imported" in done.stderr
    assert resource_datasets(lab) == []


def test_a_server_that_is_not_there(lab: LabHost) -> None:
    said = lab.chyves("iso", "import", "http://127.0.0.1:1/a.iso", status=1).stderr
    assert said.startswith("chyves: fetch: http://127.0.0.1:1/a.iso: ")
    assert resource_datasets(lab) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_download_ends_fetch_and_leaves_nothing(
    lab: LabHost, server: str, number: signal.Signals
) -> None:
    command = subprocess.Popen(
        [str(lab.lab.bin / "chyves"), "iso", "import", f"{server}/stuck.iso"],
        env=lab.environment(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    download = lab.root / "chyves" / "zroot" / "ISO" / "stuck.iso" / ".download"
    deadline = time.monotonic() + 30
    while not download.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    command.send_signal(number)
    _, said = command.communicate(timeout=20)
    assert (command.returncode, said) == (130, "chyves: interrupted\n")
    assert resource_datasets(lab) == []


def test_a_killed_download_is_cleared_by_the_next_import(lab: LabHost, server: str) -> None:
    address = f"{server}/pub/a.iso.xz"
    lab.chyves("iso", "import", address, status=-9, CHYVES_LAB_FAIL="fetch:1:kill-after")
    assert names(lab) == []
    lab.chyves("iso", "import", address)
    assert installed(lab, "a.iso") == CONTENT


def test_a_download_that_breaks_off_is_taken_up_where_it_was(lab: LabHost, server: str) -> None:
    done = lab.chyves("iso", "import", f"{server}/resume.iso")
    assert (done.returncode, done.stderr) == (0, "")
    assert installed(lab, "resume.iso") == CONTENT
    assert len(lab.commands("fetch")) == 3


def test_a_file_that_has_changed_meanwhile_is_fetched_anew(lab: LabHost, server: str) -> None:
    lab.chyves("iso", "import", f"{server}/changed.iso")
    assert installed(lab, "changed.iso") == CHANGED


def test_a_file_without_a_date_is_never_put_together(lab: LabHost, server: str) -> None:
    said = lab.chyves("iso", "import", f"{server}/nodate.iso", status=1).stderr
    assert "nodate.iso/.download appears to be truncated: 40000/" in said
    assert len(lab.commands("fetch")) == 1
    assert resource_datasets(lab) == []


def test_a_full_pool_in_the_middle_of_a_download(lab: LabHost, server: str) -> None:
    # A limit on the size of files stands in for a full pool: write(2) fails half-way.
    limited = ("sh", "-c", 'ulimit -f 100; exec "$@"', "sh", "chyves", "iso", "import")
    said = lab.run(*limited, f"{server}/pub/a.iso", status=1).stderr
    assert said.startswith("chyves: fetch: /")
    assert said.endswith("/chyves/zroot/ISO/a.iso/.download: File too large\n")
    assert resource_datasets(lab) == []


@pytest.mark.parametrize(
    "path", ["..", "%2e%2e", "..%2f..%2fup.iso", ".%00", "%2f", "-r", "x" * 121]
)
def test_a_url_whose_name_leads_elsewhere_or_is_none(lab: LabHost, server: str, path: str) -> None:
    said = lab.chyves("iso", "import", f"{server}/pub/{path}", status=2).stderr
    assert "choose one with --name" in said
    assert lab.commands("fetch") == []


def test_what_a_server_wants_a_file_to_be_called_means_nothing(lab: LabHost, server: str) -> None:
    lab.chyves("iso", "import", f"{server}/attached.iso")
    assert installed(lab, "attached.iso") == CONTENT
