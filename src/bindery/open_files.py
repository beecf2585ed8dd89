"""How many files this process may have open: connections, the catalog, watched folders and stores share them."""

from __future__ import annotations

import resource

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
