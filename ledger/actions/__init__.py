from ledger.actions.recording import (
    FORMAT,
    MOST_BYTES,
    Built,
    CannotRecord,
    build,
    commitment_to,
    encode_entry,
    forget_secrets,
    note_export,
    record,
    record_many,
    secret_of,
)
from ledger.actions.sealing import Sealed, seal

__all__ = [
    "FORMAT",
    "MOST_BYTES",
    "Built",
    "CannotRecord",
    "Sealed",
    "build",
    "commitment_to",
    "encode_entry",
    "forget_secrets",
    "note_export",
    "record",
    "record_many",
    "seal",
    "secret_of",
]
