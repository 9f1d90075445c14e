"""ctladm(8): units and ports of ctl(4). The lab keeps and shows them.

Grammar and texts are those of ctladm.c and ctl_frontend_ioctl.c since 12.0 (r333446); no capture
has them.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from chyves_core.lab.home import Lab
from chyves_core.lab.host.getopt import BadOption, parse_options
from chyves_core.lab.host.modules import has_module
from chyves_core.lab.host.state import HostState, change_host, read_host

USAGE = "Usage:\nPrimary commands:"
CREATED = """\
LUN created successfully
backend:       block
device type:   0
LUN size:      {size} bytes
blocksize      {blocksize} bytes
LUN ID:        {number}
Serial Number: {serial}
Device ID:     {device}"""
KERNEL_PORTS = (("camsim", "camsim", False), ("ioctl", "ioctl", True), ("tpc", "tpc", True))
SERIAL_LENGTH, DEVICE_LENGTH = 16, 64

Options = list[tuple[str, str]]


class Failed(Exception):
    """What ctladm says behind its name, with status 1."""


def main(arguments: list[str], lab: Lab) -> int:
    """Run one of the commands that the lab has."""
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command not in COMMANDS:
        print(f"ctladm: invalid option {command}" if command else USAGE, file=sys.stderr)
        return 1
    letters, run = COMMANDS[command]
    try:
        options, _ = parse_options(rest, letters)
        if not lab.is_root:
            raise Failed("cctl_open: error opening /dev/cam/ctl: Permission denied")
        if not has_module(read_host(lab), "ctl"):
            raise Failed("error opening /dev/cam/ctl: No such file or directory")
        print(run(lab, options), end="")
    except (BadOption, Failed) as error:
        print(f"ctladm: {error}", file=sys.stderr)
        return 1
    return 0


def ctl_state(state: HostState) -> dict[str, Any]:
    """Return the units and ports; the kernel has three ports of its own."""
    kernel = [
        {"id": number, "frontend": frontend, "name": name, "online": online, "pp": 0, "vp": 0}
        for number, (frontend, name, online) in enumerate(KERNEL_PORTS)
    ]
    found: dict[str, Any] = state.setdefault("ctl", {"luns": [], "ports": kernel})
    return found


def create(lab: Lab, options: Options) -> str:
    """Make a unit of a file; values behind -o are kept as they are."""
    given = dict(options)
    extra = dict(word.partition("=")[::2] for letter, word in options if letter == "o")
    if "b" not in given:
        raise Failed("cctl_create_lun: backend name (-b) must be specified")
    if given["b"] != "block":
        raise Failed(f'LUN creation error: Backend "{given["b"]}" not found')
    if "file" not in extra:
        raise Failed("LUN creation error: no file argument specified")
    file = lab.path(extra["file"])
    if not file.exists():
        raise Failed(f"LUN creation error: error opening {extra['file']}: 2")
    blocksize = int(given.get("B", "0")) or 512
    with change_host(lab) as state:
        ctl = ctl_state(state)
        number = free_number(ctl["luns"])
        lun = {
            "id": number,
            "size": file.stat().st_size,
            "blocksize": blocksize,
            "serial": given.get("S", f"MYSERIAL{number:04}")[:SERIAL_LENGTH],
            "device": given.get("d", f"MYDEVID{number:04}")[:DEVICE_LENGTH],
            "options": extra,
        }
        ctl["luns"].append(lun)
    return CREATED.format(number=number, **lun) + "\n"


def free_number(things: list[dict[str, Any]]) -> int:
    """Return the first number that none of them has."""
    taken = {each["id"] for each in things}
    return next(number for number in range(len(taken) + 1) if number not in taken)


def remove(lab: Lab, options: Options) -> str:
    """Remove a unit; ports that it is mapped on keep its number."""
    given = dict(options)
    if "b" not in given:
        raise Failed("cctl_rm_lun: backend name (-b) must be specified")
    if "l" not in given:
        raise Failed("cctl_rm_lun: LUN id (-l) must be specified")
    with change_host(lab) as state:
        ctl = ctl_state(state)
        kept = [lun for lun in ctl["luns"] if str(lun["id"]) != given["l"]]
        if len(kept) == len(ctl["luns"]):
            raise Failed(f"LUN removal error: LUN {given['l']} is not managed by the block backend")
        ctl["luns"] = kept
    return f"LUN {given['l']} removed successfully\n"


def port(lab: Lab, options: Options) -> str:
    """Make a port of the frontend ioctl, or remove one; both say nothing."""
    given = dict(options)
    driver = given.get("d", "ioctl")
    if ("c" in given) == ("r" in given):
        raise Failed("cctl_port: you can only specify one of -o, -w/-W, or -c/-r")
    if "r" in given and "p" not in given:
        raise Failed("cctl_port: -r require -p")
    if driver != "ioctl":
        raise Failed(f'error: Frontend "{driver}" not found')
    with change_host(lab) as state:
        ctl = ctl_state(state)
        if "c" in given:
            make_port(lab, ctl, options)
        else:
            remove_port(lab, ctl, int(given["p"]))
    return ""


def make_port(lab: Lab, ctl: dict[str, Any], options: Options) -> None:
    """Make a port and its node; pp is the first number behind all others where none is given."""
    extra = dict(word.partition("=")[::2] for letter, word in options if letter == "O")
    own = [each for each in ctl["ports"] if each["frontend"] == "ioctl"]
    physical = int(extra.get("pp", -1))
    virtual = int(extra.get("vp", 0))
    if physical == -1:
        physical = max(each["pp"] for each in own) + 1
    if any((each["pp"], each["vp"]) == (physical, virtual) for each in own):
        raise Failed(f"error: port {physical} already exists")
    made = {"id": free_number(ctl["ports"]), "frontend": "ioctl", "name": "ioctl", "online": True}
    ctl["ports"].append({**made, "pp": physical, "vp": virtual})
    lab.path(f"/dev/cam/ctl{physical}.{virtual}").touch()


def remove_port(lab: Lab, ctl: dict[str, Any], number: int) -> None:
    """Remove a port and its node."""
    found = [each for each in ctl["ports"] if each["id"] == number and each["frontend"] == "ioctl"]
    if not found:
        raise Failed(f"error: cannot find port {number}")
    if not found[0]["pp"] and not found[0]["vp"]:
        raise Failed("error: cannot destroy default ioctl port")
    ctl["ports"].remove(found[0])
    lab.path(f"/dev/cam/ctl{found[0]['pp']}.{found[0]['vp']}").unlink(missing_ok=True)


def lunmap(lab: Lab, options: Options) -> str:
    """Let a port show a unit under a number; the first one takes all others from it."""
    given = dict(options)
    if "p" not in given:
        raise Failed("cctl_lunmap: -p is required")
    with change_host(lab) as state:
        ctl = ctl_state(state)
        found = [each for each in ctl["ports"] if str(each["id"]) == given["p"]]
        known = any(str(lun["id"]) == given.get("L") for lun in ctl["luns"])
        if not found or ("L" in given and not known):
            raise Failed("cctl_lunmap: CTL_LUN_MAP ioctl failed: Device not configured")
        if "l" not in given:
            found[0].pop("map", None)
        elif "L" in given:
            found[0].setdefault("map", {})[given["l"]] = int(given["L"])
        else:
            found[0].get("map", {}).pop(given["l"], None)
        write_node(lab, ctl, found[0])
    return ""


def write_node(lab: Lab, ctl: dict[str, Any], port: dict[str, Any]) -> None:
    """Write into the node of a port which units a guest finds behind it, for the lab's QEMU."""
    mapped: dict[str, int] = port.get("map", {})
    units = {lun["id"]: lun for lun in ctl["luns"]}
    shown = {number: units[lun] for number, lun in mapped.items() if lun in units}
    lab.path(f"/dev/cam/ctl{port['pp']}.{port['vp']}").write_text(json.dumps(shown))


