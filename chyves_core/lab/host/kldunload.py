"""kldunload(8): unload kernel modules."""

from __future__ import annotations

import shutil
import sys

from chyves_core.lab.home import Lab
from chyves_core.lab.host import modules
from chyves_core.lab.host.getopt import BadOption, parse_options
from chyves_core.lab.host.interfaces import CLONERS, change_interfaces, destroy
from chyves_core.lab.host.state import HostState

USAGE = "usage: kldunload [-fv] -i id ...\n       kldunload [-fv] [-n] name ..."


def main(arguments: list[str], lab: Lab) -> int:
    """Unload each module that is not in use."""
    try:
        options, names = parse_options(arguments, "finv")
        if not names:
            raise BadOption("")
    except BadOption as bad:
        text = f"kldunload: {bad}\n" if str(bad) else ""
        print(f"{text}{USAGE}", file=sys.stderr)
        return 1
    by_id = any(letter == "i" for letter, _ in options)
    return max(_unload(lab, name, by_id=by_id) for name in names)


def _unload(lab: Lab, name: str, *, by_id: bool) -> int:
    with change_interfaces(lab) as state:
        loaded = modules.loaded_files(state)
        if by_id:
            number = int(name) if name.isdecimal() else 0
            file = loaded[number - 2] if 2 <= number < len(loaded) + 2 else None
        else:
            file = modules.file_name(name, lab.freebsd)
        if file is None or file not in loaded:
            return _fail(f"can't find file {name}")
        if not lab.is_root:
            return _fail("can't unload file: Operation not permitted")
        if _is_busy(lab, state, file):
            return _fail("can't unload file: Device busy")
        if file == "if_bridge.ko":
            _destroy_bridges(state)
        if file == "ctl.ko":
            state.pop("ctl", None)
            shutil.rmtree(lab.path("/dev/cam"), ignore_errors=True)
        modules.unload(state, file)
    return 0


def _fail(text: str) -> int:
    print(f"kldunload: {text}", file=sys.stderr)
    return 1


def _is_busy(lab: Lab, state: HostState, file: str) -> bool:
    if file == "vmm.ko":
        from chyves_core.lab.bhyve.vmm import vm_names

        return bool(vm_names(lab))
    if file == "ctl.ko":
        return bool(state.get("ctl", {}).get("luns"))
    if file == "nmdm.ko":
        return any((lab.root / "dev").glob("nmdm*"))
    if file == "zfs.ko":
        from chyves_core.lab.zfs.pools import pool_names

        return bool(pool_names(lab))
    kinds = {kind for kind, module in CLONERS.items() if f"{module}.ko" == file}
    kinds.discard("bridge")
    return any(interface["kind"] in kinds for interface in state["interfaces"])


def _destroy_bridges(state: HostState) -> None:
    """Take all bridges away, as unloading if_bridge does without a word (captures kld-unload)."""
    for bridge in [each for each in state["interfaces"] if each["kind"] == "bridge"]:
        destroy(state, bridge)
