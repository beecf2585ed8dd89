"""What ValidatePolicy says of a document, in the language of its reader.

The API speaks English. Each of its sentences is a text of the group ``policy``; what stands in the braces of the
English one is put into the braces of the other, and what was expected is translated in turn.
"""

from __future__ import annotations

import re
from functools import cache

from bindery.web.texts import DEFAULT, load_texts

_BRACE = re.compile(r"\\\{([a-z]+)\\\}")
_QUOTED = r'".*?"(?!")'
_FORMS = {
    "quoted": _QUOTED,
    "second": _QUOTED,
    "third": _QUOTED,
    "name": r"\w+",
    "other": r"\w+",
    "word": r"[\w:]+",
    "names": r"[\w, ]+",
    "number": r"\d+",
    "most": r"[\d,]+",
    "length": r"[\d,]+",
}
"""Of what stands in braces; anything, where none is named here."""
_INNER = frozenset(("expected", "instead", "sentence", "form"))
_DEEPEST = 4


def translate_finding(message: str, language: str) -> str:
    """A Message of ValidatePolicy; as it is when it is not known, or is English."""
    if language == DEFAULT:
        return message
    told = _translate(message.removesuffix("."), language, _DEEPEST)
    return message if told is None else f"{told.strip()}。"


def _translate(text: str, language: str, depth: int) -> str | None:
    texts = load_texts(language).group("policy")
    for key, pattern in _patterns():
        match = pattern.fullmatch(text)
        if match is None or not depth:
            continue
        values = match.groupdict()
        for name in _INNER & values.keys():
            inner = _translate(values[name], language, depth - 1)
            if inner is None and name != "instead":
                break
            # What stands there instead is often a piece of the document itself.
            values[name] = f" {values[name]}" if inner is None else inner
        else:
            return texts[key].format(**values)
    return None


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """In the order of the catalogue: what is particular stands before what is general."""
    english = load_texts(DEFAULT).group("policy")
    return tuple((key, re.compile(_pattern(text), re.DOTALL)) for key, text in english.items())


def _pattern(text: str) -> str:
    return _BRACE.sub(lambda found: f"(?P<{found[1]}>{_FORMS.get(found[1], '.+?')})", re.escape(text))
