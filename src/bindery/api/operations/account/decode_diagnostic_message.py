"""DecodeDiagnosticMessage. Source: help page api-ram-2015-05-01-decodediagnosticmessage."""

from __future__ import annotations

import msgspec

from bindery.api.context import Context
from bindery.api.denial import open_diagnosis
from bindery.api.errors import diagnosis_unreadable
from bindery.api.messages.account import (
    DecodeDiagnosticMessageRequest,
    DecodeDiagnosticMessageResponse,
    DecodeDiagnosticMessageResponseBodyDecodedDiagnosticMessage,
)


def decode_diagnostic_message(
    context: Context, request: DecodeDiagnosticMessageRequest
) -> DecodeDiagnosticMessageResponse:
    """What the EncodedDiagnosticMessage of a refusal says: who asked for what, with which condition keys, and the name
    of the policy that denied it. Messages of other servers, and those whose sealing key is gone, are refused."""
    content = open_diagnosis(context.identities, request.encoded_diagnostic_message)
    if content is None:
        raise diagnosis_unreadable()
    decoded = msgspec.json.decode(content, type=DecodeDiagnosticMessageResponseBodyDecodedDiagnosticMessage)
    return DecodeDiagnosticMessageResponse(decoded_diagnostic_message=decoded)
