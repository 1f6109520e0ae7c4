"""Find what people read: marked texts of templates and web code, sentences of the rest.

In `web` and the models a text is marked for gettext, as everywhere in Django. Below, in
rules, mail and services, nothing is marked: every literal that reads as a sentence
is one, with names in braces where its values stand. What people read there that
is no sentence, such as the label of an operator, is listed in LABELS.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.template.base import Lexer, TokenType

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "letterbox"


@dataclass(frozen=True)
class Text:
    """One text as it is in English; `plural` for more than one of something."""

    english: str
    file: str
    plural: str = ""
    context: str = ""


# Where no text is for the pages: commands, the database, what only programs get wrong.
UNSPOKEN = (
    "__init__.py", "management", "migrations", "postgres", "settings.py", "jobs.py",
    "demo/server.py", "inbound/files.py", "services/configuration", "services/keys.py",
    "mime/build", "mime/message_ids.py", "mime/attachments.py", "imap/commands.py",
    "imap/changing.py", "imap/outlines.py", "imap/uid_sets.py",
)  # fmt: skip
# Where texts are marked for gettext.
MARKED = ("web/", "models/", "demo/")

# Words that are no sentences: file → what holds them. Of a call it is the second
# argument, after the key, and `help`; of a table the values; of a function all it holds.
LABELS: Mapping[str, Collection[str]] = {
    "access.py": ("ABILITIES",),
    "inbound/conversion.py": ("action",),
    "rendering/variables.py": ("Variable",),
    "oauth/providers.py": ("Kind",),
    "rules/budgets.py": ("describe",),
    "rules/compare.py": ("__str__", "_parts", "_TIMINGS", "_how_often", "_conditions"),
    "rules/engine.py": ("_SUMMARIES", "_TIMING_WORDS"),
    "rules/guards.py": ("_SILENT_FOLDERS",),
    "rules/fields.py": ("text", "texts", "addresses", "value", "moment"),
    "rules/operators.py": ("Operator",),
}

# Values that pages say as words: of stored rows, and of lists made elsewhere.
WORDS: Mapping[str, Collection[str]] = {
    "rendering/variables.py": (
        "email", "sender", "mailbox", "case", "lead", "agent", "company", "dates",
    ),
    "mime/classify/values.py": (
        "own", "feedback report", "bounce hard", "bounce soft", "bounce delay",
        "delivery success", "receipt", "challenge", "out of office",
        "auto acknowledgement", "auto reply", "calendar", "spam", "notification",
        "list", "bulk", "system address", "human",
    ),
    "models/history.py": (
        "abilities", "ability", "action", "address", "aliases", "appends sent",
        "archive folder", "assignee", "authorise url", "client id",
        "client secret expires on", "company", "conditions", "contact", "content",
        "creates people", "description", "display name", "domains", "email",
        "encryption", "entity", "first letter only", "first name", "frequency",
        "goes on", "has second factor", "host", "is active", "is enabled",
        "is fed by forwarding", "is on", "is written by form", "issuer",
        "joins by address", "kind", "label", "language", "last name", "login", "name",
        "needs role", "notes", "options", "order", "owner", "password", "period hours",
        "phone", "port", "position", "priority", "processing", "provider",
        "requires two factor", "resolution", "revoke url", "role", "roles",
        "roles claim", "scopes", "signature", "since", "source", "status", "subject",
        "sync from", "tags", "takes unconfirmed", "template", "tenant", "timing",
        "token url", "type", "writes answered back", "writes seen back",
    ),
    "rules/calendars.py": (
        "closed all day",
    ),
    "inbound/conversion.py": ("convert-to-case", "convert-to-lead", "do-nothing"),
    "sync/probe.py": (
        "Name", "Connection", "Encryption", "Login", "Folders", "Push", "Sign-in",
    ),
}  # fmt: skip

PLAIN = {"gettext", "gettext_lazy", "gettext_noop"}
COUNTED = {"ngettext", "ngettext_lazy"}
IN_CONTEXT = {"pgettext", "pgettext_lazy"}
# Whoever programs reads these, not whoever clicks.
FOR_PROGRAMMERS = {
    "ValueError", "TypeError", "LookupError", "KeyError", "RuntimeError",
    "AssertionError", "NotImplementedError", "Http404", "NotFound", "ImproperlyConfigured",
    "debug", "info", "warning", "error", "exception", "critical",
    "execute", "compile", "getLogger",
}  # fmt: skip

SENTENCE = re.compile(r"^[“(]?(?:[A-Z]|\{\w+\}).* .*[.!?…:]”?\)?(?: \{\w+\})?$", re.S)
PLACE = re.compile(r"\{\w+\}")
CODE = re.compile(
    r"^(?:SELECT|INSERT|UPDATE|DELETE|CREATE|[A-Z ]+ \{)|<\w+|\n +[A-Z]{2,} "
)
QUOTED = r"""(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')"""
TRANSLATE = re.compile(rf"^translate\s+{QUOTED}(?:\s+context\s+{QUOTED})?")
INLINE = re.compile(rf"_\({QUOTED}\)")
BLOCK = re.compile(r"^blocktranslate\b")


def texts() -> Iterator[Text]:
    """Every text of the package, file by file."""
    for path in sorted(PACKAGE.rglob("*")):
        name = path.relative_to(PACKAGE).as_posix()
        if name.startswith(UNSPOKEN):
            continue
        if path.suffix in {".html", ".txt"} and "web/templates/" in name:
            yield from in_template(path.read_text(encoding="utf-8"), name)
        elif path.suffix == ".py":
            yield from in_module(ast.parse(path.read_text(encoding="utf-8")), name)


def in_template(text: str, name: str) -> Iterator[Text]:
    """What its tags translate."""
    tokens = iter(Lexer(text).tokenize())
    for token in tokens:
        if token.token_type in (TokenType.BLOCK, TokenType.VAR):
            for found in INLINE.finditer(token.contents):
                yield Text(_unquoted(found[1], found[2]), name)
        if token.token_type is not TokenType.BLOCK:
            continue
        if tag := TRANSLATE.match(token.contents):
            context = _unquoted(tag[3], tag[4])
            yield Text(_unquoted(tag[1], tag[2]), name, context=context)
        elif BLOCK.match(token.contents):
            is_trimmed = "trimmed" in token.contents.split()
            one: list[str] = []
            more: list[str] = []
            part = one
            for inside in tokens:
                if inside.token_type is TokenType.TEXT:
                    part.append(inside.contents.replace("%", "%%"))
                elif inside.token_type is TokenType.VAR:
                    part.append(f"%({inside.contents})s")
                elif inside.contents == "plural":
                    part = more
                else:
                    break
            yield Text(
                _joined(one, is_trimmed=is_trimmed),
                name,
                _joined(more, is_trimmed=is_trimmed),
            )


def in_module(tree: ast.Module, name: str) -> Iterator[Text]:
    """What is marked; and, below `web`, what reads as a sentence or is a label."""
    seen: set[str] = set()
    yield from _marked(tree, name)
    for word in WORDS.get(name, ()):
        yield Text(word, name)
    if name.startswith(MARKED):
        return
    for english in (*_labels(tree, LABELS.get(name, ())), *_sentences(tree)):
        if english not in seen:
            seen.add(english)
            yield Text(english, name)


def unmarked(tree: ast.Module) -> Iterator[str]:
    """Sentences that no gettext has: what the house test looks for in `web`."""
    inside = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _called(node, _names(tree)) is not None
        for child in ast.walk(node)
    }
    yield from _sentences(tree, inside)


