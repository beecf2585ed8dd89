"""Bytes as text: marks, declarations, wide encodings, and the guess for what says nothing of itself."""

from __future__ import annotations

import codecs

import pytest

from bindery.extract.extractor import Unreadable
from bindery.extract.text.charset_names import codec_of_code_page, known_codec
from bindery.extract.text.decode import decode_text
from bindery.extract.text.tag_charset import decode_tag, likely_tag_charset

UNLABELLED = (
    ("fr", "cp1252", "Le café était fermé, alors nous sommes allés à la bibliothèque pour étudier."),
    ("fr", "cp1252", "Le garçon mange une crème brûlée à Besançon, chez sa grand-mère."),
    ("es", "cp1252", "El niño pequeño desayunó mañana y tarde; después durmió un rato."),
    ("pt", "cp1252", "São Paulo é a maior cidade do país."),
    ("pt", "cp1252", "Não há informações sobre a reunião de amanhã."),
    ("sv", "cp1252", "På lördag åker vi till stugan och plockar blåbär."),
    ("it", "cp1252", "È più facile così: domani andrà tutto bene, perché no?"),
    ("de", "cp1252", "Die Größe der Straße überrascht alle Gäste."),
    ("nl", "cp1252", "De coördinatie van de reünie begint vóór de vakantie."),
    ("da", "cp1252", "Rødgrød med fløde smager bedst på en varm sommerdag."),
    ("fi", "cp1252", "Tämä päivä on hyvä päivä lähteä kävelylle järven ympäri."),
    ("pl", "cp1250", "Wczoraj wieczorem byliśmy na spacerze, a później wróciliśmy późną nocą."),
    ("pl", "iso8859-2", "Wczoraj wieczorem byliśmy na spacerze, a później wróciliśmy późną nocą."),
    ("cs", "cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy."),
    ("cs", "iso8859-2", "Dnes večer půjdeme do divadla a pak na večeři."),
    ("hu", "cp1250", "Tegnap este elmentünk a színházba, és későn értünk haza."),
    ("ru", "cp1251", "Сегодня утром мы долго гуляли по берегу реки."),
    ("ru", "koi8-r", "Сегодня утром мы долго гуляли по берегу реки."),
    ("ru", "cp866", "Сегодня утром мы долго гуляли по берегу реки."),
    ("el", "cp1253", "Σήμερα το πρωί περπατήσαμε δίπλα στη θάλασσα."),
    ("he", "cp1255", "הבוקר טיילנו לאורך הנהר במשך שעה ארוכה."),
    ("ar", "cp1256", "مشينا هذا الصباح على طول النهر لمدة ساعة."),
    ("th", "cp874", "เมื่อเช้านี้เราเดินเล่นริมแม่น้ำเป็นเวลานาน"),
    ("tr", "cp1254", "Bu sabah ırmağın kıyısında uzun süre yürüdük, çok güzeldi."),
    ("zh", "gbk", "今天早上我们沿着河边散步了很长时间。"),
    ("zh", "big5", "今天早上我們沿著河邊散步了很長時間。"),
    ("ja", "shift_jis", "今朝は川沿いを長い時間散歩しました。"),
    ("ja", "euc_jp", "今朝は川沿いを長い時間散歩しました。"),
    ("ko", "euc_kr", "오늘 아침 우리는 강가를 오랫동안 걸었습니다."),
    ("en", "cp1252", "“Don’t stop” – it costs £5 or €6, © 2004."),
)  # fmt: skip


@pytest.mark.parametrize("times", [1, 40])
def test_text_that_says_nothing_of_its_charset(times: int) -> None:
    for language, charset, text in UNLABELLED:
        whole = " ".join([text] * times)
        found = decode_text(whole.encode(charset))
        assert (found.text, found.guessed) == (whole, True), (language, charset)


@pytest.mark.parametrize(
    ("charset", "texts"),
    [
        (
            "cp1252",
            (
                "ÄÖÜ",
                "äöüß",
                "ÄÖÜäöüß",
                "ÅÄÖ",
                "æøå",
                "ÁÉÍÓÚ",
                "àèìòù",
                "é",
                "Ñ",
                "ß",
                "ÄÖÜ 123\n",
                "ä, ö, ü",
            ),
        ),
        ("cp1251", ("ДОМ", "мир", "Москва", "Привет", "дед", "там", "за рубежом", "Да")),
        ("cp1253", ("Αθήνα", "ναι")),
        ("cp1255", ("שלום",)),
    ],
)
def test_very_short_texts(charset: str, texts: tuple[str, ...]) -> None:
    """Letters of a Western alphabet in its order are themselves; words of other scripts stay words."""
    for text in texts:
        assert decode_text(text.encode(charset)).text == text


