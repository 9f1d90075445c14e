"""GRUB's script language and boot menus, as far as menus of Linux systems need them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from chyves_core.lab.bhyve.grub_menu import Grub
from chyves_core.lab.bhyve.grub_script import IncompleteError, ScriptError, expand, parse_script
from chyves_core.lab.bhyve.grub_shell import GrubShell

KERNEL = bytes(0x1FE) + b"\x55\xaa" + bytes(2) + b"HdrS" + bytes(100)
DEBIAN = """\
### BEGIN /etc/grub.d/00_header ###
if [ -s $prefix/grubenv ]; then
  set have_grubenv=true
  load_env
fi
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set boot_once=true
else
   set default="0"
fi
if [ x"${feature_menuentry_id}" = xy ]; then
  menuentry_id_option="--id"
else
  menuentry_id_option=""
fi
export menuentry_id_option
function savedefault {
  if [ -z "${boot_once}" ]; then
    saved_entry="${chosen}"
    save_env saved_entry
  fi
}
function load_video { insmod all_video }
if [ x$feature_default_font_path = xy ] ; then
   font=unicode
else
insmod part_msdos
insmod ext2
fi
set timeout=5
menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'gnulinux-simple' {
    load_video
    set root='hd0,msdos1'
    if [ x$feature_platform_search_hint = xy ]; then
      search --no-floppy --fs-uuid --set=root --hint-bios=hd0,msdos1  UUID
    else
      search --no-floppy --fs-uuid --set=root UUID
    fi
    echo    'Loading Linux 6.1.0-56-amd64 ...'
    linux    /boot/vmlinuz root=UUID=UUID ro  quiet
    initrd    /boot/initrd.gz
}
submenu 'Advanced options' --id 'gnulinux-advanced' {
    menuentry 'recovery' --id 'recovery' {
        linux    /boot/vmlinuz single
    }
}
"""


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A disk with an ext4 file system that holds a kernel."""
    if shutil.which("mke2fs", path="/usr/sbin:/sbin:/usr/bin") is None:
        pytest.skip("mke2fs is not installed")
    tree = tmp_path / "tree"
    (tree / "boot/grub").mkdir(parents=True)
    (tree / "boot/vmlinuz").write_bytes(KERNEL)
    (tree / "boot/initrd.gz").write_bytes(b"initrd")
    (tree / "boot/notes").write_text("no kernel")
    image = tmp_path / "disk"
    uuid = "11111111-2222-3333-4444-555555555555"
    argv = ["mke2fs", "-q", "-t", "ext4", "-L", "root", "-U", uuid, "-d", tree, image, "8M"]
    subprocess.run(argv, check=True, capture_output=True, env={"PATH": "/usr/sbin:/sbin:/usr/bin"})
    return image


class Loader:
    """A GRUB whose input and output are lists."""

    def __init__(self, disk: Path, *, adds_console: bool = True, believes: bool = False) -> None:
        self.said: list[str] = []
        self.shell = GrubShell(
            {"hd0": disk},
            self.said.append,
            root="hd0",
            prefix="(hd0)/boot/grub",
            adds_console=adds_console,
            believes=believes,
        )

    def type(self, *lines: str) -> str | None:
        """Return the command line of what was booted after these lines were typed."""
        typed: Iterator[str] = iter(lines)
        loaded = Grub(self.shell, typed, "/boot/grub/grub.cfg").serve()
        return loaded["command_line"] if loaded else None

    def errors(self) -> list[str]:
        return [text for text in self.said if text.startswith("error")]


def test_a_kernel_is_loaded_and_booted_from_typed_commands(disk: Path) -> None:
    loader = Loader(disk)
    typed = ("linux (hd0)/boot/vmlinuz quiet 'a b'", "initrd /boot/initrd.gz", "boot")
    # grub-bhyve puts console=ttyS0 first (source read, not captured).
    assert loader.type(*typed) == 'console=ttyS0 BOOT_IMAGE=(hd0)/boot/vmlinuz quiet "a b"'
    assert loader.shell.loaded is not None
    assert loader.shell.loaded["initrd"] == ["(hd0)/boot/initrd.gz"]
    assert loader.errors() == []


@pytest.mark.parametrize(
    ("adds_console", "words"), [(False, "quiet"), (True, "quiet console=ttyS0,115200")]
)
def test_the_console_is_not_added_with_n_or_where_it_is_named(
    disk: Path, adds_console: bool, words: str
) -> None:
    loader = Loader(disk, adds_console=adds_console)
    booted = loader.type(f"linux /boot/vmlinuz {words}", "boot")
    assert booted == f"BOOT_IMAGE=/boot/vmlinuz {words}"


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("linux /boot/nosuch", "error: file `/boot/nosuch' not found."),
        ("linux /boot/notes", "error: invalid magic number."),
        ("linux", "error: filename expected."),
        ("linux (hd7)/boot/vmlinuz", "error: disk `hd7' not found."),
        ("linux (hd0,msdos1)/boot/vmlinuz", "error: no such partition."),
        ("initrd /boot/initrd.gz", "error: you need to load the kernel first."),
        ("boot", "error: you need to load the kernel first."),
        ("frobnicate", "error: can't find command `frobnicate'."),
        ("search --label nosuch", "error: no such device: nosuch."),
    ],
)
def test_what_goes_wrong_is_said_in_grubs_words(disk: Path, line: str, error: str) -> None:
    loader = Loader(disk)
    assert loader.type(line) is None
    assert loader.errors() == [error]


