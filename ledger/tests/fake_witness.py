"""A small witness, C2SP tlog-witness: it checks what it signs, and remembers before it answers."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ledger import note, tree
from ledger.keys import Key, verify_ed25519

TIME = 1_763_629_200


class FakeWitness:
    """What it has seen lies in `file`. `broken` makes it answer otherwise than it should."""

    def __init__(self, file: Path, log_vkeys: list[str]) -> None:
        self.file = file
        self.logs = [note.Verifier.parse(vkey) for vkey in log_vkeys]
        self.key = Key.new("witness.example.com/w")
        self.verifier = note.Verifier(self.key.name, note.COSIGNATURE, self.key.public)
        self.requests: list[str] = []
        self.answers: list[int] = []
        self.broken = ""
        self.address = ""

    def seen(self) -> tuple[int, bytes]:
        if not self.file.exists():
            return 0, tree.EMPTY_ROOT
        size, root = json.loads(self.file.read_text())
        return size, bytes.fromhex(root)

    def answer(self, body: str) -> tuple[int, str]:
        head, _, checkpoint = body.partition("\n\n")
        first, *lines = head.split("\n")
        old = int(first.removeprefix("old "))
        parsed = note.parse_note(checkpoint)
        try:
            note.check_note(parsed, self.logs, verify_ed25519)
        except note.WrongNote:
            return 403, "unknown key\n"
        _, size, root = note.parse_checkpoint(parsed.text)
        if old > size:
            return 400, "the old size is larger\n"
        seen, seen_root = self.seen()
        if old != seen or (old == size and root != seen_root):
            return 409, f"{seen}\n"
        try:
            proof = [base64.b64decode(line, validate=True) for line in lines]
            if seen:
                tree.check_consistency(seen, size, seen_root, root, proof)
            elif proof:
                return 422, "a proof from nothing\n"
        except tree.WrongProof:
            return 422, "not consistent\n"
        self.file.write_text(json.dumps([size, root.hex()]))
        return 200, self.cosign(parsed.text)

    def cosign(self, text: str) -> str:
        key = Key.new(self.key.name) if self.broken == "other key" else self.key
        told = text.replace("\n", " \n", 1) if self.broken == "other text" else text
        signature = key.sign(note.cosignature_message(TIME, told))
        line = note.sign(
            text,
            name=self.key.name,
            key_id=self.verifier.key_id,
            signature=note.cosignature(TIME, signature),
        )
        return "hello\n" if self.broken == "no line" else line


@contextmanager
def running(witness: FakeWitness) -> Iterator[FakeWitness]:
    """Let it answer on a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            witness.requests.append(self.path)
            if witness.broken == "redirect":
                status, text = 307, ""
            elif self.path != "/log/add-checkpoint":
                status, text = 404, ""
            else:
                status, text = witness.answer(body)
            witness.answers.append(status)
            self.send_response(status)
            self.send_header("Location", f"{witness.address}/elsewhere")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    witness.address = f"http://127.0.0.1:{server.server_port}/log"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield witness
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
