"""Hooks: the administrator's own programs around the life of a guest."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.commands.conftest import BHYVE, ended, nothing_is_left, pid_of, stop, until
from tests.conftest import LabHost

# Writes down its words and what it is told, and what chyves answers meanwhile.
TELLER = """\
#!/bin/sh
{
	echo "$* $CHYVES_HOOK $CHYVES_GUEST $CHYVES_VM $guest_ram ${CHYVES_ENDING-}"
	"$CHYVES_ROOT/bin/chyves" "$CHYVES_GUEST" get -H ram
} >>"$CHYVES_LAB/told"
"""


def hook(host: LabHost, when: str, name: str, text: str, mode: int = 0o755) -> Path:
    folder = host.root / "usr/local/etc/chyves/hooks" / f"{when}.d"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(text)
    file.chmod(mode)
    return file


def told(host: LabHost) -> list[str]:
    """What the hooks have written down: every second line is chyves' answer."""
    file = host.lab.folder / "told"
    lines = file.read_text().splitlines() if file.exists() else []
    assert set(lines[1::2]) <= {"256M"}
    return lines[::2]


def test_hooks_run_around_the_whole_life_of_a_guest(guest: LabHost) -> None:
    guest.chyves("web1", "set", "eject_iso_on_n_reboot=0")
    for when in ("prestart", "poststart", "prestop", "poststop", "reboot"):
        hook(guest, when, "50-tell", TELLER)
    guest.chyves("web1", "start", "os.iso")
    until(lambda: len(told(guest)) == 2)
    guest.chyves("web1", "reload")
    guest.chyves("web1", "stop")
    assert told(guest) == [
        "prestart web1 prestart web1 chy-web1 256M ",
        "poststart web1 poststart web1 chy-web1 256M ",
        "reboot web1 reboot web1 chy-web1 256M ",
        "prestop web1 prestop web1 chy-web1 256M ",
        "poststop web1 poststop web1 chy-web1 256M powered off",
    ]
    nothing_is_left(guest)
    assert not list((guest.root / "var/run/chyves/hooks").iterdir())


def test_a_hook_that_fails_before_the_start_stops_it_and_is_named(guest: LabHost) -> None:
    hook(guest, "prestart", "10-fine", "#!/bin/sh\necho all is well\n")
    hook(guest, "prestart", "20-vault", "#!/bin/sh\necho one >&2\necho 'no key today'\nexit 3\n")
    hook(guest, "prestart", "30-later", TELLER)
    hook(guest, "poststop", "10-tell", TELLER)
    done = guest.chyves("web1", "start", "os.iso", status=1)
    said = "web1: prestart hook 20-vault failed (status 3): no key today"
    assert done.stderr == f"chyves: {said}\n        chyves web1 log\n"
    assert told(guest) == [
        f"poststop web1 poststop web1 chy-web1 256M could not be started: {said}"
    ]
    nothing_is_left(guest)
    log = guest.output("web1", "log")
    assert "[info] - prestart hook 10-fine: all is well\n" in log
    assert "[info] - prestart hook 20-vault: one\n" in log
    assert "[error] - prestart hook 20-vault failed (status 3): no key today" in log
    assert guest.commands("bhyve") == []


def test_a_hook_that_fails_later_holds_up_nothing(guest: LabHost) -> None:
    for when in ("poststart", "prestop", "poststop"):
        hook(guest, when, "bad", "#!/bin/sh\nexit 1\n")
        hook(guest, when, "good", TELLER)
    guest.chyves("web1", "start", "os.iso")
    until(lambda: len(told(guest)) == 1)
    done = guest.chyves("web1", "stop")
    assert done.stderr == (
        "chyves: web1: prestop hook bad failed (status 1)\n        chyves web1 log\n"
    )
    assert [line.split()[0] for line in told(guest)] == ["poststart", "prestop", "poststop"]
    log = guest.output("web1", "log")
    assert log.count("hook bad failed (status 1)") == 3


def test_only_programs_are_hooks_and_a_dry_run_names_them(guest: LabHost) -> None:
    hook(guest, "prestart", "20-b", TELLER)
    hook(guest, "prestart", "10-a", TELLER)
    hook(guest, "prestart", "README", TELLER, mode=0o644)
    hook(guest, "prestart", "10-a~", TELLER)
    hook(guest, "prestart", "30-c.sample", TELLER)
    done = guest.output("web1", "start", "-n", "os.iso").splitlines()
    folder = "/usr/local/etc/chyves/hooks/prestart.d"
    assert [line for line in done if line.startswith(folder)] == [
        f"{folder}/10-a prestart web1",
        f"{folder}/20-b prestart web1",
    ]
    assert told(guest) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="files cannot be given away")
