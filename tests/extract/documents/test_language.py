"""Languages: declared tags in their usual spelling, and detection that prefers silence to a guess."""

from __future__ import annotations

import pytest

from bindery.extract.documents.language import declared_tag, detect_language

# Article 1 of the Universal Declaration of Human Rights, as published by the United Nations.
ARTICLES = {
    "en": "All human beings are born free and equal in dignity and rights. They are endowed with reason and "
    "conscience and should act towards one another in a spirit of brotherhood.",
    "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen "
    "begabt und sollen einander im Geist der Brüderlichkeit begegnen.",
    "fr": "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison et "
    "de conscience et doivent agir les uns envers les autres dans un esprit de fraternité.",
    "es": "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están de razón "
    "y conciencia, deben comportarse fraternalmente los unos con los otros.",
    "it": "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti. Essi sono dotati di ragione e "
    "di coscienza e devono agire gli uni verso gli altri in spirito di fratellanza.",
    "pt": "Todos os seres humanos nascem livres e iguais em dignidade e em direitos. Dotados de razão e de "
    "consciência, devem agir uns para com os outros em espírito de fraternidade.",
    "nl": "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren. Zij zijn begiftigd met verstand "
    "en geweten, en behoren zich jegens elkander in een geest van broederschap te gedragen.",
    "ru": "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью "
    "и должны поступать в отношении друг друга в духе братства.",
    "ja": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。"
    "人間は、理性と良心とを授けられており、互いに同胞の精神をもって行動しなければならない。",
    "ko": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. "
    "인간은 천부적으로 이성과 양심을 부여받았으며 서로 형제애의 정신으로 행동하여야 한다.",
    "zh-Hans": "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。",
    "zh-Hant": "人人生而自由,在尊嚴和權利上一律平等。他們賦有理性和良心,並應以兄弟關係的精神相對待。",
    "ar": "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. وقد وهبوا عقلا وضميرا وعليهم أن يعامل بعضهم بعضا "
    "بروح الإخاء.",
    "he": "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם. כולם חוננו בתבונה ובמצפון, לפיכך חובה עליהם "
    "לנהוג איש ברעהו ברוח של אחווה.",
}


@pytest.mark.parametrize("language", ARTICLES)
def test_detection(language: str) -> None:
    assert detect_language(ARTICLES[language]) == language


@pytest.mark.parametrize(
    "text",
    ["", "Hello", "12345 67890 !!! ???", "Testing Testing Incremental", "a1 b2 c3 d4 e5", "x" * 30,
     "BgUrgQQAIgWtBgUrgQQAIgWtBgUrgQ"],
)  # fmt: skip
def test_no_language_rather_than_a_guess(text: str) -> None:
    assert detect_language(text) is None


def test_the_main_language_wins() -> None:
    english = (
        "Everyone has the right to life, liberty and security of person. No one shall be held in slavery or servitude. "
        "Everyone has the right to recognition everywhere as a person before the law. Everyone has the right to "
        "freedom of movement and residence within the borders of each State. Everyone has the right to a nationality."
    )
    assert detect_language(f"{ARTICLES['en']} {english} {ARTICLES['fr']}") == "en"


def test_only_the_beginning_is_looked_at() -> None:
    assert detect_language(ARTICLES["de"] * 30 + ARTICLES["ru"] * 3_000) == "de"


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("en", "en"), ("EN-us", "en-US"), ("zh_hans_cn", "zh-Hans-CN"), ("deu", "deu"), (" fr ", "fr"),
        ("en-GB-oxendict", "en-GB-oxendict"), ("English", None), ("e", None), ("", None), (None, None),
        ("en us", None), ("x-klingon", None), ("en-", None),
    ],
)  # fmt: skip
def test_declared_tag(text: str | None, tag: str | None) -> None:
    assert declared_tag(text) == tag