def devlist(lab: Lab, options: Options) -> str:
    """Return the units: a table, or a list as XML, in which options are not escaped."""
    luns = ctl_state(read_host(lab))["luns"]
    if ("x", "") not in options:
        rows = [
            f"{lun['id']:3} {'block':<15} {lun['size'] // lun['blocksize']:20} "
            f"{lun['blocksize']:4} {lun['serial']:<20} {lun['device']:<20}"
            for lun in luns
        ]
        head = "LUN Backend       Size (Blocks)   BS Serial Number    Device ID"
        return "".join(f"{line}\n" for line in (head, *rows))
    text = "<ctllunlist>\n"
    for lun in luns:
        values = {
            "backend_type": "block",
            "lun_type": 0,
            "size": lun["size"] // lun["blocksize"],
            "blocksize": lun["blocksize"],
            "serial_number": lun["serial"],
            "device_id": lun["device"],
            "num_threads": 14,
            **lun["options"],
        }
        text += element("lun", lun["id"], values)
    return f"{text}</ctllunlist>\n"


def portlist(lab: Lab, options: Options) -> str:
    """Return the ports: a table, or a list as XML."""
    ports = ctl_state(read_host(lab))["ports"]
    if ("x", "") not in options:
        rows = [
            f"{each['id']:<4} {'YES' if each['online'] else 'NO':<6} {each['frontend']:<8} "
            f"{each['name']:<8} {each['pp']:<2} {each['vp']:<2}"
            for each in ports
        ]
        return "".join(f"{line}\n" for line in ("Port Online Frontend Name     pp vp", *rows))
    text = "<ctlportlist>\n"
    for each in ports:
        values = {
            "frontend_type": each["frontend"],
            "port_type": 4 if each["frontend"] == "ioctl" else 8,
            "online": "YES" if each["online"] else "NO",
            "port_name": each["name"],
            "physical_port": each["pp"],
            "virtual_port": each["vp"],
            **({"lun_map": "on"} if "map" in each else {}),
        }
        mapped = "".join(
            f'\t<lun id="{shown}">{lun}</lun>\n' for shown, lun in each.get("map", {}).items()
        )
        text += element("targ_port", each["id"], values, mapped)
    return f"{text}</ctlportlist>\n"


def element(name: str, number: int, values: dict[str, Any], more: str = "") -> str:
    """Return one element of a list."""
    lines = "".join(f"\t<{key}>{value}</{key}>\n" for key, value in values.items())
    return f'<{name} id="{number}">\n{lines}{more}</{name}>\n'


COMMANDS = {
    "create": ("b:B:d:l:o:s:S:t:", create),
    "remove": ("b:l:o:", remove),
    "port": ("cd:ro:O:p:w:W:lqxt:", port),
    "lunmap": ("p:l:L:", lunmap),
    "devlist": ("b:vx", devlist),
    "portlist": ("f:ilp:qvx", portlist),
}
