"""Bytes ⇄ values: what a letter says, never what becomes of it.

Everything here is pure: no Django, no sockets, no files. Whatever the bytes are,
the functions return; they never raise because a letter is odd.

    letter      the values that the other modules speak in
    parse       bytes → Letter
    build       Draft → bytes
    classify    Letter → human, list, auto-reply, bounce … and why
    bounces     Letter → what became of a letter of ours, where it is a report
    language    Letter → the language it is written in
    fold        text → new words, quotes, signatures
    markup      HTML source → tags and text, in linear time
    text        HTML → the words one sees
    clean       hostile HTML → harmless HTML; clean_css does its styles
"""
