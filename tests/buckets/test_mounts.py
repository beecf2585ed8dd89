"""The kernel's table of mounts, as other machines have it, and as this one has it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bindery.buckets.mounts import Mount, mounts_within, parse_mounts, unseen_changes

TABLE = rb"""22 28 0:21 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
28 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw,errors=remount-ro
95 28 0:48 / /srv/media/nas rw,relatime shared:50 - nfs4 nas:/export/photos rw,vers=4.2,rsize=1048576
96 28 0:49 / /srv/media/share\040of\040all rw,relatime shared:51 - cifs //server/all rw,vers=3.1.1,uid=0
97 28 0:50 / /srv/media/ssh rw,nosuid,nodev,relatime shared:52 master:3 - fuse.sshfs me@host: rw,user_id=0
98 28 8:17 / /srv/media/usb rw,relatime shared:53 - fuseblk /dev/sdb1 rw,user_id=0,blksize=4096
99 28 0:51 / /srv/media/auto rw,relatime shared:54 - autofs systemd-1 rw,fd=44,pgrp=1
100 99 0:52 / /srv/media/auto rw,relatime shared:55 - nfs nas:/auto rw,vers=3
101 28 0:53 /photos /srv/media/bind rw,relatime shared:50 - nfs4 nas:/export rw,vers=4.2
102 28 0:54 / /srv/media-other rw,relatime - 9p host rw,trans=virtio
103 28 0:55 / /var/lib/docker/overlay2/abc/merged rw,relatime - overlay overlay rw,lowerdir=/l,upperdir=/u
104 28 0:56 / /mnt/back\134slash rw - xfs /dev/sdc1 rw
this is no row
105 28 short - ext4
"""


def test_rows_are_read_whatever_their_optional_fields() -> None:
    mounts = {mount.point: mount.kind for mount in parse_mounts(TABLE)}
    assert mounts[b"/"] == "ext4"
    assert mounts[b"/srv/media/share of all"] == "cifs"
    assert mounts[b"/srv/media/ssh"] == "fuse.sshfs"
    assert mounts[b"/mnt/back\\slash"] == "xfs"
    assert len(parse_mounts(TABLE)) == TABLE.count(b" - ") - 1
    assert parse_mounts(b"") == []


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        (b"/home/me", {b"": "ext4"}),
        (b"/srv/media/nas/2024", {b"": "nfs4"}),
        (b"/srv/media/auto", {b"": "nfs"}),
        (b"/srv/media-other", {b"": "9p"}),
        (
            b"/srv/media",
            {
                b"": "ext4",
                b"nas": "nfs4",
                b"share of all": "cifs",
                b"ssh": "fuse.sshfs",
                b"usb": "fuseblk",
                b"auto": "nfs",
                b"bind": "nfs4",
            },
        ),
    ],
)
def test_what_a_folder_lies_on_and_what_is_mounted_below_it(
    folder: bytes, expected: dict[bytes, str]
) -> None:
    assert {path: mount.kind for path, mount in mounts_within(folder, TABLE).items()} == expected


def test_prefixes_below_which_changes_go_unseen() -> None:
    unseen = unseen_changes(mounts_within(b"/srv/media", TABLE))
    assert sorted(unseen) == ["auto/", "bind/", "nas/", "share of all/", "ssh/"]
    assert unseen["ssh/"].startswith("fuse.sshfs ")
    assert list(unseen_changes(mounts_within(b"/srv/media/nas/2024", TABLE))) == [""]
    assert unseen_changes(mounts_within(b"/home/me", TABLE)) == {}


@pytest.mark.parametrize(
    ("kind", "unseen"),
    [
        ("ext4", False), ("btrfs", False), ("tmpfs", False), ("fuseblk", False), ("fusectl", False), ("zfs", False),
        ("fuse", True), ("fuse.s3fs", True), ("fuse.rclone", True), ("9p", True), ("virtiofs", True), ("smb3", True),
    ],
)  # fmt: skip
def test_file_systems_that_others_change(kind: str, unseen: bool) -> None:
    assert Mount(1, b"/", kind).changes_unseen is unseen


def test_this_machine(tmp_path: Path) -> None:
    for folder in (tmp_path, Path("/dev/shm"), Path("/proc"), Path("/")):
        told = subprocess.run(
            ["findmnt", "--noheadings", "--output", "FSTYPE", "--target", folder],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert mounts_within(bytes(folder.resolve()))[b""].kind == told.stdout.split()[-1]
