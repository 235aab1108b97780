"""Translations: English is complete, Arabic too; what stands between the words is the same in every language."""

import re
import subprocess
import sys

import pytest
from babel.messages.pofile import read_po

from appliance.core import i18n

OTHERS = [language for language in i18n.languages() if language != i18n.SOURCE]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")


def catalogue(language):
    with (i18n.FOLDER / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


def forms(value):
    return list(value) if isinstance(value, tuple | list) else [value]


def test_there_is_english_and_one_language_written_from_right_to_left():
    assert {"en", "ar"} <= set(OTHERS)
    assert i18n.direction("ar") == "rtl" and i18n.direction("en") == "ltr"


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated_in_all_its_forms(language):
    missing = [message.id for message in catalogue(language) if message.id and not all(forms(message.string))]
    assert not missing, f"{len(missing)} texts, e.g. {missing[:3]}: make messages, then translate"


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_loses_or_invents_a_value(language):
    for message in catalogue(language):
        if not message.id:
            continue
        known = {name for text in forms(message.id) for name in PLACEHOLDER.findall(text)}
        for text in forms(message.string):
            found = set(PLACEHOLDER.findall(text))
            assert found <= known and (found == known or len(forms(message.id)) > 1), (message.id, text)


def test_no_french_text_leaves_its_punctuation_alone_on_the_next_line():
    """« » ? ! ; : keep to their words; the notice of sensitive data stays as people have signed it."""
    loose = re.compile(r"« |\S [?!;:»]")
    texts = [text for message in catalogue("en") for text in forms(message.id)]
    assert not [text for text in texts if loose.search(text) and not text.startswith("N’écrivez pas ce genre")]


@pytest.mark.slow
def test_the_catalogues_hold_exactly_the_texts_of_the_code(root):
    done = subprocess.run([sys.executable, root / "tools" / "messages", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\nRun: make messages"


def test_a_page_speaks_the_language_of_its_reader(world):
    visitor = world.visitor()
    for language, direction in (("fr", "ltr"), ("en", "ltr"), ("ar", "rtl")):
        page = visitor.get("/connexion", headers={"Accept-Language": language}).get_data(as_text=True)
        assert f'lang="{language}" dir="{direction}"' in page
