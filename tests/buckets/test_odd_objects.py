"""One object of which a store tells odd things harms no other: S3 and OSS by a scripted server."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Iterator
from urllib.parse import unquote, urlsplit

import pytest
from tests.servers.scripted import Asked, Reply, Scripted

from bindery.buckets.oss import open_oss
from bindery.buckets.s3 import open_s3
from bindery.buckets.store import (
    ObjectInfo,
    PartlyListed,
    Store,
    StoreAddress,
    StoreError,
    StoreUnavailable,
    tells_content,
)

Serve = Callable[[Callable[[Asked], Reply]], Scripted]
FAR_PAST, FAR_FUTURE = -(2**63) + 1, 2**63 - 1
MD5 = "5d41402abc4b2a76b9719d911017c592"


@pytest.fixture
def serve() -> Iterator[Serve]:
    running: list[Scripted] = []

    def start(reply: Callable[[Asked], Reply]) -> Scripted:
        running.append(Scripted(reply).__enter__())
        return running[-1]

    yield start
    for server in running:
        server.__exit__(None, None, None)


def s3(endpoint: str, **options: str) -> Store:
    return open_s3(
        StoreAddress(
            bucket="media",
            url="s3://media",
            options={
                "endpoint": endpoint,
                "access_key_id": "key",
                "secret_access_key": "secret",
                **options,
            },
        )
    )


def oss(endpoint: str) -> Store:
    options = {"endpoint": endpoint, "access_key_id": "k", "access_key_secret": "s", "object_acl": "false"}
    return open_oss(StoreAddress(bucket="media", url="oss://media", options=options))


def entry(key: str, **fields: str | None) -> str:
    told = {"LastModified": "2024-05-06T07:08:09.123Z", "ETag": f'"{MD5}"', "Size": "3", **fields}
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in told.items() if value is not None)
    return f"<Contents><Key>{key}</Key>{inner}</Contents>"


def listing(*entries: str, encoding: str = "<EncodingType>url</EncodingType>", rest: str = "") -> Reply:
    return Reply(body=f"<ListBucketResult>{''.join(entries)}{encoding}{rest}</ListBucketResult>".encode())


def infos(store: Store) -> tuple[list[ObjectInfo], PartlyListed | None]:
    found: list[ObjectInfo] = []
    try:
        for page in store.list():
            found += page
    except PartlyListed as error:
        return found, error
    return found, None


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("0001-01-01T00:00:00Z", FAR_PAST),
        ("1600-01-01T00:00:00Z", FAR_PAST),
        ("9999-12-31T23:59:59Z", FAR_FUTURE),
        ("10000-01-01T00:00:00Z", FAR_FUTURE),
        ("+292277026596-12-04T15:30:07Z", FAR_FUTURE),
        ("0001-01-01T00:00:00+14:00", FAR_PAST),
        ("yesterday", 0),
        ("", 0),
        (None, 0),
    ],
)
def test_times_are_bounded(serve: Serve, text: str | None, instant: int) -> None:
    server = serve(lambda _: listing(entry("a"), entry("odd", LastModified=text), entry("z")))
    found, gap = infos(s3(server.endpoint))
    assert [info.key for info in found] == ["a", "odd", "z"]
    assert found[1].modified_ns == instant
    assert gap is None


@pytest.mark.parametrize(
    "fields",
    [
        {"Size": None}, {"Size": ""}, {"Size": "many"}, {"Size": "-1"}, {"Size": "9" * 30}, {"Size": "9" * 5_000},
        {"Size": str(2**53)}, {"Size": str(2**63 - 1)}, {"Size": str(2**63)}, {"Size": "1.5"}, {"Size": "٣"},
        {"ETag": None, "LastModified": None},
    ],
)  # fmt: skip
def test_an_object_of_which_too_little_is_told_is_left_out_alone(
    serve: Serve, fields: dict[str, str | None]
) -> None:
    server = serve(lambda _: listing(entry("a"), entry("odd.txt", **fields), entry("z")))
    found, gap = infos(s3(server.endpoint))
    assert [info.key for info in found] == ["a", "z"]
    assert gap is not None
    assert gap.prefixes == {"odd.txt"}
    assert "odd.txt" in str(gap)


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (str(2**53), "a size of 9007199254740992 bytes, which no object has"),
        (str(2**63 - 1), "a size of 9223372036854775807 bytes, which no object has"),
        (str(2**63), "a size of 9223372036854775808 bytes, which no object has"),
        ("-5", "a size of -5 bytes, which no object has"),
        ("1e3", "a size that is no number of bytes"),
        ("9" * 5_000, "a size that is no number of bytes"),
        (None, "no size"),
    ],
)
def test_what_is_wrong_with_a_size_is_said(serve: Serve, size: str | None, said: str) -> None:
    _, gap = infos(oss(serve(lambda _: listing(entry("a"), entry("odd.txt", Size=size))).endpoint))
    assert f"'odd.txt' ({said})" in str(gap)


def test_the_largest_size_that_counts(serve: Serve) -> None:
    server = serve(lambda _: listing(entry("a", Size=str(2**53 - 1)), entry("b", Size=" 0007 ")))
    found, gap = infos(s3(server.endpoint))
    assert [info.size for info in found] == [2**53 - 1, 7]
    assert gap is None


def test_an_object_without_a_key_is_told(serve: Serve) -> None:
    server = serve(lambda _: listing(entry("a"), "<Contents><Size>3</Size></Contents>", entry("z")))
    found, gap = infos(s3(server.endpoint))
    assert [info.key for info in found] == ["a", "z"]
    assert gap is not None
    assert gap.prefixes == {""}


def test_an_object_whose_key_is_not_utf_8_is_told_alone(serve: Serve) -> None:
    entries = entry("a"), entry("b%FFc"), entry("d%EF%BF%BDe"), entry("f%ef%bf%bd"), entry("g")
    found, partly = infos(s3(serve(lambda _: listing(*entries)).endpoint))
    assert [info.key for info in found] == ["a", "d\ufffde", "f\ufffd", "g"]
    assert partly is not None
    assert partly.prefixes == {"b\ufffdc"}
    assert "not UTF-8" in str(partly)


def test_a_listing_without_sizes_is_no_listing(serve: Serve) -> None:
    server = serve(lambda _: listing(*(entry(f"{number:04d}", Size=None) for number in range(1_100))))
    with pytest.raises(StoreUnavailable, match="too little") as raised:
        infos(s3(server.endpoint))
    assert not isinstance(raised.value, PartlyListed)
    assert len(str(raised.value)) < 500


def test_an_object_that_is_listed_twice_in_a_row_counts_once(serve: Serve) -> None:
    def reply(asked: Asked) -> Reply:
        if "continuation-token" in asked.target:
            return listing(entry("b"), entry("b"), entry("c"), entry("c"))
        more = "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
        return listing(entry("a"), entry("a"), entry("b"), rest=more)

    found, _ = infos(s3(serve(reply).endpoint))
    assert [info.key for info in found] == ["a", "b", "c"]


def test_two_versions_of_one_key_prove_nothing(serve: Serve) -> None:
    server = serve(lambda _: listing(entry("a"), entry("a", ETag='"other"')))
    with pytest.raises(StoreUnavailable, match="two versions"):
        infos(s3(server.endpoint))


def test_pages_without_anything_new_come_to_an_end(serve: Serve) -> None:
    numbers = iter(range(10**9))
    server = serve(
        lambda _: listing(
            rest=f"<IsTruncated>true</IsTruncated><NextContinuationToken>{next(numbers)}</NextContinuationToken>"
        )
    )
    with pytest.raises(StoreUnavailable, match="nothing new"):
        infos(s3(server.endpoint))
    assert len(server.asked) < 50


def test_folders_without_an_end_come_to_one(serve: Serve) -> None:
    numbers = iter(range(10**9))

    def reply(_: Asked) -> Reply:
        number = next(numbers)
        more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{number}</NextContinuationToken>"
        return listing(entry(("a/", "b/")[number % 2]), rest=more)

    server = serve(reply)
    with pytest.raises(StoreUnavailable, match="nothing new"):
        infos(s3(server.endpoint))
    assert len(server.asked) < 50


def test_a_key_with_a_carriage_return_stays_itself_where_keys_are_not_encoded(serve: Serve) -> None:
    server = serve(lambda _: listing(entry("a\rb"), entry("c&#13;d"), entry("e\r\nf"), encoding="\r\n"))
    found, _ = infos(s3(server.endpoint))
    assert [info.key for info in found] == ["a\rb", "c\rd", "e\r\nf"]


def test_keys_that_are_encoded_untold_are_named_as_the_cause(serve: Serve) -> None:
    server = serve(lambda _: listing(entry("a%2Fb"), entry("a0"), entry("a!"), encoding=""))
    with pytest.raises(StoreUnavailable, match="out of order"):
        infos(s3(server.endpoint))
    server = serve(lambda _: listing(entry("a%20b"), entry("a!b"), encoding=""))
    with pytest.raises(StoreUnavailable, match="percent-encoded and does not say so"):
        infos(s3(server.endpoint))


@pytest.mark.parametrize("order", ["utf16", "none"])
def test_a_store_said_to_list_in_another_order_is_read(serve: Serve, order: str) -> None:
    keys = ["a", "in/😀", "in/！", "z", "😀", "！"]

    def reply(asked: Asked) -> Reply:
        if order == "none":
            assert "start-after" not in asked.target
            return listing(*map(entry, reversed(keys)))
        start = unquote(
            dict(part.partition("=")[::2] for part in urlsplit(asked.target).query.split("&")).get(
                "start-after", ""
            )
        )
        return listing(*(entry(key) for key in keys if key.encode("utf-16-be") > start.encode("utf-16-be")))

    store = s3(serve(reply).endpoint, order=order)
    assert [info.key for info in infos(store)[0]] == sorted(keys)
    for start in keys:
        listed = [info.key for page in store.list(start_after=start) for info in page]
        assert listed == sorted(key for key in keys if key > start), start


ODD_HEADERS = [
    ("x-amz-meta-note", "=?utf-8?b?a?="),
    ("x-amz-meta-note", "=?utf-8?q?=ff?="),
    ("x-amz-meta-note", "=?no-such-set?b?YQ==?="),
    ("x-amz-meta-note", "=?utf-8?x?YQ==?="),
    ("content-disposition", "=?utf-8?b?a?="),
    ("content-disposition", "attachment; filename==?utf-8?b?Y?="),
    ("expires", "Fri, 31 Dec 9999 23:59:59 -0100"),
    ("expires", "Mon, 01 Jan 0001 00:00:00 +2359"),
    ("expires", "Fri, 99 Foo 99999 99:99:99 -9999"),
    ("expires", "0"),
    ("last-modified", "Fri, 31 Dec 9999 23:59:59 -0100"),
    ("last-modified", "Mon, 01 Jan 0001 00:00:00 GMT"),
    ("last-modified", "nonsense"),
    ("content-md5", "not an md5"),
    ("etag", ""),
    ("x-amz-tagging-count", "many"),
]


@pytest.mark.parametrize(("name", "value"), ODD_HEADERS)
@pytest.mark.parametrize("opened", [s3, oss])
def test_an_odd_header_breaks_no_look_up(
    serve: Serve, name: str, value: str, opened: Callable[[str], Store]
) -> None:
    own = name.replace("x-amz-", "x-oss-") if opened is oss else name
    server = serve(
        lambda asked: (
            Reply(body=b"<Tagging/>")
            if "tagging" in asked.target
            else Reply(body=b"hello", headers={"etag": f'"{MD5}"', own: value})
        )
    )
    details = opened(server.endpoint).details("odd.txt")
    assert details.info.size == 5
    assert FAR_PAST <= details.info.modified_ns <= FAR_FUTURE


def test_headers_at_random_raise_nothing_but_store_errors(serve: Serve) -> None:
    source = random.Random(20261126)
    alphabet = "=?_-;:,\"'()<>%+/ \t0123456789abcXYZ\x80\xe4\xff"
    names = sorted({name for name, _ in ODD_HEADERS} - {"x-amz-tagging-count"})
    words = ["=?utf-8?b?", "?=", "9999", "Fri, 31 Dec ", "GMT", "-0100", "=?utf-8?q?", "*=utf-8''%"]

    def value() -> str:
        parts = [*source.choices(words, k=2), "".join(source.choices(alphabet, k=source.randint(0, 30)))]
        source.shuffle(parts)
        return "".join(parts).strip()

    store = s3(serve(lambda _: Reply(body=b"x", headers={name: value() for name in names})).endpoint)
    for _ in range(300):
        store.details("odd.txt")


@pytest.mark.parametrize("length", ["abc", "-1", "9" * 40])
def test_a_length_that_is_none_is_told_for_that_object(serve: Serve, length: str) -> None:
    server = serve(lambda _: Reply(length=length))  # type: ignore[arg-type]
    with pytest.raises(StoreError) as raised:
        s3(server.endpoint).details("odd.txt")
    assert "odd.txt" in str(raised.value) or raised.value.retryable


def test_a_symbolic_link_of_oss_that_cannot_be_followed_is_left_out_alone(serve: Serve) -> None:
    def reply(asked: Asked) -> Reply:
        if asked.method == "HEAD":
            return Reply(403)
        return listing(entry("a", Type="Normal"), entry("link", Type="Symlink"), entry("z", Type="Normal"))

    found, gap = infos(oss(serve(reply).endpoint))
    assert [info.key for info in found] == ["a", "z"]
    assert gap is not None
    assert gap.prefixes == {"link"}


@pytest.mark.parametrize(
    ("opened", "headers", "is_md5"),
    [
        (s3, {}, True),
        (s3, {"x-amz-server-side-encryption": "AES256"}, True),
        (s3, {"x-amz-server-side-encryption": "aws:kms"}, False),
        (s3, {"x-amz-server-side-encryption-customer-algorithm": "AES256"}, False),
        (s3, {"etag": f'"{MD5}-2"'}, False),
        (s3, {"etag": '"d41d8cd98f00b204e9800998ecf8427e"'}, False),
        (s3, {"etag": '"00000000000000000000000000000000"'}, False),
        (oss, {"x-oss-object-type": "Normal"}, True),
        (oss, {"x-oss-object-type": "Appendable", "etag": '"0F7230CAA4BE94CCBDC99C5500000000"'}, False),
        (oss, {"x-oss-object-type": "Multipart", "etag": f'"{MD5}-1"'}, False),
        (oss, {"x-oss-object-type": "Normal", "x-oss-server-side-encryption": "KMS"}, False),
        (oss, {"x-oss-object-type": "Appendable", "content-md5": "XUFAKrxLKna5cZ2REBfFkg=="}, True),
    ],
)  # fmt: skip
def test_an_md5_is_told_only_where_it_is_one(
    serve: Serve, opened: Callable[[str], Store], headers: dict[str, str], is_md5: bool
) -> None:
    server = serve(lambda _: Reply(body=b"hello", headers={"etag": f'"{MD5}"', **headers}))
    told = opened(server.endpoint).details("a").content_md5
    assert told == ("XUFAKrxLKna5cZ2REBfFkg==" if is_md5 else None)


@pytest.mark.parametrize(
    ("etag", "kind", "of_content"),
    [
        (MD5, "Normal", True),
        (MD5.upper(), None, True),
        (f"{MD5}-38", "Multipart", True),
        (MD5, "Appendable", False),
        ("CKih16GjycICEAE=", "Normal", False),
        ("0x1E04B1574D445B0", "Normal", False),
        ("17A4D2B6F1C5A00-3", "Normal", False),
        ("d41d8cd98f00b204e9800998ecf8427e", "Normal", False),
        ("", "Normal", False),
    ],
)
def test_which_etags_tell_the_content(etag: str, kind: str | None, of_content: bool) -> None:
    capabilities = s3("http://127.0.0.1:9").capabilities
    assert tells_content(ObjectInfo("k", 3, etag, 0, "Standard", kind), capabilities) is of_content


def test_an_object_that_says_it_is_encoded_is_read_as_it_lies_there(serve: Serve) -> None:
    """Sites keep compressed files with Content-Encoding; sizes and offsets are of the compressed bytes."""
    content = gzip.compress(b"the same words again and again " * 100)

    def reply(asked: Asked) -> Reply:
        first, last = asked.headers["range"].removeprefix("bytes=").split("-")
        part = content[int(first) : int(last) + 1]
        return Reply(206, part, {"ETag": f'"{MD5}"', "Content-Encoding": "gzip"})

    store = s3(serve(reply).endpoint)
    assert store.read("page.html", 0, 1 << 20, etag=MD5) == content
    assert store.read("page.html", 5, 20, etag=MD5) == content[5:25]
