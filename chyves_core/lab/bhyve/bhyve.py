"""bhyve(8): make the VM, start its devices, run the guest.

Exit status, bhyve(8): 0 reboot, 1 power-off, 2 halt, 3 triple fault, 4 error. Whatever way it
ends, /dev/vmm/NAME stays (captures bhyve_run).
"""

from __future__ import annotations

import os
import signal
import sys
import time

from chyves_core.lab.bhyve import vmm
from chyves_core.lab.bhyve.failures import STALE, Crash, DeviceFailed
from chyves_core.lab.bhyve.machine import Machine, Refused, parse
from chyves_core.lab.bhyve.releases import error_status
from chyves_core.lab.bhyve.tpm import open_tpm
from chyves_core.lab.home import Lab
from chyves_core.lab.host import modules
from chyves_core.lab.host.interfaces import close_tap
from chyves_core.lab.host.ports import release_ports
from chyves_core.lab.host.processes import forget, register, vitals
from chyves_core.lab.host.state import change_host, read_host
from chyves_core.lab.host.sysctl import sysctl_value

EX_OSERR = 71
PINNING_ASSERTION = (
    "Assertion failed: (error == 0), function fbsdrun_start_thread,"
    " file /usr/src/usr.sbin/bhyve/bhyverun.c, line 539."
)


def main(arguments: list[str], lab: Lab) -> int:
    """Run a virtual machine and return bhyve's status."""
    started = time.monotonic()
    try:
        machine = parse(arguments, lab.freebsd, lab.path_or_own)
        register(lab, "bhyve", " ".join(["bhyve", *arguments]))
        return run(machine, lab)
    except Refused as refused:
        if refused.output:
            print(refused.output)
        sys.stdout.flush()
        if refused.message:
            print(refused.message, file=sys.stderr)
        return error_status(lab.freebsd) if refused.status == 4 else refused.status
    except Crash as crash:
        if crash.text:
            print(crash.text, file=sys.stderr, flush=True)
        lab.log_command(["bhyve", *arguments], 128 + crash.signal_number, started)
        return die(crash.signal_number)
    finally:
        release_ports(lab)
        forget(lab)


def die(signal_number: int) -> int:
    """End this process by a signal, without a core file."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    signal.signal(signal_number, signal.SIG_DFL)
    os.kill(os.getpid(), signal_number)
    return 128 + signal_number


def run(machine: Machine, lab: Lab) -> int:
    """Make or take the VM, start the devices and run the guest."""
    from chyves_core.lab.bhyve.checks import check_booleans, check_boot, check_tables
    from chyves_core.lab.bhyve.lpc import check_tpm
    from chyves_core.lab.bhyve.opening import OpenDevices

    make_vm(machine, lab)
    set_up_memory(machine, lab)
    check_booleans(machine)
    opened = OpenDevices()
    try:
        _start_devices(machine, lab, opened)
        check_tpm(machine.config, lab.freebsd)
        opened.tpm = open_tpm(machine.config, lab)
        check_boot(machine)
        _check_debugger(machine, lab)
        check_tables(machine)
        _check_pinning(machine, lab)
        return run_guest(machine, lab, opened)
    finally:
        for tap in opened.taps:
            close_tap(lab, tap)


def make_vm(machine: Machine, lab: Lab) -> None:
    """Do what bhyve's do_open() does: create the VM, or take one that is there; or Refused."""
    if not _has_vmm(lab):
        raise Refused(f"vm_create: {STALE}", 4)
    if not lab.is_root:
        raise Refused("vm_create: Operation not permitted", 4)
    if not vmm.is_valid_name(machine.name, lab.freebsd):
        raise Refused("vm_create: Invalid argument", 4)
    with lab.lock("vmm"):
        state = vmm.read_vm(lab, machine.name)
        if state is None:
            vmm.write_vm(lab, machine.name, vmm.new_vm())
            if machine.bootrom is None:
                raise Refused("virtual machine cannot be booted", 4)
        elif machine.bootrom is not None:
            if not vmm.can_restart(state):
                raise Refused("vm_reinit: Device busy", 4)
            state.update(active=0, suspended=False, suspending=False)
            vmm.write_vm(lab, machine.name, state)
    most = int(sysctl_value(lab, "hw.vmm.maxcpu") or 0)
    if machine.cpus > most and lab.freebsd < (11, 0):
        raise Refused(f"{machine.cpus} vCPUs requested but only {most} available", 4)
    if machine.cpus > most:
        raise Refused("bhyve: vm_set_topology", EX_OSERR)


def _has_vmm(lab: Lab) -> bool:
    """Return whether vmm.ko is loaded; as root, load it."""
    if modules.has_module(read_host(lab), "vmm"):
        return True
    if lab.is_root:
        with change_host(lab) as state:
            modules.ensure(state, "vmm", lab.freebsd)
    return lab.is_root


