"""The host's interfaces as they will be once the steps planned so far are done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from chyves_core.network.ifconfig import Interface, bridge_of
from chyves_core.plan import Plan, Run, run

NEW_MTU = 1500


class Sketch:
    """Plans calls of ifconfig(8), each seeing what those before it will have done."""

    def __init__(
        self, interfaces: Mapping[str, Interface], natted: frozenset[str] = frozenset()
    ) -> None:
        """`natted` are the bridges whose addresses are there for their guests alone."""
        self.natted = natted
        self.interfaces = dict(interfaces)
        self.steps: list[Run] = []

    @property
    def plan(self) -> Plan:
        """The steps planned so far."""
        return tuple(self.steps)

    def bridge_of(self, member: str) -> str | None:
        """Return the bridge that an interface will be in."""
        return bridge_of(self.interfaces.values(), member)

    def ifconfig(self, name: str, *words: str) -> None:
        """Plan one call: `ifconfig NAME WORDS...`."""
        self.steps.append(run("ifconfig", name, *words))
        rest = list(words)
        if rest[:1] == ["destroy"]:
            self._forget(name)
            return
        if rest[:1] == ["create"]:
            rest.pop(0)
            kind = name.rstrip("0123456789")
            if kind == "epair":
                # Both ends are made, and what follows is for the first (captures ifconfig epair).
                self.interfaces[f"{name}b"] = Interface(
                    f"{name}b", frozenset(), NEW_MTU, groups=(kind,)
                )
                name = f"{name}a"
            self.interfaces[name] = Interface(name, frozenset(), NEW_MTU, groups=(kind,))
        while rest:
            name = self._take(name, rest)

    def _take(self, name: str, rest: list[str]) -> str:
        """Do what the next words say to an interface; return its name from now on."""
        word = rest.pop(0)
        now = self.interfaces[name]
        if word == "up":
            self.interfaces[name] = replace(now, flags=now.flags | {"UP"})
        elif word == "mtu":
            self.interfaces[name] = replace(now, mtu=int(rest.pop(0)))
        elif word == "description":
            self.interfaces[name] = replace(now, description=rest.pop(0))
        elif word == "vlan":
            self.interfaces[name] = replace(now, tag=int(rest.pop(0)))
        elif word == "vlandev":
            parent = rest.pop(0)
            mtu = self.interfaces[parent].mtu
            self.interfaces[name] = replace(now, parent=parent, mtu=mtu)
        elif word == "addm":
            # The first member gives a bridge its MTU (captures ifconfig addm-mtu-first).
            member = rest.pop(0)
            mtu = self.interfaces[member].mtu
            self.interfaces[name] = replace(now, members=(member, *now.members), mtu=mtu)
        elif word == "deletem":
            gone = rest.pop(0)
            members = tuple(each for each in now.members if each != gone)
            self.interfaces[name] = replace(now, members=members)
        elif word == "vnet":
            rest.pop(0)
            self._forget(name)
        elif word == "name":
            return self._rename(now, rest.pop(0))
        return name

    def _rename(self, now: Interface, name: str) -> str:
        del self.interfaces[now.name]
        self.interfaces[name] = replace(now, name=name)
        self._change_members(now.name, (name,))
        return name

    def _forget(self, name: str) -> None:
        self.interfaces.pop(name, None)
        self._change_members(name, ())

    def _change_members(self, old: str, new: tuple[str, ...]) -> None:
        """Put others in the place of a member, in whatever bridge it is."""
        for each in list(self.interfaces.values()):
            if old in each.members:
                place = each.members.index(old)
                members = (*each.members[:place], *new, *each.members[place + 1 :])
                self.interfaces[each.name] = replace(each, members=members)
