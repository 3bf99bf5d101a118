"""The selectors of a PromQL expression: enough of the language for the lint rules; Prometheus itself checks the syntax."""

import dataclasses
import re

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[A-Za-z_:][\w:]*|\$?[\w.]+|=~|!~|!=|[<>=]=|\S')
NAME = re.compile(r"[A-Za-z_:][\w:]*$")
LABEL_LISTS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
LABEL_VALUES = re.compile(r"label_values\((?P<selector>.+), *(?P<label>\w+)\)")
WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}


@dataclasses.dataclass
class Selector:
    """`metric{matchers}[range]`: `matchers` are (label, operator, value), `function` is what it is the argument of."""

    metric: str
    matchers: list
    range: str = ""
    function: str = ""


def selectors(expression):
    """All selectors, in order; of an expression that is not PromQL, those before the place where it breaks."""
    found = []
    try:
        _scan(expression, found)
    except (IndexError, ValueError):
        pass  # a bracket without its partner
    return found


def _scan(expression, found):
    tokens = TOKEN.findall(expression)
    functions, at = [], 0
    while at < len(tokens):
        token, following = tokens[at], tokens[at + 1 : at + 2]
        if token in LABEL_LISTS and following == ["("]:
            at = tokens.index(")", at) + 1
        elif token == "(":
            functions.append(tokens[at - 1] if at and NAME.match(tokens[at - 1]) else "")
            at += 1
        elif token == ")":
            functions.pop()
            at += 1
        elif token == "{" or NAME.match(token) and following != ["("] and not _is_word(token, following):
            selector, at = _selector(tokens, at)
            selector.function = functions[-1] if functions else ""
            found.append(selector)
        else:
            at += 1


def _is_word(token, following):
    return token.lower() in WORDS or following and following[0] in LABEL_LISTS


def _selector(tokens, at):
    """The selector that starts at the index, and the index behind it."""
    metric = ""
    if tokens[at] != "{":
        metric, at = tokens[at], at + 1
    matchers, window = [], ""
    if tokens[at : at + 1] == ["{"]:
        end = tokens.index("}", at)
        inside = [token for token in tokens[at + 1 : end] if token != ","]
        matchers = [(label, operator, value[1:-1]) for label, operator, value in zip(*[iter(inside)] * 3)]
        at = end + 1
    if tokens[at : at + 1] == ["["]:
        end = tokens.index("]", at)
        window, at = "".join(tokens[at + 1 : end]), end + 1
    return Selector(metric, matchers, window), at
