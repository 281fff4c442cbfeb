"""The words in names: `getDocString`, `get_doc_string` and `getdocstring` are the same three, and some of them are short for others."""

from __future__ import annotations

import re
from functools import lru_cache

VERBS = frozenset(
    "accept acquire activate add adjust advance align allocate allow analyze append apply assert assign attach await begin bind block break build bump calculate call cancel capture cast "
    "change check choose classify clean clear clone close coerce collapse collect combine commit compare compile complete compose compress compute concatenate configure connect consume "
    "convert copy count create cut decode decompress decrement decrypt define delete derive describe deserialize destroy detach detect determine disable disassemble discard disconnect dispatch "
    "display divide download draw drop dump duplicate echo edit emit enable encode encrypt enqueue ensure enter enumerate escape estimate evaluate examine exclude execute exit expand expect "
    "explain export extend extract fail feed fetch fill filter finalize find finish fix flatten flush fold follow force fork format free freeze gather generate get give group guess halt "
    "handle hide hold ignore import include increment indent infer initialize inject insert inspect install instantiate interpolate invalidate invert invoke iterate join jump keep kill "
    "launch leave limit link list listen load locate lock look lookup make map mark mask match measure merge migrate modify monitor mount move multiply mutate negate normalize notify observe "
    "obtain offer open order pack parse partition patch pause peek perform pick ping place plot poll pop populate post prepare prepend print probe process produce prompt propagate protect "
    "prune publish pull purge push put query quit quote raise randomize rank read rebuild receive record recover redirect reduce refresh register reject release reload remove rename render "
    "reopen reorder repeat replace reply report request require reserve reset resize resolve respond restart restore resume retrieve retry reuse reverse revert rewind roll rotate round "
    "run sample sanitize save scale scan schedule search seek select send serialize serve set setup shift show shuffle shut sign simplify simulate skip sleep slice solve sort spawn split "
    "start step stop store stream strip submit subscribe subtract sum suspend swap switch synchronize take test throw toggle tokenize touch trace track train transform translate traverse trigger "
    "trim truncate try turn unbind unescape uninstall unlink unload unlock unpack unquote unregister unset unwrap update upgrade upload use validate verify visit wait walk warn watch wrap "
    "write yield zip".split()
)
SHORT = {
    "abs": "absolute", "addr": "address", "alloc": "allocate", "arg": "argument", "args": "arguments", "attr": "attribute", "attrs": "attributes", "auth": "authentication",
    "bg": "background", "bool": "boolean", "buf": "buffer", "calc": "calculate", "cb": "callback", "cfg": "configuration", "char": "character", "chars": "characters", "cls": "class",
    "cmd": "command", "cmds": "commands", "cnt": "count", "col": "column", "cols": "columns", "config": "configuration", "conn": "connection", "const": "constant", "coro": "coroutine",
    "ctx": "context", "cur": "current", "db": "database", "decl": "declaration", "def": "definition", "del": "delete", "desc": "description", "dest": "destination", "dict": "dictionary",
    "dir": "directory", "dirs": "directories", "dst": "destination", "doc": "documentation", "docs": "documentation", "dt": "datetime", "elem": "element", "env": "environment", "eq": "equal",
    "err": "error", "eval": "evaluate", "exc": "exception", "exec": "execute", "expr": "expression", "ext": "extension", "fd": "file descriptor", "fmt": "format", "fn": "function",
    "fp": "file", "freq": "frequency", "func": "function", "funcs": "functions", "gen": "generate", "hdr": "header", "hex": "hexadecimal", "idx": "index", "img": "image", "inc": "increment",
    "info": "information", "init": "initialize", "int": "integer", "iter": "iterate", "kw": "keywords", "kwargs": "keyword arguments", "lang": "language", "len": "length", "lhs": "left side",
    "lib": "library", "loc": "location", "max": "largest", "mem": "memory", "min": "smallest", "mod": "module", "msg": "message", "msgs": "messages", "num": "number", "obj": "object",
    "objs": "objects", "op": "operator", "opt": "option", "opts": "options", "orig": "original", "param": "parameter", "params": "parameters", "pkg": "package", "pos": "position",
    "pred": "predicate", "prev": "previous", "proc": "process", "prop": "property", "props": "properties", "ptr": "pointer", "pwd": "password", "qs": "query string", "qsl": "query string list",
    "recv": "receive", "ref": "reference", "refs": "references", "regex": "regular expression", "repr": "representation", "req": "request", "res": "result", "resp": "response", "ret": "result",
    "rhs": "right side", "sec": "section", "seq": "sequence", "sep": "separator", "sig": "signature", "sock": "socket", "spec": "specification", "src": "source", "stat": "status",
    "stats": "statistics", "stdin": "standard input", "stdout": "standard output", "stderr": "standard error", "str": "string", "strs": "strings", "sync": "synchronize", "tb": "traceback",
    "temp": "temporary", "tmp": "temporary", "ts": "timestamp", "typ": "type", "util": "utility", "val": "value", "vals": "values", "var": "variable", "vars": "variables", "ver": "version",
    "win": "window", "xs": "values",
}  # fmt: skip
_NOUNS = frozenset(
    "address alias all archive array arguments attribute base block body bool bound box buffer by byte bytes cache call case cell chain char child children chunk class code codec column command "
    "comment common config content context cookie core counter current cursor data date datetime day debug default delta dependency depth device dict digest dir directory document domain down edge "
    "element end entry env error event exception expression extension factory field file files first flag float folder font for from frame full func function global handle handler hash head header "
    "heading height help history host hour html id image in index info inner input int interval into item items iterable iterator job json key keys label language last layer left len length "
    "level library limit line lines link list literal local locale lock log long mail map mark mask match max member memory message meta method min mode model module month more mro multi name names "
    "native new next no node not null number object of off offset on one only open operator option options or order origin out outer output over owner package packet page pair panel parent part "
    "parts password path pattern payload peer pending permission pixel platform pointer pool port position prefix previous private process profile project prompt property protocol proxy public query "
    "queue quick random range rate ratio raw real record ref reference region relative remote repr request resource response result right root row rule sample scope score screen script second section "
    "segment select self sequence server service session set settings shape shared short signal simple single size slot socket sort source space span stack stage standard start state stats status "
    "step stop stream string style sub suffix sum symbol syntax system table tag target task temp term test text thread time timeout timer title to token tool top total trace transaction tree "
    "tuple type types under union unique unit unix up uri url user util value values variable version view virtual visible warning weak week weight when width window with word words worker year zip zone".split()
)
_KNOWN = VERBS | _NOUNS | frozenset(SHORT)
_LETTERS_LIMIT = 24  # a longer word is no compound that anybody wrote without a mark
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?(?:[^\W\d_A-Z])+|[A-Z]+|\d+")