def test_one_accent_in_english() -> None:
    text = (
        "The meeting takes place in the usual room, and a visitor from the café brings cake for all. " * 3
    )
    assert decode_text(text.encode("cp1252")).text == text
    assert decode_text("Café".encode("latin-1")).text == "Café"


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be"])
def test_sixteen_bits(charset: str) -> None:
    """With a mark, as Notepad writes "Unicode", and without one."""
    mark = codecs.BOM_UTF16_LE if charset == "utf-16-le" else codecs.BOM_UTF16_BE
    for language, _, text in UNLABELLED:
        marked = decode_text(mark + text.encode(charset))
        assert (marked.text, marked.guessed) == (text, False), language
        assert decode_text(text.encode(charset)).text == text, language


@pytest.mark.parametrize("charset", ["utf-32-le", "utf-32-be"])
def test_thirty_two_bits_without_a_mark(charset: str) -> None:
    for language, _, text in UNLABELLED:
        found = decode_text(text.encode(charset))
        assert (found.text, found.charset, found.guessed) == (text, charset, True), language
    assert decode_text("à,1\r\n".encode(charset)).text == "à,1\r\n"


@pytest.mark.parametrize(
    ("declared", "written", "text"),
    [
        ("iso-2022-jp", "iso2022_jp", "川沿いを散歩しました"), ("hz-gb-2312", "hz", "今天早上"),
        ("gb2312", "gb18030", "镕基喆"), ("ks_c_5601-1987", "cp949", "똠방각하"), ("ISO-8859-1", "cp1252", "“5 €”"),
        ("x-sjis", "cp932", "①髙橋"), ("\"windows-1251\"", "cp1251", "Отчёт"), ("tis-620", "cp874", "สวัสดี"),
        ("iso-8859-8-i", "iso8859-8", "שלום"), ("big5-hkscs", "big5hkscs", "嘅"), ("koi8-u", "koi8-u", "Київ"),
    ],
)  # fmt: skip
def test_a_declared_charset_is_the_larger_one_that_programs_write(
    declared: str, written: str, text: str
) -> None:
    found = decode_text(text.encode(written), declared)
    assert (found.text, found.guessed) == (text, False)


def test_japanese_of_seven_bits_without_a_word_about_it() -> None:
    found = decode_text("川沿いを散歩しました".encode("iso2022_jp"))
    assert (found.text, found.guessed) == ("川沿いを散歩しました", True)
    assert decode_text(b"\x1b[31mred\x1b[0m").charset == "ascii"


def test_a_broken_byte_does_not_change_the_charset() -> None:
    declared = decode_text("今天早上我们沿着河边散步".encode("gbk") * 20 + b"\xff end", "gbk")
    assert declared.text.endswith("散步\ufffd end")
    assert decode_text("Größe ".encode() * 100 + b"\xff end").text.endswith("Größe \ufffd end")


def test_bytes_behind_a_text_are_left_out() -> None:
    found = decode_text(b"words of a header " * 2000 + bytes(range(256)) * 400)
    assert found.text.startswith("words") and found.skipped > 90_000
    assert len(found.text) < 41_000


@pytest.mark.parametrize(
    "data", [b"\x00\x01\x02\x03" * 50, bytes(range(256)) * 9, b"\x07" * 100, b"\0" * 64]
)
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        decode_text(data)


@pytest.mark.parametrize(
    "name", ["hex", "zlib", "rot13", "idna", "punycode", "utf-7", "undefined", "", "\0", "x" * 99, "é"]
)
def test_what_is_no_charset(name: str) -> None:
    assert known_codec(name) is None


def test_code_pages() -> None:
    """Source: Microsoft's list of code page identifiers."""
    pages = {
        1251: "cp1251", 65001: "utf-8", 936: "gb18030", 950: "big5hkscs", 932: "cp932", 20127: "cp1252",
        28592: "iso8859-2", 50220: "iso2022_jp_2", 20866: "koi8-r", 0: "cp1252", 4_000_000_000: "cp1252",
    }  # fmt: skip
    assert {number: codec_of_code_page(number) for number in pages} == pages


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("Café Müller", "latin-1"), ("Björk", "latin-1"), ("Größe", "latin-1"), ("后会无期", "gbk"),
        ("周杰倫", "big5"), ("宇多田ヒカル", "cp932"), ("소녀시대", "cp949"), ("Земфира", "cp1251"), ("Café", "utf-8"),
        ("Antonín Dvořák", "cp1250"), ("10 °C", "latin-1"),
    ],
)  # fmt: skip
def test_values_of_tags(text: str, charset: str) -> None:
    assert decode_tag(text.encode(charset)) == text


def test_values_of_tags_are_judged_together() -> None:
    """One word alone may be Greek or Russian."""
    texts = [text.encode("cp1253") for text in ("ΑΒΓ", "Ανδρέας", "Σήμερα το πρωί")]
    assert likely_tag_charset(texts) == "cp1253"
