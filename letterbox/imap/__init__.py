"""One typed IMAP conversation with a server.

Read from the bottom up: `framing` cuts bytes into responses, `tokens` and `parser`
turn them into the values of `responses`, `commands` writes what we say, `transport`
owns the socket, `connection` keeps commands and answers in step, and `session` is
what the rest of Letterbox talks to.

Nothing here knows Django, keeps state between conversations, or writes a log: what
happened is in the values that are returned and the errors that are raised.
"""
