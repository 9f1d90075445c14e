"""A picture of the network: uplinks, bridges and guests, drawn by graphviz's dot(1).

What is drawn solid is so now, as ifconfig(8) says; what is dashed is what properties ask for and
comes when the guest starts. Colours only repeat what words say.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape as escape_html

from chyves_core.errors import Refused, UsageError
from chyves_core.guests import Guest
from chyves_core.host import Host
from chyves_core.network.design import Design, is_own_bridge
from chyves_core.network.ifconfig import Interface, bridge_of, read_interfaces
from chyves_core.output import escape

TITLE = "chyves"
FONT = "Helvetica,Arial,sans-serif"
# Background and border.
PLAIN = ("#f1f3f5", "#868e96")
UPLINK = ("#e7f0fd", "#3b6fb6")
BRIDGE = ("#fff4d6", "#c08a1e")
MISSING = ("#fde8e8", "#c0392b")
STATES = {
    "running": ("running", ("#d8f3dc", "#2d8a57")),
    "loading": ("in its loader", ("#fff3bf", "#d19a00")),
    "rebooting": ("rebooting", ("#fff3bf", "#d19a00")),
    "left": ("stopped, left a VM behind", ("#ffe0cc", "#d9480f")),
    "stopped": ("stopped", PLAIN),
}
LONGEST_DESCRIPTION = 40


@dataclass(frozen=True)
class Seen:
    """What there is to draw: guests with their states, the design, and the host's interfaces."""

    guests: tuple[Guest, ...]
    states: Mapping[str, str]
    design: Design
    interfaces: Mapping[str, Interface]


@dataclass
class Wires:
    """The lines between nodes: True for those that are there now, False for those that will be."""

    drawn: dict[tuple[str, str], bool] = field(default_factory=dict)

    def add(self, left: str, right: str, *, now: bool) -> None:
        """Add a line; one that is there now counts."""
        self.drawn[left, right] = now or self.drawn.get((left, right), False)


def graph_command(
    host: Host, *, svg: str | None = None, dot: bool = False, replace: bool = False
) -> str:
    """Write the picture to a file, `-` being standard output, or return dot's source.

    Returns what the user is told. A picture of ours is replaced by the newer one, any other
    file only with `replace`. Raises Refused where dot is missing.
    """
    if dot == (svg is not None):
        raise UsageError("what is the picture to be?", "chyves network graph --svg FILE | --dot")
    source = graph(host)
    if dot:
        return source.rstrip("\n")
    assert svg is not None
    picture = draw_svg(host, source)
    if svg == "-":
        return picture.rstrip("\n")
    from chyves_core.exporting import write_file

    write_file(svg, picture, mode=0o644, replace=replace or is_ours(svg))
    return f"{svg}: the network as it is now"


def graph(host: Host) -> str:
    """Read the host, and return the picture of its network as dot's source."""
    from chyves_core.look import Look
    from chyves_core.settings import global_settings

    look = Look(host)
    guests = tuple(look.inventory.guests.values())
    return draw(
        Seen(
            guests,
            {guest.name: look.runtime.state(guest.name) for guest in guests},
            Design.from_settings(global_settings(look.inventory.storage)),
            read_interfaces(host),
        )
    )


def draw_svg(host: Host, source: str) -> str:
    """Have dot(1) draw its source."""
    if shutil.which("dot") is None:
        raise Refused(
            "dot draws the picture, and is not installed",
            "pkg install graphviz, or chyves network graph --dot, and draw it elsewhere",
        )
    with tempfile.NamedTemporaryFile(suffix=".dot") as file:
        file.write(source.encode())
        file.flush()
        return host.read("dot", "-Tsvg", file.name).stdout


def is_ours(file: str) -> bool:
    """Return whether a file is a picture that was drawn here."""
    try:
        with open(file, encoding="utf-8") as opened:
            return f"<title>{TITLE}</title>" in opened.read(4096)
    except (OSError, UnicodeDecodeError):
        return False