def _marked(tree: ast.Module, name: str) -> Iterator[Text]:
    names = _names(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = _called(node, names)
        given = [_literal(each) for each in node.args]
        if function in PLAIN and given[0]:
            yield Text(given[0], name)
        elif function in COUNTED:
            yield Text(given[0], name, given[1])
        elif function in IN_CONTEXT:
            yield Text(given[1], name, context=given[0])


def _names(tree: ast.Module) -> Mapping[str, str]:
    """What gettext's functions are called in this module."""
    return {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.module == "django.utils.translation"
        for alias in node.names
        if alias.name in PLAIN | COUNTED | IN_CONTEXT
    }


def _called(node: ast.Call, names: Mapping[str, str]) -> str | None:
    return names.get(node.func.id) if isinstance(node.func, ast.Name) else None


def _labels(tree: ast.Module, holders: Collection[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=called)) if called in holders:
                for each in (*node.args[1:2], *node.keywords):
                    if not isinstance(each, ast.keyword) or each.arg == "help":
                        yield from _strings(each)
            case (
                ast.Assign(targets=[ast.Name(id=assigned)], value=value)
                | ast.AnnAssign(target=ast.Name(id=assigned), value=value)
            ) if assigned in holders and isinstance(value, ast.Dict):
                for each in value.values:
                    yield from _strings(each)
            case ast.FunctionDef(name=function) if function in holders:
                for each in node.body:
                    yield from _strings(each)


def _strings(node: ast.AST) -> Iterator[str]:
    for child in _readable(node, ()):
        english = _english(child)
        if english and re.search(r"[A-Za-z]{2}", PLACE.sub("", english)):
            yield english


def _sentences(tree: ast.AST, skipped: Collection[int] = ()) -> Iterator[str]:
    for node in _readable(tree, set(skipped)):
        english = _english(node)
        if (
            english
            and SENTENCE.match(english)
            and re.search(r"[A-Za-z]{2,}\W+[A-Za-z]{2,}", PLACE.sub("", english))
            and not CODE.search(english)
        ):
            yield english


def _readable(node: ast.AST, skipped: Collection[int]) -> Iterator[ast.AST]:
    """Literals, without docstrings, the pieces of others, and what is for logs."""
    todo = [node]
    while todo:
        each = todo.pop()
        if id(each) in skipped:
            continue
        if isinstance(each, ast.Constant | ast.JoinedStr):
            yield each
            continue
        if isinstance(each, ast.Call) and _function(each.func) in FOR_PROGRAMMERS:
            continue
        if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant):
            continue
        if isinstance(each, ast.Assert):
            continue
        todo.extend(reversed(list(ast.iter_child_nodes(each))))


