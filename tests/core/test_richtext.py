import json
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.errors import Refused
from appliance.core.richtext import clean_input, excerpt, normalise, plain, render

REL = 'rel="noopener noreferrer nofollow"'

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<iframe src=javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](&#x6a;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](data:image/svg+xml,<svg onload=alert(1)>)",
    "[x](vbscript:msgbox(1))",
    "[x](file:///etc/passwd)",
    "[x](//attaquant.example)",
    "[x](/deconnexion)",
    "[x](blob:https://a.fr/1)",
    '[x](https://a.fr" onmouseover="alert(1))',
    "[x](https://a.fr' onmouseover='alert(1))",
    '[x](https://a.fr "t\\" onmouseover=alert(1)")',
    "[x](https://a.fr/<script>)",
    "[<script>alert(1)</script>](https://a.fr)",
    "![x](javascript:alert(1))",
    '![x" onerror="alert(1)](https://a.fr/i.png)',
    'https://a.fr/"onmouseover="alert(1)',
    "https://a.fr/<script>alert(1)</script>",
    "http://a.fr/'onclick='alert(1)",
    'www.a.fr/"onclick="alert(1)',
    "**<b onclick=alert(1)>**",
    "- <li onclick=alert(1)>",
    "<style>*{background:url(javascript:alert(1))}</style>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "<https://a.fr onclick=alert(1)>",
    "`<script>`",
    "    <script>alert(1)</script>",
    "{{ 7*7 }}{% x %}",
    "[a](https://a.fr/[b](javascript:alert(1)))",
    "[https://a.fr](javascript:alert(1))",
    "\x00<script\x00>alert(1)</script>",
    "＜script＞alert(1)＜/script＞",
]

FORMS = [
    "[", "]", "*", "_", "- ", "1. ", "- x\n", "[a](", "[](", "![", "\\", "*a ", "a* ", "*a_ ", "**a ", "_a ", "[*_",
    "[a](http://b \"", "http://a ", "http://a.(", "www.a.", "(www.a", "- - ", "-\n", "\t- ", ":", "(", "\n", "<", "&",
    "\u0301", "**a*", "1) ", "> ", "a\n", " ", "http://", "://",
]  # fmt: skip


class Reader(HTMLParser):
    """Reads HTML as a browser's tokenizer would and fails on whatever is not on the list."""

    ALLOWED = {"p": set(), "br": set(), "strong": set(), "em": set(), "ul": set(), "li": set(), "ol": {"start"}}

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.texts, self.open = [], []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        assert len(values) == len(attributes)
        if tag == "a":
            assert set(values) <= {"href", "rel"}
            assert "a" not in self.open, "a link within a link"
            if "href" in values:
                assert values["href"].startswith(("http://", "https://", "mailto:", "tel:"))
                assert values["rel"] == "noopener noreferrer nofollow"
        else:
            assert tag in self.ALLOWED, tag
            assert set(values) <= self.ALLOWED[tag]
            assert all(value.isdigit() for value in values.values())
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def handle_comment(self, data):
        raise AssertionError("a comment")

    handle_decl = unknown_decl = handle_pi = handle_comment


def words(text):
    return "".join(text.split())


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Bonjour", "<p>Bonjour</p>"),
        ("**gras** et *italique*", "<p><strong>gras</strong> et <em>italique</em></p>"),
        ("un\ndeux\n\ntrois", "<p>un<br>\ndeux</p>\n<p>trois</p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("1. a\n2. b", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>"),
        ("[site](https://a.fr)", f'<p><a href="https://a.fr" {REL}>site</a></p>'),
        ("(voir https://a.fr/b_c_d.)", f'<p>(voir <a href="https://a.fr/b_c_d" {REL}>https://a.fr/b_c_d</a>.)</p>'),
        (
            "**https://a.fr/_b_/c**",
            f'<p><strong><a href="https://a.fr/_b_/c" {REL}>https://a.fr/_b_/c</a></strong></p>',
        ),
        ("www.a.fr, merci", f'<p><a href="https://www.a.fr" {REL}>www.a.fr</a>, merci</p>'),
        ("[moi](mailto:a@b.fr)", f'<p><a href="mailto:a@b.fr" {REL}>moi</a></p>'),
        ("http://[", "<p>http://[</p>"),
        ("hib**ou**x", "<p>hib<strong>ou</strong>x</p>"),
        ("l’*école*.", "<p>l’<em>école</em>.</p>"),
        ("3 * 4 * 5 et snake_case_", "<p>3 * 4 * 5 et snake_case_</p>"),
        (r"\*tel quel\*", "<p>*tel quel*</p>"),
        ("", ""),
    ],
)
def test_the_marks_that_are_known_become_html(typed, shown):
    assert render(typed) == shown


@pytest.mark.parametrize(
    "typed",
    [
        "# titre",
        "> cité",
        "`code`",
        "a | b\n--|--",
        "===",
        "~~non~~",
        "<b>x</b>",
        "a & b",
        "<3",
        "2*3*4",
        "5*5 et 6*6",
        "les étudiant*e*s",
        "cantine (*) et garderie (*)",
        "a_b_c@ecole.fr",
        "Nom : ___ Prénom : ___",
        "2026*",
        "* * *",
        "- - -",
    ],
)
def test_everything_else_stays_as_it_was_typed(typed):
    assert words("".join(Reader(render(typed)).texts)) == words(typed)


