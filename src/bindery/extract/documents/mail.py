"""Mails and mailboxes, and web pages saved as mails: subject, sender, date, words, and the names of attachments.

Of the same words as text and as HTML the last that has any is read, as RFC 2046 section 5.1.4 wants; attachments are
counted and named, not opened, but for signatures that hold the mail and Outlook's ``winmail.dat``. Source: RFC 5322,
RFC 2045 to 2047, RFC 4155 (mbox), RFC 2557 (MHTML), RFC 8551 (S/MIME).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from bindery.extract.documents.document import Document, Text, read_document
from bindery.extract.documents.html import declared_charset, read_html
from bindery.extract.documents.mail_words import addresses_of_field, shown_address, words_of_field
from bindery.extract.documents.mime import MimePart, MimeReader, uuencoded
from bindery.extract.documents.signed_content import ContentKind, signed_content
from bindery.extract.documents.tnef import add_tnef_body, attachment_names, parse_tnef, read_tnef
from bindery.extract.extraction import ExtractionRequest
from bindery.extract.extractor import Extracted, Unreadable
from bindery.extract.notes import Note
from bindery.extract.reader import RangeReader
from bindery.extract.text.decode import decode_text
from bindery.extract.types.mail_types import MAILBOX, POSTMARK, TNEF, WEB_ARCHIVE
from bindery.extract.types.media_types import HEAD_BYTES, detect_media_type

_MOST_BYTES = 64 * 1024 * 1024
_MOST_MARKUP_BYTES = 1024 * 1024
"""Of all mails of a file; tags take time, and mails are short."""
_MOST_MAILS = 10_000
"""Of a mailbox; the words of as many as fit are kept."""
_BEFORE_MAIL = re.compile(rb"(?:\d{1,10} *\r?\n)?(?:>?From [^\r\n]*\r?\n)?")
_POSTMARK = re.compile(rb"^" + POSTMARK, re.MULTILINE)
_SIGNATURES = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
)
_NOT_SHOWN = frozenset({"text/css", "text/xml", "text/javascript"})
"""Parts of a saved page that are no words of it."""
_OPAQUE = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_ATTACHMENTS_OF_OUTLOOK = frozenset({TNEF, "application/vnd.ms-tnef"})
_MOST_OPAQUE = 4
"""Signatures within each other."""
_FIELDS = {"to": "To", "cc": "Cc", "bcc": "Bcc", "reply-to": "ReplyTo", "sender": "Sender"}
_TEXTS = {
    "subject": "Subject", "message-id": "MessageId", "in-reply-to": "InReplyTo", "keywords": "Keywords",
    "x-mailer": "Software", "user-agent": "Software", "organization": "Company", "list-id": "ListId",
    "snapshot-content-location": "Source", "newsgroups": "Newsgroups", "importance": "Importance",
}  # fmt: skip


def extract_mail(reader: RangeReader, request: ExtractionRequest) -> Extracted:
    """Title (the subject), author (the sender), date, text, and ``Tags`` of who wrote to whom."""
    media = detect_media_type(reader.peek_at(0, HEAD_BYTES), reader.info.key, request.content_type_hint)
    return read_document(
        reader, request, lambda reader, document: read_mail(reader, document, media.content_type)
    )


def read_mail(reader: RangeReader, document: Document, content_type: str) -> None:
    """Fill the document from a mail, a mailbox or a saved page; raises Unreadable when the file is empty."""
    data = reader.peek_at(0, _MOST_BYTES)
    if not data:
        raise Unreadable("ParseFailed", "the file is empty")
    is_whole = len(data) == reader.size
    if content_type == TNEF:
        if not read_tnef(data, document) or not is_whole:
            document.note(Note.COUNT_CUT, "only the first parts of the message are read")
        return
    data = data.removeprefix(codecs.BOM_UTF8)
    mails = list(_mails(data)) if content_type == MAILBOX else []
    mail = _Mail(MimeReader(data), document, page=content_type == WEB_ARCHIVE)
    if len(mails) > 1:
        document.tags.add("MessageCount", str(len(mails)))
        for start, end in mails:
            if document.text.full or mail.reader.cut:
                break
            mail.read(start, end, one_of_many=True)
    else:
        begin = _BEFORE_MAIL.match(data)
        mail.read(begin.end() if begin else 0, len(data))
    is_whole = is_whole and not mail.reader.cut
    if is_whole and len(mails) < 2 and content_type != WEB_ARCHIVE:
        document.tags.add("AttachmentCount", str(mail.attached))
    if not is_whole:
        document.note(Note.COUNT_CUT, "only the first parts of the mail are read")


def read_page_words(data: bytes, text: Text) -> None:
    """Add the words of a page that was saved as a mail."""
    _Mail(MimeReader(data), Document(text=text, zone="+00:00"), page=True).read(0, len(data))


def read_inner_mail(data: bytes, document: Document) -> int:
    """Add the words and attachments of a mail that another one holds; the number of attachments."""
    mail = _Mail(MimeReader(data), document, page=False)
    mail.read(0, len(data), inner=True)
    return mail.attached


def _mails(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the mails of a mailbox begin and end."""
    start: int | None = None
    for number, match in enumerate(_POSTMARK.finditer(data)):
        if start is not None:
            yield start, match.start()
        start = match.end()
        if number >= _MOST_MAILS:
            break
    if start is not None:
        yield start, len(data)


