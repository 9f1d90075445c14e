"""What OpenZFS counts for each volume, as sysctl(8) shows it since FreeBSD 13."""

from __future__ import annotations

from chyves_core.lab.home import Lab


def kstats(lab: Lab) -> dict[str, str]:
    """Return the variables below kstat.

    The lab counts no reads; as written counts what a volume takes on the disk.
    """
    found: dict[str, str] = {}
    folder = lab.path("/dev/zvol")
    files = sorted(folder.rglob("*")) if lab.freebsd >= (13, 0) else []
    for number, file in enumerate(files, 54):
        if not file.is_file():
            continue
        name = str(file.relative_to(folder))
        node = f"kstat.zfs.{name.partition('/')[0]}.dataset.objset-{number:#x}"
        written = file.stat().st_blocks * 512
        counted = {"nread": 0, "reads": 0, "nwritten": written, "writes": written // 8192}
        found |= {f"{node}.{key}": str(value) for key, value in counted.items()}
        found[f"{node}.dataset_name"] = name
    return found
