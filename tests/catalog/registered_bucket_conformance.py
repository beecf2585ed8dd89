"""What every catalog must do with the buckets that were registered while a server ran."""

from __future__ import annotations

from bindery.catalog.catalog import Catalog


class RegisteredBucketConformance:
    def test_a_bucket_is_registered_and_registered_anew(self, catalog: Catalog) -> None:
        buckets = catalog.registered_buckets
        assert buckets.find("media") is None
        assert buckets.list() == {}
        buckets.put("media", b"\x00one\xff")
        buckets.put("Archive", b"")
        buckets.put("media", b"two")
        assert buckets.find("media") == b"two"
        assert buckets.find("MEDIA") is None
        assert list(buckets.list().items()) == [("Archive", b""), ("media", b"two")]

    def test_what_somebody_has_changed_meanwhile_stays(self, catalog: Catalog) -> None:
        buckets = catalog.registered_buckets
        assert not buckets.replace("media", b"one", b"two")
        assert buckets.find("media") is None
        assert buckets.replace("media", None, b"one")
        assert not buckets.replace("media", None, b"two")
        assert not buckets.replace("media", b"other", b"two")
        assert buckets.find("media") == b"one"
        assert buckets.replace("media", b"one", b"two")
        assert not buckets.delete("media", b"one")
        assert buckets.delete("media", b"two")
        assert not buckets.delete("media", b"two")
        assert buckets.list() == {}

    def test_what_was_kept_elsewhere_is_taken_over_unless_it_is_there(self, catalog: Catalog) -> None:
        buckets = catalog.registered_buckets
        buckets.put("media", b"kept")
        assert buckets.take_over({"media": b"other", "photos": b"new"}) == ["media"]
        assert buckets.take_over({"media": b"other", "photos": b"again"}) == ["media", "photos"]
        assert buckets.take_over({}) == []
        assert buckets.list() == {"media": b"kept", "photos": b"new"}
