"""The embedded lake, Rucio's side: storage, mini-FTS, daemons and server around an unmodified
Rucio.

These modules import Rucio's server, which the user's environment does not hold, and nothing of
`jupyter_dlaas`; the other side imports from here only `layout`, which needs the standard library
alone.
"""
