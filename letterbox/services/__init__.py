"""The verbs: the only code that changes what people see.

A verb is a function: what it acts on first, the rest by keyword, one transaction, and
one line of history. Nothing here talks to a mail server.
"""
