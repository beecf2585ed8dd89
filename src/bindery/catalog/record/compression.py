"""Documents as the record keeps them: Zstandard frames, made with a dictionary that was trained on the record's own.

Documents of one record resemble each other (names of fields and tags, cameras, places), and each by itself hardly
repeats anything: a dictionary halves what compression alone leaves. Each frame names its dictionary (RFC 8878,
Dictionary_ID). Documents of earlier releases are plain JSON, which begins with a brace as no frame does.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any, Protocol

from bindery.catalog.record.database import Connection, Database
from bindery.catalog.record.statements import load_statements
from bindery.catalog.records import CatalogUnusable
from bindery.clock import now_ns
from bindery.zstandard import zstd

_SQL = load_statements("compression")
_LEVEL = 3
_DICTIONARY_BYTES = 112_640
_SAMPLES = 1_000
_SAMPLE_BYTES = 8_192
"""Of one document; a dictionary holds what many share."""
_WINDOW = 4_096
"""Documents after which it is looked whether they still compress as well as those that the dictionary was made for."""
_WORSE = 1.25
_MOST_WINDOW = 1_048_576
_RECENT_BYTES = 8 * 1024 * 1024
_LONGEST_RECENT = 65_536


class _Compressor(Protocol):
    def compress(self, data: bytes, mode: Any) -> bytes: ...


class Unpacking:
    """Unpacks what the record has packed; safe for threads. ``reader`` gives the thread's connection."""

    def __init__(self, reader: Callable[[], Connection]) -> None:
        self._reader = reader
        self._dictionaries: dict[int, Any] = {}

    def unpack(self, stored: bytes) -> bytes:
        """A stored document. Raises CatalogUnusable for one that is damaged."""
        if stored[:1] == b"{":
            return stored
        try:
            number = zstd.get_frame_info(stored).dictionary_id
            document: bytes = zstd.decompress(stored, self._dictionary(number) if number else None)
        except zstd.ZstdError as error:
            raise CatalogUnusable(
                f"a document of the record is damaged ({error}); restore a backup"
            ) from error
        return document

    def _dictionary(self, number: int) -> Any:
        found = self._dictionaries.get(number)
        if found is None:
            row = self._reader().execute(_SQL.select_dictionary, {"id": number}).fetchone()
            if row is None:
                raise CatalogUnusable(
                    f"the record lacks dictionary {number}, which documents were packed with; restore a backup"
                )
            found = self._dictionaries[number] = zstd.ZstdDict(row[0])
        return found


