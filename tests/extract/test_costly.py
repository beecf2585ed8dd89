"""Small files that could hold a worker for half a minute cost little, in real workers with the real limits.

The limit of a small file is 3 seconds of processor time and 2 for each MiB; whatever is over it ends as TimeLimit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from costly import (
    ALL,
    Costly,
    docx_with_attributes,
    docx_with_lines_of_one_letter,
    docx_with_parts_full_of_elements,
    pdf_with_a_fan_of_forms,
    pdf_with_a_loop_of_forms,
    pptx_with_one_slide_many_times,
    pptx_with_relationships_without_end,
    xlsx_with_sheets_without_end,
)
from costly_media import (
    MANY_TAGS,
    caf_with_many_infos,
    flv_with_many_properties,
    mp3_with_frames_behind_padding,
    mp3_with_many_id3_tags,
)

from bindery.buckets.folder import FolderStore
from bindery.buckets.registry import parse_store
from bindery.extract.extraction import Extraction, ExtractionRequest, Operator
from bindery.extract.limits import ExtractionLimits
from bindery.extract.media.tag_counts import has_too_many_tags
from bindery.extract.pool import ExtractionPool
from bindery.extract.tags.tiff import Memory

_BY_TIME = (pdf_with_a_fan_of_forms, pdf_with_a_loop_of_forms)
"""Only the clock ends these, inside a library: after one second for a page."""


@pytest.fixture(scope="module")
def pool() -> Iterator[ExtractionPool]:
    """With the usual limits of processor time, whatever else the machine does meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bindery.workers.worker._PATIENCE", 200.0)
        opened = ExtractionPool(1, ExtractionLimits())
        yield opened
        opened.close()


@pytest.fixture
def extract(pool: ExtractionPool, tmp_path: Path) -> Callable[[Costly], Extraction]:
    def extract_one(costly: Costly) -> Extraction:
        (tmp_path / costly.key).write_bytes(costly.data)
        address = parse_store("costly", str(tmp_path))
        (info,) = next(iter(FolderStore(address).list()))
        request = ExtractionRequest(address=address, object=info, operators=frozenset(Operator))
        return pool.submit([request]).result()[0]

    return extract_one


@pytest.mark.parametrize("make", [make for make in ALL if make not in _BY_TIME])
def test_a_costly_file_is_read_in_a_small_files_time(
    extract: Callable[[Costly], Extraction], make: Callable[[], Costly]
) -> None:
    assert not (extract(make()).failure or "").startswith(("TimeLimit", "MemoryLimit", "WorkerDied"))


@pytest.mark.parametrize("make", MANY_TAGS)
def test_of_too_many_tags_libav_sees_none_and_the_first_are_kept(
    extract: Callable[[Costly], Extraction], make: Callable[[], Costly]
) -> None:
    outcome = extract(make())
    assert (outcome.failure or "").partition(":")[0] in ("", "ParseFailed")
    assert outcome.file.tags is None or len(outcome.file.tags) <= 1_000
    if make not in (caf_with_many_infos, flv_with_many_properties):
        assert len(outcome.file.tags or ()) > 500 or make is mp3_with_frames_behind_padding
        assert "PartSkipped: the file has more tags than are read" in (outcome.file.extraction_notes or ())


@pytest.mark.parametrize("make", [make for make in MANY_TAGS if make is not mp3_with_frames_behind_padding])
def test_media_with_some_dozens_of_tags_are_read(make: Callable[..., Costly]) -> None:
    few = make(1) if make is mp3_with_many_id3_tags else make(40)
    assert not has_too_many_tags(Memory(few.data))


@pytest.mark.parametrize("make", _BY_TIME)
def test_a_page_without_end_is_given_up_after_a_second(
    extract: Callable[[Costly], Extraction], make: Callable[[], Costly]
) -> None:
    outcome = extract(make())
    assert (outcome.failure or "").startswith("TimeLimit: it took longer than 1.0")


def test_what_is_told_beside_the_costly_part_is_kept(extract: Callable[[Costly], Extraction]) -> None:
    outcome = extract(pptx_with_one_slide_many_times())
    assert (outcome.failure, outcome.file.page_count, outcome.text) == (None, 200_000, "words")


@pytest.mark.parametrize(
    "make",
    [
        xlsx_with_sheets_without_end,
        docx_with_parts_full_of_elements,
        pptx_with_relationships_without_end,
    ],
)
def test_what_has_more_parts_than_are_read_says_so(
    extract: Callable[[Costly], Extraction], make: Callable[[], Costly]
) -> None:
    told = "ParseFailed: the package has more parts or elements than are read of one of its size"
    assert extract(make()).failure == told


@pytest.mark.parametrize("make", [docx_with_lines_of_one_letter, docx_with_attributes])
def test_markup_is_read_as_far_as_the_size_of_its_package_allows(
    extract: Callable[[Costly], Extraction], make: Callable[..., Costly]
) -> None:
    assert (extract(make()).failure, extract(make()).text) == (None, None)
    assert extract(make(1_000)).text == "end end"


def test_a_workbook_of_thousands_of_sheets_is_read(extract: Callable[[Costly], Extraction]) -> None:
    outcome = extract(xlsx_with_sheets_without_end(20_000))
    assert (outcome.failure, outcome.file.page_count) == (None, 20_000)
