"""zfs allow and unallow, as far as the lab keeps them, and who may do what."""

from __future__ import annotations

from chyves_core.lab.zfs.model import Pool
from chyves_core.lab.zfs.session import Session


def may(session: Session, pool: Pool, name: str, right: str) -> bool:
    """Whether the user may use `right` ("create", "userprop") on a dataset."""
    return session.lab.is_root
