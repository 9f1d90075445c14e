"""The run folder of one guest: what its supervisor reads and writes while the guest runs.

dataset        the guest's dataset: a copy of it that comes to another pool is not what runs
starting       before the guest has a supervisor: its prestart hooks run, its network comes up
boots          how often the guest has been booted since `start`
iso            the ISO that it was started with: resource name
loader.argv    the loader's command line, one word a line; not there for UEFI
loader.limit   the loader's SECONDS and CONSOLE, where loader_timeout limits them; `late` when they
               were over
loader.said    the last that such a loader said on its console
loader.heard   is there as soon as somebody listens to it
device.map     for grub-bhyve, and grub/grub.cfg its menu
bhyve.argv     bhyve's command line, one word a line
bhyve.conf     the machine as settings for bhyve -k, mode 0600; not there on old hosts
seed.iso       the CD for cloud-init, mode 0600
phase          loading, running, or `ended STATUS`
stop, reload   asked for by `stop` and `reload`
swtpm.sock     where bhyve meets swtpm, which plays the guest's TPM
swtpm.log      what swtpm said
ctl.ports      ports of ctl(4) that are made and show nothing yet
bhyve.log      what loader and bhyve said in the last boot
"""

from __future__ import annotations

from dataclasses import dataclass

from chyves_core.guests import Guest, Inventory
from chyves_core.host import Host
from chyves_core.plan import Remove, Step, Write
from chyves_core.runtime import RUN_FOLDER

COMMAND_LINES = ("bhyve.argv", "bhyve.conf", "loader.argv")


@dataclass(frozen=True)
class RunFolder:
    """The paths of one guest's run folder."""

    guest: str

    @property
    def path(self) -> str:
        """The folder itself."""
        return f"{RUN_FOLDER}/guests/{self.guest}"

    def file(self, name: str) -> str:
        """The path of one file in it."""
        return f"{self.path}/{name}"

    @property
    def ending(self) -> str:
        """The file that says how the guest ended last."""
        return f"{RUN_FOLDER}/last/{self.guest}"

    def exists(self, host: Host) -> bool:
        """Return whether the guest has a run folder."""
        return host.path(self.path).is_dir()

    def read(self, host: Host, name: str) -> str:
        """Return the text of one file, empty where it is not there."""
        return (host.read_text(self.file(name)) or "").strip()

    def write(self, name: str, text: str, mode: int = 0o600) -> Write:
        """Return the step that writes one file."""
        return Write(self.file(name), text, mode)

    def remove(self, *names: str) -> tuple[Step, ...]:
        """Return the steps that remove files."""
        return tuple(Remove(self.file(name)) for name in names)


def running_guest(host: Host, inventory: Inventory, name: str) -> Guest:
    """Return a guest that was started; where there are two of its name, the one that was.

    Raises what Inventory.guest raises where that is not known.
    """
    if name in inventory.twice:
        began = inventory.places.get(RunFolder(name).read(host, "dataset"))
        if began is not None and began.name == name:
            return began
    return inventory.guest(name)


def read_boots(host: Host, folder: RunFolder) -> int:
    """Return how often the guest has been booted since it was started."""
    text = folder.read(host, "boots")
    return int(text) if text.isdigit() else 0


def argv_text(argv: tuple[str, ...]) -> str:
    """Return a command line as the supervisor reads it: one word a line."""
    return "".join(f"{word}\n" for word in argv)