def set_up_memory(machine: Machine, lab: Lab) -> None:
    """Give the VM its memory; a VM that has some keeps it and refuses another size."""
    with lab.lock("vmm"):
        state = vmm.read_vm(lab, machine.name) or vmm.new_vm()
        error = _memory_error(machine, state["memory"], lab)
        if error:
            raise Refused(f"Unable to setup memory ({error})", 4)
        state["memory"] = machine.memory
        state["topology"] = list(machine.topology)
        if machine.bootrom is not None:
            state["bootrom"] = machine.bootrom
        vmm.write_vm(lab, machine.name, state)


def _memory_error(machine: Machine, present: int | None, lab: Lab) -> int:
    """Return the errno of vm_setup_memory(): 22 invalid, 12 too much, 0 fine."""
    if machine.memory == 0 or machine.memory % 4096 or present not in (None, machine.memory):
        return 22
    physical = int(sysctl_value(lab, "hw.physmem") or 0)
    wired_too_much = "S" in machine.flags and machine.memory > physical
    return 12 if wired_too_much or machine.memory > 1 << 47 else 0


def _start_devices(machine: Machine, lab: Lab, opened: object) -> None:
    from chyves_core.lab.bhyve.checks import check_nodes
    from chyves_core.lab.bhyve.opening import OpenDevices, open_devices

    assert isinstance(opened, OpenDevices)
    real_guest = lab.settings().get("guest") == "qemu"
    check_nodes(machine, lab.freebsd)
    try:
        open_devices(machine, lab, opened, consoles=not real_guest)
    except DeviceFailed as failed:
        print(failed.output, end="", flush=True)
        raise failed.refusal(lab.freebsd) from None


def _check_debugger(machine: Machine, lab: Lab) -> None:
    """Check the address of -G; the stand-in's debugger has nothing to show."""
    from chyves_core.lab.host.interfaces import host_addresses
    from chyves_core.lab.host.ports import claim_port

    if machine.gdb is None:
        return
    address, _, port = machine.gdb.rpartition(":")
    if not port.isdecimal():
        raise Refused("bhyve: gdb address resolution: Name does not resolve", 1)
    if (address or "127.0.0.1") not in host_addresses(lab):
        raise Refused("bhyve: gdb socket bind: Can't assign requested address", 1)
    reason = claim_port(lab, address or "127.0.0.1", int(port))
    if reason:
        raise Refused(f"bhyve: gdb socket bind: {reason}", 1)


def _check_pinning(machine: Machine, lab: Lab) -> None:
    """Crash as bhyve does where a CPU is pinned to one that the host has not."""
    host_cpus = int(sysctl_value(lab, "hw.ncpu") or 1)
    for number in range(machine.cpus):
        pinned = machine.config.get(f"vcpu.{number}.cpuset", "0").split(",")
        if any(int(cpu) >= host_cpus for cpu in pinned if cpu.isdecimal()):
            raise Crash(signal.SIGABRT, PINNING_ASSERTION)


def run_guest(machine: Machine, lab: Lab, opened: object) -> int:
    """Start the CPUs and run the guest until it ends; return bhyve's status."""
    from chyves_core.lab.bhyve.opening import OpenDevices

    assert isinstance(opened, OpenDevices)
    orders = _activate(machine, lab)
    try:
        if lab.settings().get("guest") == "qemu":
            from chyves_core.lab.bhyve import qemu

            if opened.viewer is not None:
                opened.viewer.close()
            register(lab, "bhyve", f"bhyve: {machine.name}", titled=True)
            status = qemu.run(machine, lab)
        else:
            from chyves_core.lab.bhyve.guest import run_standin

            status = run_standin(machine, lab, opened, orders)
        _note_end(machine, lab)
        return status
    finally:
        os.close(orders)


def _activate(machine: Machine, lab: Lab) -> int:
    """Mark the CPUs as started; return the descriptor on which bhyvectl's orders come."""
    with lab.lock("vmm"):
        state = vmm.read_vm(lab, machine.name) or vmm.new_vm()
        if state["active"]:
            raise Refused("bhyve: could not activate CPU 0: Device busy", EX_OSERR)
        now = vitals(os.getpid())
        state.update(active=machine.cpus, pid=os.getpid(), started=now.started if now else "")
        state["framebuffer"] = any(device.emulation == "fbuf" for device in machine.devices)
        orders = vmm.open_orders(lab, machine.name)
        vmm.write_vm(lab, machine.name, state)
    return orders


def _note_end(machine: Machine, lab: Lab) -> None:
    """Note that the guest stopped in an orderly way: the VM may be started again."""
    with lab.lock("vmm"):
        state = vmm.read_vm(lab, machine.name)
        if state is not None and state["pid"] == os.getpid():
            state.update(suspended=True, pid=None, started="")
            vmm.write_vm(lab, machine.name, state)
            vmm.orders_file(lab, machine.name).unlink(missing_ok=True)
