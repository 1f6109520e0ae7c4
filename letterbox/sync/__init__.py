"""Keep Folder, Message and Placement rows equal to the IMAP server.

keeper    one process: takes leases, runs a watcher per mailbox
watcher   one thread per mailbox: connect, pass, wait, pass …
passes    one folder made equal to the server's
plan      which steps that takes: pure
errands   what we owe to the server: flags, moves, copies in Sent
tree      the list of folders
leases    who keeps which mailbox
health    what a person reads about it
probe     Check Connection
"""
