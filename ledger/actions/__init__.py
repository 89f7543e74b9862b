from ledger.actions.erasing import CannotErase, erase_about, erase_text
from ledger.actions.pruning import announce_pruning, delete_pruned
from ledger.actions.publishing import keep_cosignature, note_copy
from ledger.actions.recording import (
    FORMAT,
    MOST_BYTES,
    Built,
    CannotRecord,
    OpeningRow,
    build,
    commitment_to,
    encode_entry,
    forget_secrets,
    note_export,
    record,
    record_many,
    secret_of,
)
from ledger.actions.rotating import CannotRotate, rotate_key
from ledger.actions.sealing import Sealed, seal, sign
from ledger.actions.verifying import note_verification

__all__ = [
    "FORMAT",
    "MOST_BYTES",
    "Built",
    "CannotErase",
    "CannotRecord",
    "CannotRotate",
    "OpeningRow",
    "Sealed",
    "announce_pruning",
    "build",
    "commitment_to",
    "delete_pruned",
    "encode_entry",
    "erase_about",
    "erase_text",
    "forget_secrets",
    "keep_cosignature",
    "note_copy",
    "note_export",
    "note_verification",
    "record",
    "record_many",
    "rotate_key",
    "seal",
    "secret_of",
    "sign",
]
