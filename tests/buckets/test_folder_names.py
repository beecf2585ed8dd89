"""File names and keys lead to each other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bindery.buckets.folder_names import file_name, key_name

NAMES = st.one_of(
    st.binary(min_size=1, max_size=8),
    st.lists(st.sampled_from([b"%", b"2", b"5", b"F", b"f", b"\xff", b"\xe4", b"a", b" "]), min_size=1).map(
        b"".join
    ),
)


@given(NAMES)
def test_every_name_comes_back_from_its_key(name: bytes) -> None:
    key = key_name(name)
    assert file_name(key.decode()) == name


@given(NAMES, NAMES)
def test_two_names_never_share_a_key(one: bytes, other: bytes) -> None:
    assert (key_name(one) == key_name(other)) == (one == other)


def test_ordinary_names_stay_as_they_are() -> None:
    for name in ["photo.jpg", "50% off", "100%25", "\u4e2d\u6587", "e\u0301", "%", "%zz"]:
        assert key_name(name.encode()) == name.encode()
        assert file_name(name) == name.encode()


def test_bad_bytes_are_written_as_hexadecimal() -> None:
    assert key_name(b"caf\xe9 50%.jpg") == b"caf%E9 50%25.jpg"
    assert key_name(b"%FF") == b"%25FF"


def test_text_that_is_no_unicode_is_no_name() -> None:
    assert file_name("\ud800") == b""
