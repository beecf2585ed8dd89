"""Which charset a text is in that says nothing of it, by how usual its letters are in the languages of each.

Windows-1252 is what unlabelled text is as a rule (WHATWG Encoding Standard, 4.2), so others have to be clearly
likelier. The measure is bits: how many it takes to tell the text beyond ASCII in a language of the charset.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from bindery.extract.text.ideographs import IDEOGRAPHIC, ideographic_bits
from bindery.extract.text.letter_pairs import MARKS, bits_of, letter_pairs

_WESTERN = (
    "fr",
    "es",
    "pt",
    "it",
    "de",
    "nl",
    "da",
    "nb",
    "sv",
    "fi",
    "ca",
    "is",
    "en",
    "ga",
    "eu",
    "gl",
    "af",
)
_CENTRAL = ("pl", "cs", "sk", "hu", "ro", "hr", "sl", "sq", "de")
_CYRILLIC = ("ru", "uk", "bg", "sr", "mk", "be")


class _Charset(msgspec.Struct, frozen=True):
    codec: str
    languages: tuple[str, ...]
    prior: float
    """Bits that it has to be better than windows-1252."""


_CHARSETS = (
    _Charset("cp1252", _WESTERN, 0),
    _Charset("cp1250", _CENTRAL, 20),
    _Charset("iso8859-2", _CENTRAL, 21),
    _Charset("iso8859-16", ("ro",), 22),
    _Charset("cp1251", _CYRILLIC, 4),
    _Charset("koi8-r", ("ru", "bg"), 6),
    _Charset("koi8-u", ("uk", "be"), 8),
    _Charset("cp866", ("ru", "uk", "be", "bg"), 8),
    _Charset("iso8859-5", _CYRILLIC, 18),
    _Charset("mac_cyrillic", _CYRILLIC, 12),
    _Charset("cp1253", ("el",), 4),
    _Charset("iso8859-7", ("el",), 12),
    _Charset("cp1255", ("he",), 4),
    _Charset("cp1256", ("ar", "fa"), 4),
    _Charset("iso8859-6", ("ar",), 6),
    _Charset("cp874", ("th",), 4),
    _Charset("cp1254", ("tr",), 8),
    _Charset("cp1257", ("lt", "lv", "et"), 6),
    _Charset("cp1258", ("vi",), 6),
    _Charset("cp850", _WESTERN, 22),
    _Charset("cp852", _CENTRAL, 16),
    _Charset("mac_roman", _WESTERN, 22),
)
_USUAL = "cp1252"
_SAMPLE_BYTES = 16 * 1024
_MOST_WORDS = 400
_RARE_SAMPLE_BYTES = 2 * 1024
_ODD_SHARE = 0.4
_ODD_LEAST = 4
_OTHERS = re.compile(rb"[\x80-\xff]")
_WORD = re.compile(rb"[A-Za-z'\x80-\xff]*[\x80-\xff][A-Za-z'\x80-\xff]*")
_PLAIN_WORD = re.compile(rb"(?<![\x80-\xff])[A-Za-z]{2,}(?![\x80-\xff])")
_PLAIN_LETTER = re.compile(rb"[A-Za-z]")
_PLAIN_SHARE = 1.0
"""How much the letters of ASCII weigh in all, beside the others: they tell the language."""
_MARK_BITS = 7.0
"""Of a mark that texts have, such as a quotation mark."""
_ODD_BITS = 24.0
"""Of what texts do not have, or not within a word."""
_INNER_BITS = 48.0
"""The same between two letters, each of which is one that follows a gap in the pairs."""
_HALF_BITS = 60.0
"""Of a character that the end of the text cuts."""
_CAPITAL_BITS = 8.0
"""Of a capital letter within a word of small ones."""
_FEW = 8
_ALPHABETS = ("äöüß", "åäö", "æøå", "áéíóúüñç", "àèìòù", "éèêë", "àâçéèêëîïôùûœ", "ãõç", "çñ")
_USUAL_MARKS = frozenset("“”‘’‚„‹›«»´¨¸–—…·•§©®™°ªºµ¿¡€£¥¢×±½¼¾²³№\u00a0\u00ad،؛؟ـ΄฿")
_APART = frozenset("„“”«»…²³£¥¢±½¼¾×§€•¿¡№©®™°")
"""No mark that has letters on both sides."""


def likely_charset(data: bytes) -> str | None:
    """The codec of some text; None when it can be in none that is known."""
    sample = data[:_SAMPLE_BYTES]
    if _lists_western_letters(sample):
        return _USUAL
    scores = dict(_scores(sample, cut_off=len(data) > len(sample)))
    best = min(scores, key=lambda codec: scores[codec]) if scores else None
    if best not in IDEOGRAPHIC and _is_odd(sample, best or _USUAL):
        best = _rare_charset(sample) or best
    same = best is not None and _USUAL in scores and _decoded(sample, best) == _decoded(sample, _USUAL)
    return _USUAL if same else best


def _lists_western_letters(sample: bytes) -> bool:
    """Whether all of a text is a few letters of a Western alphabet, in its order, such as ``ÄÖÜ``: in other charsets
    they would be a word, and nothing beside them tells.
    """
    others = _OTHERS.findall(sample)
    if not 0 < len(others) <= _FEW or _PLAIN_LETTER.search(sample):
        return False
    letters = b"".join(others).decode("cp1252", "replace")
    if len(letters) == 1:
        return letters.isalpha()
    small = "".join(letter for letter in letters if letter.islower())
    large = "".join(letter for letter in letters if not letter.islower()).lower()
    return any(_has_in_order(alphabet, small) and _has_in_order(alphabet, large) for alphabet in _ALPHABETS)


def _has_in_order(alphabet: str, letters: str) -> bool:
    rest = iter(alphabet)
    return all(letter in rest for letter in letters)


def _is_odd(sample: bytes, codec: str) -> bool:
    """Whether much of a text beyond ASCII is neither letters nor usual marks."""
    others = [character for character in sample.decode(codec, "replace") if not character.isascii()]
    odd = sum(
        not (character.isalpha() or character in MARKS or character in _USUAL_MARKS) for character in others
    )
    return odd > max(_ODD_SHARE * len(others), _ODD_LEAST)


def _rare_charset(sample: bytes) -> str | None:
    """One of the many that are not in the table, such as those of box drawings."""
    from charset_normalizer import from_bytes  # noqa: PLC0415  (for hardly any file)

    found = from_bytes(sample[:_RARE_SAMPLE_BYTES]).best()
    return found.encoding if found is not None else None


def _scores(sample: bytes, *, cut_off: bool = False) -> Iterator[tuple[str, float]]:
    words = b"\n".join(
        match[0] for match, _ in zip(_WORD.finditer(sample), range(_MOST_WORDS), strict=False)
    )
    plain = _plain_bits(sample, len(_OTHERS.findall(words)))
    for codec in IDEOGRAPHIC:
        text = _decoded(sample, codec)
        if text is not None:
            half = 0.0 if cut_off or _whole(sample, codec) else _HALF_BITS
            yield codec, ideographic_bits(text, codec) + min(plain.values()) + half
    for charset in _CHARSETS:
        text = _decoded(words, charset.codec)
        if text is not None:
            text = unicodedata.normalize("NFC", text)
            pairs = letter_pairs(text)
            best = min(bits_of(pairs, language) + plain[language] for language in charset.languages)
            yield charset.codec, best + _mark_bits(text) + charset.prior


def _whole(data: bytes, codec: str) -> bool:
    try:
        return bool(data.decode(codec))
    except UnicodeDecodeError:
        return False


def _decoded(data: bytes, codec: str) -> str | None:
    """Not final: the data may end within a character."""
    try:
        return codecs.getincrementaldecoder(codec)().decode(data)
    except UnicodeDecodeError:
        return None


@lru_cache(maxsize=1)
def _all_languages() -> tuple[str, ...]:
    return tuple({language: None for charset in _CHARSETS for language in charset.languages})


def _plain_bits(sample: bytes, others: int) -> dict[str, float]:
    """For each language the bits of the words in ASCII, which weigh no more in all than the other letters."""
    words = b" ".join(
        match[0] for match, _ in zip(_PLAIN_WORD.finditer(sample), range(_MOST_WORDS), strict=False)
    )
    pairs = letter_pairs(words.decode("ascii"))
    weight = min(1.0, _PLAIN_SHARE * (others + 8) / max(len(words), 1))
    return {language: weight * bits_of(pairs, language) for language in _all_languages()}


def _is_apart(character: str, around: str) -> bool:
    """Catalan has a dot between two letters, and no other."""
    return character in _APART or (character == "·" and around.lower() != "ll")


def _mark_bits(text: str) -> float:
    """What is no letter, and capitals in the middle of words."""
    bits = 0.0
    before = "\n"
    for at, character in enumerate(text):
        if not character.isascii():
            after = text[at + 1] if at + 1 < len(text) else "\n"
            if character in MARKS or (character.isalpha() and character not in "ªºµ"):
                bits += _CAPITAL_BITS * (character.isupper() and before.islower())
            elif before.isalpha() and after.isalpha() and _is_apart(character, before + after):
                bits += _INNER_BITS
            elif character not in _USUAL_MARKS:
                bits += _INNER_BITS if before.isalpha() and after.isalpha() else _ODD_BITS
            else:
                bits += _MARK_BITS
        elif character.isupper() and before.islower() and not before.isascii():
            bits += _CAPITAL_BITS
        before = character
    return bits
