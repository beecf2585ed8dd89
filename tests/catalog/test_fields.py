# ruff: noqa: SIM905
"""The field table is that of the reference, section 2.2, written out here by hand."""

from __future__ import annotations

import itertools

import pytest

from bindery.catalog.query.fields import FIELDS, find_field, operations_of
from bindery.catalog.query.parse import parse_aggregations, parse_simple_query, parse_sort
from bindery.catalog.query.syntax import QueryError

KEY = """ObjectId ObjectType ObjectStatus OwnerId ProjectName DatasetName URI OSSURI CustomId MediaType ContentType
FileHash ContentMd5 ETag OSSCRC64 OSSObjectType OSSStorageClass ObjectACL OSSVersionId OSSDeleteMarker OSSExpiration
ServerSideEncryption ServerSideDataEncryption ServerSideEncryptionKeyId ServerSideEncryptionCustomerAlgorithm
CacheControl ContentDisposition ContentEncoding ContentLanguage AccessControlAllowOrigin AccessControlRequestMethod
Language FormatName FormatLongName ProduceTimeSource""".split()
TEXT = "Filename Title Album AlbumArtist Artist Composer Performer".split()
INT = """Size OSSTaggingCount ImageWidth ImageHeight Orientation FigureCount VideoWidth VideoHeight Bitrate StreamCount
ProgramCount PageCount ArchiveEntryCount""".split()
FLOAT = "Duration StartTime ImageScore.OverallQualityScore".split()
TIME = "CreateTime UpdateTime FileModifiedTime FileCreateTime FileAccessTime ProduceTime".split()
ARRAY_KEY = """Addresses.Language Labels.ParentLabelName Labels.LabelAlias Labels.Language Figures.FigureClusterId
Figures.FigureId Figures.FigureType Figures.Gender Figures.Emotion Figures.Beard Figures.Glasses Figures.Hat
Figures.Mask Figures.Mouth VideoStreams.CodecName VideoStreams.Rotate AudioStreams.ChannelLayout
AudioStreams.Lyric Subtitles.Language Subtitles.Content""".split()
ARRAY_PHRASE = """Addresses.AddressLine Addresses.Country Addresses.Province Addresses.City Addresses.District
Addresses.Township Labels.LabelName""".split()
ARRAY_NUMBER = """Labels.LabelLevel Labels.LabelConfidence Labels.CentricScore Figures.Age Figures.AgeSD
Figures.FigureConfidence Figures.GenderConfidence Figures.EmotionConfidence Figures.BeardConfidence
Figures.GlassesConfidence Figures.HatConfidence Figures.MaskConfidence Figures.MouthConfidence
Figures.FigureClusterConfidence Figures.Attractive Figures.FaceQuality Figures.Sharpness Figures.HeadPose.Pitch
Figures.HeadPose.Roll Figures.HeadPose.Yaw VideoStreams.Width VideoStreams.Duration AudioStreams.SampleRate
Subtitles.Index""".split()
TEXT_LISTS = ["ExtractionNotes"]
TAG_TEXT = """EXIF.Make EXIF.Model EXIF.LensModel EXIF.Software EXIF.Artist EXIF.DateTimeOriginal EXIF.0x9aaa
Tags.Keywords Tags.Genre Tags.Isrc Tags.xmp:CreatorTool Tags.Nothing""".split()
TAG_NUMBER = """EXIF.ISOSpeedRatings EXIF.FNumber EXIF.ExposureTime EXIF.FocalLength EXIF.FocalLengthIn35mmFilm
EXIF.Flash Tags.Rating Tags.TrackNumber Tags.Year""".split()
MAPS = ["CustomLabels.key", "OSSTagging.key", "OSSUserMeta.key"]
NOT_QUERYABLE = """Insights Elements SemanticTypes CroppingSuggestions OCRContents SceneElements AudioCovers
Timezone TravelClusterId Reason Labels.Clips Figures.Boundary Insights.Image.Caption SceneElements.Labels.LabelName
Size.x URI. .URI uri Labels. Nothing EXIF. Tags. exif.Model""".split()

