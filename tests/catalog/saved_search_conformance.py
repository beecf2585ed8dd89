"""What every catalog must do with the searches that somebody has given a name."""

from __future__ import annotations

import pytest

from bindery.catalog.access_records import Role, User
from bindery.catalog.catalog import Catalog
from bindery.catalog.interface.saved_searches import MOST_SAVED, SavedSearch
from bindery.catalog.records import AlreadyExists, Dataset, LimitExceeded, NotFound, Project


def dataset_of(catalog: Catalog) -> int:
    catalog.projects.create(Project(name="p"))
    return catalog.datasets.create(Dataset(project_id=0, project_name="p", name="d")).id


def search(name: str, expression: str = "Size > 1", time: int = 1) -> SavedSearch:
    return SavedSearch(name, expression, time)


class SavedSearchConformance:
    def test_a_search_is_saved_changed_renamed_and_deleted(self, catalog: Catalog) -> None:
        dataset, saved = dataset_of(catalog), catalog.saved_searches
        saved.put(dataset, "ann", search("b"))
        saved.put(dataset, "ann", search("大 <b>"))
        saved.put(dataset, "ann", search("b", "Size > 2", 2))
        assert saved.list(dataset, "ann") == [search("b", "Size > 2", 2), search("大 <b>")]
        saved.put(dataset, "ann", search("c", "Size > 2", 3), previous="b")
        saved.put(dataset, "ann", search("c", "Size > 3", 4), previous="c")
        assert [each.name for each in saved.list(dataset, "ann")] == ["c", "大 <b>"]
        saved.delete(dataset, "ann", "c")
        assert saved.list(dataset, "ann") == [search("大 <b>")]

    def test_what_is_refused_changes_nothing(self, catalog: Catalog) -> None:
        dataset, saved = dataset_of(catalog), catalog.saved_searches
        saved.put(dataset, "ann", search("a"))
        saved.put(dataset, "ann", search("b"))
        with pytest.raises(AlreadyExists):
            saved.put(dataset, "ann", search("b", "Size > 9"), previous="a")
        for previous in ("nothing", "c"):
            with pytest.raises(NotFound):
                saved.put(dataset, "ann", search("c"), previous=previous)
        with pytest.raises(NotFound):
            saved.delete(dataset, "ann", "nothing")
        with pytest.raises(NotFound):
            saved.put(404, "ann", search("a"))
        assert saved.list(dataset, "ann") == [search("a"), search("b")]

    def test_each_has_his_own(self, catalog: Catalog) -> None:
        dataset, saved = dataset_of(catalog), catalog.saved_searches
        saved.put(dataset, "ann", search("a"))
        assert saved.list(dataset, "bob") == []
        with pytest.raises(NotFound):
            saved.delete(dataset, "bob", "a")
        saved.put(dataset, "bob", search("a", "Size > 5"))
        assert saved.list(dataset, "ann") == [search("a")]

    def test_they_go_with_the_user_or_role_whose_they_are(self, catalog: Catalog) -> None:
        dataset, saved = dataset_of(catalog), catalog.saved_searches
        ann = catalog.users.create(User(name="ann"))
        bob = catalog.users.create(User(name="bob"))
        role = catalog.roles.create(Role(name="reader", trust_policy="{}"))
        for owner in (ann, bob, role):
            saved.put(dataset, owner.id, search("a"))
        catalog.users.delete("ann")
        catalog.roles.delete("reader")
        assert [saved.list(dataset, owner.id) for owner in (ann, bob, role)] == [[], [search("a")], []]

    def test_there_are_only_so_many_and_they_go_with_the_dataset(self, catalog: Catalog) -> None:
        dataset, saved = dataset_of(catalog), catalog.saved_searches
        for number in range(MOST_SAVED):
            saved.put(dataset, "ann", search(f"{number:03}"))
        with pytest.raises(LimitExceeded):
            saved.put(dataset, "ann", search("one more"))
        saved.put(dataset, "ann", search("renamed"), previous="000")
        saved.put(dataset, "ann", search("001", "Size > 7"))
        saved.put(dataset, "bob", search("his"))
        assert len(saved.list(dataset, "ann")) == MOST_SAVED
        catalog.datasets.delete("p", "d")
        assert saved.list(dataset, "ann") == saved.list(dataset, "bob") == []
