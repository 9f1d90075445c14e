"""Which process belongs to which guest: by its whole name."""

from __future__ import annotations

import time

from chyves_core.runtime import Runtime, parse_ps

PS = """\
  100     1   2048 bhyve: chy-pfSense (bhyve)
  101     1   2048 bhyve: chy-pfSense-gold
  102     1   1024 bhyveload -m 256M -d /dev/zvol/tank/chyves/guests/web1/disk0 chy-web1
  103     1   4096 /usr/sbin/bhyve -c 1 -m 256M chy-web10
  104     1   4096 vi bhyve: chy-web2
  105     1   4096 swtpm socket --server type=unixio,path=/var/run/chyves/guests/web1/swtpm.sock
  106     1   4096 /usr/local/bin/swtpm socket --server type=unixio,path=/tmp/guests/web3/swtpm.sock
"""


def test_a_guest_is_never_taken_for_one_whose_name_begins_like_its_own():
    runtime = Runtime(frozenset({"chy-pfSense", "chy-web1"}), parse_ps(PS))
    assert runtime.bhyve("pfSense").pid == 100
    assert runtime.bhyve("pfSense-gold").pid == 101
    assert runtime.bhyve("pf") is None
    assert runtime.bhyve("web10").pid == 103
    assert runtime.bhyve("web1") is None
    assert runtime.bhyve("web2") is None


def test_a_swtpm_is_the_guests_whose_socket_it_has():
    runtime = Runtime(frozenset(), parse_ps(PS))
    assert runtime.swtpm("web1").pid == 105
    assert runtime.swtpm("web10") is None
    assert runtime.swtpm("web3") is None


def test_the_state_of_many_guests_is_found_at_once():
    names = [f"guest{number}" for number in range(2000)]
    lines = "".join(f"{n} 1 1 bhyve: chy-{name}\n" for n, name in enumerate(names, 100))
    runtime = Runtime(frozenset(), parse_ps(lines))
    started = time.process_time()
    assert {runtime.state(name) for name in names} == {"running"}
    assert time.process_time() - started < 0.5


def test_states():
    runtime = Runtime(frozenset({"chy-pfSense", "chy-web1", "chy-left"}), parse_ps(PS))
    states = {name: runtime.state(name) for name in ("pfSense", "web1", "left", "none")}
    assert states == {"pfSense": "running", "web1": "loading", "left": "left", "none": "stopped"}