RANGE = {"eq", "gt", "gte", "lt", "lte"}
GEO = {"geo-distance", "geo-bounding-box", "geo-polygon"}
STRING = RANGE | {"prefix", "exist"}
EXPECTED = (
    dict.fromkeys([*KEY, *ARRAY_KEY, *TEXT_LISTS, *MAPS], STRING)
    | dict.fromkeys([*TEXT, *ARRAY_PHRASE, *TAG_TEXT], STRING | {"match-phrase"})
    | dict.fromkeys([*INT, *FLOAT, *TIME, *ARRAY_NUMBER, *TAG_NUMBER], RANGE | {"exist"})
    | dict.fromkeys(["EXIF", "Tags"], frozenset({"exist"}))
    | {"LatLong": GEO | {"eq", "exist"}, "OCRTexts": {"match-phrase", "prefix", "exist"}}
)
SORTABLE = {*KEY, *TEXT, *INT, *FLOAT, *TIME, *TAG_TEXT, *TAG_NUMBER}
NUMERIC = {*INT, *FLOAT, *ARRAY_NUMBER, *TAG_NUMBER}
COUNTABLE = {*SORTABLE, *TEXT_LISTS, *MAPS, *ARRAY_KEY, *ARRAY_PHRASE, *ARRAY_NUMBER}
VALUES = dict.fromkeys(GEO, "1,2;3")
VALUES |= {"geo-bounding-box": "2,1;1,2", "geo-polygon": "0,0;0,1;1,1"}


def value_for(field: str, operation: str) -> str:
    if operation in VALUES:
        return VALUES[operation]
    if field == "LatLong":
        return "1,2"
    return "2024-01-01T00:00:00Z" if field in TIME else "7"


@pytest.mark.parametrize("field", EXPECTED)
def test_each_field_has_its_operations_and_no_others(field: str) -> None:
    for operation in STRING | GEO | {"match-phrase"}:
        node = {"Field": field, "Operation": operation, "Value": value_for(field, operation)}
        if operation in EXPECTED[field]:
            assert parse_simple_query(node)
        else:
            with pytest.raises(QueryError, match=rf"{operation}.*{field}"):
                parse_simple_query(node)


@pytest.mark.parametrize("field", EXPECTED)
def test_sorting(field: str) -> None:
    if field in SORTABLE:
        assert parse_sort(field, None)
    else:
        with pytest.raises(QueryError, match=field):
            parse_sort(field, None)


@pytest.mark.parametrize("field", EXPECTED)
def test_aggregations(field: str) -> None:
    for operations, allowed in (
        (("min", "max", "sum", "average"), NUMERIC),
        (("count", "distinct", "group"), COUNTABLE),
    ):
        for operation in operations:
            if field in allowed:
                assert parse_aggregations([(field, operation)])
            else:
                with pytest.raises(QueryError, match=field):
                    parse_aggregations([(field, operation)])


@pytest.mark.parametrize("field", NOT_QUERYABLE)
def test_other_names_are_refused(field: str) -> None:
    for operation in ("eq", "exist"):
        with pytest.raises(QueryError, match="unknown or cannot be queried"):
            parse_simple_query({"Field": field, "Operation": operation, "Value": "x"})


def test_nothing_is_queryable_that_the_table_does_not_cover() -> None:
    listed = {name.removesuffix(".key") for name in EXPECTED}
    by_class = {
        name for name in FIELDS if name.startswith(("VideoStreams.", "AudioStreams.", "Subtitles."))
    }
    without_columns = {name for name in (*TAG_TEXT, *TAG_NUMBER) if not find_field(name)[0].stored}
    assert FIELDS.keys() - by_class == listed - by_class - without_columns


def test_keys_of_maps_may_hold_anything() -> None:
    for name, key in itertools.product(
        ("CustomLabels", "OSSTagging"), ("a.b.c", " ", "'; --", "日本", ".")
    ):
        field, found = find_field(f"{name}.{key}")
        assert (field.name, found) == (name, key)
    assert operations_of(find_field("CustomLabels")[0]) >= {"exist"}
    with pytest.raises(QueryError, match="CustomLabels"):
        parse_simple_query({"Field": "CustomLabels", "Operation": "eq", "Value": "x"})
