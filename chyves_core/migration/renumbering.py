"""Numbers of guests that come: their own, or new ones where a guest here has them already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chyves_core.migration.old import Line, OldGuest, OldNic
from chyves_core.numbering import Taken
from chyves_core.settings import Settings


@dataclass(frozen=True)
class Numbers:
    """What is `given` to guests, and what is `taken`: by them, by those to come, on the host."""

    settings: Settings
    given: Taken
    taken: Taken

    def reserve(self, guests: Sequence[OldGuest]) -> None:
        """Take all numbers that guests have where they are, so that none is a new one."""
        taken = self.taken
        for old in guests:
            taken.taps |= {int(nic.tap[3:]) for nic in old.nics if nic.has_tap}
            taken.vales |= {nic.tap for nic in old.nics if nic.switch}
            taken.nmdms |= {int(each[4:]) for each in [old.values.get("serial", "")] if each}
            taken.ports |= {int(each) for each in [old.values.get("uefi_vnc_port", "")] if each}

    def taps(self, old: OldGuest, lines: list[Line]) -> dict[str, str]:
        """Return the tap of each interface: its own, or a new one where a guest has it."""
        found = {}
        for nic in old.nics:
            tap = nic.tap
            if nic.switch:
                found[tap] = self.port(nic, lines)
                continue
            if not nic.has_tap or int(tap[3:]) in self.given.taps:
                tap = self.taken.next_tap(self.settings.number("tap_start_offset"))
            if nic.has_tap and tap != nic.tap:
                lines.append(Line(f"tap={nic.tap}", f"tap={tap}", "a guest here has it already"))
            self.take(taps={int(tap[3:])})
            found[nic.tap] = tap
        return found

    def port(self, nic: OldNic, lines: list[Line]) -> str:
        """Return the port of a switch that an interface gets: its own, or the next free one."""
        if nic.tap == nic.switch:
            return nic.tap
        is_its = nic.tap.startswith(f"{nic.switch}:")
        name = nic.tap
        if not is_its or name in self.given.vales:
            name = self.taken.next_vale(nic.switch)
        if is_its and name != nic.tap:
            lines.append(Line(nic.tap, name, "a guest here has it already"))
        for each in (self.given, self.taken):
            each.vales.add(name)
        return name

    def take(
        self, taps: Iterable[int] = (), nmdms: Iterable[int] = (), ports: Iterable[int] = ()
    ) -> None:
        """Note numbers as those of a guest."""
        for each in (self.given, self.taken):
            each.taps |= set(taps)
            each.nmdms |= set(nmdms)
            each.ports |= set(ports)

    def others(self, values: Mapping[str, str], lines: list[Line]) -> dict[str, str]:
        """Return console, VNC port and UUID, new ones where a guest has them already."""
        found: dict[str, str] = {}
        given, taken = self.given, self.taken
        serial = values.get("serial", "")
        if not serial or int(serial[4:]) in given.nmdms:
            found["serial"] = taken.next_nmdm(self.settings.number("console_start_offset"))
            if serial:
                why = "a guest here has it already"
                lines.append(Line(f"con={serial}", f"serial={found['serial']}", why))
        port = values.get("uefi_vnc_port", "")
        if not port or int(port) in given.ports:
            start = self.settings.number("uefi_vnc_port_start_offset")
            found["uefi_vnc_port"] = taken.next_port(start)
            if port:
                new = f"uefi_vnc_port={found['uefi_vnc_port']}"
                lines.append(Line(f"vnc_port={port}", new, "a guest here has it already"))
        if values.get("uuid", "").lower() in given.uuids or not values.get("uuid"):
            found["uuid"] = taken.new_uuid()
            why = "a guest here has it already" if values.get("uuid") else "there was none"
            lines.append(Line("uuid", f"uuid={found['uuid']}", why))
        all_values = {**values, **found}
        self.take(nmdms={int(all_values["serial"][4:])}, ports={int(all_values["uefi_vnc_port"])})
        given.uuids.add(all_values["uuid"].lower())
        return found
