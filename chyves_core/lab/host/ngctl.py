"""ngctl(8): make, name, connect, show and shut down netgraph(4) nodes; texts from its source."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from chyves_core.lab.home import Lab
from chyves_core.lab.host import modules, netgraph
from chyves_core.lab.host.getopt import BadOption, parse_options
from chyves_core.lab.host.netgraph import NetgraphError, Node
from chyves_core.lab.host.state import HostState, change_host

USAGE = "usage: ngctl [-d] [-f file] [-n name] [command ...]"
EX_USAGE, EX_NOINPUT, EX_OSERR = 64, 66, 71
HEAD = ("Local hook", "Peer name", "Peer type", "Peer ID", "Peer hook")


class WrongUsage(Exception):
    """A command with other words than it takes."""


class Session:
    """One run of ngctl, which is a socket node itself and goes with all that hangs on it alone."""

    def __init__(self, lab: Lab, state: HostState, name: str) -> None:
        self.lab = lab
        self.state = state
        modules.ensure(state, "ng_socket", lab.freebsd)
        self.here = netgraph.new_node(self.found, "socket", name)

    @property
    def found(self) -> HostState:
        """The nodes and links of the host."""
        return netgraph.graph(self.state)

    def node(self, path: str) -> Node:
        """Return the node that a path means, from this one on."""
        return netgraph.resolve(self.found, path, self.here)

    def run(self, words: list[str]) -> int:
        """Carry out one command; return its exit status."""
        if not words:
            return 0
        command = COMMANDS.get(words[0])
        if command is None:
            print(f'ngctl: "{words[0]}": unknown command', file=sys.stderr)
            return EX_OSERR
        usage, action = command
        try:
            action(self, words[1:])
        except WrongUsage:
            print(f"ngctl: usage: {usage}", file=sys.stderr)
            return EX_USAGE
        except NetgraphError as error:
            print(f"ngctl: send msg: {error}", file=sys.stderr)
            return EX_OSERR
        return 0

    def run_file(self, lines: list[str]) -> int:
        """Carry out the commands of a file, up to the first that fails."""
        for number, line in enumerate(lines, 1):
            status = 0 if line.startswith("#") else self.run(line.split())
            if status:
                print(f"ngctl: line {number}: error in file", file=sys.stderr)
                return status
        return 0

    def list_nodes(self, words: list[str]) -> None:
        """Show all nodes, with -l their hooks too."""
        flags = "".join(word[1:] for word in words if word.startswith("-"))
        if set(flags) - set("ln") or len(flags) < len(words):
            raise WrongUsage
        nodes = [each for each in self.found["nodes"] if each["name"] or "n" not in flags]
        print(f"There are {len(nodes)} total {'named ' if 'n' in flags else ''}nodes:")
        for number, each in enumerate(nodes):
            if "l" in flags and number:
                print()
            self.print_node(each, hooks="l" in flags)

    def print_node(self, node: Node, *, hooks: bool) -> None:
        """Print a node, and what its hooks are connected to."""
        links = list(netgraph.peers(self.found, node))
        print(
            f"  Name: {node['name'] or '<unnamed>':<15} Type: {node['type']:<15} "
            f"ID: {node['id']:08x}   Num hooks: {len(links)}"
        )
        if hooks and links:
            rows = [HEAD, tuple("-" * len(each) for each in HEAD)]
            rows += [
                (own, peer["name"] or "<unnamed>", peer["type"], f"{peer['id']:08x}", hook)
                for own, peer, hook in links
            ]
            for one, two, three, four, five in rows:
                print(f"  {one:<15} {two:<15} {three:<12} {four:<15} {five:<15}")

    def show(self, words: list[str]) -> None:
        """Show one node with its hooks."""
        rest = [word for word in words if word != "-n"]
        if len(rest) != 1:
            raise WrongUsage
        self.print_node(self.node(rest[0]), hooks="-n" not in words)

    def mkpeer(self, words: list[str]) -> None:
        """Make a node and connect it to another one."""
        path, kind, hook, peer_hook = four(words)
        modules.ensure(self.state, f"ng_{kind}", self.lab.freebsd)
        netgraph.make_peer(self.state, self.node(path), kind, hook, peer_hook)

    def connect(self, words: list[str]) -> None:
        """Connect two nodes."""
        path, other, hook, peer_hook = four(words)
        node = self.node(path)
        peer = netgraph.resolve(self.found, other, node)
        netgraph.connect(self.found, node, hook, peer, peer_hook)

    def name(self, words: list[str]) -> None:
        """Give a node a name."""
        if len(words) != 2:
            raise WrongUsage
        netgraph.check_name(self.found, words[1])
        self.node(words[0])["name"] = words[1]

    def rmhook(self, words: list[str]) -> None:
        """Disconnect a hook."""
        if len(words) not in (1, 2):
            raise WrongUsage
        netgraph.disconnect(self.found, self.node(words[0] if words[1:] else "."), words[-1])

    def shutdown(self, words: list[str]) -> None:
        """Shut a node down."""
        if len(words) != 1:
            raise WrongUsage
        netgraph.remove(self.found, self.node(words[0]))

    def msg(self, words: list[str]) -> None:
        """Send a control message."""
        if len(words) < 2:
            raise WrongUsage
        netgraph.tell(self.node(words[0]), words[1], words[2:])


def four(words: list[str]) -> tuple[str, str, str, str]:
    """Return the words of a command whose path may be left out."""
    if len(words) == 3:
        words = [".", *words]
    if len(words) != 4:
        raise WrongUsage
    return words[0], words[1], words[2], words[3]


COMMANDS: dict[str, tuple[str, Callable[[Session, list[str]], None]]] = {
    "list": ("list [-ln]", Session.list_nodes),
    "ls": ("list [-ln]", Session.list_nodes),
    "show": ("show [-n] <path>", Session.show),
    "mkpeer": ("mkpeer [path] <type> <hook> <peerhook>", Session.mkpeer),
    "connect": ("connect [path] <relpath> <hook> <peerhook>", Session.connect),
    "name": ("name <path> <name>", Session.name),
    "rmhook": ("rmhook [path] <hook>", Session.rmhook),
    "shutdown": ("shutdown <path>", Session.shutdown),
    "msg": ("msg path command [args ... ]", Session.msg),
}


def main(arguments: list[str], lab: Lab) -> int:
    """Carry out one command, or those of a file."""
    try:
        options, words = parse_options(arguments, "df:n:")
    except BadOption as bad:
        print(f"ngctl: {bad}\n{USAGE}", file=sys.stderr)
        return EX_USAGE
    chosen = dict(options)
    if not lab.is_root:
        print("ngctl: can't create node: Operation not permitted", file=sys.stderr)
        return EX_OSERR
    lines: list[str] = []
    if "f" in chosen:
        try:
            text = sys.stdin.read() if chosen["f"] == "-" else lab.path(chosen["f"]).read_text()
        except OSError as error:
            print(f"ngctl: {chosen['f']}: {error.strerror}", file=sys.stderr)
            return EX_NOINPUT
        lines = text.splitlines()
    elif not words:
        print(f"ngctl: no command specified\n{USAGE}", file=sys.stderr)
        return EX_USAGE
    with change_host(lab) as state:
        session = Session(lab, state, chosen.get("n", f"ngctl{os.getpid()}"))
        status = session.run(words) if words else session.run_file(lines)
        netgraph.remove(session.found, session.here)
    return status
