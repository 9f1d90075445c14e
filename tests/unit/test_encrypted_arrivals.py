"""Encrypted guests of old managers: what stands in the way is said before anything is tried."""

from __future__ import annotations

import pytest

from chyves_core.errors import ChyvesError
from chyves_core.migration.old import OldGuest
from chyves_core.migration.planning import check_key
from chyves_core.zfs import Dataset

PLACE = "zroot/iohyve/web"
GUEST = OldGuest("iohyve", "web", "zroot", PLACE, "/iohyve/web", "", {}, (), (), {}, {}, ())


def refusal(root: str, key: str = "available", *, copied: bool = False) -> tuple[str, str | None]:
    """Return what is said of a guest whose key is that of `root`."""
    values = {"encryptionroot": (root, "-"), "keystatus": (key, "-")}
    try:
        check_key({PLACE: Dataset(PLACE, values)}, GUEST, is_copied=copied)
    except ChyvesError as error:
        return error.message, error.hint
    return "", None


@pytest.mark.parametrize("root", ["-", PLACE])
def test_a_guest_in_the_clear_or_with_a_key_of_its_own_can_be_renamed(root: str) -> None:
    assert refusal(root) == ("", None)


@pytest.mark.parametrize("root", ["zroot/iohyve", "zroot"])
def test_a_guest_with_the_key_of_a_dataset_above_can_not_leave_it(root: str) -> None:
    message, hint = refusal(root)
    assert f"the key of {root}, and can't leave it" in message
    assert hint == f"zfs change-key -o keyformat=passphrase {PLACE}"


def test_a_key_has_to_be_loaded_and_a_copy_would_need_it() -> None:
    assert refusal(PLACE, "unavailable")[1] == f"zfs load-key -r {PLACE}"
    assert "a copy of it would need its key" in refusal(PLACE, copied=True)[0]