class Compression(Unpacking):
    """Packs and unpacks; safe for threads. Trains by itself, in a thread of its own, when documents have changed."""

    def __init__(self, database: Database) -> None:
        super().__init__(lambda: database.reader)
        self._database = database
        self._lock = threading.Lock()
        self._compressor: _Compressor = zstd.ZstdCompressor(_LEVEL)
        row = database.reader.execute(_SQL.newest_dictionary).fetchone()
        if row is not None:
            self._use(row[0], row[1])
        self._samples: deque[bytes] = deque(maxlen=_SAMPLES)
        self._training: threading.Thread | None = None
        self._raw = self._packed = self._seen = 0
        self._window = _WINDOW
        self._expected: float | None = None
        """Bytes packed for each byte, as the dictionary had it in its first window."""
        self._recent: OrderedDict[bytes, bytes] = OrderedDict()
        """Documents that nobody has followed yet, by what they were packed to, the eldest first."""
        self._recent_bytes = 0

    def pack(self, document: bytes) -> bytes:
        """A document as it is stored."""
        with self._lock:
            packed = self._compressor.compress(document, zstd.ZstdCompressor.FLUSH_FRAME)
            self._count(document, len(packed))
            self._remember(packed, document)
        return packed

    def unpack_new(self, stored: bytes) -> bytes:
        """``unpack`` for who follows what is written: a document packed a moment ago is still at hand, once."""
        with self._lock:
            document = self._recent.pop(stored, None)
            if document is not None:
                self._recent_bytes -= len(document)
                return document
        return self.unpack(stored)

    def unpacked_size(self, stored: bytes) -> int:
        """In bytes, without unpacking it."""
        return len(stored) if stored[:1] == b"{" else content_size(stored)

    def is_packed_well(self, stored: bytes) -> bool:
        """Whether it was packed with a dictionary."""
        return stored[:1] != b"{" and zstd.get_frame_info(stored).dictionary_id != 0

    @property
    def trained(self) -> bool:
        """Whether there is a dictionary."""
        return bool(self._dictionaries)

    def train_on(self, documents: list[bytes]) -> None:
        """Make the first dictionary of these, unless there is one or they are too few for one."""
        if not self.trained:
            self._train([document[:_SAMPLE_BYTES] for document in documents])

    def _count(self, document: bytes, packed: int) -> None:
        """Under the lock."""
        self._seen += 1
        self._raw += len(document)
        self._packed += packed
        every = 1 if not self.trained else max(1, self._window // _SAMPLES)
        if self._seen % every == 0:
            self._samples.append(document[:_SAMPLE_BYTES])
        if not self.trained and len(self._samples) == _SAMPLES:
            self._begin_training()
        elif self.trained and self._seen >= self._window:
            self._end_window()

    def _remember(self, packed: bytes, document: bytes) -> None:
        """Under the lock."""
        if len(document) > _LONGEST_RECENT or packed in self._recent:
            return
        self._recent[packed] = document
        self._recent_bytes += len(document)
        while self._recent_bytes > _RECENT_BYTES:
            self._recent_bytes -= len(self._recent.popitem(last=False)[1])

    def _end_window(self) -> None:
        share = self._packed / max(1, self._raw)
        if self._expected is None:
            self._expected = share
        elif share > self._expected * _WORSE:
            self._window = min(
                2 * self._window, _MOST_WINDOW
            )  # contents that alternate are no reason each time
            self._begin_training()
        self._raw = self._packed = self._seen = 0

    def _begin_training(self) -> None:
        if self._training is not None and self._training.is_alive():
            return
        samples = list(self._samples)
        self._samples.clear()
        self._training = threading.Thread(
            target=self._train, args=(samples,), name="dictionary", daemon=True
        )
        self._training.start()

    def _train(self, samples: list[bytes]) -> None:
        """Without a word when that fails: documents are packed as before."""
        try:
            made = zstd.train_dict(samples, _DICTIONARY_BYTES)
            values = {"id": made.dict_id, "body": made.dict_content, "now": now_ns()}
            with self._database.transaction(alone=False) as connection:
                connection.execute(_SQL.insert_dictionary, values)
            with self._lock:  # it is committed before anything is packed with it
                self._use(made.dict_id, made.dict_content)
                self._expected = None
        except (ValueError, zstd.ZstdError, CatalogUnusable):
            return  # too few, too small, or the record closes: the next samples try again

    def _use(self, number: int, body: bytes) -> None:
        dictionary = self._dictionaries[number] = zstd.ZstdDict(body)
        self._compressor = zstd.ZstdCompressor(_LEVEL, zstd_dict=dictionary.as_digested_dict)


def content_size(frame: bytes) -> int:
    """Bytes of what a frame holds, told by its first 18 bytes. Raises CatalogUnusable for one that is damaged."""
    try:
        return zstd.get_frame_info(frame).decompressed_size or 0
    except zstd.ZstdError as error:
        raise CatalogUnusable(f"a document of the record is damaged ({error}); restore a backup") from error


class Repacking:
    """Packs the documents that earlier releases left, a page at a time, once."""

    def __init__(self, database: Database, compression: Compression) -> None:
        self._database = database
        self._compression = compression

    def next_page(self, limit: int) -> bool:
        """Whether there may be more. What it packs stays the same to everybody who reads."""
        row = self._database.reader.execute(_SQL.select_position).fetchone()
        if row is None or row[0] >= row[1]:
            return False
        values = {"after": row[0], "until": row[1], "limit": limit}
        page = self._database.reader.execute(_SQL.documents_behind, values).fetchall()
        if not self._compression.trained:
            self._compression.train_on([document for _, document in page])
        packed = [
            {"sequence": sequence, "document": self._compression.pack(self._compression.unpack(stored))}
            for sequence, stored in page
            if not self._compression.is_packed_well(stored)
        ]
        position = page[-1][0] if page else row[1]
        with self._database.transaction() as connection:
            # A row that was written since has another number.
            connection.executemany(_SQL.update_document, packed)
            connection.execute(_SQL.set_position, {"position": position})
        return True
