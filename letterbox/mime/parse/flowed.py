"""Text of `format=flowed` put back into paragraphs (RFC 3676, section 4)."""

from __future__ import annotations


def unflow(text: str, *, delete_space: bool = False) -> str:
    """Join the soft-broken lines of each quote depth; `delete_space` is DelSp=yes."""
    lines: list[str] = []
    pieces: list[str] = []
    depth = -1
    for line in text.split("\n"):
        stripped = line.lstrip(">")
        line_depth = len(line) - len(stripped)
        # A stuffed space protects lines that begin with ">", "From " or a blank.
        content = stripped.removeprefix(" ")
        if pieces and line_depth != depth:
            # Section 4.5: a change of depth ends a paragraph, flowed or not.
            lines.append("".join(pieces))
            pieces = []
        if not pieces:
            depth = line_depth
            pieces.append(">" * depth + " " if depth else "")
        # Section 4.3: the signature separator is never flowed. Neither is a line of
        # blanks, which is how some programs quote an empty line.
        if content.endswith(" ") and content != "-- " and content.strip():
            pieces.append(content[:-1] if delete_space else content)
            continue
        pieces.append(content)
        lines.append("".join(pieces))
        pieces = []
    if pieces:
        lines.append("".join(pieces))
    return "\n".join(lines)
