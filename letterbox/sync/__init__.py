"""Keep Folder, Message and Placement rows equal to the IMAP server.

keeper       one process: takes leases, runs a watcher per mailbox
leases       who keeps which mailbox, and the fence against those who lost it
watcher      one thread per mailbox: connect, keep, after trouble wait (backoff)
apart        work in threads of its own, so that who waits weighs little
rounds       one session: look, pass, wait for news
passes       one folder made equal to the server's
plan         which steps that takes, and whether any: pure
taking       letters into tables, in chunks; recognising, those we hold already
vanishing    letters that the server has no more
renumber     a folder whose UIDVALIDITY changed
reconcile    the proof that nothing is missing, and the repair
errands      what we owe to the server: flags, moves, copies in Sent
tree         the list of folders
budgets      bytes a day
slots        how many connections an account may have beside the watching one
memory       have the C library hold less of it
health       what a person reads about it
probe        Check Connection
"""
