"""The history of a mailbox, processed by the batch; begin with `batches`.

`readers` are processes that fetch, read and store the letters (`reading`); the worker
threads them in memory (`board`) and places them (`placing`); `store` writes.
"""