def draw(seen: Seen) -> str:
    """Return the picture as dot's source: what is outside on the left, guests on the right."""
    wires = Wires()
    guests = [line for guest in seen.guests for line in guest_lines(guest, seen, wires)]
    bridges = [draw_bridge(name, seen, wires) for name in bridge_names(seen)]
    others = draw_members(seen, wires)
    lines = [
        f"graph {TITLE} {{",
        '  graph [rankdir=LR, bgcolor="white", pad=0.4, nodesep=0.3, ranksep=1.4]',
        f'  node [shape=plain, fontname="{FONT}", fontsize=12]',
        '  edge [color="#868e96", penwidth=1.8]',
        *column("min", others),
        *column("same", bridges),
        *column("max", guests),
    ]
    if not (others or bridges or guests):
        lines.append(node("nothing", box(["no bridges and no guests"], PLAIN)))
    for (left, right), now in wires.drawn.items():
        lines.append(f"  {left} -- {right}{'' if now else ' [style=dashed]'}")
    return "\n".join([*lines, "}", ""])


def column(rank: str, nodes: list[str]) -> list[str]:
    """Return nodes as one column of the picture."""
    return [f"  {{ rank={rank}", *(f"  {line}" for line in nodes), "  }"] if nodes else []


def bridge_names(seen: Seen) -> list[str]:
    """Return the bridges that there are or that a guest or a property names, in their order."""
    names = {each.name for each in seen.interfaces.values() if is_bridge(each)}
    names |= set(seen.design.attached)
    for guest in seen.guests:
        names |= {guest.value(f"{tap}_bridge") for tap in guest.interfaces} - {""}
        names |= {switch_of(each) for each in guest.interfaces if is_port(each)}
    return sorted(names, key=lambda name: (len(name), name))


def is_bridge(interface: Interface) -> bool:
    """Return whether an interface is a bridge: one with members may have any name."""
    return interface.name.startswith("bridge") or bool(interface.members)


def switch_of(port: str) -> str:
    """Return the switch of a port such as vale0:1."""
    return port.partition(":")[0]


def is_port(interface: str) -> bool:
    """Return whether a guest's interface is a port of a switch: vale(4) or netgraph(4)."""
    return interface.startswith(("vale", "netgraph"))


def draw_bridge(name: str, seen: Seen, wires: Wires) -> str:
    """Return a bridge's node; its wires to the left are added."""
    there = seen.interfaces.get(name)
    wanted = seen.design.uplink(name)
    taps = {tap for guest in seen.guests for tap in guest.interfaces}
    members = [each for each in (there.members if there else ()) if each not in taps]
    for member in members:
        wires.add(interface_id(member), interface_id(name), now=True)
    if wanted:
        wires.add(interface_id(wanted), interface_id(name), now=wanted in members)
    if is_port(name):
        kind = name.rstrip("0123456789")
        return node(interface_id(name), box([name, f"{kind} switch"], BRIDGE))
    words = [name, "not there yet"]
    if there:
        whose = "made by chyves" if is_own_bridge(there) else "the host's own"
        words = [name, f"{'up' if 'UP' in there.flags else 'down'}, {whose}", *there.addresses]
    if not (members or wanted):
        words.append("private")
    return node(interface_id(name), box(words, BRIDGE, dashed=there is None))


def draw_members(seen: Seen, wires: Wires) -> list[str]:
    """Return the nodes of what bridges lead to: uplinks, and whatever else is a member."""
    names = dict.fromkeys(left for left, _ in wires.drawn)
    found = []
    known = {interface_id(each) for each in bridge_names(seen)}
    for each in names:
        if each in known:
            continue
        name = each.strip('"').removeprefix("if ")
        there = seen.interfaces.get(name)
        if there is None:
            found.append(node(each, box([name, "not on this host"], MISSING, dashed=True)))
            continue
        state = "up" if "UP" in there.flags else "down"
        colours = PLAIN if name.startswith(("tap", "epair")) else UPLINK
        found.append(node(each, box([name, state, *there.addresses], colours)))
    return found


