"""Boot ROMs of 4 KiB that bhyve takes for firmware: the smallest guests that there are.

The CPU starts in real mode 16 bytes before the end of the ROM, at F000:FFF0, with the ROM in
F000:F000 to F000:FFFF (captures bhyve_run roms). On com1 they need no set-up of the UART.
"""

from __future__ import annotations

SIZE = 4096
RESET_VECTOR = SIZE - 16
MESSAGE = 0x800
GREETING = "chyvest: type something\r\n"

# At the reset vector; what they do and how bhyve ends: captures bhyve_run end-*.
HALT = bytes.fromhex("faf4")  # cli; hlt
POWER_OFF = bytes.fromhex("ba0404b80034ef")  # out 404h, 3400h: PM1 control
SPIN = bytes.fromhex("ebfe")  # jmp to itself

# Greets on com1, and again at each key; q powers off, r resets, h halts.
TALK = bytes.fromhex(
    "fa"  # F000 cli
    "be00f8"  # F001 mov si, F800: the greeting
    "baf803"  # F004 mov dx, 3F8: com1
    "2eac"  # F007 cs lodsb
    "08c0"  # F009 or al, al
    "7403"  # F00B jz F010
    "ee"  # F00D out dx, al
    "ebf7"  # F00E jmp F007
    "bafd03"  # F010 mov dx, 3FD: line status
    "ec"  # F013 in al, dx
    "a801"  # F014 test al, 1: a key
    "74fb"  # F016 jz F013
    "baf803"  # F018 mov dx, 3F8
    "ec"  # F01B in al, dx
    "3c71"  # F01C cmp al, 'q'
    "740a"  # F01E jz F02A
    "3c72"  # F020 cmp al, 'r'
    "740e"  # F022 jz F032
    "3c68"  # F024 cmp al, 'h'
    "7411"  # F026 jz F039
    "ebd7"  # F028 jmp F001
    "ba0404"  # F02A mov dx, 404
    "b80034"  # F02D mov ax, 3400
    "ef"  # F030 out dx, ax
    "f4"  # F031 hlt
    "baf90c"  # F032 mov dx, CF9: reset control
    "b006"  # F035 mov al, 6
    "ee"  # F037 out dx, al
    "f4"  # F038 hlt
    "fa"  # F039 cli
    "f4"  # F03A hlt
)
JUMP_TO_START = bytes.fromhex("e90df0")  # FFF0 jmp F000


def rom(at_reset: bytes, at_start: bytes = b"") -> bytes:
    """Return a ROM with code at its reset vector, and code at its start that may be jumped to."""
    whole = bytearray(SIZE)
    whole[: len(at_start)] = at_start
    whole[MESSAGE : MESSAGE + len(GREETING)] = GREETING.encode()
    whole[RESET_VECTOR : RESET_VECTOR + len(at_reset)] = at_reset
    return bytes(whole)


ROMS = {
    "halt.rom": rom(HALT),
    "off.rom": rom(POWER_OFF),
    "spin.rom": rom(SPIN),
    "talk.rom": rom(JUMP_TO_START, TALK),
}
