"""The names of Google Takeout's JSON files, as exports hold them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.sync.sidecars import is_sidecar, pictures_of, sidecars_of
from bindery.sync.takeout_names import cut_title

PAIRS = (
    ("IMG_0001.jpg", "IMG_0001.jpg.json"),
    ("IMG_0001.jpg", "IMG_0001.jpg.supplemental-metadata.json"),
    ("a/b/clip.mp4", "a/b/clip.mp4.supplemental-metadata.json"),
    ("Screenshot_2017-07-05-10-05-26.png", "Screenshot_2017-07-05-10-05-26.png.supplementa.json"),
    ("Screenshot_20241227_105539_Edge.jpg", "Screenshot_20241227_105539_Edge.jpg.supplement.json"),
    ("D7157814-D2D5-4A62-AFCE-9CF465CB7D66.jpeg", "D7157814-D2D5-4A62-AFCE-9CF465CB7D66.jpeg.supp.json"),
    ("PXL_20230922_061638750.MOTION-01.COVER.jpg", "PXL_20230922_061638750.MOTION-01.COVER.jpg.sup.json"),
    ("IMG_0001(1).jpg", "IMG_0001.jpg(1).json"),
    ("IMG_0001(1).jpg", "IMG_0001.jpg.supplemental-metadata(1).json"),
    ("IMG_0001-edited.jpg", "IMG_0001.jpg.json"),
    ("IMG_0001-edited(2).jpg", "IMG_0001.jpg(2).json"),
    ("Screenshot_20220207_102421_com.snapchat.android.jpg", "Screenshot_20220207_102421_com.snapchat.androi.json"),
    ("original_1d4caa6f-16c6-4c3d-901b-9387de10e528_P.jpg", "original_1d4caa6f-16c6-4c3d-901b-9387de10e528_.json"),
    ("Urlaub in Knaufspesch in der Schneifel (38).JPG", "Urlaub in Knaufspesch in der Schneifel (38).JP.json"),
    (
        "Backyard_ceremony_wedding_photography_xxxxxxx_magnoliastudios-371(494).jpg",
        "Backyard_ceremony_wedding_photography_xxxxxxx_(494).json",
    ),
    ("Peanut Butter Balls.jpg", "Peanut Butter Balls.supplemental-metadata.json"),
)  # fmt: skip


@pytest.mark.parametrize(("media", "sidecar"), PAIRS)
def test_which_is_whose(media: str, sidecar: str) -> None:
    assert sidecar in sidecars_of(media)
    assert is_sidecar(sidecar)
    assert names(media, sidecar)


def names(media: str, sidecar: str) -> bool:
    """Whether the media is found by its sidecar: by its key, or by the beginning of it."""
    folder, _, name = sidecar.rpartition("/")
    title = cut_title(name)
    cut = bool(title) and media.startswith(f"{folder}/{title}" if folder else title)
    return media in pictures_of(sidecar) or cut


@pytest.mark.parametrize(
    "other", ["package.json", "metadata.json", "IMG_1.json", "IMG_1.txt.json", ".json", "x.jpg.jsonl"]
)
def test_what_is_none(other: str) -> None:
    assert (is_sidecar(other), pictures_of(other)) == (False, ())


_PARTS = st.sampled_from(
    [
        "a",
        "IMG_",
        ".jpg",
        ".MP4",
        ".supplemental-metadata",
        ".supp",
        "(1)",
        "-edited",
        ".json",
        "/",
        ".",
        "x" * 20,
    ]
)


@given(st.lists(_PARTS, max_size=6).map("".join))
def test_both_ways_name_the_same_pairs(key: str) -> None:
    for sidecar in sidecars_of(key):
        assert is_sidecar(sidecar), sidecar
        assert names(key, sidecar), sidecar
    assert all(key in sidecars_of(picture) for picture in pictures_of(key))
