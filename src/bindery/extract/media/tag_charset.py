"""In which charset the tags of a file are whose format does not tell, or tells wrongly.

ID3v1, RIFF INFO and ID3v2 frames "in ISO-8859-1" hold whatever the system of the writer used. All such texts of a
file are judged together: each charset that can decode them is scored by how usual the characters are that come
out, and the format's own charset stays unless another fits clearly better.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence

_HANZI = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里"
    "用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只从想实日"
    "军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相"
    "见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名"
    "真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市"
    "直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路"
    "记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运笔爱情歌曲李刘陈周黄"
    "林杰伦风雨雪花夜梦星云红青春秋冬夏恋吻泪伤忘永远孤单幸福快乐音故乡唱友谢娜邓丽君後會無期愛戀專輯國語電"
    "這個們來為時說對過發學麼沒動還進開從實無與長機關業將兩間問應戰頭體見產話內給東聲員論處義條係氣題爾別變"
    "總數報結務場許統區隊書聽達強難權設記類據邊張該規萬覺術領確傳師觀識帶導爭運劉陳黃風雲紅戀夢淚傷遠單樂"
)
_SYLLABLES = frozenset(
    "이다는의가에고을한사지로기하은를자도어인아리나라서그시대해일수있들게정것보만구부여주장전과스으상비오제"
    "동조공소적성면원위신용무선경우생실개당문연심강유물모간분재국세학말치년안영번음교김박최노래사랑마트너"
    "내없때까했었던같와니까운저요네계진관통화방후중반민식발거결단방회체작행명산님봄날밤별달빛꿈눈물비바람"
    "길집손몸곳더또못왜잘참꼭다시처럼에게엔데든듯듣열양럽며미법북불태러레르려력련"
)
_KANA = re.compile("[\u3041-\u30fe]")
_RUSSIAN = re.compile("[\u0410-\u044f\u0401\u0451\u0404\u0406\u0407\u0454\u0456\u0457\u0490\u0491]")
_WORD = re.compile(r"[^\W\d_]+")
_CLEARLY = 0.25
_LEAST = 0.55
"""The least score of a charset that is not the format's own."""
_MOST_BYTES = 4 * 1024
_MOST_TEXTS = 64


def likely_charset(texts: Sequence[bytes], own: str) -> str:
    """The charset of some texts that are not UTF-8, ``own`` being that of their format."""
    judged = [text[:_MOST_BYTES] for text in texts if not text.isascii()][:_MOST_TEXTS]
    best, most = own, _latin(b"\n".join(judged)) + _CLEARLY
    for charset, score in _SCORES:
        try:
            found = score("\n".join(_whole(text, charset) for text in judged))
        except UnicodeDecodeError:
            continue
        if found > most and found >= _LEAST:
            best, most = charset, found
    return best


def decoded(data: bytes, charset: str) -> str:
    """Text in UTF-8 where that is what it is, else in a charset; what that lacks becomes Latin-1."""
    if data.isascii():
        return data.decode("ascii")
    try:
        return _whole(data, "utf-8" if is_utf8(data) else charset)
    except UnicodeDecodeError:
        return "".join(map(_character, data))


def is_utf8(data: bytes) -> bool:
    """Whether bytes are text in UTF-8, of which the last character may be cut."""
    try:
        return data.isascii() or not _whole(data, "utf-8").isascii()
    except UnicodeDecodeError:
        return False


def _whole(data: bytes, charset: str) -> str:
    """Strictly decoded, but for a character that is cut at the end, as fields of 30 bytes do it."""
    return codecs.getincrementaldecoder(charset)().decode(data, final=False)


def _character(byte: int) -> str:
    try:
        return bytes((byte,)).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else -1.0


def _latin(data: bytes) -> float:
    """Accented letters stand alone between others as a rule, and small letters by twos at most."""
    scores: list[float] = []
    for run in re.findall(rb"[\x80-\xff]+", data):
        letters = all(byte >= 0xC0 and byte not in (0xD7, 0xF7) for byte in run)
        punctuation = all(
            byte in b"\x85\x91\x92\x93\x94\x96\x97\xa0\xa1\xa9\xab\xae\xb0\xb4\xb7\xbb\xbf" for byte in run
        )
        if len(run) == 1:
            scores.append(
                1.0
                if letters or punctuation or run in (b"\x9a", b"\x9c", b"\x9e", b"\x8a", b"\x8e")
                else 0.0
            )
        elif len(run) == 2 and letters and (min(run) >= 0xDF):
            scores += [0.5] * 2
        else:
            scores += [-1.0] * len(run)
    return _mean(scores)


def _chinese(charset: str, usual: range, rare: range) -> Callable[[str], float]:
    def score(text: str) -> float:
        scores: list[float] = []
        for character in text:
            if character.isascii():
                continue
            lead = character.encode(charset)[0]
            if character in _HANZI:
                scores.append(1.2)
            elif lead in usual:
                scores.append(0.9)
            else:
                scores.append(
                    0.3 if lead in rare or 0xA1 <= lead <= 0xA3 or _KANA.match(character) else -1.0
                )
        return _mean(scores)

    return score


def _korean(text: str) -> float:
    return _mean(
        [
            1.2
            if character in _SYLLABLES
            else 0.5
            if 0xB0 <= character.encode("cp949")[0] <= 0xC8
            else -0.5
            for character in text
            if not character.isascii()
        ]
    )


def _japanese(charset: str, usual: range) -> Callable[[str], float]:
    def score(text: str) -> float:
        scores: list[float] = []
        for character in text:
            if character.isascii():
                continue
            lead = character.encode(charset)[0]
            if _KANA.match(character):
                scores.append(1.3)
            elif "\uff61" <= character <= "\uff9f":
                scores.append(-0.3)
            else:
                scores.append(
                    0.9 if lead in usual else 0.3 if character > "\u2e80" and character < "\ue000" else -0.5
                )
        return _mean(scores)

    return score


def _russian(text: str) -> float:
    """Words of Cyrillic letters only, with capitals at their start or throughout."""
    scores: list[float] = [
        -1.0 for character in text if not character.isascii() and not character.isalpha()
    ]
    for word in _WORD.findall(text):
        if word.isascii():
            continue
        plain = all(map(_RUSSIAN.match, word))
        cased = word.islower() or word.isupper() or (word[0].isupper() and word[1:].islower())
        scores += [
            1.0 if plain and cased and len(word) > 1 else 0.3 if plain and len(word) == 1 else -1.0
        ] * len(word)
    return _mean(scores)


_SCORES: tuple[tuple[str, Callable[[str], float]], ...] = (
    ("gb18030", _chinese("gb18030", range(0xB0, 0xD8), range(0xD8, 0xF8))),
    ("big5", _chinese("big5", range(0xA4, 0xC7), range(0xC9, 0xFA))),
    ("cp932", _japanese("cp932", range(0x88, 0x98))),
    ("euc_jp", _japanese("euc_jp", range(0xB0, 0xD0))),
    ("cp949", _korean),
    ("cp1251", _russian),
    ("koi8_r", _russian),
)
