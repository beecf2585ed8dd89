"""How mails are known: by the first lines of their header, for any text may follow.

Source: RFC 5322 section 3.6 (fields), RFC 4155 (mbox), RFC 2557 (web pages in mail form); MS-OXTNEF 2.1.3 (sign).
"""

from __future__ import annotations

import re

from bindery.extract.types.document_types import TEXTS_BY_EXTENSION

MAIL, MAILBOX, WEB_ARCHIVE = "message/rfc822", "application/mbox", "multipart/related"
MAILS_BY_EXTENSION = {
    "eml": MAIL, "emlx": MAIL, "mbox": MAILBOX, "mht": WEB_ARCHIVE, "mhtml": WEB_ARCHIVE,
}  # fmt: skip
TNEF = "application/ms-tnef"
TNEF_SIGN = b"\x78\x9f\x3e\x22"
"""Of ``winmail.dat``, in which Outlook sends what other programs cannot show."""

_START = re.compile(rb"(?:\xef\xbb\xbf)?(?:\d{1,10} *\r?\n)?(?=(>?From |[!-9;-~]{2,64}[ \t]?:))")
"""A mark, then the length that Apple's Mail puts before a mail, then a line of a mailbox or a field."""
POSTMARK = rb">?From (?:[^\r\n]{1,200} \d\d:\d\d[^\r\n]{0,40}|- ?)\r?\n(?=>?[!-9;-~]{2,64}[ \t]?:|>?From )"
"""The line before each mail of a mailbox: a sender and a date, or no more than a dash; then comes a field."""
_POSTMARK = re.compile(POSTMARK)
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_TELLING = frozenset(
    {
        b"received", b"return-path", b"delivered-to", b"message-id", b"mime-version", b"from", b"x-mailer",
        b"dkim-signature", b"x-received", b"authentication-results", b"x-original-to", b"envelope-to",
    }
)  # fmt: skip
_USUAL = _TELLING | {
    b"to", b"cc", b"subject", b"date", b"reply-to", b"sender", b"content-type", b"in-reply-to", b"references",
    b"x-priority", b"newsgroups", b"content-transfer-encoding", b"list-id", b"resent-from", b"thread-topic",
}  # fmt: skip
_LEAST_FIELDS = 3
_SURE = frozenset({b"received", b"return-path", b"message-id", b"mime-version"})
"""One less is enough with these, which nobody writes by hand."""
_OTHER_TEXTS = frozenset(TEXTS_BY_EXTENSION.values()) - {"text/plain"}
"""Source code and the like may begin with what looks like fields."""
_ARCHIVES_SAVED_BY = re.compile(
    rb"^(?:From: *<?Saved by |Snapshot-Content-Location:|X-MimeOLE:[^\r\n]*MimeOLE.*^Content-Location:)",
    re.MULTILINE | re.IGNORECASE,
)


def mail_type(head: bytes, named: str | None) -> str | None:
    """The type of a mail, a mailbox or a web page saved as one; None for any other file.

    ``named`` is the type its name stands for; less is asked of a file that is named as a mail.
    """
    start = _START.match(head)
    if start is None or named in _OTHER_TEXTS:
        return None
    if start[1].endswith(b"From "):
        return MAILBOX if _POSTMARK.match(head, start.end()) else None
    fields = _fields(head[start.end() :])
    known = fields & _USUAL
    is_named = named in MAILS_BY_EXTENSION.values()
    least = 1 if is_named else _LEAST_FIELDS - bool(known & _SURE)
    if not known & _TELLING or len(known) < least:
        return None
    if named == WEB_ARCHIVE or _ARCHIVES_SAVED_BY.search(head):
        return WEB_ARCHIVE
    return MAIL


def _fields(head: bytes) -> frozenset[bytes]:
    """The names of the header's fields in small letters; none when other lines stand between them."""
    header, ended, _ = head.replace(b"\r\n", b"\n").partition(b"\n\n")
    lines = header.split(b"\n")
    names = []
    for line in lines if ended else lines[:-1]:
        field = _FIELD.match(line)
        if field is not None:
            names.append(field[1].lower())
        elif not line.startswith((b" ", b"\t")):
            return frozenset()
    return frozenset(names)
