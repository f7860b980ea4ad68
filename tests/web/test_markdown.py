"""Other people's Markdown becomes readable HTML, and never anything else."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okichat.web.markdown import BlockSplitter, is_allowed_link, render
from okichat.web.visible import visible
from tests.web.attacks import attacks

HOSTS = frozenset({"www.oki.example", "127.0.0.1:8000"})
LINK = '<a href="{0}" rel="nofollow noopener noreferrer" target="_blank">{1}</a>'
TAGS = frozenset("p br hr strong em del ul ol li h3 h4 blockquote code pre a table thead tbody tr th td".split())


class AllowList(HTMLParser):
    """Reads HTML as a browser does and notes every tag and attribute that no answer may have."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forbidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.forbidden.append(f"<{tag}>")
        self.forbidden += [
            f"<{tag} {name}={value}>" for name, value in attrs if not self._is_allowed(tag, name, value or "")
        ]

    def _is_allowed(self, tag: str, name: str, value: str) -> bool:
        web_attributes = {("rel", "nofollow noopener noreferrer"), ("target", "_blank")}
        if tag == "a":
            return (name, value) in web_attributes or (name == "href" and goes_home(value))
        return (tag, name) == ("ol", "start") and value.isdigit()

    def handle_comment(self, data: str) -> None:
        self.forbidden.append(f"<!--{data}")

    def handle_decl(self, decl: str) -> None:
        self.forbidden.append(f"<!{decl}")

    def handle_pi(self, data: str) -> None:
        self.forbidden.append(f"<?{data}")


def goes_home(url: str) -> bool:
    return bool(
        re.fullmatch(
            r"(?i)https?://(www\.oki\.example|127\.0\.0\.1:8000)(:443)?([/?#].*)?|mailto:[\w.+-]+@[\w.-]+|tel:[+\d().%-]+",
            url,
        )
    )


def forbidden_in(html: str) -> list[str]:
    reader = AllowList()
    reader.feed(html)
    reader.close()
    return reader.forbidden


def shown(markdown: str) -> str:
    return str(render(markdown, HOSTS)).strip()


ATTACKS = list(attacks())


def test_no_known_attack_leaves_more_than_the_allow_list() -> None:
    broken = {attack: forbidden for attack in ATTACKS if (forbidden := forbidden_in(shown(attack)))}

    assert len(set(ATTACKS)) >= 200
    assert broken == {}


def test_the_allow_list_of_this_test_sees_what_is_not_allowed() -> None:
    seen = [attack for attack in ATTACKS if attack.startswith("<") and forbidden_in(attack)]

    assert len(seen) >= 200
    assert forbidden_in('<a href="https://evil.example" onclick="x">') == [
        "<a href=https://evil.example>",
        "<a onclick=x>",
    ]


@given(
    st.text(st.characters(codec="utf-8"), max_size=400) | st.text("<>\"'&[]()!#*_`~|-:\\/=abhrefjsonx \n", max_size=400)
)
def test_no_text_at_all_leaves_more_than_the_allow_list(text: str) -> None:
    assert forbidden_in(shown(text)) == []


@given(
    st.lists(
        st.sampled_from([piece for attack in ATTACKS for piece in re.split(r"(?<=[\s<>\[\]()\"'])", attack) if piece]),
        max_size=30,
    )
)
def test_no_mixture_of_attacks_leaves_more_than_the_allow_list(pieces: list[str]) -> None:
    assert forbidden_in(shown("".join(pieces))) == []


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        (
            "**gras** *italique* ~~barré~~ `code`",
            "<p><strong>gras</strong> <em>italique</em> <del>barré</del> <code>code</code></p>",
        ),
        ("# Titre\n### Partie\n#### Détail", "<h3>Titre</h3>\n<h4>Partie</h4>\n<h4>Détail</h4>"),
        ("### Seul", "<h3>Seul</h3>"),
        ("3. trois\n4. quatre", '<ol start="3">\n<li>trois</li>\n<li>quatre</li>\n</ol>'),
        ("```python\na < b\n```", "<pre><code>a &lt; b\n</code></pre>"),
        ("a  \nb", "<p>a<br>\nb</p>"),
        ("> cité\n\n---", "<blockquote>\n<p>cité</p>\n</blockquote>\n<hr>"),
        ("<b>x</b> & 1 < 2", "<p>&lt;b&gt;x&lt;/b&gt; &amp; 1 &lt; 2</p>"),
        ("A&nbsp;B &lt;i&gt;", "<p>A&nbsp;B &lt;i&gt;</p>"),
        ("![Plan](https://www.oki.example/plan.png)", "<p>Plan</p>"),
    ],
)
def test_what_answers_are_made_of(markdown: str, html: str) -> None:
    assert shown(markdown) == html


