"""Templates hold no untranslated text and nothing inline, which the CSP would refuse; and they stay short."""

import re
from collections.abc import Iterable
from html.parser import HTMLParser

import jinja2
import pytest
from jinja2 import nodes

from tests.support.source import complain, templates

Page = tuple[str, str]  # path, text

# The style guide shows invented people and sentences to those who build: they are no texts of the product.
SAMPLES = tuple(f"appliance/web/templates/{name}" for name in ("styleguide", "patterns/"))
LINES = 150  # the guide is 120
# Names and notations that are the same in every language.
SAME_EVERYWHERE = {"Préau", "PDF", "CSV", "JSON", "ONDE", "KB", "QR", "RGAA", "UTC", "OK"}
# Attributes whose value a person reads or hears.
READ_ALOUD = {
    "title",
    "alt",
    "placeholder",
    "aria-label",
    "aria-description",
    "aria-roledescription",
    "aria-valuetext",
    "label",
}
TRANSLATORS = {"_", "gettext", "ngettext", "pgettext", "npgettext", "lazy_", "lazy_gettext"}
# A word as people write it: a capital and small letters, an accent, or French marks. Not a class, a name or a URL.
LOOKS_LIKE_TEXT = re.compile(r"(?<![\w+-])[A-ZÀ-Ý][a-zà-ÿ’']+(?![\w+-])|[à-ÿÀ-Ý«»’…]")
LETTERS = re.compile(r"[^\W\d_]{2,}")

JINJA = jinja2.Environment(  # noqa: S701 - it parses, it renders nothing
    extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"]
)
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_RAW = re.compile(r"\{%-?\s*raw\s*-?%\}.*?\{%-?\s*endraw\s*-?%\}", re.DOTALL)
_TRANSLATED = re.compile(r"\{%-?\s*trans\b.*?\{%-?\s*endtrans\s*-?%\}", re.DOTALL)
# The block whose content is a list of classes for <body>.
_CLASSES = re.compile(r"\{%-?\s*block page_class\s*-?%\}.*?\{%-?\s*endblock\s*(?:page_class)?\s*-?%\}", re.DOTALL)
_EXPRESSION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_STATEMENT = re.compile(r"\{%.*?%\}", re.DOTALL)


def bare(text: str) -> str:
    """A template without what Jinja handles: only what it writes as it stands, line numbers kept."""
    for pattern, stand_in in (
        (_COMMENT, ""),
        (_RAW, ""),
        (_TRANSLATED, "§"),
        (_CLASSES, ""),
        (_EXPRESSION, "§"),
        (_STATEMENT, ""),
    ):
        text = pattern.sub(lambda match, stand_in=stand_in: stand_in + "\n" * match[0].count("\n"), text)
    return text


class Reader(HTMLParser):
    """Collects the texts of a page that a person would read, and what is inline."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.texts: list[tuple[int, str]] = []
        self.inline: list[tuple[int, str]] = []
        self.silent = ""

    def handle_starttag(self, tag, attrs):
        """Look at the attributes; remember being in a script or style, whose content nobody reads."""
        line, values = self.getpos()[0], dict(attrs)
        if tag in ("script", "style"):
            self.silent = tag
        if tag == "style" or (tag == "script" and "src" not in values and values.get("type") != "application/json"):
            self.inline.append((line, f"<{tag}>"))
        for name, value in attrs:
            if name == "style" or re.fullmatch(r"on[a-z]+", name):
                self.inline.append((line, f'{name}="…"'))
            elif value and value.strip().lower().startswith("javascript:"):
                self.inline.append((line, f'{name}="javascript:…"'))
            elif value and (
                name in READ_ALOUD or (name == "value" and values.get("type") in ("submit", "button", "reset"))
            ):
                self.texts.append((line, value))

    def handle_startendtag(self, tag, attrs):
        """The same, for a tag that closes itself."""
        self.handle_starttag(tag, attrs)
        self.silent = ""

    def handle_endtag(self, tag):
        """Leave a script or style."""
        if tag == self.silent:
            self.silent = ""

    def handle_data(self, data):
        """Keep what is shown."""
        if not self.silent and data.strip():
            line = self.getpos()[0] + data[: len(data) - len(data.lstrip())].count("\n")
            self.texts.append((line, data))


def read(page: Page) -> Reader:
    """The texts and inline parts of a page."""
    reader = Reader()
    reader.feed(bare(page[1]))
    reader.close()
    return reader


def text_problems(pages: Iterable[Page]) -> list[str]:
    """Texts that stand in a template as they are."""
    problems = []
    for path, source in pages:
        texts = (
            read((path, source)).texts
            if path.endswith((".html", ".svg"))
            else list(enumerate(bare(source).split("\n"), 1))
        )
        for line, text in texts:
            if any(word not in SAME_EVERYWHERE for word in LETTERS.findall(text)):
                short = " ".join(text.split())[:60]
                problems.append(
                    f'{path}:{line}: “{short}” stands there untranslated. Write {{{{ _("…") }}}} or {{% trans %}}.'
                )
    return problems


def literal_problems(pages: Iterable[Page]) -> list[str]:
    """Texts inside Jinja's expressions that are not handed to a translator."""
    problems = []
    for path, source in pages:
        try:
            tree = JINJA.parse(source)
        except jinja2.TemplateSyntaxError as error:
            problems.append(f"{path}:{error.lineno}: Jinja cannot read it: {error.message}")
            continue
        translated = {
            id(const)
            for call in tree.find_all(nodes.Call)
            if isinstance(call.node, nodes.Name) and call.node.name in TRANSLATORS
            for argument in call.args
            for const in [argument, *argument.find_all(nodes.Const)]
        }
        for const in tree.find_all(nodes.Const):
            value = const.value
            if id(const) in translated or not isinstance(value, str) or value in SAME_EVERYWHERE:
                continue
            if LOOKS_LIKE_TEXT.search(value):
                problems.append(f'{path}:{const.lineno}: the text “{value[:60]}” is not translated. Write _("…").')
    return problems


