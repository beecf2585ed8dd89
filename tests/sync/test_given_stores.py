"""Addresses that a call names for one task are known no longer than there is something to do with them."""

from __future__ import annotations

from collections.abc import Callable

from sync_room import PROJECT, Room, memory_bucket

OpenRoom = Callable[..., Room]


def test_an_address_is_forgotten_with_its_task_whatever_becomes_of_it(open_room: OpenRoom) -> None:
    _, address = memory_bucket()
    _, elsewhere = memory_bucket("elsewhere")
    room = open_room(address)
    room.make_dataset()
    binding = room.bind("media")
    room.wait_followed("media")
    stores = room.engine._audits._stores

    def ends(task_id: str) -> str:
        def told() -> str:
            task = room.catalog.tasks.get(PROJECT, "BindingAudit", task_id)
            return "" if task.status == "Running" else task.code or task.status

        code = room.wait(told)
        room.wait(lambda: not stores._addresses)
        assert isinstance(code, str)
        return code

    task = room.engine.audit(binding, repair=False, address=elsewhere)
    again = room.engine.audit(binding, repair=False, address=elsewhere)
    assert set(stores._addresses) <= {task.id, again.id}, (
        "an audit that is under way already has an address"
    )
    assert ends(task.id) == ends(again.id) == "Succeeded"

    room.engine.delete_binding(binding)
    assert ends(room.engine.audit(binding, repair=False, address=elsewhere).id) == "ResourceNotFound"
