"""One module for each thing that is measured; see `bench.result` for its form.

An entry is imported only when it runs, so it may bring its own world with it.
"""
