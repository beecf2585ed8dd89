"""What every catalog must do, whatever keeps its data.

A catalog joins by a subclass of ``CatalogConformance`` whose module has the fixtures ``open_catalog`` (opens
the same storage again each time), ``catalog`` and ``place``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from bindery.catalog.catalog import Catalog
from bindery.catalog.documents import InvalidFields
from bindery.catalog.query.parse import parse_simple_query
from bindery.catalog.query.syntax import Aggregation
from bindery.catalog.record import task_lists, task_queue
from bindery.catalog.records import (
    AlreadyExists,
    Backlog,
    Binding,
    BindingPhase,
    BindingState,
    Dataset,
    FileWrite,
    IndexCall,
    IndexedFile,
    LedgerEntry,
    LimitExceeded,
    Limits,
    NotEmpty,
    NotFound,
    Notification,
    Outcome,
    Progress,
    Project,
    ScanCommit,
    Task,
    TaskFilter,
    TaskLost,
    TaskOrder,
)
from bindery.clock import now_ns
from bindery.file import Address, File, Label

from .access_conformance import AccessConformance
from .browser_session_conformance import BrowserSessionConformance
from .registered_bucket_conformance import RegisteredBucketConformance
from .samples import Place, document_of, entry_of, forget_deleted, make_place, scan_of, uris, write_of
from .saved_search_conformance import SavedSearchConformance
from .task_queue_conformance import TaskQueueConformance
from .usage_conformance import UsageConformance

HOSTILE_KEYS = [
    "a",
    "a/",
    "a//b",
    "é",
    "e\u0301",
    "日本/写真.jpg",
    "😀.png",
    "100%_sure*?[x].jpg",
    "quote'\"; DROP TABLE file; --.jpg",
    "nul\0inside",
    "new\nline\ttab",
    " leading and trailing ",
    "\u202eevil",
    "\uffff",
    "x" * 1024,
    "é" * 70_000,
]


class ProjectConformance:
    def test_a_project_is_kept_as_given(self, catalog: Catalog) -> None:
        given = Project(
            name="p", description="d", template_id="t", tags={"k": "v"},
            project_max_dataset_count=7, limits=Limits(dataset_max_bind_count=3), create_time=5, update_time=6,
        )  # fmt: skip
        made = catalog.projects.create(given)
        assert made.id > 0
        assert made == replace(given, id=made.id) == catalog.projects.get("p")

    def test_names_are_taken_once(self, catalog: Catalog) -> None:
        catalog.projects.create(Project(name="p"))
        with pytest.raises(AlreadyExists, match="project"):
            catalog.projects.create(Project(name="p", description="other"))
        assert catalog.projects.get("p").description == ""

    def test_names_differ_by_case(self, catalog: Catalog) -> None:
        assert (
            catalog.projects.create(Project(name="p")).id != catalog.projects.create(Project(name="P")).id
        )

    def test_an_account_has_a_hundred_projects(self, catalog: Catalog) -> None:
        for number in range(100):
            catalog.projects.create(Project(name=f"p{number}"))
        with pytest.raises(LimitExceeded, match="ProjectCount"):
            catalog.projects.create(Project(name="one-more"))

    def test_absent_projects_are_not_found(self, catalog: Catalog) -> None:
        def no_change(project: Project) -> Project:
            raise AssertionError("must not be called")

        for call in (
            lambda: catalog.projects.get("x"),
            lambda: catalog.projects.update("x", no_change),
            lambda: catalog.projects.delete("x"),
            lambda: catalog.projects.statistics("x"),
            lambda: catalog.datasets.list("x"),
            lambda: catalog.datasets.create(Dataset(project_id=0, project_name="x", name="d")),
            lambda: catalog.bindings.list(project_name="x"),
        ):
            with pytest.raises(NotFound) as caught:
                call()
            assert caught.value.args[0] == "project"

    def test_lists_ascend_and_resume(self, catalog: Catalog) -> None:
        names = ["a", "a-1", "a_2", "b", "B", "ab"]
        for name in names:
            catalog.projects.create(Project(name=name))
        found = [project.name for project in catalog.projects.list()]
        assert found == sorted(names)
        assert [p.name for p in catalog.projects.list(limit=2)] == found[:2]
        assert [p.name for p in catalog.projects.list(after=found[1], limit=2)] == found[2:4]
        assert [p.name for p in catalog.projects.list(after=found[-1])] == []

    def test_prefixes_are_taken_literally(self, catalog: Catalog) -> None:
        for name in ["a_b", "aXb", "a_c", "A_b"]:
            catalog.projects.create(Project(name=name))
        assert [p.name for p in catalog.projects.list(prefix="a_")] == ["a_b", "a_c"]
        assert [p.name for p in catalog.projects.list(prefix="a_", after="a_b")] == ["a_c"]
        assert catalog.projects.list(prefix="%") == []

    def test_tags_must_all_be_carried(self, catalog: Catalog) -> None:
        for number in range(10):
            tags = {"even": str(number % 2 == 0), "third": str(number % 3 == 0)}
            catalog.projects.create(Project(name=f"p{number}", tags=tags))
        wanted = {"even": "True", "third": "True"}
        assert [p.name for p in catalog.projects.list(tags=wanted)] == ["p0", "p6"]
        assert [p.name for p in catalog.projects.list(tags=wanted, after="p0", limit=1)] == ["p6"]
        assert catalog.projects.list(tags={"even": "True", "other": ""}) == []

    def test_update_changes_what_the_callback_returns(self, catalog: Catalog) -> None:
        made = catalog.projects.create(Project(name="p"))
        changed = catalog.projects.update("p", lambda held: replace(held, description="new", update_time=9))
        assert changed == replace(made, description="new", update_time=9) == catalog.projects.get("p")

    def test_an_update_that_fails_changes_nothing(self, catalog: Catalog) -> None:
        catalog.projects.create(Project(name="p"))

        def fail(held: Project) -> Project:
            raise RuntimeError("no")

        with pytest.raises(RuntimeError):
            catalog.projects.update("p", fail)
        assert catalog.projects.get("p").description == ""
        catalog.projects.update("p", lambda held: replace(held, description="works again"))

    def test_only_empty_projects_are_deleted(self, catalog: Catalog) -> None:
        place = make_place(catalog)
        with pytest.raises(NotEmpty) as caught:
            catalog.projects.delete("place")
        assert caught.value.args == ("project", "datasets")
        catalog.bindings.delete(place.binding.id)
        catalog.datasets.delete("place", "place")
        catalog.projects.delete("place")
        assert catalog.projects.list() == []
        catalog.projects.create(Project(name="place"))


class DatasetConformance:
    def test_a_dataset_is_kept_as_given(self, catalog: Catalog) -> None:
        project = catalog.projects.create(Project(name="p"))
        given = Dataset(
            project_id=0, project_name="p", name="d", description="x", template_id="t", create_time=1,
            limits=Limits(dataset_max_file_count=9), workflow_parameters=({"Name": "a", "Value": "b"},),
        )  # fmt: skip
        made = catalog.datasets.create(given)
        assert made == replace(given, id=made.id, project_id=project.id)
        assert catalog.datasets.get("p", "d") == made

    def test_names_are_unique_in_a_project(self, catalog: Catalog) -> None:
        catalog.projects.create(Project(name="p"))
        catalog.projects.create(Project(name="q"))
        first = catalog.datasets.create(Dataset(project_id=0, project_name="p", name="d"))
        second = catalog.datasets.create(Dataset(project_id=0, project_name="q", name="d"))
        assert first.id != second.id
        with pytest.raises(AlreadyExists, match="dataset"):
            catalog.datasets.create(Dataset(project_id=0, project_name="p", name="d"))

    def test_a_project_may_cap_its_datasets(self, catalog: Catalog) -> None:
        catalog.projects.create(Project(name="p", project_max_dataset_count=1))
        catalog.datasets.create(Dataset(project_id=0, project_name="p", name="d"))
        with pytest.raises(LimitExceeded, match="ProjectMaxDatasetCount"):
            catalog.datasets.create(Dataset(project_id=0, project_name="p", name="e"))

    def test_absent_datasets_are_not_found(self, catalog: Catalog) -> None:
        catalog.projects.create(Project(name="p"))
        for call in (
            lambda: catalog.datasets.get("p", "x"),
            lambda: catalog.datasets.update("p", "x", lambda held: held),
            lambda: catalog.datasets.delete("p", "x"),
            lambda: catalog.datasets.statistics("p", "x"),
            lambda: catalog.bindings.get("p", "x", "b"),
            lambda: catalog.bindings.list(project_name="p", dataset_name="x"),
            lambda: catalog.bindings.create(
                Binding(dataset_id=0, project_name="p", dataset_name="x", bucket="b")
            ),
            lambda: catalog.files.accept(404, [("oss://b/k", b"{}")]),
            lambda: catalog.files.write(404, [write_of("k")]),
            lambda: catalog.files.set_fields(404, "oss://b/k", b"{}"),
            lambda: catalog.queries.search(404, None),
            lambda: catalog.queries.fuzzy_search(404, "x"),
            lambda: catalog.queries.aggregate(404, None, [Aggregation("Size", "sum")]),
            lambda: catalog.queries.date_histogram(404, None, "ProduceTime", "month"),
            lambda: catalog.queries.list_pages(404, None),
            lambda: catalog.queries.geo_tiles(404, None, 3),
        ):
            with pytest.raises(NotFound) as caught:
                call()
            assert caught.value.args[0] == "dataset"
        with pytest.raises(NotFound, match="project"):
            catalog.datasets.get("nowhere", "x")

    def test_lists_of_datasets_ascend_and_resume(self, catalog: Catalog) -> None:
        catalog.projects.create(Project(name="p"))
        catalog.projects.create(Project(name="q"))
        catalog.datasets.create(Dataset(project_id=0, project_name="q", name="elsewhere"))
        for name in ["b", "a_1", "aX1", "a_2"]:
            catalog.datasets.create(Dataset(project_id=0, project_name="p", name=name))
        assert [d.name for d in catalog.datasets.list("p")] == ["aX1", "a_1", "a_2", "b"]
        assert [d.name for d in catalog.datasets.list("p", prefix="a_")] == ["a_1", "a_2"]
        assert [d.name for d in catalog.datasets.list("p", prefix="a_", after="a_1")] == ["a_2"]
        assert [d.name for d in catalog.datasets.list("p", after="aX1", limit=1)] == ["a_1"]

    def test_only_empty_datasets_are_deleted(self, catalog: Catalog, place: Place) -> None:
        catalog.bindings.commit(scan_of(place, "k"))
        with pytest.raises(NotEmpty) as caught:
            catalog.datasets.delete("place", "place")
        assert caught.value.args == ("dataset", "bindings")
        catalog.bindings.delete(place.binding.id)
        with pytest.raises(NotEmpty) as caught:
            catalog.datasets.delete("place", "place")
        assert caught.value.args == ("dataset", "files")
        catalog.files.delete(place.dataset.id, ["oss://bucket/k"])
        catalog.datasets.delete("place", "place")
        with pytest.raises(NotFound):
            catalog.queries.search(place.dataset.id, None)
        again = catalog.datasets.create(Dataset(project_id=0, project_name="place", name="place"))
        assert again.id != place.dataset.id
        assert uris(catalog, again) == []

    def test_statistics_are_exact(self, catalog: Catalog, place: Place) -> None:
        catalog.bindings.commit(scan_of(place, "a", "b", "c", size=10))
        catalog.bindings.commit(scan_of(place, "a", size=3))
        catalog.files.delete(place.dataset.id, ["oss://bucket/b", "oss://bucket/none"])
        found = catalog.datasets.statistics("place", "place")
        assert (found.bind_count, found.file_count, found.total_file_size) == (1, 2, 13)
        other = catalog.datasets.create(Dataset(project_id=0, project_name="place", name="other"))
        catalog.files.write(other.id, [write_of("x", size=100)])
        whole = catalog.projects.statistics("place")
        assert (whole.dataset_count, whole.bind_count, whole.file_count) == (2, 1, 3)
        assert whole.total_file_size == 113

    def test_a_dataset_that_is_deleted_while_it_is_counted_is_not_found(
        self, catalog: Catalog, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        catalog.datasets.create(Dataset(project_id=0, project_name="place", name="brief"))
        found = catalog.datasets.get("place", "brief")
        catalog.datasets.delete("place", "brief")
        monkeypatch.setattr(catalog.datasets, "get", lambda *names: found)
        with pytest.raises(NotFound, match="dataset"):
            catalog.datasets.statistics("place", "brief")


class BindingConformance:
    def test_a_binding_is_kept_as_given(self, catalog: Catalog, place: Place) -> None:
        binding = place.binding
        assert binding.dataset_id == place.dataset.id
        assert binding.uri == "oss://bucket"
        assert catalog.bindings.get("place", "place", "bucket") == binding
        assert catalog.bindings.get_by_id(binding.id) == binding

    def test_a_bucket_is_bound_once_to_a_dataset(self, catalog: Catalog, place: Place) -> None:
        with pytest.raises(AlreadyExists, match="binding"):
            catalog.bindings.create(replace(place.binding, id=0))
        catalog.datasets.create(Dataset(project_id=0, project_name="place", name="other"))
        catalog.bindings.create(replace(place.binding, id=0, dataset_name="other"))

    def test_a_dataset_may_cap_its_bindings(self, catalog: Catalog) -> None:
        place = make_place(catalog, limits=Limits(dataset_max_bind_count=1))
        with pytest.raises(LimitExceeded, match="DatasetMaxBindCount"):
            catalog.bindings.create(replace(place.binding, id=0, bucket="second"))

    def test_absent_bindings_are_not_found(self, catalog: Catalog, place: Place) -> None:
        for call in (
            lambda: catalog.bindings.get("place", "place", "x"),
            lambda: catalog.bindings.get_by_id(404),
            lambda: catalog.bindings.update(404, lambda held: held),
            lambda: catalog.bindings.delete(404),
            lambda: catalog.bindings.commit(ScanCommit(binding_id=404)),
        ):
            with pytest.raises(NotFound) as caught:
                call()
            assert caught.value.args[0] == "binding"

    def test_the_names_of_a_deleted_binding_are_free_at_once(self, catalog: Catalog, place: Place) -> None:
        catalog.bindings.commit(scan_of(place, "a"))
        catalog.changes.add({place.binding.id: ["a"]})
        catalog.bindings.delete(place.binding.id)
        assert catalog.datasets.statistics("place", "place").bind_count == 0
        assert catalog.projects.statistics("place").bind_count == 0
        catalog.changes.add({place.binding.id: ["b"]})
        again = catalog.bindings.create(replace(place.binding, id=0))
        assert catalog.bindings.list() == [again]
        with pytest.raises(NotFound):
            catalog.bindings.commit(scan_of(place, "late"))
        assert forget_deleted(catalog) > 1
        assert catalog.bindings.list() == [again]

    def test_a_cleanup_removes_what_bindings_made_and_no_call_asked_for(
        self, catalog: Catalog, place: Place
    ) -> None:
        for asked in ("oss://bucket/asked", "oss://bucket/asked-before"):
            catalog.files.accept(place.dataset.id, [(asked, b"{}")])
        catalog.bindings.commit(scan_of(place, "asked-before", *(f"{number:03}" for number in range(25))))
        catalog.files.accept(place.dataset.id, [("oss://bucket/001", b"{}")])
        catalog.files.accept(place.dataset.id, [("oss://other/001", b"{}")])
        catalog.bindings.delete(place.binding.id, cleanup=True)
        again = catalog.bindings.create(replace(place.binding, id=0))
        catalog.bindings.commit(replace(scan_of(place, "002", "new"), binding_id=again.id))
        catalog.files.write(
            place.dataset.id, [FileWrite(uri="oss://bucket/002", file=File(size=1), binding_id=again.id)]
        )
        assert forget_deleted(catalog, limit=10) > 3
        assert uris(catalog, place.dataset) == [
            "oss://bucket/001", "oss://bucket/002", "oss://bucket/asked", "oss://bucket/asked-before",
            "oss://other/001",
        ]  # fmt: skip
        assert catalog.datasets.statistics("place", "place").file_count == 5

    def test_a_cleanup_passes_entries_that_stay_by_pages(self, catalog: Catalog, place: Place) -> None:
        asked = [(f"oss://bucket/{number:03}", b"{}") for number in range(95)]
        catalog.files.accept(place.dataset.id, asked)
        catalog.bindings.commit(scan_of(place, "last"))
        catalog.bindings.delete(place.binding.id, cleanup=True)
        assert forget_deleted(catalog, limit=10) >= 10
        assert uris(catalog, place.dataset) == [uri for uri, _ in asked]

    def test_an_entry_that_was_removed_is_no_longer_asked_for(self, catalog: Catalog, place: Place) -> None:
        catalog.files.accept(place.dataset.id, [("oss://bucket/a", b"{}")])
        catalog.files.delete(place.dataset.id, ["oss://bucket/a"])
        catalog.bindings.commit(scan_of(place, "a"))
        catalog.bindings.delete(place.binding.id, cleanup=True)
        forget_deleted(catalog)
        assert uris(catalog, place.dataset) == []

    def test_updates_are_seen_at_once(self, catalog: Catalog, place: Place) -> None:
        def run(held: Binding) -> Binding:
            return replace(
                held, state=BindingState.RUNNING, phase=BindingPhase.FULL_SCANNING,
                progress=Progress(listed=3, pending=3),
            )  # fmt: skip

        changed = catalog.bindings.update(place.binding.id, run)
        assert changed == run(place.binding)
        assert catalog.bindings.get("place", "place", "bucket") == changed
        assert catalog.bindings.list() == [changed]

    def test_lists_ascend_resume_and_filter(self, catalog: Catalog) -> None:
        for project in ("p", "q"):
            catalog.projects.create(Project(name=project))
            for dataset in ("d", "e"):
                catalog.datasets.create(Dataset(project_id=0, project_name=project, name=dataset))
                for bucket in ("b1", "b2"):
                    catalog.bindings.create(
                        Binding(dataset_id=0, project_name=project, dataset_name=dataset, bucket=bucket)
                    )

        def names(**filters: Any) -> list[str]:
            found = catalog.bindings.list(**filters)
            return [f"{held.project_name}{held.dataset_name}{held.bucket}" for held in found]

        assert names() == ["pdb1", "pdb2", "peb1", "peb2", "qdb1", "qdb2", "qeb1", "qeb2"]
        assert names(project_name="p", limit=3) == ["pdb1", "pdb2", "peb1"]
        assert names(project_name="p", after=("d", "b2")) == ["peb1", "peb2"]
        assert names(project_name="p", dataset_name="e", after=("e", "b1")) == ["peb2"]
        assert names(bucket="b2") == ["pdb2", "peb2", "qdb2", "qeb2"]
        assert names(project_name="q", bucket="none") == []

    def test_deleting_a_binding_keeps_its_entries(self, catalog: Catalog, place: Place) -> None:
        catalog.bindings.commit(scan_of(place, "a", "b"))
        catalog.bindings.delete(place.binding.id)
        with pytest.raises(NotFound):
            catalog.bindings.get_by_id(place.binding.id)
        forget_deleted(catalog)
        assert uris(catalog, place.dataset) == ["oss://bucket/a", "oss://bucket/b"]
        assert catalog.ledger.get(place.binding.id, ["a", "b"]) == {}
        assert list(catalog.ledger.walk(place.binding.id)) == []
        again = catalog.bindings.create(replace(place.binding, id=0))
        assert again.id != place.binding.id
        assert list(catalog.ledger.walk(again.id)) == []


class ScanConformance:
    def test_a_commit_writes_everything_of_its_page(self, catalog: Catalog, place: Place) -> None:
        progress = Progress(listed=2, indexed=2)
        catalog.bindings.commit(replace(scan_of(place, "a", "b", size=4), progress=progress))
        held = catalog.bindings.get_by_id(place.binding.id)
        assert (held.cursor, held.progress) == ("b", progress)
        assert catalog.bindings.get("place", "place", "bucket") == held
        assert catalog.ledger.get(place.binding.id, ["b", "none"]) == {"b": entry_of("b", size=4)}
        (record,) = catalog.files.get(place.dataset.id, ["oss://bucket/a"])
        assert record.binding_id == place.binding.id

    def test_cursor_and_books_stay_when_not_given(self, catalog: Catalog, place: Place) -> None:
        catalog.bindings.commit(replace(scan_of(place, "a"), progress=Progress(listed=1)))
        catalog.bindings.commit(ScanCommit(binding_id=place.binding.id))
        held = catalog.bindings.get_by_id(place.binding.id)
        assert (held.cursor, held.progress.listed) == ("a", 1)
        catalog.bindings.commit(ScanCommit(binding_id=place.binding.id, cursor=""))
        assert catalog.bindings.get_by_id(place.binding.id).cursor == ""

    def test_deleted_keys_leave_tombstones(self, catalog: Catalog, place: Place) -> None:
        catalog.bindings.commit(scan_of(place, "a", "b"))
        catalog.bindings.commit(ScanCommit(binding_id=place.binding.id, deleted_keys=("a", "never-there")))
        assert uris(catalog, place.dataset) == ["oss://bucket/b"]
        entry = catalog.ledger.get(place.binding.id, ["a"])["a"]
        assert (entry.outcome, entry.etag) == (Outcome.DELETED, '"a"')
        assert entry.outcome_time > 0
        assert catalog.ledger.get(place.binding.id, ["never-there"]) == {}
        catalog.bindings.commit(scan_of(place, "a"))
        assert uris(catalog, place.dataset) == ["oss://bucket/a", "oss://bucket/b"]
        assert catalog.datasets.statistics("place", "place").file_count == 2

    def test_a_commit_is_all_or_nothing(self, catalog: Catalog) -> None:
        place = make_place(catalog, limits=Limits(dataset_max_file_count=2))
        catalog.bindings.commit(scan_of(place, "a"))
        work = replace(scan_of(place, "b", "c"), deleted_keys=(), progress=Progress(listed=99), cursor="c")
        with pytest.raises(LimitExceeded, match="DatasetMaxFileCount"):
            catalog.bindings.commit(work)
        assert uris(catalog, place.dataset) == ["oss://bucket/a"]
        assert catalog.ledger.get(place.binding.id, ["b", "c"]) == {}
        held = catalog.bindings.get("place", "place", "bucket")
        assert (held.cursor, held.progress.listed) == ("a", 0)
        assert catalog.datasets.statistics("place", "place").file_count == 1
        catalog.bindings.commit(scan_of(place, "b"))

    def test_caps_count_only_what_is_added(self, catalog: Catalog) -> None:
        limits = Limits(dataset_max_file_count=2, dataset_max_total_file_size=100)
        place = make_place(catalog, limits=limits)
        catalog.bindings.commit(scan_of(place, "a", "b", size=50))
        catalog.bindings.commit(scan_of(place, "a", "b", size=50))
        with pytest.raises(LimitExceeded, match="DatasetMaxTotalFileSize"):
            catalog.bindings.commit(scan_of(place, "a", size=51))
        catalog.bindings.commit(scan_of(place, "a", size=49))
        for call in (
            lambda: catalog.files.write(place.dataset.id, [write_of("c")]),
            lambda: catalog.files.accept(place.dataset.id, [("oss://bucket/c", b"{}")]),
        ):
            with pytest.raises(LimitExceeded, match="DatasetMaxFileCount"):
                call()
        catalog.files.delete(place.dataset.id, ["oss://bucket/b"])
        catalog.files.write(place.dataset.id, [write_of("c", size=51)])
        catalog.datasets.update("place", "place", lambda held: replace(held, limits=Limits()))
        catalog.files.write(place.dataset.id, [write_of("d", size=10**12)])

    def test_absurd_sizes_do_not_break_the_counts(self, catalog: Catalog) -> None:
        place = make_place(catalog, limits=Limits(dataset_max_total_file_size=2**63 - 1))
        catalog.bindings.commit(scan_of(place, "a", size=2**63 - 1))
        with pytest.raises(LimitExceeded, match="DatasetMaxTotalFileSize"):
            catalog.bindings.commit(scan_of(place, "b", size=2**63 - 1))
        assert catalog.datasets.statistics("place", "place").total_file_size == 2**63 - 1

    def test_the_same_key_twice_in_a_page_keeps_the_last(self, catalog: Catalog, place: Place) -> None:
        files = (write_of("a", size=1), write_of("a", size=2))
        catalog.bindings.commit(ScanCommit(binding_id=place.binding.id, files=files))
        assert document_of(catalog, place.dataset, "oss://bucket/a")["Size"] == 2
        assert catalog.datasets.statistics("place", "place").total_file_size == 2

    def test_hostile_keys_stay_distinct(self, catalog: Catalog, place: Place) -> None:
        catalog.bindings.commit(scan_of(place, *HOSTILE_KEYS))
        expected = sorted(f"oss://bucket/{key}" for key in HOSTILE_KEYS)
        assert uris(catalog, place.dataset) == expected
        assert set(catalog.ledger.get(place.binding.id, HOSTILE_KEYS)) == set(HOSTILE_KEYS)
        for key in HOSTILE_KEYS:
            uri = f"oss://bucket/{key}"
            assert uris(catalog, place.dataset, {"Field": "URI", "Operation": "eq", "Value": uri}) == [uri]
            assert document_of(catalog, place.dataset, uri)["Filename"] == key
        catalog.bindings.commit(ScanCommit(binding_id=place.binding.id, deleted_keys=tuple(HOSTILE_KEYS)))
        assert uris(catalog, place.dataset) == []

    def test_text_that_is_no_unicode_does_not_sink_the_page(self, catalog: Catalog, place: Place) -> None:
        title = replace(write_of("bad", title="lone \ud800 surrogate"), text="text \udcff")
        catalog.files.write(place.dataset.id, [write_of("good"), title])
        assert document_of(catalog, place.dataset, "oss://bucket/bad")["Title"] == "lone \ufffd surrogate"
        assert len(uris(catalog, place.dataset)) == 2

    def test_an_integer_beyond_64_bits_does_not_sink_the_page(self, catalog: Catalog, place: Place) -> None:
        huge = write_of("huge", duration=1.5, image_width=10**30)
        catalog.files.write(place.dataset.id, [huge, write_of("good")])
        assert len(uris(catalog, place.dataset, {"Field": "ImageWidth", "Operation": "exist"})) == 1
        assert len(uris(catalog, place.dataset)) == 2


class LedgerConformance:
    def test_walk_goes_by_the_bytes_of_the_keys(self, catalog: Catalog, place: Place) -> None:
        keys = [*HOSTILE_KEYS, *(f"many/{number}" for number in range(11_000))]
        catalog.bindings.commit(
            ScanCommit(binding_id=place.binding.id, ledger=tuple(entry_of(key) for key in keys))
        )
        found = [entry.key for page in catalog.ledger.walk(place.binding.id) for entry in page]
        assert found == sorted(keys, key=str.encode)

    @pytest.mark.parametrize(
        "prefix", ["a", "a/", "100%_", "é", "many/", "none", "日本/", "\uffff", "nul\0"]
    )
    @pytest.mark.parametrize("after", ["", "a/", "many/5", "zzz", "日"])
    def test_walk_with_prefix_and_start(
        self, catalog: Catalog, place: Place, prefix: str, after: str
    ) -> None:
        keys = [*HOSTILE_KEYS, *(f"many/{number}" for number in range(40)), prefix]
        catalog.bindings.commit(
            ScanCommit(binding_id=place.binding.id, ledger=tuple(entry_of(key) for key in keys))
        )
        pages = catalog.ledger.walk(place.binding.id, after=after, prefix=prefix)
        expected = {key for key in keys if key.startswith(prefix) and key.encode() > after.encode()}
        assert [entry.key for page in pages for entry in page] == sorted(expected, key=str.encode)

    def test_tombstones_go_after_their_grace(self, catalog: Catalog, place: Place) -> None:
        keys = [f"{number:02}" for number in range(12)]
        catalog.bindings.commit(scan_of(place, *keys))
        catalog.bindings.commit(ScanCommit(binding_id=place.binding.id, deleted_keys=tuple(keys[:10])))
        assert catalog.tombstones.purge(place.binding.id, before=1, limit=4) == 0
        purged = [catalog.tombstones.purge(place.binding.id, before=now_ns(), limit=4) for _ in range(4)]
        assert purged == [4, 4, 2, 0]
        assert [row.key for page in catalog.ledger.walk(place.binding.id) for row in page] == keys[10:]

    def test_counts_below_a_prefix(self, catalog: Catalog, place: Place) -> None:
        rows = {
            "a/1": Outcome.INDEXED,
            "a/2": Outcome.FAILED,
            "a/3": Outcome.EXCLUDED,
            "b": Outcome.INDEXED,
        }
        ledger = tuple(entry_of(key, outcome) for key, outcome in rows.items())
        catalog.bindings.commit(ScanCommit(binding_id=place.binding.id, ledger=ledger))
        counts = [
            catalog.ledger.count_below(place.binding.id, prefix, limit=9) for prefix in ("a/", "", "c")
        ]
        assert counts == [2, 3, 0]
        assert catalog.ledger.count_below(place.binding.id, "", limit=2) == 2

    def test_renames_are_known_by_file_and_version(self, catalog: Catalog, place: Place) -> None:
        def row(key: str, **fields: Any) -> LedgerEntry:
            held = {"etag": "e", "size": 1, "file_id": "f", "outcome_time": 5} | fields
            return LedgerEntry(key=key, modified_ns=1, outcome=Outcome.INDEXED, **held)  # type: ignore[arg-type]

        rows = (
            row("was"),
            row("is"),
            row("other", file_id="g"),
            row("changed", etag="x"),
            row("none", file_id=""),
        )
        catalog.bindings.commit(ScanCommit(binding_id=place.binding.id, ledger=rows))
        keys = [held.key for held in rows]
        assert catalog.ledger.renamed(place.binding.id, keys, since=5) == {"was", "is"}
        assert catalog.ledger.renamed(place.binding.id, keys, since=6) == set()

    def test_walk_shows_tombstones_and_outlives_changes(self, catalog: Catalog, place: Place) -> None:
        keys = [f"k{number:05d}" for number in range(6_000)]
        catalog.bindings.commit(
            ScanCommit(binding_id=place.binding.id, ledger=tuple(entry_of(key) for key in keys))
        )
        walk = catalog.ledger.walk(place.binding.id)
        first = next(walk)
        catalog.bindings.commit(ScanCommit(binding_id=place.binding.id, deleted_keys=(keys[0], keys[-1])))
        rest = [entry for page in walk for entry in page]
        assert [entry.key for entry in (*first, *rest)] == keys
        assert rest[-1].outcome is Outcome.DELETED

    def test_rows_are_replaced_as_a_whole(self, catalog: Catalog, place: Place) -> None:
        first = replace(entry_of("k"), reason="ParseFailed: no", attempts=2, outcome=Outcome.FAILED)
        catalog.bindings.commit(ScanCommit(binding_id=place.binding.id, ledger=(first,)))
        assert catalog.ledger.get(place.binding.id, ["k"]) == {"k": first}
        second = replace(entry_of("k"), seen_time=8, outcome_time=9, extractor_version=3)
        catalog.bindings.commit(ScanCommit(binding_id=place.binding.id, ledger=(second,)))
        assert catalog.ledger.get(place.binding.id, ["k"]) == {"k": second}


class EntryConformance:
    def test_a_document_carries_its_identity(self, catalog: Catalog, place: Place) -> None:
        catalog.files.write(place.dataset.id, [write_of("dir/a.jpg", size=5)])
        document = document_of(catalog, place.dataset, "oss://bucket/dir/a.jpg")
        assert document["OwnerId"] == "10001"
        assert (document["ProjectName"], document["DatasetName"]) == ("place", "place")
        assert (document["ObjectType"], document["ObjectStatus"]) == ("file", "Indexed")
        assert (document["Filename"], document["Size"]) == ("dir/a.jpg", 5)
        assert len(document["ObjectId"]) == 64
        assert document["CreateTime"] == document["UpdateTime"]

    def test_rewriting_keeps_the_create_time(self, catalog: Catalog, place: Place) -> None:
        catalog.files.write(place.dataset.id, [write_of("a", title="1")])
        first = document_of(catalog, place.dataset, "oss://bucket/a")
        catalog.files.write(place.dataset.id, [write_of("a", title="2")])
        second = document_of(catalog, place.dataset, "oss://bucket/a")
        assert second["CreateTime"] == first["CreateTime"]
        assert second["UpdateTime"] > first["UpdateTime"]
        assert (second["ObjectId"], second["Title"]) == (first["ObjectId"], "2")
        catalog.files.delete(place.dataset.id, ["oss://bucket/a"])
        catalog.files.write(place.dataset.id, [write_of("a")])
        assert document_of(catalog, place.dataset, "oss://bucket/a")["CreateTime"] > first["CreateTime"]

    def test_get_keeps_the_order_asked(self, catalog: Catalog, place: Place) -> None:
        catalog.files.write(place.dataset.id, [write_of(key) for key in "abc"])
        asked = [f"oss://bucket/{key}" for key in ("c", "none", "a", "c")]
        found = [record.uri for record in catalog.files.get(place.dataset.id, asked)]
        assert found == ["oss://bucket/c", "oss://bucket/a", "oss://bucket/c"]

    def test_datasets_do_not_share_entries(self, catalog: Catalog, place: Place) -> None:
        other = make_place(catalog, "other")
        catalog.files.write(place.dataset.id, [write_of("a", title="here")])
        catalog.files.write(other.dataset.id, [write_of("a", title="there")])
        here, there = (
            document_of(catalog, held.dataset, "oss://bucket/a")["ObjectId"] for held in (place, other)
        )
        assert here != there
        catalog.files.delete(other.dataset.id, ["oss://bucket/a"])
        assert uris(catalog, place.dataset) == ["oss://bucket/a"]

    def test_accepted_files_wait_with_the_callers_fields(self, catalog: Catalog, place: Place) -> None:
        catalog.files.accept(
            place.dataset.id, [("oss://bucket/a", b'{"URI":"oss://bucket/a","CustomId":"c1"}')]
        )
        document = document_of(catalog, place.dataset, "oss://bucket/a")
        assert (document["ObjectStatus"], document["CustomId"]) == ("Indexing", "c1")
        catalog.files.write(place.dataset.id, [write_of("a", title="t")], existing_only=True)
        document = document_of(catalog, place.dataset, "oss://bucket/a")
        assert (document["ObjectStatus"], document["CustomId"], document["Title"]) == ("Indexed", "c1", "t")

    def test_accepting_an_indexed_file_keeps_what_it_had(self, catalog: Catalog, place: Place) -> None:
        catalog.bindings.commit(scan_of(place, "a", title="t", size=9))
        catalog.files.accept(place.dataset.id, [("oss://bucket/a", b'{"CustomId":"c"}')])
        document = document_of(catalog, place.dataset, "oss://bucket/a")
        assert (document["Title"], document["CustomId"], document["ObjectStatus"]) == ("t", "c", "Indexing")
        assert catalog.datasets.statistics("place", "place").total_file_size == 9
        (record,) = catalog.files.get(place.dataset.id, ["oss://bucket/a"])
        assert record.binding_id == place.binding.id

    def test_accepting_is_all_or_nothing(self, catalog: Catalog, place: Place) -> None:
        too_many = msgspec.json.encode({"CustomLabels": {str(number): "" for number in range(101)}})
        for bad in (too_many, b'{"CustomLabels":{"k":["list"]}}', b'{"CustomLabels":"text"}'):
            with pytest.raises((LimitExceeded, InvalidFields)):
                catalog.files.accept(place.dataset.id, [("oss://bucket/a", b"{}"), ("oss://bucket/b", bad)])
        assert uris(catalog, place.dataset) == []
        assert catalog.datasets.statistics("place", "place").file_count == 0

    def test_own_fields_win_and_survive(self, catalog: Catalog, place: Place) -> None:
        catalog.bindings.commit(scan_of(place, "a", title="extracted", media_type="image"))
        own = {
            "Title": "mine",
            "CustomLabels": {"Place": "Rome"},
            "Labels": [{"LabelName": "hand made"}],
        }
        catalog.files.set_fields(place.dataset.id, "oss://bucket/a", msgspec.json.encode(own))
        for _ in range(2):
            document = document_of(catalog, place.dataset, "oss://bucket/a")
            assert {name: document[name] for name in own} == own
            assert document["MediaType"] == "image"
            extracted = (Label(label_name="extracted"),)
            catalog.bindings.commit(
                scan_of(place, "a", title="again", media_type="image", labels=extracted)
            )
        query = {"Field": "CustomLabels.place", "Operation": "eq", "Value": "ROME"}
        assert uris(catalog, place.dataset, query) == ["oss://bucket/a"]

    def test_own_fields_end_with_their_entry(self, catalog: Catalog, place: Place) -> None:
        catalog.bindings.commit(scan_of(place, "a"))
        catalog.files.set_fields(place.dataset.id, "oss://bucket/a", b'{"CustomId":"c"}')
        catalog.files.delete(place.dataset.id, ["oss://bucket/a"])
        catalog.bindings.commit(scan_of(place, "a"))
        assert "CustomId" not in document_of(catalog, place.dataset, "oss://bucket/a")

    def test_updates_merge(self, catalog: Catalog, place: Place) -> None:
        uri = "oss://bucket/a"
        catalog.bindings.commit(scan_of(place, "a", addresses=(Address(city="Rome"),)))
        catalog.files.set_fields(
            place.dataset.id, uri, b'{"CustomId":"1","CustomLabels":{"a":"1","b":"2"}}'
        )
        catalog.files.set_fields(
            place.dataset.id, uri, b'{"CustomLabels":{"c":"3"},"Addresses":[],"Title":null}'
        )
        document = document_of(catalog, place.dataset, uri)
        assert (document["CustomId"], document["CustomLabels"]) == ("1", {"c": "3"})
        assert document["Addresses"] == [{"City": "Rome"}]
        assert "Title" not in document
        with pytest.raises(NotFound, match="file"):
            catalog.files.set_fields(place.dataset.id, "oss://bucket/none", b"{}")

    def test_results_for_removed_entries_are_dropped(self, catalog: Catalog, place: Place) -> None:
        catalog.files.accept(place.dataset.id, [("oss://bucket/a", b"{}"), ("oss://bucket/b", b"{}")])
        catalog.files.delete(place.dataset.id, ["oss://bucket/a"])
        catalog.files.write(place.dataset.id, [write_of("a"), write_of("b")], existing_only=True)
        assert uris(catalog, place.dataset) == ["oss://bucket/b"]
        assert catalog.datasets.statistics("place", "place").file_count == 1

    def test_an_entry_keeps_the_binding_that_made_it(self, catalog: Catalog, place: Place) -> None:
        catalog.bindings.commit(scan_of(place, "a"))
        catalog.files.write(place.dataset.id, [write_of("a"), write_of("b")])
        found = catalog.files.get(place.dataset.id, ["oss://bucket/a", "oss://bucket/b"])
        assert [record.binding_id for record in found] == [place.binding.id, None]


class ReadingConformance:
    @pytest.mark.parametrize("prefix", ["a", "a/", "é", "日本/", "😀", "nul\0", "none"])
    def test_pages_below_a_prefix(self, catalog: Catalog, place: Place, prefix: str) -> None:
        keys = {*HOSTILE_KEYS, *(f"a/{number}" for number in range(10)), prefix}
        catalog.bindings.commit(scan_of(place, *keys, "removed"))
        catalog.files.delete(place.dataset.id, ["oss://bucket/removed"])
        leaf = {"Field": "URI", "Operation": "prefix", "Value": f"oss://bucket/{prefix}"}
        expected = sorted(key for key in keys if key.startswith(prefix))
        found, token = [], ""
        while True:
            page = catalog.queries.search(place.dataset.id, parse_simple_query(leaf), limit=4, token=token)
            assert page.total_hits == len(expected)
            found += [msgspec.json.decode(document)["Filename"] for document in page.documents]
            token = page.next_token
            if not token:
                break
        assert found == expected

    def test_reads_see_earlier_writes_from_any_thread(self, catalog: Catalog, place: Place) -> None:
        def write_and_find(number: int) -> None:
            mark = f"mark-{number}"
            catalog.files.write(place.dataset.id, [write_of(mark, title=mark)])
            query = {"Field": "Title", "Operation": "eq", "Value": mark}
            assert uris(catalog, place.dataset, query) == [f"oss://bucket/{mark}"]
            assert catalog.queries.fuzzy_search(place.dataset.id, mark.upper()).total_hits
            catalog.files.delete(place.dataset.id, [f"oss://bucket/{mark}"])
            assert uris(catalog, place.dataset, query) == []

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write_and_find, range(100)))
        assert catalog.queries.search(place.dataset.id, None).total_hits == 0

    def test_counts_equal_a_recount_under_concurrent_writers(self, catalog: Catalog, place: Place) -> None:
        def work(seed: int) -> None:
            for step in range(25):
                number = (seed * 7 + step * 3) % 40
                key = f"k{number}"
                match (seed + step) % 4:
                    case 0:
                        catalog.bindings.commit(scan_of(place, key, size=number))
                    case 1:
                        catalog.files.write(place.dataset.id, [write_of(key, size=step)])
                    case 2:
                        catalog.files.delete(place.dataset.id, [f"oss://bucket/{key}"])
                    case _:
                        catalog.bindings.commit(
                            ScanCommit(binding_id=place.binding.id, deleted_keys=(key, f"k{step}"))
                        )

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(work, range(6)))
        keys = [f"oss://bucket/k{number}" for number in range(40)]
        held = [msgspec.json.decode(r.document) for r in catalog.files.get(place.dataset.id, keys)]
        counted = catalog.datasets.statistics("place", "place")
        assert counted.file_count == len(held) == catalog.queries.search(place.dataset.id, None).total_hits
        assert counted.total_file_size == sum(document.get("Size", 0) for document in held)
        assert uris(catalog, place.dataset) == sorted(document["URI"] for document in held)

    def test_updates_of_one_binding_are_not_lost(self, catalog: Catalog, place: Place) -> None:
        def add_one(held: Binding) -> Binding:
            return replace(held, progress=replace(held.progress, listed=held.progress.listed + 1))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: catalog.bindings.update(place.binding.id, add_one), range(200)))
        assert catalog.bindings.get("place", "place", "bucket").progress.listed == 200

    def test_a_binding_read_is_never_older_than_a_finished_write(
        self, catalog: Catalog, place: Place
    ) -> None:
        stop = threading.Event()

        def poll() -> list[int]:
            seen = []
            while not stop.is_set():
                seen.append(catalog.bindings.get("place", "place", "bucket").progress.listed)
            return seen

        with ThreadPoolExecutor(1) as pool:
            polled = pool.submit(poll)
            for number in range(1, 200):
                catalog.bindings.commit(
                    ScanCommit(binding_id=place.binding.id, progress=Progress(listed=number))
                )
                assert catalog.bindings.get("place", "place", "bucket").progress.listed == number
            stop.set()
            assert polled.result() == sorted(polled.result())

    def test_everything_is_there_after_opening_again(
        self, catalog: Catalog, place: Place, open_catalog: Callable[[], Catalog]
    ) -> None:
        catalog.bindings.commit(scan_of(place, "a", "b", size=2, title="t"))
        catalog.files.set_fields(place.dataset.id, "oss://bucket/a", b'{"CustomId":"c"}')
        catalog.files.delete(place.dataset.id, ["oss://bucket/b"])
        before = document_of(catalog, place.dataset, "oss://bucket/a")
        catalog.close()
        catalog.close()
        again = open_catalog()
        assert again.bindings.get("place", "place", "bucket").cursor == "b"
        assert document_of(again, place.dataset, "oss://bucket/a") == before
        query = {"Field": "CustomId", "Operation": "eq", "Value": "c"}
        assert uris(again, place.dataset, query) == ["oss://bucket/a"]
        assert again.datasets.statistics("place", "place").file_count == 1
        again.bindings.commit(scan_of(place, "c"))
        assert uris(again, place.dataset) == ["oss://bucket/a", "oss://bucket/c"]

    def test_rebuilding_the_index_changes_no_answer(self, catalog: Catalog, place: Place) -> None:
        catalog.bindings.commit(scan_of(place, *(f"k{number}" for number in range(300)), size=1))
        catalog.files.delete(place.dataset.id, ["oss://bucket/k7"])
        before = uris(catalog, place.dataset)
        seen: list[tuple[int, int]] = []
        stop = threading.Event()

        def ask() -> set[int | None]:
            hits: set[int | None] = set()
            while not stop.is_set():
                hits.add(catalog.queries.search(place.dataset.id, None, limit=1).total_hits)
            return hits

        with ThreadPoolExecutor(3) as pool:
            askers = [pool.submit(ask) for _ in range(3)]
            for _ in range(4):
                catalog.queries.rebuild(lambda done, total: seen.append((done, total)))
            stop.set()
            assert [asker.result() for asker in askers] == [{299}] * 3
        assert uris(catalog, place.dataset) == before
        assert all(done <= total for done, total in seen)
        assert seen[-1][0] == seen[-1][1]

    def test_fuzzy_search_finds_parts_in_any_case(self, catalog: Catalog, place: Place) -> None:
        text = replace(write_of("text.pdf"), text="All of the TEXT of a document, ΟΔΟΣ")
        label = (Label(label_name="Sonnenuntergang", label_alias="sunset"),)
        catalog.files.write(
            place.dataset.id,
            [
                text,
                write_of("photo.jpg", labels=label),
                write_of("b", title="one"),
                write_of("c", artist="two"),
            ],
        )
        catalog.files.set_fields(
            place.dataset.id, "oss://bucket/b", b'{"CustomLabels":{"Key":"Value\\u001e"}}'
        )

        def found(text: str) -> list[str]:
            page = catalog.queries.fuzzy_search(place.dataset.id, text)
            assert page.total_hits == len(page.documents)
            return [msgspec.json.decode(document)["Filename"] for document in page.documents]

        assert found("PHOT") == ["photo.jpg"]
        assert found("  untergang ") == ["photo.jpg"]
        assert found("SunSet") == ["photo.jpg"]
        assert found("text of a DOC") == ["text.pdf"]
        assert found("οδοσ") == found("ΟΔΟΣ") == ["text.pdf"]
        assert found("key") == found("VALUE") == ["b"]
        assert found("one\x1etwo") == found("*") == found("%") == found("image/jpeg") == []
        assert found("oss://bucket/") == ["b", "c", "photo.jpg", "text.pdf"]

    def test_a_file_that_matches_no_longer_is_not_shown(self, catalog: Catalog, place: Place) -> None:
        tree = parse_simple_query({"Field": "Title", "Operation": "eq", "Value": "x"})
        catalog.files.write(place.dataset.id, [write_of("a", title="x")])
        assert catalog.queries.search(place.dataset.id, tree).total_hits == 1
        catalog.files.write(place.dataset.id, [write_of("a", title="y")])
        assert catalog.queries.search(place.dataset.id, tree).total_hits == 0

    def test_totals_may_be_left_out(self, catalog: Catalog, place: Place) -> None:
        assert catalog.queries.search(place.dataset.id, None, total=False).total_hits is None
        catalog.files.write(place.dataset.id, [write_of("a")])
        page = catalog.queries.search(place.dataset.id, None, total=False)
        assert (page.total_hits, page.next_token, len(page.documents)) == (None, "", 1)


class TaskConformance:
    def test_tasks_are_kept_listed_and_replaced(self, catalog: Catalog) -> None:
        now = now_ns()
        first = Task(id="b", project_name="p", type="T", start_time=now, tags={"k": "v"})
        second = Task(id="a", project_name="p", type="U", start_time=now)
        elsewhere = Task(id="c", project_name="q", type="T", start_time=now)
        for task in (first, second, elsewhere):
            catalog.tasks.put(task)
        assert catalog.tasks.get("p", "T", "b") == first
        assert catalog.tasks.list("p").tasks == [second, first]
        done = replace(first, status="Succeeded", end_time=now)
        catalog.tasks.put(done)
        assert catalog.tasks.list("p").tasks == [second, done]
        for wrong in (("p", "T", "a"), ("q", "T", "b"), ("p", "U", "b")):
            with pytest.raises(NotFound, match="task"):
                catalog.tasks.get(*wrong)

    @pytest.mark.parametrize(("few", "looked_through"), [(2_000, 20_000), (0, 4)])
    def test_tasks_are_filtered_and_ordered_page_by_page(
        self, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, few: int, looked_through: int
    ) -> None:
        """Sorted, when a filter names few, and looked through part by part."""
        monkeypatch.setattr(task_lists, "_FEW", few)
        monkeypatch.setattr(task_lists, "_MOST_LOOKED_THROUGH", looked_through)
        now = now_ns()
        tasks = [
            Task(
                id=f"{number:02}", project_name="p", type="T" if number % 2 else "U",
                start_time=now - number % 3, tags={"of": str(number % 4), 'odd"key': "x"},
                status="Running" if number % 5 else "Succeeded", end_time=None if number % 5 else now + number,
            )
            for number in range(20)
        ]  # fmt: skip
        for task in tasks:
            catalog.tasks.put(task)
        positions: dict[TaskOrder, Callable[[Task], tuple[int, str]]] = {
            TaskOrder.ID: lambda task: (0, task.id),
            TaskOrder.START: lambda task: (task.start_time, task.id),
            TaskOrder.END: lambda task: (task.end_time or 0, task.id),
        }
        filters: list[tuple[TaskFilter, Callable[[Task], bool]]] = [
            (TaskFilter(), lambda _: True),
            (TaskFilter(types=("T", "V")), lambda task: task.type == "T"),
            (TaskFilter(types=("T", "U"), status="Running"), lambda task: task.status == "Running"),
            (TaskFilter(types=("U",)), lambda task: task.type == "U"),
            (TaskFilter(types=("U", "U")), lambda task: task.type == "U"),
            (TaskFilter(types=("U", "T", "U")), lambda _: True),
            (
                TaskFilter(types=("U",), status="Running", started=(now - 1, now)),
                lambda task: (task.type, task.status) == ("U", "Running") and task.start_time >= now - 1,
            ),
            (TaskFilter(status="Running"), lambda task: task.status == "Running"),
            (TaskFilter(tag=("of", "3")), lambda task: task.tags["of"] == "3"),
            (TaskFilter(tag=('odd"key', "y")), lambda _: False),
            (TaskFilter(started=(now - 1, float("inf"))), lambda task: task.start_time >= now - 1),
            (
                TaskFilter(ended=(float("-inf"), now + 10)),
                lambda task: (task.end_time or now + 99) <= now + 10,
            ),
        ]
        for chosen, passes in filters:
            for order, position in positions.items():
                for descending in (False, True):
                    wanted = sorted(filter(passes, tasks), key=position, reverse=descending)
                    found: list[Task] = []
                    after: tuple[int, str] | None = None
                    is_first = True
                    while is_first or after is not None:
                        page = catalog.tasks.list(
                            "p", chosen, order=order, descending=descending, after=after, limit=3
                        )
                        found, after, is_first = found + page.tasks, page.after, False
                    assert found == wanted, (chosen, order, descending)

    def test_tasks_are_forgotten_after_seven_days(self, catalog: Catalog) -> None:
        week = 7 * 24 * 3600 * 10**9
        now = now_ns()
        catalog.tasks.put(Task(id="old", project_name="p", type="T", start_time=now - week - 1))
        catalog.tasks.put(Task(id="new", project_name="p", type="T", start_time=now - week + 600 * 10**9))
        at_work = Task(id="at work", project_name="p", type="T", start_time=now - week - 1)
        catalog.task_queue.add(at_work)
        for _ in range(2):
            assert [task.id for task in catalog.tasks.list("p").tasks] == ["at work", "new"]
            with pytest.raises(NotFound, match="task"):
                catalog.tasks.get("p", "T", "old")
            assert not catalog.task_queue.tidy(limit=10)

    def test_tasks_go_with_their_project(self, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(task_queue, "_REMOVED_AT_ONCE", 3)
        queue, now = catalog.task_queue, now_ns()

        def add(number: int, project: str = "p") -> Task:
            given = Task(id=f"{number}", project_name=project, type="T", start_time=now, tags={"of": "p"})
            queue.add(given, subject=f"{project} {number}")
            return given

        for name in ("p", "q"):
            catalog.projects.create(Project(name=name))
        other = add(0, "q")
        held = [add(number) for number in range(7)]
        lease = queue.take("one", ["T"], seconds=60)
        assert lease is not None
        if lease.task == other:
            lease = queue.take("one", ["T"], seconds=60)
        assert lease is not None
        catalog.projects.delete("p")
        with pytest.raises(TaskLost):
            queue.end(lease, replace(lease.task, status="Succeeded", end_time=now))
        late = add(8)  # by a call that had found the project
        catalog.projects.create(Project(name="p"))
        for task in (*held, late):
            with pytest.raises(NotFound, match="task"):
                catalog.tasks.get("p", "T", task.id)
        assert catalog.tasks.list("p", TaskFilter(tag=("of", "p"))).tasks == []
        assert queue.waiting("p", "", most=9) == 0
        assert catalog.tasks.list("q").tasks == [other]
        assert queue.add(held[3], subject="p 3") == (held[3], True)


class Teller:
    """Announces everything to one destination: the body says what."""

    def binding_changed(self, before: Binding | None, after: Binding) -> list[Notification]:
        text = f"{None if before is None else before.state} {after.state}"
        return [Notification("d", after.bucket, text.encode())]

    def call_ended(self, call: IndexCall) -> list[Notification]:
        return [Notification("d", call.event_id, msgspec.json.encode([file.error for file in call.files]))]

    def task_ended(self, task: Task) -> list[Notification]:
        return [Notification("d", task.id, f"{task.status} {task.code}".encode())]


def told(catalog: Catalog, destination: str = "d") -> list[tuple[str, str]]:
    return [(each.id, each.body.decode()) for each in catalog.outbox.due(destination, limit=100)]


def call_of(event_id: str, *keys: str) -> IndexCall:
    files = tuple(IndexedFile(uri=f"oss://bucket/{key}") for key in keys)
    return IndexCall(
        event_id=event_id, batch=True, project_name="place", dataset_name="place", files=files, start_time=1
    )


def accept(catalog: Catalog, place: Place, call: IndexCall) -> None:
    catalog.files.accept(place.dataset.id, [(file.uri, b"{}") for file in call.files], call)


class NotificationConformance:
    @pytest.fixture
    def telling(self, open_catalog: Callable[..., Catalog]) -> Catalog:
        return open_catalog(Teller())

    @pytest.fixture
    def empty_place(self, telling: Catalog) -> Place:
        """A place of whose binding was told already."""
        place = make_place(telling)
        (made,) = telling.outbox.due("d", limit=10)
        assert made.body == b"None Ready"
        telling.outbox.remove(made.sequence)
        return place

    def test_changes_of_a_binding_are_told_with_them(self, telling: Catalog, empty_place: Place) -> None:
        binding = empty_place.binding
        telling.bindings.update(binding.id, lambda held: replace(held, state=BindingState.RUNNING))
        with pytest.raises(ZeroDivisionError):
            telling.bindings.update(binding.id, lambda held: replace(held, reason=str(1 // 0)))
        telling.bindings.commit(ScanCommit(binding_id=binding.id, cursor="k"))
        telling.bindings.delete(binding.id)
        changes = ["Ready Running", "Running Running", "Running Deleted"]
        assert told(telling) == [("bucket", change) for change in changes]

    def test_what_is_undone_is_not_told(self, telling: Catalog, empty_place: Place) -> None:
        with pytest.raises(AlreadyExists):
            telling.bindings.create(empty_place.binding)
        with pytest.raises(NotEmpty):
            telling.datasets.delete("place", "place")
        assert told(telling) == []

    def test_a_call_ends_with_its_last_file(self, telling: Catalog, empty_place: Place) -> None:
        place = empty_place
        accept(telling, place, call_of("e", "a", "b", "c"))
        assert sorted(telling.files.awaited(place.dataset.id)) == [f"oss://bucket/{key}" for key in "abc"]
        telling.files.write(place.dataset.id, [write_of("c"), write_of("other")], existing_only=True)
        assert told(telling) == []
        assert sorted(telling.files.awaited(place.dataset.id)) == [f"oss://bucket/{key}" for key in "ab"]
        telling.files.write(place.dataset.id, [write_of("a", reason="[Code] m"), write_of("b")])
        assert told(telling) == [("e", '["[Code] m","",""]')]
        assert telling.files.awaited(place.dataset.id) == []
        telling.files.write(place.dataset.id, [write_of("a")])
        assert len(told(telling)) == 1

    def test_one_outcome_ends_every_call_that_waits_for_it(
        self, telling: Catalog, empty_place: Place
    ) -> None:
        for event_id in ("e1", "e2"):
            accept(telling, empty_place, call_of(event_id, "a"))
        telling.files.write(empty_place.dataset.id, [write_of("a")])
        assert told(telling) == [("e1", '[""]'), ("e2", '[""]')]

    def test_a_call_whose_labels_are_no_texts_ends_as_any_other(
        self, telling: Catalog, empty_place: Place
    ) -> None:
        """Such calls were stored by earlier versions."""
        labels = {"number": 5, "yes": True, "none": None, "list": [1], "map": {"a": 1.5}}
        call = call_of("e", "a", "b")
        files = (replace(call.files[0], custom_labels=labels), call.files[1])
        accept(telling, empty_place, replace(call, files=files))
        telling.files.write(empty_place.dataset.id, [write_of("a"), write_of("b")], existing_only=True)
        assert told(telling) == [("e", '["",""]')]

    def test_a_call_ends_although_its_file_was_removed(self, telling: Catalog, empty_place: Place) -> None:
        accept(telling, empty_place, call_of("e", "a"))
        telling.files.delete(empty_place.dataset.id, ["oss://bucket/a"])
        telling.files.write(empty_place.dataset.id, [write_of("a")], existing_only=True)
        assert told(telling) == [("e", '[""]')]
        assert uris(telling, empty_place.dataset) == []

    def test_calls_end_with_their_dataset(self, telling: Catalog, empty_place: Place) -> None:
        accept(telling, empty_place, call_of("e", "a", "b"))
        telling.files.write(empty_place.dataset.id, [write_of("a")])
        telling.files.delete(empty_place.dataset.id, ["oss://bucket/a", "oss://bucket/b"])
        telling.bindings.delete(empty_place.binding.id)
        telling.datasets.delete("place", "place")
        event_id, body = told(telling)[-1]
        first, second = msgspec.json.decode(body)
        assert (event_id, first) == ("e", "")
        assert second.startswith("[ResourceNotFound] ")

    def test_calls_of_other_datasets_wait_on(self, telling: Catalog, empty_place: Place) -> None:
        other = make_place(telling, "other")
        accept(telling, empty_place, call_of("e", "a"))
        telling.files.write(other.dataset.id, [write_of("a")])
        assert "e" not in dict(told(telling))

    def test_a_call_that_is_refused_is_never_told(self, telling: Catalog, empty_place: Place) -> None:
        bad = b'{"CustomLabels":"text"}'
        with pytest.raises(InvalidFields):
            telling.files.accept(empty_place.dataset.id, [("oss://bucket/a", bad)], call_of("e", "a"))
        assert telling.files.awaited(empty_place.dataset.id) == []

    def test_what_waits_survives(
        self, telling: Catalog, empty_place: Place, open_catalog: Callable[..., Catalog]
    ) -> None:
        accept(telling, empty_place, call_of("e", "a"))
        telling.bindings.delete(empty_place.binding.id)
        telling.close()
        again = open_catalog(Teller())
        assert told(again) == [("bucket", "Ready Deleted")]
        assert again.files.awaited(empty_place.dataset.id) == ["oss://bucket/a"]
        again.files.write(empty_place.dataset.id, [write_of("a")])
        assert told(again)[-1] == ("e", '[""]')

    def test_what_was_tried_in_vain_waits(self, telling: Catalog, empty_place: Place) -> None:
        for name in ("1", "2"):
            telling.bindings.update(
                empty_place.binding.id, lambda held, name=name: replace(held, reason=name)
            )
        first, second = telling.outbox.due("d", limit=10)
        assert telling.outbox.due("other", limit=10) == []
        assert telling.outbox.due("d", limit=1) == [first]
        telling.outbox.postpone(first.sequence, due=now_ns() + 3600 * 10**9)
        assert telling.outbox.due("d", limit=10) == [second]
        telling.outbox.postpone(first.sequence, due=0)
        found = telling.outbox.due("d", limit=10)
        assert [(each.sequence, each.attempts) for each in found] == [
            (first.sequence, 2),
            (second.sequence, 0),
        ]
        assert telling.outbox.backlog() == {"d": Backlog(count=2, oldest=first.made_time)}
        telling.outbox.remove(second.sequence)
        assert telling.outbox.backlog()["d"].count == 1
        telling.outbox.postpone(first.sequence, due=now_ns() + 900 * 10**9)
        assert telling.outbox.due("d", limit=10) == []
        telling.outbox.postpone(first.sequence, due=now_ns() + 3600 * 10**9)
        (early,) = telling.outbox.due("d", limit=10)
        assert early.sequence == first.sequence, "nothing is put off for so long: the clock was set back"

    def test_old_ones_are_given_up(self, telling: Catalog, empty_place: Place) -> None:
        telling.bindings.update(empty_place.binding.id, lambda held: held)
        between = now_ns()
        telling.bindings.update(empty_place.binding.id, lambda held: held)
        assert telling.outbox.expire(before=between) == {"d": 1}
        assert len(told(telling)) == 1
        assert telling.outbox.expire(before=0) == {}


class CatalogConformance(
    ProjectConformance,
    DatasetConformance,
    BindingConformance,
    ScanConformance,
    LedgerConformance,
    EntryConformance,
    ReadingConformance,
    TaskConformance,
    TaskQueueConformance,
    NotificationConformance,
    AccessConformance,
    BrowserSessionConformance,
    RegisteredBucketConformance,
    SavedSearchConformance,
    UsageConformance,
):
    """All of it."""
