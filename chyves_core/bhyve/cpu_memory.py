"""Processors and memory of a guest: -c, -p, -m and -S."""

from __future__ import annotations

from collections.abc import Iterator

from chyves_core.bhyve import bargs
from chyves_core.bhyve.arguments import Argument
from chyves_core.bhyve.version import HostFacts
from chyves_core.errors import Refused
from chyves_core.guests import Guest

PIN = "cpu_pin"
NO_PAGING = (
    "bhyve can't run guests here: this host's processor has no EPT (Intel) or RVI (AMD), "
    "or it is switched off"
)
PROCESSOR_HINT = "look for VT-x or AMD-V (SVM) in the host's firmware settings"
NO_REAL_MODE = "this host's processor has no unrestricted guest mode (UG)"


def arguments(guest: Guest, facts: HostFacts) -> Iterator[Argument]:
    """Yield the arguments for processors and memory; raises Refused for what the host can't do."""
    check_processor(guest, facts)
    check_cpus(guest, facts)
    cpu = guest.value("cpu")
    if "=" in cpu and not facts.has_cpu_topology:
        raise Refused(
            f"{guest.name}: cpu={cpu}: a topology needs FreeBSD 12.0",
            f"chyves {guest.name} set cpu={cpu_count(cpu)}",
        )
    yield Argument("-c", cpu, ("cpu",), f"{cpu_count(cpu)} virtual CPUs")
    for vcpu, host_cpu in pins(guest):
        check_pin(guest, facts, vcpu, host_cpu)
        what = f"virtual CPU {vcpu} runs on the host's CPU {host_cpu}"
        yield Argument("-p", f"{vcpu}:{host_cpu}", (PIN,), what)
    yield Argument("-m", guest.value("ram"), ("ram",), "memory")
    reason = wired_by_device(guest)
    if reason and not wired_by_flag(guest):
        yield Argument("-S", "", (reason,), "memory stays in place: a device writes into it")


def is_wired(guest: Guest) -> bool:
    """Return whether the guest's memory is wired; its loader has to be told, too."""
    return wired_by_flag(guest) or bool(wired_by_device(guest))


def wired_by_flag(guest: Guest) -> bool:
    """Return whether bargs holds -S."""
    return ("-S", "") in bargs.parse(guest.value("bargs"))


def wired_by_device(guest: Guest) -> str:
    """Return the property of a device that needs wired memory (bhyve(8): passthru), or nothing."""
    for name, value in guest.properties.items():
        if name.startswith("pcidev_") and value.startswith("passthru,"):
            return name
    return ""


def pins(guest: Guest) -> Iterator[tuple[int, int]]:
    """Yield the pairs of virtual CPU and host CPU of the property cpu_pin."""
    for pair in guest.properties.get(PIN, "").split(","):
        vcpu, _, host_cpu = pair.partition(":")
        if host_cpu:
            yield int(vcpu), int(host_cpu)


def check_pin(guest: Guest, facts: HostFacts, vcpu: int, host_cpu: int) -> None:
    """Refuse a pin to a CPU that is not there; bhyve itself aborts (captures w-p-cpu9)."""
    if vcpu >= cpu_count(guest.value("cpu")):
        raise Refused(f"{guest.name}: {PIN}: has no virtual CPU {vcpu}; they count from 0")
    if host_cpu >= facts.cpus:
        raise Refused(f"{guest.name}: {PIN}: this host has no CPU {host_cpu}; they count from 0")


def check_processor(guest: Guest, facts: HostFacts) -> None:
    """Refuse a guest that this host's processor can't run; what the host does not say is tried.

    Without unrestricted guest mode bhyve starts no ROM, and no more than one virtual CPU
    (bhyverun.c: num_vcpus_allowed, VM_CAP_UNRESTRICTED_GUEST).
    """
    if facts.has_second_level_paging is False:
        raise Refused(f"{guest.name}: {NO_PAGING}", PROCESSOR_HINT)
    if facts.has_unrestricted_guest is not False:
        return
    if guest.value("loader") == "uefi":
        raise Refused(
            f"{guest.name}: loader=uefi: {NO_REAL_MODE}",
            f"chyves {guest.name} set loader=bhyveload",
        )
    if cpu_count(guest.value("cpu")) > 1:
        raise Refused(
            f"{guest.name}: cpu={guest.value('cpu')}: {NO_REAL_MODE}",
            f"chyves {guest.name} set cpu=1",
        )


def check_cpus(guest: Guest, facts: HostFacts) -> None:
    """Refuse more CPUs than the host's vmm allows; bhyve itself gives no reason (captures)."""
    wanted = cpu_count(guest.value("cpu"))
    if wanted > facts.most_cpus:
        most = facts.most_cpus
        raise Refused(
            f"{guest.name}: cpu={wanted}: this host's guests have at most {most} (hw.vmm.maxcpu)",
            f"chyves {guest.name} set cpu={most}",
        )


def cpu_count(cpu: str) -> int:
    """Return the number of virtual CPUs that the property cpu means."""
    if cpu.isdigit():
        return int(cpu)
    parts = dict(part.partition("=")[::2] for part in cpu.split(","))
    product = 1
    for name in ("sockets", "cores", "threads"):
        product *= int(parts.get(name, "1"))
    return int(parts.get("cpus", product))
