"""A server that lists keys by ListObjectsV2, as S3 does, and nothing else: quick, with a delay, a limit and faults."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Sequence
from types import TracebackType
from urllib.parse import parse_qs, quote_plus, urlsplit

from tests.servers.scripted import Asked, Reply, Scripted

_MOMENT_SECONDS = 0.25
_ENTRY = (
    "<Contents><Key>{}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;"
    "0123456789abcdef0123456789abcdef&quot;</ETag><Size>1</Size><StorageClass>STANDARD</StorageClass></Contents>"
)


class ServedKeys:
    """``keys`` in the order in which they are to be listed; that of UTF-8 unless the server is to be wrong."""

    def __init__(
        self,
        keys: Sequence[str],
        *,
        delay: float = 0.0,
        most_at_once: int = 1_000,
        lists_after: bool = True,
        together: int = 1,
    ) -> None:
        """``delay``: seconds a request takes; ``most_at_once``: more are refused with SlowDown; ``together``: the
        fifth and those behind it wait a moment for so many to be under way, however busy the machine is.
        """
        self._keys = list(keys)
        self._ascending = sorted(keys)
        self._delay = delay
        self._allowed = most_at_once
        self._lists_after = lists_after
        self._lock = threading.Lock()
        self._at_once = 0
        self._together, self._met = together, threading.Event()
        self.requests = self.refused = self.most_at_once = 0
        self._server = Scripted(self._answer)
        self.endpoint = self._server.endpoint

    def __enter__(self) -> ServedKeys:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    def _answer(self, asked: Asked) -> Reply:
        with self._lock:
            self.requests += 1
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            refuses = self._at_once > self._allowed
            self.refused += refuses
            is_held = self.requests > 4
            if self._at_once >= self._together:
                self._met.set()
        try:
            if is_held:
                self._met.wait(_MOMENT_SECONDS)
            time.sleep(self._delay)
            if refuses:
                return Reply(503, b"<Error><Code>SlowDown</Code></Error>")
            return Reply(body=self._page(asked.target).encode())
        finally:
            with self._lock:
                self._at_once -= 1

    def _page(self, target: str) -> str:
        query = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
        prefix, most = query.get("prefix", ""), int(query.get("max-keys", "1000"))
        after = query.get("continuation-token", query.get("start-after", "") if self._lists_after else "")
        start = bisect_right(self._ascending, after)
        rest = self._keys[start:]
        if prefix:
            rest = [key for key in rest if key.startswith(prefix)]
        page, cut = rest[:most], len(rest) > most
        token = f"<NextContinuationToken>{_text(page[-1])}</NextContinuationToken>" if cut else ""
        entries = "".join(_ENTRY.format(quote_plus(key)) for key in page)
        return (
            f"<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>{str(cut).lower()}</IsTruncated>"
            f"{token}{entries}</ListBucketResult>"
        )


def _text(key: str) -> str:
    return "".join(f"&#{ord(character)};" for character in key)