def config(disk: Path, text: str) -> None:
    """Put a grub.cfg onto the disk."""
    file = disk.with_name("grub.cfg")
    file.write_text(text)
    argv = ["debugfs", "-w", "-R", f"write {file} /boot/grub/grub.cfg", disk]
    path = "/usr/sbin:/sbin:/usr/bin"
    if shutil.which("debugfs", path=path) is None:
        pytest.skip("debugfs is not installed")
    subprocess.run(argv, check=True, capture_output=True, env={"PATH": path})


def test_the_menu_that_debian_writes_boots_its_default(disk: Path) -> None:
    config(disk, DEBIAN.replace("UUID", "11111111-2222-3333-4444-555555555555"))
    loader = Loader(disk)
    assert loader.type() == (
        "console=ttyS0 BOOT_IMAGE=/boot/vmlinuz "
        "root=11111111-2222-3333-4444-555555555555=11111111-2222-3333-4444-555555555555 ro quiet"
    )
    assert loader.errors() == []
    assert loader.shell.variables["root"] == "hd0"


@pytest.mark.parametrize(
    "default",
    ["1>0", "gnulinux-advanced>recovery", "Advanced options>recovery"],
)
def test_an_entry_of_a_submenu_can_be_the_default(disk: Path, default: str) -> None:
    config(disk, DEBIAN.replace('set default="0"', f'set default="{default}"'))
    assert Loader(disk).type() == "console=ttyS0 BOOT_IMAGE=/boot/vmlinuz single"


def test_a_menu_without_timeout_waits_for_enter(disk: Path) -> None:
    config(disk, "menuentry one {\n linux /boot/vmlinuz one\n}\n")
    assert Loader(disk).type() is None
    assert Loader(disk).type("") == "console=ttyS0 BOOT_IMAGE=/boot/vmlinuz one"


def test_the_fallback_is_booted_when_the_default_cannot(disk: Path) -> None:
    menu = "menuentry a { linux /nosuch }\nmenuentry b { linux /boot/vmlinuz b }\n"
    config(disk, "set timeout=0\nset default=0\nset fallback=1\n" + menu)
    loader = Loader(disk)
    assert loader.type() == "console=ttyS0 BOOT_IMAGE=/boot/vmlinuz b"
    assert loader.errors() == ["error: file `/nosuch' not found."]


def test_a_loop_and_a_condition_may_be_typed_over_several_lines(disk: Path) -> None:
    loader = Loader(disk)
    typed = ["for f in nosuch vmlinuz; do", " if [ -e /boot/$f ]; then", "  set k=/boot/$f"]
    typed += [" fi", "done", "linux $k", "boot"]
    assert loader.type(*typed) == "console=ttyS0 BOOT_IMAGE=/boot/vmlinuz"


def test_a_disk_that_cannot_be_read_is_believed_only_for_a_played_guest(tmp_path: Path) -> None:
    blank = tmp_path / "blank"
    blank.write_bytes(bytes(65536))
    typed = ("linux (hd0,msdos1)/boot/vmlinuz", "boot")
    assert Loader(blank).type(*typed) is None
    assert Loader(blank, believes=True).type(*typed) is not None


def test_a_bsd_kernel_is_loaded_with_its_options(disk: Path) -> None:
    loader = Loader(disk)
    loader.type("kopenbsd -h com0 -r sd0a (hd0)/boot/vmlinuz", "boot")
    assert loader.shell.loaded is not None
    assert loader.shell.loaded["kind"] == "kopenbsd"
    assert loader.shell.loaded["kernel"] == "(hd0)/boot/vmlinuz"


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("plain", ["plain"]),
        ("'a  $x'", ["a  $x"]),
        ('"a $x"', ["a 1 2"]),
        ("$x", ["1", "2"]),
        ("a${x}b", ["a1", "2b"]),
        ("$none", []),
        ('"$none"', [""]),
        ("x$none", ["x"]),
        (r"a\ b", ["a b"]),
    ],
)
def test_a_word_is_expanded_as_grub_does(word: str, words: list[str]) -> None:
    assert expand(word, {"x": "1 2"}) == words


@pytest.mark.parametrize("text", ["if true; then", "menuentry a {", "echo 'a", "for x in 1; do"])
def test_an_unfinished_text_is_told_from_a_wrong_one(text: str) -> None:
    with pytest.raises(IncompleteError):
        parse_script(text)


@pytest.mark.parametrize("text", ["}", "if true; fi; then x; fi }", "{ a"])
def test_a_wrong_text_is_no_script(text: str) -> None:
    with pytest.raises(ScriptError):
        parse_script(text)