def inline_problems(pages: Iterable[Page]) -> list[str]:
    """Styles, scripts and handlers inside a page: the browser refuses them."""
    return [
        f"{path}:{line}: {what} is inline, and the page's CSP refuses it. Put it into a file below static/."
        for path, source in pages
        if path.endswith((".html", ".svg"))
        for line, what in read((path, source)).inline
    ]


def length_problems(pages: Iterable[Page]) -> list[str]:
    """Templates too long to be seen at once."""
    return [
        f"{path}: {source.count(chr(10))} lines; the guide is 120. Take a part out: a partial (_name.html) or a macro."
        for path, source in pages
        if source.count("\n") > LINES
    ]


RULES = [text_problems, literal_problems, inline_problems, length_problems]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_templates_keep_the_rule(rule):
    pages = [page for page in templates() if not page[0].startswith(SAMPLES)]
    problems = rule(pages if rule in (text_problems, literal_problems) else templates())
    assert not problems, complain(problems)


BROKEN = [
    (text_problems, "<p>Bonjour</p>"),
    (text_problems, "<p>{{ name }} a publié</p>"),
    (text_problems, '<img src="a.png" alt="Photo de classe">'),
    (text_problems, '<input type="submit" value="Envoyer">'),
    (text_problems, "{% if x %}<b>Oui</b>{% endif %}"),
    (literal_problems, '{{ button("Envoyer") }}'),
    (literal_problems, '{% set title = "Écoles" %}'),
    (literal_problems, '{{ "Une école" if one else _("Des écoles") }}'),
    (literal_problems, "{% if %}"),
    (inline_problems, '<p style="color: red">§</p>'),
    (inline_problems, '<a href="#" onclick="go()">§</a>'),
    (inline_problems, '<a href="javascript:go()">§</a>'),
    (inline_problems, "<script>go()</script>"),
    (inline_problems, "<style>p { color: red }</style>"),
    (length_problems, "<br>\n" * 151),
]


@pytest.mark.parametrize(("rule", "text"), BROKEN)
def test_the_rule_sees_a_breach(rule, text):
    assert rule([("appliance/web/templates/page.html", text)])


SOUND = [
    (
        text_problems,
        "<h1>{{ _('Bonjour') }}</h1>{% trans n=3 %}un{% pluralize %}des{% endtrans %} {# Note #} Préau · 3 %",
    ),
    (
        text_problems,
        '<script src="/static/app.js"></script><input type="text" value="abc"><a class="Big" href="/classes">§</a>',
    ),
    (
        literal_problems,
        "{% extends 'base.html' %}{{ _('Bonjour') }}{{ icon('left', class='btn big') }}{% trans %}Oui{% endtrans %}",
    ),
    (literal_problems, "{{ key('Control+K') }}"),
    (literal_problems, "{{ ngettext('%(num)s École', '%(num)s Écoles', n) }}{{ 'POST' if x else 'GET' }}"),
    (
        inline_problems,
        '<script src="a.js" defer></script><script type="application/json">{}</script><p class="on">§</p>',
    ),
]


@pytest.mark.parametrize(("rule", "text"), SOUND)
def test_the_rule_lets_sound_templates_pass(rule, text):
    assert rule([("appliance/web/templates/page.html", text)]) == []


def test_a_mail_template_holds_no_text_of_its_own():
    assert text_problems(
        [("appliance/web/templates/mail/code.txt", "{{ _('Bonjour') }},\n\nVotre code : {{ code }}\n")]
    )
    assert text_problems([("appliance/web/templates/mail/code.txt", "{{ _('Votre code') }}\n{{ code }}\n")]) == []
