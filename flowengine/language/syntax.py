"""The shape of an expression: CEL's grammar read into a tree, for the evaluator and for the checks.

Reading also bounds it: length, tokens and nesting are refused before any other code sees them (L12). What CEL knows
and flowengine does not offer (message types, bytes, optional syntax) is refused here.
"""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

from flowengine.errors import ExpressionFailed
from flowengine.language.evaluation.numbers import LARGEST, SMALLEST, Number, exact
from flowengine.language.tree import (
    Call,
    Collection,
    Condition,
    Has,
    Index,
    Literal,
    Macro,
    Member,
    Name,
    Node,
    Operation,
    children,
    walk,
)

__all__ = [
    "Call", "Collection", "Condition", "Has", "Index", "Literal", "Macro", "Member", "Name", "Node", "Operation",
    "children", "closing_brace", "read", "walk",
]  # fmt: skip

LONGEST = 2_000
"""Characters an expression may have."""
MOST_TOKENS = 500
"""Names, literals and signs an expression may have."""
DEEPEST = 40
"""Levels to which brackets, signs and conditions may be nested."""


MACROS = {"all": (2,), "exists": (2,), "exists_one": (2,), "filter": (2,), "map": (2, 3)}
"""CEL's macros, with how many arguments each takes."""

_RESERVED = frozenset(
    {
        *("in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop"),
        *("package", "namespace", "return", "var", "void", "while"),
    }
)
_SIGNS_FOR = {"and": "&&", "or": "||", "AND": "&&", "OR": "||", "not": "!", "NOT": "!", "is": "==", "equals": "=="}
"""What is written for signs elsewhere."""
_WORDS = {"true": True, "false": False, "null": None}
_WORDS_FOR = {
    "True": "true", "TRUE": "true", "False": "false", "FALSE": "false",
    **dict.fromkeys(("None", "NULL", "nil", "undefined"), "!has(data.x) to ask whether it is missing"),
}  # fmt: skip
"""What is written for values elsewhere."""
_date = re.compile(r"\d{4}-\d\d-\d\d(?!\d)").match
_TOKEN = re.compile(
    r"""(?P<space>[\s]+|//[^\n]*)"""
    r"""|(?P<text>[rR]?(?:\"\"\"(?:\\[\s\S]|(?!\"\"\")[^\\])*\"\"\"|'''(?:\\[\s\S]|(?!''')[^\\])*'''|"""
    r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))"""
    r"""|(?P<number>0[xX][0-9a-fA-F]+[uU]?|(?:\d+\.\d+|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\d+[uU]?)"""
    r"""|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"""
    r"""|(?P<sign>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]{}])"""
)
_ESCAPE = re.compile(r"\\([xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2}|[\s\S])")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_STRENGTH = {
    "||": 1, "&&": 2,
    "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "in": 3,
    "+": 4, "-": 4, "*": 5, "/": 5, "%": 5,
}  # fmt: skip


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


def read(source: str) -> Node:
    """The tree of an expression. Raises :class:`ExpressionFailed`, saying at which character it cannot be read."""
    if len(source) > LONGEST:
        raise ExpressionFailed(
            f"the expression has {len(source)} characters; at most {LONGEST} are allowed", kind="syntax"
        )
    return _Reader(source, _tokens(source)).whole()


def _tokens(source: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            _fail(source, at, _strange(source, at))
        kind = str(match.lastgroup)
        if kind == "number" and (day := _date(source, at)):
            _fail(source, at, f'a date is no number; write date("{day.group()}")')
        if kind != "space":
            found.append(_Token(kind, match.group(), at, match.end()))
        at = match.end()
    if len(found) > MOST_TOKENS:
        raise ExpressionFailed(
            f"the expression has {len(found)} parts; at most {MOST_TOKENS} are allowed", kind="syntax"
        )
    found.append(_Token("end", "", len(source), len(source)))
    return found


def _strange(source: str, at: int) -> str:
    char = source[at]
    if char in "\"'":
        return "a text that is never closed"
    if char in "‘’“”„«»":
        return f"{char!r} is no quote here; write '\"'"
    if char == "=" and source[max(at - 2, 0) : at] in ("==", "!="):
        return f"'{source[at - 2 : at + 1]}' has one '=' too many; write '{source[at - 2 : at]}'"
    if char == "=" and source[at + 1 : at + 2] in ("<", ">"):
        return f"'{source[at : at + 2]}' is no sign; write '{source[at + 1]}='"
    single = {"=": "'=' alone; to compare, write '=='", "&": "'&' alone; write '&&'", "|": "'|' alone; write '||'"}
    return single.get(char, f"{char!r} has no meaning here")


def _fail(source: str, at: int, what: str) -> NoReturn:
    where = source if len(source) <= 80 else source[:77] + "…"
    raise ExpressionFailed(f"{what} (character {at + 1})", where=where, kind="syntax", span=(at, at + 1))


def closing_brace(source: str, start: int) -> int:
    """Where the brace that opens at ``start`` is closed, texts and comments inside skipped; -1 when it never is."""
    depth, at = 0, start
    while at < len(source):
        match = _TOKEN.match(source, at)
        text = match.group() if match else ""
        depth += (text == "{") - (text == "}")
        if depth == 0:
            return at
        at = match.end() if match else at + 1
    return -1


class _Reader:
    """Precedence climbing over the tokens."""

    __slots__ = ("at", "depth", "source", "tokens")

    def __init__(self, source: str, tokens: list[_Token]) -> None:
        self.source = source
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def whole(self) -> Node:
        if self.tokens[0].kind == "end":
            raise ExpressionFailed("the expression is empty", kind="syntax")
        node = self.expression()
        if self.tokens[self.at].kind != "end":
            self.unexpected()
        return node

    def unexpected(self) -> NoReturn:
        token = self.tokens[self.at]
        what = "the expression stops too early" if token.kind == "end" else f"{token.text!r} does not belong here"
        if token.text in _SIGNS_FOR:
            what = f"{token.text!r} is no sign; write {_SIGNS_FOR[token.text]!r}"
        elif token.text == ">" and self.at and self.source[token.start - 1 : token.end] == "<>":
            what = "'<>' is no sign; write '!='"
        elif token.text == "if":
            what = "there is no 'if'; write 'condition ? this : that'"
        elif self.at and self.tokens[self.at - 1].text == "not":
            token = self.tokens[self.at - 1]
            what = "'not' is no sign; write '!'"
        _fail(self.source, token.start, what)

    def skip(self, sign: str) -> bool:
        """Whether the next token is that sign; then it is taken."""
        if self.tokens[self.at].text == sign and self.tokens[self.at].kind == "sign":
            self.at += 1
            return True
        return False

    def expect(self, sign: str) -> int:
        """Take that sign and say where it ends."""
        if not self.skip(sign):
            self.unexpected()
        return self.tokens[self.at - 1].end

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            _fail(self.source, self.tokens[self.at].start, f"nested more than {DEEPEST} levels deep")

    def expression(self) -> Node:
        self.deeper()
        test = self.binary(1)
        if self.skip("?"):
            then = self.binary(1)
            self.expect(":")
            otherwise = self.expression()
            test = Condition(test, then, otherwise, test.start, otherwise.end)
        self.depth -= 1
        return test

    def binary(self, strength: int) -> Node:
        left = self.unary()
        while True:
            token = self.tokens[self.at]
            mine = _STRENGTH.get(token.text, 0) if token.kind != "text" else 0
            if mine < strength:
                return left
            self.at += 1
            right = self.binary(mine + 1)
            if mine < 3 and isinstance(left, Operation) and left.sign == token.text:
                left = Operation(token.text, (*left.operands, right), left.start, right.end)
            else:
                left = Operation(token.text, (left, right), left.start, right.end)

    def unary(self) -> Node:
        token = self.tokens[self.at]
        if token.kind == "sign" and token.text in "!-":
            self.at += 1
            if token.text == "-" and self.tokens[self.at].kind == "number":
                self.tokens[self.at] = self.tokens[self.at]._replace(
                    text="-" + self.tokens[self.at].text, start=token.start
                )
                return self.member()
            self.deeper()
            operand = self.unary()
            self.depth -= 1
            return Operation(token.text, (operand,), token.start, operand.end)
        return self.member()

    def member(self) -> Node:
        node = self.primary()
        while True:
            if self.skip("."):
                token = self.tokens[self.at]
                if token.kind != "name" or token.text in _WORDS or token.text == "in":
                    self.unexpected()
                self.at += 1
                if self.tokens[self.at].text == "(":
                    node = self.call(token, node)
                else:
                    node = Member(node, token.text, node.start, token.end)
            elif self.skip("["):
                key = self.expression()
                end = self.expect("]")
                if isinstance(key, Literal) and isinstance(key.value, str):
                    node = Member(node, key.value, node.start, end)
                else:
                    node = Index(node, key, node.start, end)
            else:
                return node

    def primary(self) -> Node:
        token = self.tokens[self.at]
        self.at += 1
        if token.kind == "text":
            return Literal(_text(self.source, token), token.start, token.end)
        if token.kind == "number":
            return Literal(_number(self.source, token), token.start, token.end)
        if token.kind == "name":
            return self.named(token)
        if token.text == "(":
            inner = self.expression()
            if self.tokens[self.at].text == "," and self.tokens[self.at].kind == "sign":
                _fail(self.source, token.start, "a list stands in square brackets; write [a, b]")
            return inner._replace(start=token.start, end=self.expect(")"))
        if token.text in ("[", "{"):
            return self.collection(token)
        self.at -= 1
        return self.unexpected()

    def named(self, token: _Token) -> Node:
        if token.text in _WORDS:
            return Literal(_WORDS[token.text], token.start, token.end)
        if token.text in _WORDS_FOR and self.tokens[self.at].text != "(":
            _fail(self.source, token.start, f"{token.text!r} is no value; write {_WORDS_FOR[token.text]}")
        if token.text in _RESERVED:
            self.at -= 1
            self.unexpected()
        if self.tokens[self.at].text == "(" and self.tokens[self.at].kind == "sign":
            return self.call(token, None)
        return Name(token.text, token.start, token.end)

    def call(self, name: _Token, target: Node | None) -> Node:
        self.expect("(")
        args, end = self.listed(")")
        start = target.start if target is not None else name.start
        if target is None and name.text == "has":
            if len(args) != 1 or not isinstance(args[0], Member):
                _fail(self.source, name.start, "has() takes one member, for example has(data.x)")
            return Has(args[0], start, end)
        if target is not None and name.text in MACROS:
            if len(args) not in MACROS[name.text] or not isinstance(args[0], Name):
                _fail(self.source, name.start, f"{name.text}() takes a name and what to do with it: (x, …)")
            return Macro(name.text, target, args[0].name, tuple(args[1:]), start, end)
        return Call(name.text, target, tuple(args), start, end)

    def listed(self, closing: str) -> tuple[list[Node], int]:
        """Expressions with commas between, up to the closing bracket; and where that ends."""
        items: list[Node] = []
        while not self.skip(closing):
            items.append(self.expression())
            if not self.skip(","):
                return items, self.expect(closing)
            if closing == ")" and self.tokens[self.at].text == ")":
                self.unexpected()
        return items, self.tokens[self.at - 1].end

    def collection(self, opening: _Token) -> Node:
        if opening.text == "[":
            items, end = self.listed("]")
            return Collection(tuple(items), False, opening.start, end)
        pairs: list[Node] = []
        while not self.skip("}"):
            pairs.append(self.expression())
            self.expect(":")
            pairs.append(self.expression())
            if not self.skip(","):
                return Collection(tuple(pairs), True, opening.start, self.expect("}"))
        return Collection(tuple(pairs), True, opening.start, self.tokens[self.at - 1].end)


def _text(source: str, token: _Token) -> str:
    """The text that a literal means."""
    raw = token.text[0] in "rR"
    quoted = token.text[1:] if raw else token.text
    quote = 3 if quoted[:3] in ('"""', "'''") else 1
    body = quoted[quote:-quote]
    try:
        return body if raw or "\\" not in body else _ESCAPE.sub(_unescape, body)
    except ValueError as error:
        _fail(source, token.start, str(error))


def _unescape(match: re.Match[str]) -> str:
    code = match.group(1)
    if len(code) == 1:
        return _ESCAPES.get(code, code)
    number = int(code, 8) if code[0].isdigit() else int(code[1:], 16)
    if number >= 0x110000 or 0xD800 <= number < 0xE000:
        raise ValueError(f"{match.group()} is no character")
    return chr(number)


def _number(source: str, token: _Token) -> Number:
    text = token.text.rstrip("uU")
    if "x" not in text.lower() and any(sign in text for sign in ".eE"):
        try:
            return exact(text)
        except ExpressionFailed as error:
            _fail(source, token.start, f"{text[:40]}: {error.what}")
    value = int(text, 16 if "x" in text.lower() else 10)
    if not SMALLEST <= value <= LARGEST:
        _fail(source, token.start, f"{text[:40]} is too large; whole numbers go from {SMALLEST} to {LARGEST}")
    return value
