"""A folder served by a program, as network file systems are: ``python fuse_folder.py BACKING MOUNT [--fold]``.

A real FUSE mount, read-only, that caches nothing: what changes in BACKING is seen in MOUNT at once, and the kernel
reports none of it. With ``--fold`` names are found in any case and Unicode form, as on a share of Windows or macOS.
Source: include/uapi/linux/fuse.h of Linux. Needs the right to mount; prints ``mounted`` when it is.
"""

# ruff: noqa: PTH118, PTH123, PTH208  (paths are bytes)

from __future__ import annotations

import ctypes
import errno
import os
import signal
import stat
import struct
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FORGET, BATCH_FORGET, INTERRUPT, DESTROY = 2, 42, 36, 38
STATFS = 17
LOOKUP, GETATTR, OPEN, READ, RELEASE, INIT, OPENDIR, READDIR, RELEASEDIR = 1, 3, 14, 15, 18, 26, 27, 28, 29
_DETACH = 2
"""``MNT_DETACH``: also while it is in use. Source: umount2(2)."""
UNANSWERED = {FORGET, BATCH_FORGET, INTERRUPT, DESTROY}


class FuseFolder:
    """Answers the kernel's requests; nodes are paths."""

    def __init__(self, backing: bytes, device: int, *, fold: bool) -> None:
        self.device, self.fold = device, fold
        self.paths = {1: backing}
        self.nodes = {backing: 1}

    def serve(self) -> None:
        while True:
            try:
                request = os.read(self.device, 1 << 20)
            except OSError as error:
                if error.errno == errno.ENODEV:  # unmounted
                    return
                if error.errno in (errno.EINTR, errno.ENOENT, errno.EAGAIN):
                    continue
                raise
            _, opcode, unique, node = struct.unpack_from("<IIQQ", request)
            if opcode in UNANSWERED:
                continue
            code, body = 0, b""
            try:
                body = self.answer(opcode, self.paths.get(node, b""), request[40:])
            except OSError as error:
                code = error.errno or errno.EIO
            os.write(self.device, struct.pack("<IiQ", 16 + len(body), -code, unique) + body)

    def answer(self, opcode: int, path: bytes, body: bytes) -> bytes:
        if opcode == INIT:
            return struct.pack("<IIIIHHIIHHI28x", 7, 31, 65536, 0, 8, 6, 65536, 1, 16, 0, 0)
        if opcode == LOOKUP:
            return self.look_up(path, body.rstrip(b"\0"))
        if opcode == GETATTR:
            return struct.pack("<QII", 0, 0, 0) + attributes(os.lstat(path))
        if opcode in (OPEN, OPENDIR):
            os.lstat(path)
            return struct.pack("<QII", 0, 1, 0)  # read past the kernel's cache
        if opcode == READ:
            _, offset, size = struct.unpack_from("<QQI", body)
            with open(path, "rb") as file:
                return os.pread(file.fileno(), size, offset)
        if opcode == READDIR:
            return directory(path, *struct.unpack_from("<QI", body, 8))
        if opcode == STATFS:
            return struct.pack("<5Q4I24x", 1 << 20, 1 << 19, 1 << 19, 1 << 20, 1 << 19, 4096, 255, 4096, 0)
        if opcode in (RELEASE, RELEASEDIR):
            return b""
        raise OSError(errno.ENOSYS, "not offered")

    def look_up(self, folder: bytes, name: bytes) -> bytes:
        path = os.path.join(folder, self.spelled(folder, name) if self.fold else name)
        status = os.lstat(path)
        node = self.nodes.setdefault(path, len(self.nodes) + 1)
        self.paths[node] = path
        return struct.pack("<QQQQII", node, 0, 0, 0, 0, 0) + attributes(status)

    @staticmethod
    def spelled(folder: bytes, name: bytes) -> bytes:
        names = os.listdir(folder)
        return name if name in names else next((own for own in names if folded(own) == folded(name)), name)


def folded(name: bytes) -> str:
    return unicodedata.normalize("NFC", name.decode("utf-8", "surrogateescape")).casefold()


def attributes(status: os.stat_result) -> bytes:
    seconds = [nanoseconds // 10**9 for nanoseconds in times(status)]
    fractions = [nanoseconds % 10**9 for nanoseconds in times(status)]
    numbers = (status.st_mode, status.st_nlink, status.st_uid, status.st_gid, 0, 4096, 0)
    return struct.pack(
        "<6Q10I", status.st_ino, status.st_size, status.st_blocks, *seconds, *fractions, *numbers
    )


def times(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns


def directory(path: bytes, offset: int, size: int) -> bytes:
    answer = b""
    for number, entry in enumerate(sorted(os.scandir(path), key=lambda entry: entry.name)):
        kind = stat.S_IFDIR if entry.is_dir(follow_symlinks=False) else stat.S_IFREG
        padded = entry.name + bytes(-len(entry.name) % 8)
        record = struct.pack("<QQII", entry.inode(), number + 1, len(entry.name), kind >> 12) + padded
        if number >= offset:
            if len(answer) + len(record) > size:
                break
            answer += record
    return answer


def main() -> None:
    backing, mount = (os.path.realpath(os.fsencode(path)) for path in sys.argv[1:3])
    device = os.open("/dev/fuse", os.O_RDWR)
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}".encode()
    if libc.mount(b"fuse", mount, b"fuse.test", 0, options) != 0:
        raise OSError(ctypes.get_errno(), "cannot mount")
    signal.signal(signal.SIGTERM, lambda *_: leave(libc, mount))
    print("mounted", flush=True)
    FuseFolder(backing, device, fold="--fold" in sys.argv).serve()


def leave(libc: ctypes.CDLL, mount: bytes) -> None:
    """The tests are gone, and nobody else takes the mount away."""
    libc.umount2(mount, _DETACH)
    os._exit(0)


@contextmanager
def mounted(backing: Path, mount: Path, *flags: str) -> Iterator[subprocess.Popen[str]]:
    """The serving process while ``backing`` is mounted. Raises OSError when this user may not mount."""
    from tests.servers.ending import ends_with_us  # the program has no path to it

    command = [sys.executable, __file__, str(backing), str(mount), *flags]
    process = subprocess.Popen(
        ends_with_us(command, by="TERM"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        if process.stdout.readline() != "mounted\n":
            raise OSError(process.communicate()[1].splitlines()[-1])
        yield process
    finally:
        process.kill()
        process.communicate()
        if os.path.ismount(mount) or _is_dead(mount):
            subprocess.run(["umount", "--lazy", mount], check=True)


def _is_dead(mount: Path) -> bool:
    try:
        mount.stat()
    except OSError as error:
        return error.errno == errno.ENOTCONN
    return False


if __name__ == "__main__":
    main()
