"""The command `chyves network`: interfaces of guests, bridges and what they are attached to."""

from __future__ import annotations

import re
from typing import Any

from chyves_core.cli import Changing, cli
from chyves_core.errors import UsageError

# How many words may follow each verb.
GUEST_VERBS = {"add": (1, 2), "remove": (1, 1), "delete": (1, 1)}
BRIDGE_VERBS = {
    "attach": (1, 1),
    "default": (0, 0),
    "private": (0, 0),
    "join": (1, 1),
    "unjoin": (1, 1),
    "migrate": (1, 1),
    "nat": (1, 2),
    "jail": (1, 1),
    "unjail": (1, 1),
}
LATER = "it sees the change when it starts the next time, or reboots"


class NetworkCommand(Changing):
    """Everything that can be done with networks."""

    vlan = cli.SwitchAttr(["--vlan"], int, argname="TAG")
    svg = cli.SwitchAttr(["--svg"], str, argname="FILE")
    dot = cli.Flag(["--dot"], help="the source of the picture")
    json = cli.Flag(["--json"], help="show prints it anyway")

    def main(self, subject: str, verb: str = "", *words: str) -> None:
        """Do what the verb says with a guest or a bridge."""
        if subject == "graph" and not verb:
            self.draw()
            return
        if self.svg is not None or self.dot:
            raise UsageError("--svg and --dot: are options of `network graph`")
        if self.json and subject != "show":
            raise UsageError("--json: is an option of `network show`, which prints it anyway")
        if not verb and subject in ("import", "show"):
            self.record() if subject == "import" else self.show()
            return
        if verb not in {**GUEST_VERBS, **BRIDGE_VERBS}:
            raise self.usage(f"{verb or subject}: is nothing that can be done with networks")
        if self.vlan is not None and verb != "attach":
            raise UsageError(f"--vlan: is an option of attach, not of {verb}")
        least, most = {**GUEST_VERBS, **BRIDGE_VERBS}[verb]
        if not least <= len(words) <= most:
            from chyves_core.usage import wrong_count

            raise self.usage(f"network {verb}: {wrong_count(len(words), most)}")
        if verb == "add":
            self.add(subject, words[0], words[1] if len(words) > 1 else None)
        elif verb in GUEST_VERBS:
            self.remove(subject, words[0])
        else:
            self.change_bridge(subject, verb, words)

    def change_bridge(self, bridge: str, verb: str, words: tuple[str, ...]) -> None:
        """Do what a verb says with a bridge."""
        from chyves_core.network.netgraph import SWITCH
        from chyves_core.network.nics import check_bridge_name

        if re.fullmatch(SWITCH, bridge, re.ASCII) and verb in ("attach", "private"):
            self.attach_switch(bridge, words[0] if words else "private")
            return
        check_bridge_name(bridge)
        if verb == "default":
            self.make_default(bridge)
        elif verb == "nat":
            from chyves_core.network.nat_use import nat_command

            told = nat_command(self.host, (bridge, verb, *words))
            self.say(f"# {told}" if self.dry_run else told)
        elif verb in ("jail", "unjail"):
            from chyves_core.network import jails_use

            act = jails_use.join if verb == "jail" else jails_use.leave
            told = act(self.host, bridge, words[0])
            self.say(f"# {told}" if self.dry_run else told)
        elif verb in ("attach", "private"):
            self.attach(bridge, words[0] if words else "private")
        elif verb == "migrate":
            self.migrate(bridge, check_bridge_name(words[0]))
        else:
            self.join(bridge, verb, words[0])

    def add(self, guest: str, interface: str, bridge: str | None) -> None:
        """Give a guest an interface."""
        from chyves_core.network.nics import add

        nic = add(self.host, guest, interface, bridge)
        if not self.dry_run:
            on = f" on {nic.bridge}" if nic.bridge else ""
            self.say(f"{guest}: {nic.name} added{on}, {nic.mac}, PCI slot {nic.slot}")
            if nic.running:
                self.say(f"{guest}: is running, {LATER}")

    def remove(self, guest: str, interface: str) -> None:
        """Take an interface off a guest."""
        from chyves_core.network.nics import remove

        running = remove(self.host, guest, interface)
        if not self.dry_run:
            self.say(f"{guest}: {interface} removed")
            if running:
                self.say(f"{guest}: is running, {LATER}")

    def attach(self, bridge: str, interface: str) -> None:
        """Attach a bridge to an interface, or to none."""
        from chyves_core.network.attaching import attach
        from chyves_core.network.reading import read_design

        design = read_design(self.host)
        done = attach(self.host, bridge, interface, self.vlan, design, self.confirm)
        if self.dry_run:
            return
        what = "private" if done.uplink == "private" else f"attached to {done.uplink}"
        if design.automatic and not done.living:
            self.say(f"{bridge}: will be {what} when a guest that uses it starts")
        elif design.automatic:
            self.say(f"{bridge}: is {what}")
        else:
            self.say(f"{bridge}: is to be {what}; network_design_mode is system, do it yourself")

    def attach_switch(self, switch: str, interface: str) -> None:
        """Attach a switch of netgraph(4) to an interface, or to none."""
        from chyves_core.network.netgraph_use import attach

        if self.vlan is not None:
            raise UsageError(f"--vlan: is for bridges, not for {switch}")
        told = attach(self.host, switch, interface, self.confirm)
        if not self.dry_run:
            self.say(told)

    def join(self, bridge: str, verb: str, tap: str) -> None:
        """Put a tap into a bridge, or take it out."""
        from chyves_core.network import joining
        from chyves_core.network.reading import read_design

        act = joining.join if verb == "join" else joining.unjoin
        moves = act(self.host, bridge, tap, read_design(self.host))
        for each in () if self.dry_run else moves:
            self.say(f"{each.guest.name}: {tap} is {'in' if verb == 'join' else 'not in'} {bridge}")

    def migrate(self, old: str, new: str) -> None:
        """Put all taps of one bridge into another one."""
        from chyves_core.network.joining import migrate
        from chyves_core.network.reading import read_design

        moves = migrate(self.host, old, new, read_design(self.host))
        if not self.dry_run:
            for each in moves:
                self.say(f"{each.guest.name}: {each.tap} is in {new}")
            if not moves:
                self.say(f"{old}: no guest has a tap in it any more")

    def make_default(self, bridge: str) -> None:
        """Let new guests have their taps in a bridge."""
        from chyves_core import locks
        from chyves_core.guests import read_inventory
        from chyves_core.setting import carry_out, plan_changes, plan_set

        with locks.hold(self.host, locks.NUMBERING):
            inventory = read_inventory(self.host)
            changes = plan_changes(inventory, {"defaults": {"bridge": bridge}})
            carry_out(self.host, inventory.storage.primary.name, plan_set(changes), changes)
        if not self.dry_run:
            self.say(f"{bridge}: is the bridge of new guests")

    def record(self) -> None:
        """Record the host's bridges as the design."""
        from chyves_core.network.importing import record

        found, ended = record(self.host)
        mark = "# " if self.dry_run else ""
        for bridge, uplink in found.attached.items():
            what = "private" if uplink == "private" else f"attached to {uplink}"
            self.say(f"{mark}{bridge}: {what}")
        for move in found.moves:
            self.say(f"{mark}{move.guest.name}: {move.tap} in {move.bridge}")
        for line in found.left_out:
            self.say(f"{mark}{line}; left out")
        if not (found.attached or found.moves or ended):
            self.say(f"{mark}the design says all that the host's bridges do")

    def draw(self) -> None:
        """Write a picture of all networks to a file, or print its source."""
        from chyves_core.network.graph import graph_command

        if self.dry_run and self.svg is not None:
            print(f"# write {self.svg}")
            return

        told = graph_command(self.host, svg=self.svg, dot=bool(self.dot), replace=bool(self.yes))
        if told:
            print(told)

    def show(self) -> None:
        """Print all networks as JSON."""
        from chyves_core.look import Look
        from chyves_core.network.showing import document
        from chyves_core.output import print_json

        print_json(document(Look(self.host)))

    def _validate_args(self, *args: Any) -> Any:
        # Everyone may look.
        self.needs_root = list(args[1]) not in (["show"], ["graph"])
        return super()._validate_args(*args)
