"""The lab's zfs and zpool: a model of OpenZFS 2.1/2.2 kept in JSON files and plain folders.

Its measure is tests/captures/zfs.jsonl, 383 commands of a FreeBSD 13.2 host (ZFS 2.1.9).
"""
