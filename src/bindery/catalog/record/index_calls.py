"""Calls of explicit indexing whose end is to be told: kept until each of their files has its outcome."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import structlog

from bindery.catalog.record.database import Connection, Database
from bindery.catalog.record.statements import load_statements
from bindery.catalog.records import IndexCall

_SQL = load_statements("index_calls")
_log = structlog.get_logger()
_decoder = msgspec.json.Decoder(IndexCall)


class IndexCalls:
    """Rows of ``index_call`` and ``index_call_file``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, connection: Connection, dataset_id: int, call: IndexCall) -> None:
        """From now on outcomes of its files are noted."""
        values = {"dataset_id": dataset_id, "body": msgspec.json.encode(call)}
        (call_id,) = connection.execute(_SQL.add_call, values).fetchone()
        rows = [{"dataset_id": dataset_id, "uri": file.uri, "call_id": call_id} for file in call.files]
        connection.executemany(_SQL.add_call_file, rows)

    def settle(self, connection: Connection, dataset_id: int, errors: Mapping[str, str]) -> list[IndexCall]:
        """Note outcomes by URI, empty when all went well; returns the calls that have ended with them."""
        touched: dict[int, None] = {}
        for uri, error in errors.items():
            values = {"dataset_id": dataset_id, "uri": uri, "error": error}
            touched |= dict.fromkeys(
                row[0] for row in connection.execute(_SQL.settle_call_file, values).fetchall()
            )
        return [
            call
            for call_id in touched
            if connection.execute(_SQL.open_call_files, {"call_id": call_id}).fetchone()[0] == 0
            and (call := self._finish(connection, call_id)) is not None
        ]

    def abandon(self, connection: Connection, dataset_id: int, error: str) -> list[IndexCall]:
        """End every call of a dataset; files without an outcome get this one."""
        values = {"dataset_id": dataset_id}
        connection.execute(_SQL.settle_dataset, values | {"error": error})
        calls = connection.execute(_SQL.dataset_calls, values).fetchall()
        ended = [self._finish(connection, call_id) for (call_id,) in calls]
        return [call for call in ended if call is not None]

    def awaited(self, dataset_id: int) -> list[str]:
        """URIs whose outcome a call waits for."""
        rows = self._database.reader.execute(_SQL.awaited_files, {"dataset_id": dataset_id}).fetchall()
        return [row[0] for row in rows]

    def _finish(self, connection: Connection, call_id: int) -> IndexCall | None:
        """The call with the outcomes of its files; None, and nobody is told, when its row cannot be read."""
        values = {"call_id": call_id}
        body = connection.execute(_SQL.select_call, values).fetchone()
        errors = dict(connection.execute(_SQL.call_errors, values).fetchall())
        connection.execute(_SQL.remove_call, values)
        try:
            call = _decoder.decode(body[0])
            files = tuple(msgspec.structs.replace(file, error=errors[file.uri]) for file in call.files)
        except (msgspec.MsgspecError, UnicodeDecodeError, TypeError, KeyError) as error:
            _log.error(
                "a call of explicit indexing cannot be read; its end is told to nobody", error=str(error)
            )
            return None
        return msgspec.structs.replace(call, files=files)
