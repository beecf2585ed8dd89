"""How many files this process may have open: connections, the catalog, watched folders and stores share them."""

from __future__ import annotations

import errno
import os
import resource

EXHAUSTED = (errno.EMFILE, errno.ENFILE)
"""What is answered to a process, or to all of the machine, with as many files open as there may be."""
OF_OTHERS = 512
"""Left to the catalog, to folders that are watched and to requests to stores."""
_MOST = 65_536


def find_limit() -> int:
    """How many files a server started here may open, which takes all that the system lets it have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    return _MOST if soft == resource.RLIM_INFINITY else max(soft, wanted)


def raise_limit() -> int:
    """Take all that the system lets this process have; how many that is."""
    wanted = find_limit()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def room_for_connections(limit: int) -> int:
    """How many of so many files may be connections."""
    return max(limit - OF_OTHERS, limit // 4)


def advise(connections: int) -> str:
    """What to do when so many connections have no room."""
    wanted = connections + OF_OTHERS
    return f"set LimitNOFILE={wanted} in the unit file or ulimit -n {wanted}, or lower server.connections"


def can_open() -> bool:
    """Whether this process may open one more at this moment."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        return error.errno not in EXHAUSTED
    return True


def explain(error: OSError) -> str:
    """What the system says, and where too many files are open by which limit."""
    said = error.strerror or str(error)
    if error.errno == errno.EMFILE:
        return f"{said}: set a higher LimitNOFILE in the unit file, or ulimit -n"
    if error.errno == errno.ENFILE:
        return f"{said}, of all programs of this machine together: raise fs.file-max (sysctl)"
    return said