class _Mail:
    """Reads one mail after the other into a document."""

    def __init__(self, reader: MimeReader, document: Document, *, page: bool) -> None:
        self.reader = reader
        self.attached = 0
        self._document = document
        self._page = page
        self._markup_bytes = _MOST_MARKUP_BYTES
        self._opaque_left = _MOST_OPAQUE
        self._has_words = False

    def read(self, start: int, end: int, *, one_of_many: bool = False, inner: bool = False) -> None:
        """The header and what it says, unless it is within another mail, then the words."""
        part = self.reader.part(start, end)
        self._has_words = False
        if one_of_many:
            self._document.text.add(f"\n{words_of_field(part.first('subject'))}\n")
        elif not inner:
            self._tell(part)
        if self._document.wants_text:
            self._walk(part, 0, None)

    def _tell(self, part: MimePart) -> None:
        document, tags = self._document, self._document.tags
        document.title = words_of_field(part.first("subject"))
        senders = addresses_of_field(part.first("from"))
        if senders and not self._page:
            document.author = senders[0][0] or senders[0][1]
            tags.add("From", *(shown_address(*sender) for sender in senders))
        for field, name in _FIELDS.items():
            for value in part.fields.get(field, [])[:8]:
                tags.add(name, *(shown_address(*address) for address in addresses_of_field(value)))
        for field, name in _TEXTS.items():
            tags.add(name, words_of_field(part.first(field)).strip("<>" if name == "MessageId" else ""))
        received = part.fields.get("received", [b""])[-1].rpartition(b";")[2]
        document.add_created("Mail:Date", part.first("date").decode("latin-1"))
        document.add_created("Mail:Received", received.decode("latin-1").strip())
        if not self._page and document.title:
            document.text.add(f"{document.title}\n")

    def _walk(self, part: MimePart, depth: int, within: str | None) -> bool:
        """Read a part with those in it; tells whether it had words."""
        kind = part.kind
        if kind == "multipart/encrypted":
            self._document.note(Note.ENCRYPTED, "the mail is encrypted")
            return False
        if kind in _OPAQUE:
            return self._opaque(part, depth, within)
        if not kind.startswith("multipart/"):
            return self._leaf(part, within)
        children = list(self.reader.children(part, depth))
        if kind == "multipart/alternative":
            # What is best stands last; the others are walked too, for attachments may be anywhere.
            read = False
            for child in reversed(children):
                read |= self._walk(child, depth + 1, "unread" if read else kind)
            return read
        within = "unread" if within == "unread" else kind
        read = False
        for child in children:
            read |= self._walk(child, depth + 1, within)
        return read

    def _opaque(self, part: MimePart, depth: int, within: str | None) -> bool:
        """A mail within its signature, or one that is encrypted."""
        kind, content = signed_content(self.reader.body(part, _MOST_BYTES), _MOST_BYTES)
        if kind is ContentKind.ENCRYPTED or part.head.get_param("smime-type") == "enveloped-data":
            self._document.note(Note.ENCRYPTED, "the mail is encrypted")
        elif kind is not ContentKind.READ or self._opaque_left <= 0:
            self._document.note(Note.PART_SKIPPED, "a signed part was not read")
        else:
            outer, self.reader = self.reader, MimeReader(content)
            self._opaque_left -= 1
            try:
                return self._walk(self.reader.part(0, len(content)), depth + 1, within)
            finally:
                outer.cut |= self.reader.cut
                self.reader = outer
        return False

    def _outlook(self, part: MimePart, within: str | None) -> None:
        """The attachments in a ``winmail.dat``, and its words where the mail has none of its own."""
        try:
            found = parse_tnef(self.reader.body(part, _MOST_BYTES))
        except Unreadable:
            self._attach(part, within)
            return
        names = attachment_names(found)
        self.attached += len(names)
        self._document.tags.add("Attachment", *names)
        self._document.tags.add("Keywords", *found.message.keywords)
        self.reader.cut |= found.cut
        if not self._has_words and within != "unread":
            self._has_words = True
            add_tnef_body(found, self._document.text, self._document.zone)

    def _leaf(self, part: MimePart, within: str | None) -> bool:
        if part.kind in _ATTACHMENTS_OF_OUTLOOK or (part.name or "").lower() == "winmail.dat":
            self._outlook(part, within)
            return False
        if part.is_attached:
            self._attach(part, within)
            return False
        if within == "unread":
            return False
        if self._page and part.kind in _NOT_SHOWN:
            return False
        try:
            return self._add_words(part)
        except Unreadable as error:
            self._document.note(Note.PART_SKIPPED, f"a part was not read: {error.message}")
            return False

    def _attach(self, part: MimePart, within: str | None) -> None:
        """Pictures that a mail shows within its text, and signatures, are no attachments."""
        shown = within == "multipart/related" and part.head.get_content_disposition() != "attachment"
        if self._page or part.kind in _SIGNATURES or (shown and part.first("content-id")):
            return
        self.attached += 1
        self._document.tags.add("Attachment", part.name or "")

    def _add_words(self, part: MimePart) -> bool:
        data = self.reader.body(part)
        if not data.strip() or self._document.text.full:
            return False
        charset = part.head.get_content_charset()
        words = Text(self._document.text.left)
        if part.kind == "text/html":
            head = read_html(self._markup(data, charset), words)
            if self._page:
                self._document.title = self._document.title or head.title
        else:
            data, names = uuencoded(data)
            self.attached += len(names)
            self._document.tags.add("Attachment", *names)
            words.add(decode_text(data, charset).text if data.strip() else "")
        text = str(words)
        self._has_words |= bool(text)
        self._document.text.add(f"{text}\n" if text else "")
        return bool(text)

    def _markup(self, data: bytes, charset: str | None) -> str:
        kept = data if self._page else data[: self._markup_bytes]
        self._markup_bytes -= len(kept)
        if len(kept) < len(data):
            self._document.note(Note.TEXT_CUT, f"only {_MOST_MARKUP_BYTES} bytes of HTML are searched")
        return decode_text(kept, charset or declared_charset(kept)).text if kept else ""
