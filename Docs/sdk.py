#!/usr/bin/env python3
"""Makes Docs/sdk.md, the reference of the browser library, from its types.

    Docs/sdk.py            writes Docs/sdk.md
    Docs/sdk.py --check    only says, by its exit status, whether it is up to date
"""

import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[1]
TYPES = ROOT / "Sources" / "WebAssets" / "Pages" / "parley.d.ts"
PAGE = ROOT / "Docs" / "sdk.md"
WIDTH = 100

INTRODUCTION = """\
# The browser library

`parleyd` serves it as `/parley.js`, with its types as `/parley.d.ts`; it has no dependency and
needs no build. [README.md](../README.md) has a call in ten lines, and the demo
([demo.js](../Sources/WebAssets/Pages/demo.js)) uses nearly all of it. This page is made from the
types by `Docs/sdk.py`.

What it does by itself:

- **Negotiation**: perfect negotiation with the roles that the server gives; candidates that come
  ahead of their description wait for it; the connection is restarted when it fails, when it stays
  disconnected, and when the machine changes networks.
- **Cuts**: the session with the server is resumed, under the same id. What was sent meanwhile goes
  out afterwards, what was missed comes in, each once and in order; media does not notice. After a
  restart of the server, too, where the operator has configured a secret.
- **Relays**: credentials are renewed in time. Where the operator's policy is `on-demand`, the
  direct way is tried first, and a relay is asked for when that fails or takes longer than five
  seconds.
- **Hidden pages**: heartbeats go on, by a worker. A page with a `Content-Security-Policy` allows it
  with `worker-src blob:`; without it a page that was hidden for minutes, and has no connection to
  anybody, may have to come back as somebody new.
- **Devices**: a camera or microphone that is unplugged is replaced by another.
"""


def reflow(text: str, indent: str = "") -> str:
    """The text of a comment as Markdown: paragraphs filled, code and lists as they are."""
    blocks = []
    for block in text.strip().split("\n\n"):
        if block.startswith("    "):
            blocks.append("```js\n" + textwrap.dedent(block) + "\n```")
        elif block.startswith("- "):
            items = re.split(r"\n(?=- )", block)
            blocks.append("\n".join(fill(item, "", "  ") for item in items))
        else:
            blocks.append(fill(block))
    return textwrap.indent("\n\n".join(blocks), indent)


def fill(text: str, first: str = "", others: str = "") -> str:
    """One paragraph."""
    # What stands between backticks is one word.
    words = re.sub(r"`[^`]*`", lambda code: code.group().replace(" ", "\0"), text)
    filled = textwrap.fill(words, WIDTH, initial_indent=first, subsequent_indent=others,
                           break_long_words=False, break_on_hyphens=False)
    return filled.replace("\0", " ")


def comment_at(lines: list[str], at: int) -> tuple[str, int]:
    """The comment that begins in this line, if one does, and the line after it."""
    if not lines[at].strip().startswith("/**"):
        return "", at
    end = at
    while "*/" not in lines[end]:
        end += 1
    text = "\n".join(lines[at:end + 1])
    text = re.sub(r"^\s*/\*\*|\*/\s*$", "", text)
    text = re.sub(r"^\s*\* ?", "", text, flags=re.MULTILINE)
    return text.strip("\n").strip(" "), end + 1


def declarations(lines: list[str]) -> list[tuple[str, str]]:
    """What is declared in these lines, each with its comment."""
    found = []
    at = 0
    while at < len(lines):
        comment, at = comment_at(lines, at)
        if at == len(lines) or not lines[at].strip() or lines[at].startswith("//"):
            at += 1
            continue
        end = at
        while not complete("\n".join(lines[at:end + 1])):
            end += 1
        found.append((comment, "\n".join(lines[at:end + 1])))
        at = end + 1
    return found


def complete(text: str) -> bool:
    """Whether a declaration ends here."""
    depth = sum(text.count(mark) for mark in "{([") - sum(text.count(mark) for mark in "})]")
    return depth == 0 and text.rstrip()[-1] in ";}"


def one_line(code: str) -> str:
    """A member's declaration without the breaks that its length wanted."""
    return re.sub(r"\s+", " ", code).strip().rstrip(";")


def members(code: str) -> str:
    """The list of what an interface or class has."""
    inside = textwrap.dedent("\n".join(code.split("\n")[1:-1])).split("\n")
    items = []
    for comment, member in declarations(inside):
        paragraphs = comment.split("\n\n")
        item = fill(f"- `{one_line(member)}`" + (f": {paragraphs[0]}" if comment else ""),
                    "", "  ")
        items.append("\n\n".join([item, *(reflow(each, "  ") for each in paragraphs[1:])]))
    return "\n".join(items)


def values(code: str) -> str:
    """The list of what a union of texts can be."""
    lines = code.split("=", 1)[1].strip().rstrip(";").split("\n")
    groups: list[tuple[str, list[str]]] = [("", [])]
    at = 0
    while at < len(lines):
        comment, at = comment_at(lines, at)
        if comment:
            groups.append((comment, []))
        groups[-1][1].extend(re.findall(r'"([a-z_]+)"', lines[at]))
        at += 1
    return "\n".join(
        fill("- " + ", ".join(f"`{name}`" for name in names)
             + (f": {comment}" if comment else ""), "", "  ")
        for comment, names in groups if names)


def chapter(comment: str, code: str) -> str:
    """One declaration as a chapter."""
    code = code.removeprefix("export ")
    kind, name = re.match(r"(\w+) (\w+)", code).groups()
    parts = [f"## {name}"]
    if kind == "function":
        parts.append(f"```ts\n{code}\n```")
    elif kind == "type" and "/**" not in code:
        parts.append(f"```ts\n{code}\n```")
    if comment:
        parts.append(reflow(comment))
    if kind in ("interface", "class"):
        parts.append(members(code))
    elif kind == "type" and "/**" in code:
        parts.append(values(code))
    return "\n\n".join(parts)


def page() -> str:
    """All of it."""
    lines = TYPES.read_text("utf-8").split("\n")
    return "\n\n".join([INTRODUCTION.strip(), *(
        chapter(comment, code) for comment, code in declarations(lines))]) + "\n"


def main() -> int:
    """Writes the page, or compares it."""
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page(), "utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text("utf-8") == page():
        return 0
    print("Docs/sdk.md is not what Docs/sdk.py makes of parley.d.ts: run Docs/sdk.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