def test_the_line_after_a_list_is_outside_it_without_a_blank_line():
    assert render("- gourde\n- goûter\nMerci !") == ("<ul>\n<li>gourde</li>\n<li>goûter</li>\n</ul>\n<p>Merci !</p>")


def test_an_indented_item_is_a_list_in_the_list():
    assert render("- a\n  - b\n- c").count("<ul>") == 2


def test_a_long_indented_line_is_no_special_block():
    assert render("      - a") == "<ul>\n<li>a</li>\n</ul>"
    assert render("      texte") == "<p>texte</p>"


@pytest.mark.parametrize("typed", ATTACKS)
def test_an_attack_is_shown_as_text(typed):
    Reader(render(typed))
    assert "".join(Reader(render(clean_input(typed, limit=1000))).texts)


def test_naughty_strings_stay_text(shared_data):
    for typed in json.loads((shared_data / "vectors/blns/blns.json").read_text("utf-8")):
        Reader(render(typed))
        cleaned = clean_input(typed, limit=20_000)
        assert clean_input(cleaned, limit=20_000) == cleaned
        Reader(render(cleaned))
        assert bool(plain(cleaned)) == bool(cleaned)
        assert len(excerpt(cleaned, 40)) <= 40


pieces = st.sampled_from([*ATTACKS, *FORMS, "https://a.fr/x", "mot", "é", "\n\n", "[a](https://a.fr)", "1. ", "  "])


@given(st.lists(pieces | st.text(max_size=10), max_size=12).map("".join))
def test_whatever_is_typed_gives_allowed_html_only(typed):
    Reader(render(typed))
    assert "\x00" not in plain(clean_input(typed, limit=20_000))


@given(st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc")), max_size=200))
def test_no_letter_of_a_text_without_marks_is_lost(typed):
    text = clean_input("".join(char for char in typed if char not in "*_[]()\\-+:.0123456789"), limit=1000)
    assert words("".join(Reader(render(text)).texts)) == words(text)
    assert words(plain(text)) == words(text)


@pytest.mark.parametrize("length", [1_000, pytest.param(4_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("form", FORMS)
def test_a_hostile_repetition_costs_linear_time(form, length):
    def seconds(size):
        typed = (form * (size // len(form) + 1))[:size]
        began = time.process_time()
        Reader(render(typed))
        return time.process_time() - began

    seconds(1000)
    small, large = min(seconds(length), seconds(length)), min(seconds(8 * length), seconds(8 * length))
    assert large < 24 * max(small, 0.01), (small, large)  # eight times the text; quadratic would be 64


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_a_hundred_kilobytes_of_marks_are_read_in_seconds(form):
    began = time.process_time()
    Reader(render((form * (100_000 // len(form) + 1))[:100_000]))
    assert time.process_time() - began < 6


def test_paragraphs_of_open_marks_and_deep_lists_are_bounded():
    began = time.process_time()
    Reader(render(("**a " * 90 + "b** " * 90 + "\n\n") * 30))
    Reader(render("\n".join("  " * depth + "- x" for depth in range(300))))
    assert time.process_time() - began < 5


def test_plain_text_keeps_lists_lines_and_addresses():
    typed = "**Sortie**\ndemain\n\n- gourde\n  1. pleine\n\n"
    typed += "Voir [le plan](https://a.fr/plan) ou https://b.fr, [moi](tel:+33)"
    assert plain(typed) == (
        "Sortie\ndemain\n\n- gourde\n  1. pleine\n\nVoir le plan (https://a.fr/plan) ou https://b.fr, moi (+33)"
    )


def test_an_excerpt_is_one_line_cut_between_words():
    assert excerpt("**Sortie** au musée\n\ndemain [plan](https://a.fr)", 80) == "Sortie au musée demain plan"
    assert excerpt("Sortie au musée demain matin", 20) == "Sortie au musée…"
    assert excerpt("a" * 50, 10) == "a" * 9 + "…"
    assert excerpt("", 10) == ""


@given(st.text(max_size=80), st.integers(1, 40))
def test_an_excerpt_is_never_longer_than_asked(typed, length):
    assert len(excerpt(typed, length)) <= length


def test_what_was_typed_is_normalised_and_trimmed():
    assert clean_input("  e\u0301te\u0301\r\nfin\rx\u2028y \n", limit=50) == "été\nfin\nx\ny"
    assert clean_input("a\x00b\x07c\x7f\u202egpj\u2066\ufeff\ud800\tz", limit=50) == "abcgpj\tz"
    assert clean_input(None, limit=5) == ""
    assert clean_input("👨‍👩‍👧 مرحبا", limit=20) == "👨‍👩‍👧 مرحبا"


def test_a_text_over_the_limit_is_refused_whole():
    assert clean_input("x" * 10, limit=10) == "x" * 10
    with pytest.raises(Refused) as refusal:
        clean_input("x" * 11, limit=10, field="text")
    assert refusal.value.field == "text"
    assert "11" in refusal.value.message and "10" in refusal.value.message


def test_heaps_of_accents_on_a_letter_are_cut_short_before_they_cost_anything():
    began = time.process_time()
    assert len(normalise("a" + "\u0300\u0316" * 100_000)) < 20
    assert time.process_time() - began < 2
    assert normalise("ệ" * 30) == "ệ" * 30
