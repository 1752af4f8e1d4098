"""What the codec raises.

FidlError                   a message, or a value to be encoded, breaks a rule: `code` says which
├── TransactionError        the header does: the connection is to be closed
└── UnsuitableValueError    a Python value does not fit its type (range, kind): a caller's mistake
DeclarationError            a type or protocol is declared in a way that FIDL does not have
DomainError                 a method answered with the error of its declaration
UnknownMethodError          a flexible method is not known to the other side
EpitaphError                the server closed the connection and said why
"""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """Names of the errors, as the FIDL conformance suite has them; the last ones are our own."""

    TOO_FEW_BYTES_IN_PRIMARY_OBJECT = "TOO_FEW_BYTES_IN_PRIMARY_OBJECT"
    TOO_FEW_BYTES = "TOO_FEW_BYTES"
    TOO_MANY_BYTES_IN_MESSAGE = "TOO_MANY_BYTES_IN_MESSAGE"
    TOO_FEW_HANDLES = "TOO_FEW_HANDLES"
    TOO_MANY_HANDLES_IN_MESSAGE = "TOO_MANY_HANDLES_IN_MESSAGE"
    EXCEEDED_MAX_OUT_OF_LINE_DEPTH = "EXCEEDED_MAX_OUT_OF_LINE_DEPTH"
    INVALID_PADDING_BYTE = "INVALID_PADDING_BYTE"
    INVALID_EMPTY_STRUCT = "INVALID_EMPTY_STRUCT"
    INVALID_BOOLEAN = "INVALID_BOOLEAN"
    STRICT_ENUM_UNKNOWN_VALUE = "STRICT_ENUM_UNKNOWN_VALUE"
    STRICT_BITS_UNKNOWN_BIT = "STRICT_BITS_UNKNOWN_BIT"
    INVALID_PRESENCE_INDICATOR = "INVALID_PRESENCE_INDICATOR"
    INVALID_HANDLE_PRESENCE_INDICATOR = "INVALID_HANDLE_PRESENCE_INDICATOR"
    NON_NULLABLE_TYPE_WITH_NULL_VALUE = "NON_NULLABLE_TYPE_WITH_NULL_VALUE"
    NON_EMPTY_STRING_WITH_NULL_BODY = "NON_EMPTY_STRING_WITH_NULL_BODY"
    NON_EMPTY_VECTOR_WITH_NULL_BODY = "NON_EMPTY_VECTOR_WITH_NULL_BODY"
    STRING_COUNT_EXCEEDS_32_BIT_LIMIT = "STRING_COUNT_EXCEEDS_32_BIT_LIMIT"
    VECTOR_COUNT_EXCEEDS_32_BIT_LIMIT = "VECTOR_COUNT_EXCEEDS_32_BIT_LIMIT"
    TABLE_COUNT_EXCEEDS_32_BIT_LIMIT = "TABLE_COUNT_EXCEEDS_32_BIT_LIMIT"
    STRING_TOO_LONG = "STRING_TOO_LONG"
    COUNT_EXCEEDS_LIMIT = "COUNT_EXCEEDS_LIMIT"
    STRING_NOT_UTF8 = "STRING_NOT_UTF8"
    INCORRECT_HANDLE_TYPE = "INCORRECT_HANDLE_TYPE"
    MISSING_REQUIRED_HANDLE_RIGHTS = "MISSING_REQUIRED_HANDLE_RIGHTS"
    INVALID_INLINE_MARKER_IN_ENVELOPE = "INVALID_INLINE_MARKER_IN_ENVELOPE"
    INVALID_INLINE_BIT_IN_ENVELOPE = "INVALID_INLINE_BIT_IN_ENVELOPE"
    INVALID_NUM_BYTES_IN_ENVELOPE = "INVALID_NUM_BYTES_IN_ENVELOPE"
    INVALID_NUM_HANDLES_IN_ENVELOPE = "INVALID_NUM_HANDLES_IN_ENVELOPE"
    ENVELOPE_BYTES_EXCEED_MESSAGE_LENGTH = "ENVELOPE_BYTES_EXCEED_MESSAGE_LENGTH"
    ENVELOPE_HANDLES_EXCEED_MESSAGE_LENGTH = "ENVELOPE_HANDLES_EXCEED_MESSAGE_LENGTH"
    UNION_FIELD_NOT_SET = "UNION_FIELD_NOT_SET"
    STRICT_UNION_UNKNOWN_FIELD = "STRICT_UNION_UNKNOWN_FIELD"
    FLEXIBLE_UNION_UNKNOWN_FIELD = "FLEXIBLE_UNION_UNKNOWN_FIELD"
    NON_RESOURCE_UNKNOWN_HANDLES = "NON_RESOURCE_UNKNOWN_HANDLES"

    # The suite has no case, hence no name, for these.
    TABLE_LAST_ENVELOPE_ABSENT = "TABLE_LAST_ENVELOPE_ABSENT"
    UNSUITABLE_VALUE = "UNSUITABLE_VALUE"
    INVALID_HEADER = "INVALID_HEADER"
    UNSUPPORTED_WIRE_FORMAT = "UNSUPPORTED_WIRE_FORMAT"
    INVALID_TXID = "INVALID_TXID"
    UNEXPECTED_ORDINAL = "UNEXPECTED_ORDINAL"
    MESSAGE_TOO_LARGE = "MESSAGE_TOO_LARGE"


class FidlError(Exception):
    """A message, or a value to be encoded, breaks the rule that *code* names."""

    def __init__(self, code: Code, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        #: Where and what, for people; may be empty.
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}" if self.detail else str(self.code)


class TransactionError(FidlError):
    """A message that may not be sent on this connection: whoever receives it closes."""


class UnsuitableValueError(FidlError):
    """A Python value that its type cannot hold: out of range, or of another kind."""

    def __init__(self, detail: str) -> None:
        super().__init__(Code.UNSUITABLE_VALUE, detail)


class DeclarationError(Exception):
    """A declaration that FIDL does not have; the text names the type and what is wrong."""


class DomainError(Exception):
    """A method answered with the error that its declaration gives it."""

    def __init__(self, method: str, error: int) -> None:
        super().__init__(method, error)
        self.method = method
        #: The decoded error, e.g. a zx_status_t.
        self.error = error

    def __str__(self) -> str:
        return f"{self.method} failed: {self.error}"


class UnknownMethodError(Exception):
    """The other side does not know a flexible method."""


class EpitaphError(Exception):
    """The server closed the connection and gave *status*, a zx_status_t."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status