def guest_lines(guest: Guest, seen: Seen, wires: Wires) -> Iterator[str]:
    """Yield a guest's node; the wires of its interfaces are added."""
    own = guest_id(guest.name)
    words, colours = STATES[seen.states[guest.name]]
    if guest.is_template:
        words = f"template, {words}"
    lines = [guest.name, words, f"{guest.value('cpu')} CPU, {guest.value('ram')}"]
    description = escape(guest.value("description"))
    if description not in ("", "-"):
        short = description[:LONGEST_DESCRIPTION]
        lines.append(short if short == description else f"{short}...")
    for number, each in enumerate(guest.interfaces):
        port = f"{own}:p{number}:w"
        if is_port(each):
            wires.add(interface_id(switch_of(each)), port, now=words == "running")
            continue
        wanted = guest.value(f"{each}_bridge")
        current = bridge_of(seen.interfaces.values(), each)
        if current:
            wires.add(interface_id(current), port, now=True)
        if wanted:
            wires.add(interface_id(wanted), port, now=wanted == current)
    yield node(own, guest_box(guest.interfaces, lines, colours))


def interface_id(name: str) -> str:
    """Return the name of an interface's node."""
    return quote(f"if {name}")


def guest_id(name: str) -> str:
    """Return the name of a guest's node."""
    return quote(f"guest {name}")


def quote(text: str) -> str:
    """Return a text as dot takes any text for a name."""
    return '"' + escape(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def node(name: str, label: str) -> str:
    """Return the line of a node with a label in dot's HTML."""
    return f"  {name} [label=<{label}>]"


def box(words: Iterable[str], colours: tuple[str, str], *, dashed: bool = False) -> str:
    """Return a box with a name in bold and smaller lines below it."""
    return table(text_rows(words), colours, dashed=dashed)


def guest_box(interfaces: Iterable[str], words: Iterable[str], colours: tuple[str, str]) -> str:
    """Return a guest's box, with a plug on its left for each interface."""
    plugs = "".join(
        f'<TR><TD BORDER="1" STYLE="ROUNDED" COLOR="{colours[1]}" BGCOLOR="white" PORT="p{number}">'
        f'<FONT POINT-SIZE="10">{html(name)}</FONT></TD></TR>'
        for number, name in enumerate(interfaces)
    )
    inner = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="2" CELLPADDING="2">'
    text = f"<TD>{inner}{text_rows(words)}</TABLE></TD>"
    left = f"<TD>{inner}{plugs}</TABLE></TD>" if plugs else ""
    return table(f"<TR>{left}{text}</TR>", colours)


def table(rows: str, colours: tuple[str, str], *, dashed: bool = False) -> str:
    """Return a table with round corners."""
    style = "ROUNDED,DASHED" if dashed else "ROUNDED"
    return (
        f'<TABLE BORDER="2" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4" STYLE="{style}" '
        f'BGCOLOR="{colours[0]}" COLOR="{colours[1]}">{rows}</TABLE>'
    )


def text_rows(words: Iterable[str]) -> str:
    """Return rows of text, the first one bold, the others smaller."""
    first, *rest = [html(word) for word in words]
    small = (f'<FONT POINT-SIZE="10" COLOR="#495057">{word}</FONT>' for word in rest)
    cells = (f'<TR><TD ALIGN="LEFT">{cell}</TD></TR>' for cell in (f"<B>{first}</B>", *small))
    return "".join(cells)


def html(text: str) -> str:
    """Return a text that means itself in dot's HTML."""
    # dot puts names in for \N and the like, in there too; a blank without width parts the two.
    return escape_html(re.sub(r"\\(?=[GNETHL]|$)", "\\\\\u200b", escape(text)))
