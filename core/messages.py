"""Translation catalogues, one per room: extract, update, compile, check. Babel does the work, no gettext tools.

``<room>/locale/zh_Hans/LC_MESSAGES/django.po`` holds the words of ``<room>/**/*.py`` and
``templates/<room>/``; ``core`` also those of the shared templates, and of ``static/js/`` in ``djangojs.po``.
Catalogues are sorted and carry no line numbers and no dates, so that they change only when words change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_javascript, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

LOCALE = "zh_Hans"
_PLURAL = (1, 2)
_CONTEXT = ((1, "c"), 2)
_CONTEXT_PLURAL = ((1, "c"), 2, 3)
KEYWORDS: dict[str, tuple | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": _PLURAL,
    "ngettext_lazy": _PLURAL,
    "pgettext": _CONTEXT,
    "pgettext_lazy": _CONTEXT,
    "npgettext": _CONTEXT_PLURAL,
    "npgettext_lazy": _CONTEXT_PLURAL,
}
_PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
_SKIPPED_FOLDERS = {"migrations", "locale"}

Found = tuple[str | tuple[str, str], str | None]  # id (or singular and plural), context


@dataclass(frozen=True)
class Finding:
    """One thing wrong in one catalogue."""

    catalogue: Path
    message: str
    problem: str


@dataclass(frozen=True)
class Room:
    """Where a room's words are and where their translations go."""

    name: str
    base: Path

    def catalogue(self, domain: str) -> Path:
        return self.base / self.name / "locale" / LOCALE / "LC_MESSAGES" / f"{domain}.po"

    def extract(self) -> dict[str, list[Found]]:
        """Domain → words found in the sources."""
        words = list(self._from(self._python_files(), _read_python))
        words += self._from(self._templates(), _read_template)
        domains = {"django": words}
        if self.name == "core":
            domains["djangojs"] = list(self._from((self.base / "static/js").rglob("*.js"), _read_script))
        return domains

    def _from(self, files: Iterable[Path], read: Callable[[str, Path], Iterable]) -> Iterator[Found]:
        for path in sorted(files):
            for _line, function, message, _comments in read(path.read_text(encoding="utf-8"), path):
                if (found := _as_found(function, message)) is not None:
                    yield found

    def _python_files(self) -> Iterator[Path]:
        for path in (self.base / self.name).rglob("*.py"):
            if not _SKIPPED_FOLDERS & set(path.relative_to(self.base).parts):
                yield path

    def _templates(self) -> Iterator[Path]:
        root = self.base / "templates"
        yield from (root / self.name).rglob("*")
        if self.name == "core":
            yield from root.glob("*.html")
            for shared in ("partials", "registration"):
                yield from (root / shared).rglob("*.html")


def _read_python(text: str, path: Path) -> Iterator:
    return extract_python(BytesIO(text.encode()), KEYWORDS, [], {"encoding": "utf-8"})


def _read_script(text: str, path: Path) -> Iterator:
    words = {name: KEYWORDS[name] for name in ("gettext", "ngettext")}
    return extract_javascript(BytesIO(text.encode()), words, [], {"encoding": "utf-8", "parse_template_string": True})


def _read_template(text: str, path: Path) -> Iterator:
    if path.suffix not in {".html", ".txt"}:
        return iter(())
    # Django turns tags into gettext calls between blanks; the script lexer reads those without caring for the rest.
    calls = templatize(text, origin=str(path))
    return extract_javascript(BytesIO(calls.encode()), KEYWORDS, [], {"encoding": "utf-8"})


def _as_found(function: str, message: str | tuple | None) -> Found | None:
    """Babel's raw arguments → id and context; None for calls without a literal."""
    parts = message if isinstance(message, tuple) else (message,)
    shape = KEYWORDS.get(function)
    context = None
    if shape and isinstance(shape[0], tuple):
        context, parts = parts[0], parts[1:]
        shape = shape[1:]
    wanted = parts[: len(shape) if shape else 1]
    if not wanted or not all(isinstance(part, str) and part for part in wanted):
        return None
    return (wanted[0] if len(wanted) == 1 else (wanted[0], wanted[1])), context


# Catalogues ---------------------------------------------------------------------------------------------------
def read_catalogue(path: Path) -> Catalog:
    """The catalogue on disk, or an empty one."""
    if not path.exists():
        return Catalog(locale=LOCALE)
    with path.open("rb") as file:
        return read_po(file, locale=LOCALE)


def _template_of(words: Iterable[Found]) -> Catalog:
    template = Catalog()
    for message_id, context in words:
        template.add(message_id, context=context)
    return template


def update_catalogue(path: Path, words: Iterable[Found]) -> Catalog:
    """Add new words, drop vanished ones, keep translations. Writes the file only when something changed."""
    catalogue = read_catalogue(path)
    catalogue.update(_template_of(words), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    text = _po_text(catalogue)
    if len(catalogue) and (not path.exists() or path.read_text(encoding="utf-8") != text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return catalogue


_HEADER = """msgid ""
msgstr ""
"Language: zh_Hans\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""


def _po_text(catalogue: Catalog) -> str:
    buffer = BytesIO()
    write_po(buffer, catalogue, width=110, no_location=True, omit_header=True, sort_output=True, ignore_obsolete=True)
    return _HEADER + buffer.getvalue().decode()


def compile_catalogue(path: Path) -> Path:
    """``.po`` → ``.mo`` beside it, the form Django reads."""
    target = path.with_suffix(".mo")
    with target.open("wb") as file:
        write_mo(file, read_catalogue(path))
    return target


def check_catalogue(path: Path, words: Iterable[Found]) -> Iterator[Finding]:
    """Words that are missing, untranslated, or whose placeholders differ from the original's."""
    catalogue = read_catalogue(path)
    for message_id, context in dict.fromkeys(words):
        key = message_id if isinstance(message_id, str) else message_id[0]
        message = catalogue.get(key, context)
        if message is None:
            yield Finding(path, key, "missing")
        elif not _is_translated(message):
            yield Finding(path, key, "not translated")
        elif _placeholders(message.id) != _placeholders(message.string):
            yield Finding(path, key, "placeholders differ")


def _is_translated(message: Message) -> bool:
    texts = message.string if isinstance(message.string, tuple) else (message.string,)
    return all(texts) and not message.fuzzy


def _placeholders(text: str | Sequence[str] | None) -> set[str]:
    texts = [text or ""] if isinstance(text, str) or text is None else text
    return {name for part in texts for name in _PLACEHOLDER.findall(part)}


def find_disagreements(paths: Iterable[Path]) -> dict[str, dict[str, list[Path]]]:
    """Words translated differently by two rooms: Django would take one of them for all. id → translation → files."""
    seen: dict[str, dict[str, list[Path]]] = {}
    for path in paths:
        for message in read_catalogue(path):
            if message.id and isinstance(message.id, str) and message.context is None and message.string:
                seen.setdefault(message.id, {}).setdefault(str(message.string), []).append(path)
    return {word: readings for word, readings in seen.items() if len(readings) > 1}
