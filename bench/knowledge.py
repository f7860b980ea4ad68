"""`make bench`: the search at 100, 1,000 and 10,000 entries, against a plain BM25 over the same entries in the same run.

An entry is an example question; forty of them make a topic, as in the shipped knowledge. Entries are made up, always the same.
Usage: python bench/knowledge.py [entries …]"""

from __future__ import annotations

import math
import random
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from okichat.content import folder
from okichat.knowledge.library import Library, load_library
from okichat.knowledge.search import Search
from okichat.knowledge.words import wording
from okichat.language import LANGUAGES
from okichat.question import Question

SIZES = (100, 1_000, 10_000)
ENTRIES_A_TOPIC = 40
WORDS_A_TOPIC = 14
QUESTIONS = 300
ROUNDS = 3
DETAILS = ("name", "phone", "whatsapp", "email", "address", "hours", "booking_url", "retention_days")
COMMON = (
    "je voudrais savoir comment combien quand est que vous pouvez faire avoir pour avec mon une des dans quel".split()
)
SYLLABLES = [first + second for first in "bcdfglmnprstv" for second in ("a", "e", "i", "o", "u", "an", "on", "ou")]


class PlainBm25:
    """The floor: Robertson's BM25 over the entries, stems and nothing else."""

    def __init__(self, library: Library) -> None:
        """Index every entry of French."""
        self._entries = [
            (topic.slug, Counter(self._stems(question)))
            for topic in library.topics("fr")
            for question in topic.questions
        ]
        counts = Counter(stem for _, stems in self._entries for stem in stems)
        self._rarity = {stem: math.log(1 + len(self._entries) / count) for stem, count in counts.items()}
        self._with: dict[str, list[int]] = {}
        for number, (_, stems) in enumerate(self._entries):
            for stem in stems:
                self._with.setdefault(stem, []).append(number)

    def find(self, text: str) -> str | None:
        """The topic of the best entry."""
        scores: dict[int, float] = {}
        for stem in self._stems(text):
            for number in self._with.get(stem, ()):
                count = self._entries[number][1][stem]
                scores[number] = scores.get(number, 0.0) + self._rarity[stem] * count * 2.2 / (count + 1.2)
        return self._entries[max(scores, key=scores.__getitem__)][0] if scores else None

    def _stems(self, text: str) -> list[str]:
        spoken = wording("fr")
        return [spoken.stem(word) for word in spoken.words(text)]


def write_library(into: Path, entries: int) -> list[str]:
    """Topics with so many entries in all; gives questions that ask for some of them in other words."""
    made_up = random.Random(entries)
    asked = []
    (into / "fr").mkdir(parents=True)
    for number in range(max(entries // ENTRIES_A_TOPIC, 2)):
        words = ["".join(made_up.choices(SYLLABLES, k=made_up.randint(2, 4))) for _ in range(WORDS_A_TOPIC)]
        count = min(ENTRIES_A_TOPIC, entries // 2)
        questions = [f"{phrase(made_up, words)} {number} {entry}" for entry in range(count)]
        text = ". ".join(phrase(made_up, words) for _ in range(25))
        listed = "".join(f"  - {question}\n" for question in questions)
        page = f"---\ntitle: {words[0]} {words[1]}\nquestions:\n{listed}---\n{text}.\n\n## {words[2]} {words[3]}\n\n{text}.\n"
        (into / "fr" / f"topic-{number}.md").write_text(page, encoding="utf-8")
        asked += [phrase(made_up, words) for _ in range(3)]
    made_up.shuffle(asked)
    return asked[:QUESTIONS]


def phrase(made_up: random.Random, words: list[str]) -> str:
    """A question about some of these words."""
    chosen = [*made_up.choices(COMMON, k=made_up.randint(2, 6)), *made_up.choices(words, k=made_up.randint(1, 4))]
    made_up.shuffle(chosen)
    return " ".join(chosen)


def seconds(work: Callable[[], object]) -> float:
    """Processor time of the quickest round."""
    times = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times)


def prepared(library: Library) -> Search:
    """A search with its index."""
    search = Search(library)
    search.prepare("fr")
    return search


def megabytes(library: Library) -> float:
    """What an index keeps in memory."""
    tracemalloc.start()
    search = prepared(library)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del search
    return kept / 1_000_000


def made_up_library(entries: int) -> tuple[Library, list[str]]:
    """A library of so many entries, and questions to it."""
    with tempfile.TemporaryDirectory() as into:
        asked = write_library(Path(into), entries)
        return load_library(Path(into), {}), asked


def shipped_library() -> tuple[Library, list[str]]:
    """The shipped topics, and questions made of the words of their examples."""
    library = load_library(folder("knowledge"), {language: dict.fromkeys(DETAILS, "12") for language in LANGUAGES})
    made_up = random.Random(0)
    words = [word for topic in library.topics("fr") for text in topic.questions for word in text.split()]
    return library, [" ".join(made_up.sample(words, made_up.randint(3, 12))) for _ in range(QUESTIONS)]


def measure(name: str, library: Library, asked: list[str]) -> None:
    """Print one line of the table."""
    build_s = seconds(lambda: prepared(library))
    floor = PlainBm25(library)
    questions = [Question(text) for text in dict.fromkeys(asked)]
    *fresh, last = [prepared(library) for _ in range(ROUNDS + 1)]  # a search remembers what it was asked

    def ask_all() -> None:
        search = fresh.pop()
        for question in questions:
            search.find(question)

    each_s = seconds(ask_all) / len(questions)
    floor_s = seconds(lambda: [floor.find(text) for text in asked]) / len(asked)
    slowest_s = statistics.quantiles([_once(last, question) for question in questions], n=20)[-1]
    row = f"{1000 * build_s:>10.0f}{1e6 * each_s:>14.0f}{1e6 * slowest_s:>10.0f}{1e6 * floor_s:>10.0f}"
    print(f"{name:>16}{row}{each_s / floor_s:>8.1f}{megabytes(library):>8.1f}", flush=True)


def _once(search: Search, question: Question) -> float:
    begun = time.perf_counter()
    search.find(question)
    return time.perf_counter() - begun


def main() -> None:
    """Print the table."""
    heads = f"{'build ms':>10}{'question µs':>14}{'p95 µs':>10}{'BM25 µs':>10}{'ratio':>8}{'MB':>8}"
    print(f"\n{'entries':>16}{heads}")
    library, asked = shipped_library()
    measure(f"shipped, {sum(len(topic.questions) for topic in library.topics('fr')):,}", library, asked)
    for entries in [int(word) for word in sys.argv[1:]] or SIZES:
        measure(f"{entries:,}", *made_up_library(entries))


if __name__ == "__main__":
    main()