@lru_cache(maxsize=4096)
def of_name(name: str) -> tuple[str, ...]:
    """The words of a name in lower case; one that is written in capitals among others keeps them (`HTTP`)."""
    found: list[str] = []
    for part in _PARTS.findall(name):
        if part.isdigit() and found:
            found[-1] += part
        elif part.isupper() and len(part) > 1:
            found.append(part)
        else:
            found += _split(part.lower())
    return tuple(found)


def stem(word: str) -> str:
    """A word in lower case without its usual endings, so that "parses", "parsed" and "parsing" are one."""
    for ending in ("ations", "ation", "ings", "ing", "ies", "es", "ed", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def spoken(words: tuple[str, ...]) -> str:
    """Words as they are said: short forms in full."""
    return " ".join(SHORT.get(word, word) for word in words)


def _split(word: str) -> list[str]:
    """A compound of known words in as few of them as there can be; the word itself where it is none."""
    if word in _KNOWN or not 5 <= len(word) <= _LETTERS_LIMIT:
        return [word]
    best: list[list[str] | None] = [[]] + [None] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(end - 2):
            before, part = best[start], word[start:end]
            if before is not None and part in _KNOWN and (best[end] is None or len(before) + 1 < len(best[end] or [])):
                best[end] = [*before, part]
    found = best[-1]
    return found if found is not None and len(found) <= 3 else [word]
