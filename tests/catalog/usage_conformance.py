"""What every catalog must do with what projects use."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Project, UsageKey, UsageRow

from .samples import Place, write_of

CLASS = "StandardQueryL0"


def count(day: int, project: str, dimension: str = CLASS, *, exists: bool = True) -> UsageKey:
    return UsageKey(day, project, dimension, exists)


class UsageConformance:
    def test_usage_is_added_up_by_day_project_and_dimension(self, catalog: Catalog) -> None:
        usage = catalog.usage
        usage.add({count(10, "b"): 2, count(10, "a"): 1, count(11, "a"): 5})
        usage.add({count(10, "b"): 3, count(10, "b", "MIME"): 7})
        assert usage.list(0, 99) == [
            UsageRow(10, "a", CLASS, 1),
            UsageRow(10, "b", "MIME", 7),
            UsageRow(10, "b", CLASS, 5),
            UsageRow(11, "a", CLASS, 5),
        ]

    def test_usage_survives_a_restart(self, open_catalog: object, catalog: Catalog) -> None:
        catalog.usage.add({count(10, "a"): 4})
        catalog.close()
        assert callable(open_catalog)
        assert open_catalog().usage.list(0, 99) == [UsageRow(10, "a", CLASS, 4)]

    def test_usage_of_many_threads_is_all_there(self, catalog: Catalog) -> None:
        with ThreadPoolExecutor(4) as threads:
            for _ in range(20):
                threads.submit(catalog.usage.add, {count(10, "a"): 1, count(10, "b"): 2})
        assert [row.quantity for row in catalog.usage.list(0, 99)] == [20, 40]

    def test_what_names_no_project_that_there_is_is_of_the_account(self, catalog: Catalog) -> None:
        catalog.projects.create(Project(name="there"))
        catalog.usage.add(
            {
                count(10, "there", exists=False): 1,
                count(10, "nobody", exists=False): 2,
                count(10, "gone", exists=True): 4,
                count(10, ""): 8,
                count(10, "gone", exists=False): 8,
            }
        )
        catalog.usage.add({count(10, "gone", exists=False): 8, count(11, "gone", exists=False): 32})
        assert catalog.usage.list(0, 99) == [
            UsageRow(10, "", CLASS, 10),
            UsageRow(10, "gone", CLASS, 20),
            UsageRow(10, "there", CLASS, 1),
            UsageRow(11, "", CLASS, 32),
        ]

    @pytest.mark.parametrize("limit", [1, 2, 3, 100])
    def test_usage_by_pages_and_filters(self, catalog: Catalog, limit: int) -> None:
        rows = [
            UsageRow(day, project, dimension, 1)
            for day in (1, 2, 3)
            for project in ("", "a", "b")
            for dimension in ("MIME", CLASS)
        ]
        catalog.usage.add({count(*row[:3]): 1 for row in rows})

        def pages(**chosen: object) -> list[UsageRow]:
            found: list[UsageRow] = []
            while page := catalog.usage.list(
                2, 3, after=found[-1][:3] if found else None, limit=limit, **chosen
            ):  # type: ignore[arg-type]
                found += page
            return found

        wanted = [row for row in rows if row.day > 1]
        assert pages() == wanted
        assert pages(project="a") == [row for row in wanted if row.project == "a"]
        assert pages(projects=["", "b"]) == [row for row in wanted if row.project != "a"]
        assert pages(dimension="MIME") == [row for row in wanted if row.dimension == "MIME"]
        assert pages(project="b", dimension=CLASS) == [row for row in wanted if row[1:3] == ("b", CLASS)]
        assert catalog.usage.projects(1, 1) == ["", "a", "b"]
        assert catalog.usage.projects(4, 9) == []

    def test_old_usage_is_forgotten_by_pages(self, catalog: Catalog) -> None:
        catalog.usage.add({count(day, "a"): 1 for day in range(10)})
        assert [catalog.usage.forget(before=7, limit=4) for _ in range(3)] == [4, 3, 0]
        assert [row.day for row in catalog.usage.list(0, 99)] == [7, 8, 9]

    @pytest.mark.usefixtures("within_a_day")
    def test_what_is_stored_is_that_of_the_moment(self, catalog: Catalog, place: Place) -> None:
        today, name = catalog.usage.today, place.dataset.project_name
        catalog.projects.create(Project(name="empty"))
        catalog.files.write(place.dataset.id, [write_of("a", size=10), write_of("b", size=20)])
        for _ in range(2):
            catalog.usage.note_stored()
            assert catalog.usage.list(today, today) == [
                UsageRow(today, name, "FileCount", 2),
                UsageRow(today, name, "TotalFileSize", 30),
            ]
        catalog.files.delete(place.dataset.id, [write_of("a").uri, write_of("b").uri])
        catalog.usage.note_stored()
        assert [row.quantity for row in catalog.usage.list(today, today)] == [0, 0]

    @pytest.mark.usefixtures("within_a_day")
    def test_days_on_which_nobody_looked_have_what_was_stored_before(
        self, catalog: Catalog, place: Place
    ) -> None:
        today, name = catalog.usage.today, place.dataset.project_name
        catalog.usage.add({count(today - 3, name, "FileCount"): 5, count(today - 3, name): 9})
        catalog.files.write(place.dataset.id, [write_of("a", size=10)])
        catalog.usage.note_stored()
        files = catalog.usage.list(today - 9, today, dimension="FileCount")
        assert [(row.day - today, row.quantity) for row in files] == [(-3, 5), (-2, 5), (-1, 5), (0, 1)]

    @pytest.mark.usefixtures("within_a_day")
    def test_runs_are_counted_with_what_they_have_found(self, catalog: Catalog, place: Place) -> None:
        writes = [write_of("a", operators=("MIME", "EXIF")), write_of("b", operators=("MIME",))]
        catalog.files.write(place.dataset.id, writes)
        catalog.files.write(place.dataset.id, [write_of("c")])
        today = catalog.usage.today
        rows = {row.dimension: row.quantity for row in catalog.usage.list(today, today)}
        assert rows == {"EXIF": 1, "MIME": 2}
