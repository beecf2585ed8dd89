"""Where tables go."""

from __future__ import annotations

from rich.console import Console

_WIDTH_WITHOUT_TERMINAL = 160


def console() -> Console:
    """Standard output; wide where it is no terminal, so that URIs stay whole in pipes and logs."""
    made = Console()
    return made if made.is_terminal else Console(width=max(made.width, _WIDTH_WITHOUT_TERMINAL))