def test_root_runs_no_hook_that_others_could_have_written(guest: LabHost) -> None:
    file = hook(guest, "prestart", "10-a", TELLER)
    os.chown(file, 1000, -1)
    said = guest.chyves("web1", "start", "os.iso", status=1).stderr
    assert said.startswith("chyves: web1: prestart hook 10-a was refused: not run as root, because")
    os.chown(file, 0, -1)
    file.chmod(0o757)
    assert "was refused" in guest.chyves("web1", "start", "os.iso", status=1).stderr
    file.chmod(0o755)
    file.parent.chmod(0o777)
    assert "was refused" in guest.chyves("web1", "start", "os.iso", status=1).stderr
    assert told(guest) == []


def test_hooks_are_told_every_property_and_no_secret(guest: LabHost) -> None:
    guest.chyves("web1", "set", 'description=it\'s "ours" & $HOME', "uefi_vnc_password=geheim")
    hook(guest, "prestart", "env", '#!/bin/sh\nset >"$CHYVES_LAB/told"\nexit 1\n')
    guest.chyves("web1", "start", "os.iso", status=1)
    text = (guest.lab.folder / "told").read_text()
    assert "geheim" not in text and "password" not in text
    hook(guest, "prestart", "env", '#!/bin/sh\necho "$guest_description|$guest_cpu"\nexit 1\n')
    said = guest.chyves("web1", "start", "os.iso", status=1).stderr
    assert 'it\'s "ours" & $HOME|1' in said
    assert "CHYVES_DISKS='/dev/zvol/zroot/chyves/guests/web1/disk0'" in text


def test_a_prestop_hook_has_only_the_time_that_the_stop_has(guest: LabHost) -> None:
    hook(guest, "prestop", "slow", "#!/bin/sh\nexec sleep 60\n")
    guest.chyves("web1", "start", "os.iso")
    said = guest.chyves("web1", "stop", "--timeout", "16").stderr
    assert "web1: prestop hook slow took longer than 8 s" in said
    assert ended(guest, "web1")


def test_stop_force_asks_no_hook_but_what_was_made_is_cleared_up(guest: LabHost) -> None:
    hook(guest, "prestop", "tell", TELLER)
    hook(guest, "poststop", "tell", TELLER)
    guest.chyves("web1", "start", "os.iso")
    guest.run("kill", "-KILL", str(pid_of(guest, " chy-web1 web1")))
    guest.run("kill", "-KILL", str(pid_of(guest, BHYVE)))
    guest.chyves("web1", "reclaim")
    assert [line.split()[0] for line in told(guest)] == ["poststop"]
    assert "its supervisor was killed" in told(guest)[0]
    guest.chyves("web1", "start", "os.iso")
    guest.chyves("web1", "stop", "force")
    assert [line.split()[0] for line in told(guest)] == ["poststop", "poststop"]


def begin_start(host: LabHost) -> subprocess.Popen[str]:
    """Start web1, whose prestart hook takes long; return the command as soon as the hook runs."""
    begun = host.lab.folder / "begun"
    begun.unlink(missing_ok=True)
    words = [str(host.lab.bin / "chyves"), "web1", "start", "os.iso"]
    command = subprocess.Popen(
        words, env=host.environment(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    until(begun.exists)
    return command


def test_a_prestart_hook_that_takes_long_is_named_and_can_be_ended(guest: LabHost) -> None:
    slow = hook(guest, "prestart", "vault", '#!/bin/sh\n: >"$CHYVES_LAB/begun"\nexec sleep 60\n')
    hook(guest, "poststop", "tell", TELLER)
    command = begin_start(guest)
    said = guest.chyves("web1", "snapshot", status=4).stderr
    found = re.fullmatch(
        r"chyves: web1: its prestart hook runs \(pid (\d+)\)\n        chyves web1 stop ends it\n",
        said,
    )
    assert found, said
    assert "web1: is being started, its prestart hook runs" in guest.output("doctor")
    assert guest.output("web1", "stop", "-n") == f"kill -TERM {found[1]}"
    assert stop(guest, "web1", "stop") == ["web1: ended"]
    assert command.wait(20) == 1 and command.stderr
    assert command.stderr.read().startswith("chyves: web1: prestart hook vault was ended\n")
    assert len(told(guest)) == 1
    nothing_is_left(guest)

    def kill_start() -> None:
        killed = begin_start(guest)
        killed.kill()
        killed.communicate()

    for ends in (("web1", "reclaim"), ("web1", "stop"), ("doctor", "--fix")):
        kill_start()
        if ends[0] == "doctor":
            file = guest.root / "var/run/chyves/hooks/web1.prestart.pid"
            guest.run("kill", file.read_text().strip())
            until(
                lambda: "does not run, and has left" in guest.chyves("doctor", status=None).stdout
            )
        guest.chyves(*ends)
        assert told(guest)[-1].endswith(" its start was interrupted")
        nothing_is_left(guest)
    kill_start()
    slow.unlink()
    guest.chyves("web1", "start", "os.iso")
    assert len(told(guest)) == 5
    assert not list((guest.root / "var/run/chyves/hooks").iterdir())