def test_a_table_is_a_table_without_styles() -> None:
    assert shown("| a | b |\n|--:|---|\n| 1 | 2 |").replace("\n", "").replace(" ", "") == (
        "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>"
    )


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("[ici](https://www.oki.example/a?b=1&c=2)", LINK.format("https://www.oki.example/a?b=1&amp;c=2", "ici")),
        ("[ici](https://www.oki.example:443/)", LINK.format("https://www.oki.example:443/", "ici")),
        ("[ici](http://127.0.0.1:8000/)", LINK.format("http://127.0.0.1:8000/", "ici")),
        ("[www.oki.example](https://www.oki.example/)", LINK.format("https://www.oki.example/", "www.oki.example")),
        ("https://www.oki.example/a.", LINK.format("https://www.oki.example/a", "https://www.oki.example/a") + "."),
        (
            "[ici](mailto:a@b.fr) [là](tel:+33612345678)",
            '<a href="mailto:a@b.fr">ici</a> <a href="tel:+33612345678">là</a>',
        ),
        ("<a@b.fr>", '<a href="mailto:a@b.fr">a@b.fr</a>'),
        ("[ici](https://evil.example/x)", "ici (https://evil.example/x)"),
        ("https://evil.example/x", "https://evil.example/x"),
        ("<https://evil.example/x>", "https://evil.example/x"),
        ("[ici](javascript:alert(1))", "ici (javascript:alert(1))"),
        ("[ici](/contact)", "ici (/contact)"),
        ("[ici](https://127.0.0.1:9000/)", "ici (https://127.0.0.1:9000/)"),
        ("[ma.banque.fr](https://www.oki.example/)", "ma.banque.fr (https://www.oki.example/)"),
        ("[ici](https://evil.example/" + "x" * 500 + ")", "ici (https://evil.example/" + "x" * 179 + "…)"),
        ("[ici]()", "ici"),
    ],
)
def test_links_go_only_where_they_may_and_others_say_where_they_would_have_gone(markdown: str, html: str) -> None:
    assert shown(markdown) == f"<p>{html}</p>"


def test_addresses_that_browsers_and_python_read_differently_are_no_links() -> None:
    odd = (
        *("https://www.oki.example\\@evil.example", "https://evil.example\\.www.oki.example", "https:www.oki.example"),
        *("https:/www.oki.example", "https://www.oki.example\t.evil.example", "https://www.oki.example@evil.example"),
        *(
            "https://[www.oki.example",
            "http://www.oki.example:x/",
            " https://www.oki.example",
            "https://www.oki.example.",
        ),
        *("https://www.oki.example%2f", "tel:", "mailto:@", ""),
    )

    assert [address for address in odd if is_allowed_link(address, HOSTS)] == []
    assert is_allowed_link("https://www.oki.example/é".replace("é", "%C3%A9"), HOSTS)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a\u202eb\u2066c\u200fd", "abcd"),
        ("ig\u200bno\u200cre\u2060 \ufeffça\u00ad", "ignore ça"),
        ("x" + "".join(chr(0xE0000 + ord(letter)) for letter in "secret") + "y", "xy"),
        ("👨\u200d👩\u200d👧 ❤️\u200d🔥 🏳️\u200d🌈 ✔️ 1️⃣", "👨\u200d👩\u200d👧 ❤️\u200d🔥 🏳️\u200d🌈 ✔️ 1️⃣"),
        ("a\u200db \u200d👧", "ab 👧"),
        ("a\ufe0fb\ufe01\U000e0101c", "abc"),
        ("a\x00b\x1b[31mc\x9bd", "ab[31mcd"),
        ("un\u2028deux\ttrois\r\n", "un\ndeux\ttrois\r\n"),
        ("Ça coûte 1 000 € — « près » d’ici…", "Ça coûte 1 000 € — « près » d’ici…"),
    ],
)
def test_invisible_characters_go_and_emoji_stay(written: str, read: str) -> None:
    assert visible(written) == read


def test_entities_do_not_bring_invisible_characters_back() -> None:
    assert shown("a&#x202E;b&#8203;c&zwnj;d&rlm;e") == "<p>abcde</p>"
    assert shown("[x](https://www.oki.example/&#x202E;a)") in {
        "<p>" + LINK.format("https://www.oki.example/%E2%80%AEa", "x") + "</p>",
        "<p>x (https://www.oki.example/%E2%80%AEa)</p>",
    }


BLOCKS = [
    "# Titre\n",
    "Un paragraphe\nsur deux lignes\n\n",
    "- un\n- deux\n\n  suite\n\n- trois\n\n",
    "Avant le code\n",
    "```py\nx = 1\n\n# pas un titre\n```\n",
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n",
    "1. un\n\n   ```\n   code\n\n   code\n   ```\n2. deux\n",
    "## Sous-titre\n",
    "> cité\n> encore\n\n",
    "~~~\n```\n~~~\n",
    "\n\nFin",
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
def test_blocks_come_out_whole_as_soon_as_they_are_over(size: int) -> None:
    text = "".join(BLOCKS)
    splitter = BlockSplitter()
    blocks = [block for start in range(0, len(text), size) for block in splitter.feed(text[start : start + size])]

    assert [*blocks, splitter.rest()] == BLOCKS


def test_a_finished_paragraph_does_not_wait_for_the_next_one() -> None:
    splitter = BlockSplitter()

    assert list(splitter.feed("Bonjour")) == []
    assert list(splitter.feed(".\n\nEt")) == ["Bonjour.\n\n"]
    assert splitter.rest() == "Et"


@given(st.text("ab#-*>|`~1.\n \t", max_size=200), st.integers(1, 9))
def test_blocks_and_rest_are_the_text_however_it_is_cut(text: str, size: int) -> None:
    splitter = BlockSplitter()
    blocks = [block for start in range(0, len(text), size) for block in splitter.feed(text[start : start + size])]

    assert "".join(blocks) + splitter.rest() == text
    assert all(block.strip() for block in blocks)


def test_knowledge_looks_the_same_in_blocks_as_in_one_piece() -> None:
    root = Path(__file__).parents[2] / "knowledge"
    for path in root.rglob("*.md"):
        body = path.read_text("utf-8").partition("\n---\n")[2]
        splitter = BlockSplitter()
        blocks = [*splitter.feed(body), splitter.rest()]
        assert "".join(shown(block) for block in blocks).replace("\n", "") == shown(body).replace("\n", ""), path