def _english(node: ast.AST) -> str:
    """The text of a literal, with names in braces for its values."""
    if not isinstance(node, ast.JoinedStr):
        return _literal(node)
    pieces, taken = [], set()
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            place = name = _last_name(part.value)
            number = 2
            while place in taken:
                place, number = f"{name}_{number}", number + 1
            taken.add(place)
            pieces.append(f"{{{place}}}")
        else:
            pieces.append(_literal(part))
    return "".join(pieces)


def _last_name(node: ast.AST) -> str:
    """What a value is called where it stands: `name` for `mailbox.name`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.strip("_").lower() or "value"
        case ast.Call(func=ast.Attribute(attr="join"), args=[each]):
            return _last_name(each)
        case ast.Call(func=ast.Name(id="str" | "len"), args=[each]):
            return _last_name(each)
        case ast.Call(func=function):
            return _last_name(function)
        case (
            ast.BinOp(left=each)
            | ast.Subscript(value=each)
            | ast.BoolOp(values=[each, *_])
        ):
            return _last_name(each)
    return "value"


def _function(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _literal(node: ast.AST) -> str:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return str(node.value) if is_text else ""  # type: ignore[attr-defined]


def _unquoted(double: str | None, single: str | None) -> str:
    return re.sub(r"\\(.)", r"\1", double or single or "")


def _joined(pieces: list[str], *, is_trimmed: bool) -> str:
    text = "".join(pieces)
    if is_trimmed:
        text = " ".join(line.strip() for line in text.strip().splitlines())
    return text
