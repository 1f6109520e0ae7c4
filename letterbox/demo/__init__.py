"""A standing world to try everything in, with its own mail server on loopback.

accounts  who lives in the world: pure values
server    the pretend mail server: SMTP in, IMAP out, all in memory
world     the rows and letters that stand there at the beginning
views     "Write as a customer", and the customer's own inbox
"""
