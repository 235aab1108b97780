"""The recovery sheet is read back from its text and from its QR code, whole or in shares."""

import subprocess

import pytest

from appliance.crypto import shares
from appliance.crypto.errors import KeyFileError
from appliance.crypto.keyfile import format_kek
from appliance.crypto.keyring import Kek, new_key
from appliance.services import sheet
from tests.support.needs import needs


@pytest.fixture
def kek():
    return Kek(new_key())


def read_codes(pdf, tmp_path) -> str:
    (tmp_path / "sheet.pdf").write_bytes(pdf)
    subprocess.run([needs("pdftoppm"), "-r", "150", "-png", "sheet.pdf", "page"], cwd=tmp_path, check=True)
    pages = sorted(path.name for path in tmp_path.glob("page*.png"))
    command = [needs("zbarimg"), "--quiet", "--raw", *pages]
    return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout


def test_the_code_on_the_sheet_is_the_key(kek, tmp_path):
    assert sheet.read(read_codes(sheet.draw(kek, "https://carnet.example"), tmp_path)) == kek


def test_two_of_three_scanned_shares_are_the_key(kek, tmp_path):
    texts = shares.split(kek, 2, 3)
    assert sheet.read(read_codes(sheet.draw(kek, "https://carnet.example", texts)[:], tmp_path)) == kek


def test_the_text_as_it_is_printed_is_the_key(kek, tmp_path):
    (tmp_path / "sheet.pdf").write_bytes(sheet.draw(kek, "https://carnet.example"))
    command = [needs("pdftotext"), "-layout", tmp_path / "sheet.pdf", "-"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    start, end = text.index("preau-key-file"), text.index("check:")
    typed = text[start : text.index("\n", end)]
    assert sheet.read(typed) == kek


def test_a_typo_is_told(kek):
    text = format_kek(kek)
    at = text.index("key: ") + 5
    wrong = text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]
    with pytest.raises(KeyFileError, match="at least one character is wrong"):
        sheet.read(wrong)
