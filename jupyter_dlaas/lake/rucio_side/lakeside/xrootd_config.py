"""The configuration of the lake's XRootD servers, written anew at each start: EAST-DISK's, and the
cache's.

Who may do what is as on the other sites (`storage_identity`). Two things differ: no token and a bad
one are 403, never 401; and when both a certificate and a token are shown over https, both count.
The cache reads at EAST-DISK as the robot, for those who may read there themselves.

The files name each other by `/proc/self/cwd`, the server's working directory, which is the lake's:
XRootD's words end at a blank, and the lake's path may hold one.
"""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from . import pki
from .layout import ACCOUNTS, EAST, HOST, USERS, WLCG_ANY, XCACHE, Layout, State, write_private

HERE = "/proc/self/cwd"
FOREVER = 10 * 365 * 86400

SERVER = """\
xrd.port {port}
xrd.protocol XrdHttp:{port} libXrdHttp.so
xrd.network nodnr
# It cannot listen on one address: others' connections are refused as soon as they come.
xrd.allow host 127.0.0.1
xrd.allow host [::1]
xrd.tls {pki}/server.pem {pki}/server.key
xrd.tlsca certdir {authorities}
all.adminpath {own}/admin
all.pidpath {own}/admin
ofs.authorize 1
ofs.authlib ++ libXrdAccSciTokens.so config={own}/scitokens.cfg
acc.authdb {own}/authdb
xrootd.seclib libXrdSec.so
xrootd.tls capable all
xrootd.chksum max 2 adler32 md5 crc32c
sec.protocol gsi -certdir:{authorities} -cert:{pki}/server.pem -key:{pki}/server.key \
-gridmap:{own}/gridmap -gmapopt:2 -crl:0
sec.protocol ztn -tokenlib libXrdAccSciTokens.so
sec.protbind * only gsi ztn
http.gridmap {own}/gridmap
http.header2cgi Authorization authz
"""

STORAGE = """\
all.export {prefix}
oss.localroot {files}
# An upload that breaks off leaves nothing, where the client asks for that. Not `auto`, for all: a
# creating token's refused PUT on a file that exists would then delete it (5.5.3).
ofs.persist manual hold 0
"""

# The least memory that it takes as a limit; small blocks, and none ahead of what is read.
CACHE = """\
all.export /root:/
oss.localroot {files}
ofs.osslib libXrdPss.so
pss.cachelib libXrdPfc.so
pss.origin =
pss.permit {host}
pfc.ram 1g
pfc.blocksize 128k
pfc.prefetch 0
"""


def folder(layout: Layout, service: str) -> Path:
    """Where the configuration of a server lies, and what it keeps for itself."""
    return layout.run / service


def write(layout: Layout, service: str, state: State) -> Path:
    """Write every file of a server's configuration; the path of the main one, as it knows it."""
    own, ports = folder(layout, service), state.ports
    for path in (own, own / "admin", own / "cache" / "scitokens"):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    below = layout.prefix(EAST).rstrip("/")
    if service == XCACHE:
        files = layout.storage / XCACHE
        files.mkdir(mode=0o700, exist_ok=True)
        # As its clients ask for it: root://cache//root://origin//path.
        below = f"/root:/{HOST}:{ports[EAST.service]}{below}"
    else:
        files = layout.store(EAST).parent
    text = (SERVER + (CACHE if service == XCACHE else STORAGE)).format(
        port=ports[service],
        pki=_seen(layout, layout.pki),
        authorities=_seen(layout, layout.authorities),
        own=_seen(layout, own),
        prefix=below,
        files=_seen(layout, files),
        host=HOST,
    )
    write_private(own / "xrootd.cfg", text)
    write_private(own / "gridmap", _gridmap())
    write_private(own / "authdb", _readers(below) if service == XCACHE else _owners(below))
    _write_issuer(layout, own, state.issuer, ports[service], below)
    return Path(_seen(layout, own / "xrootd.cfg"))


def _seen(layout: Layout, path: Path) -> str:
    return f"{HERE}/{path.relative_to(layout.directory)}"


def _local(name: str) -> str:
    """What a server calls a certificate's owner: never what a token may call its bearer."""
    return f"x509.{name}"


def _gridmap() -> str:
    lines = []
    for name in (*ACCOUNTS, pki.ROBOT):
        # Grid tools write a subject root first, with slashes.
        parts = reversed(pki.subject(name).split(","))
        lines.append(f'"/{"/".join(parts)}" {_local(name)}\n')
    return "".join(lines)


def _owners(below: str) -> str:
    everywhere = [f"u {_local(name)} {below} a\n" for name in ("root", pki.ROBOT)]
    # Paths are compared letter by letter: without its last slash /user/bob would hold /user/bobby.
    homes = [f"u {_local(name)} {below}/user/{name}/ a {below} rl\n" for name in USERS]
    return "".join([*everywhere, *homes])


def _readers(below: str) -> str:
    return "".join(f"u {_local(name)} {below} rl\n" for name in (*ACCOUNTS, pki.ROBOT))


def _write_issuer(layout: Layout, own: Path, issuer: str, port: int, below: str) -> None:
    """Say whose tokens count, for paths relative to `below`, and by which keys."""
    audiences = f"{WLCG_ANY}, https://{HOST}:{port}, https://127.0.0.1:{port}"
    lines = ["[Global]", f"audience = {audiences}", "onmissing = passthrough"]
    lines += ["", "[Issuer lake]", f"issuer = {issuer}", f"base_path = {below}"]
    write_private(own / "scitokens.cfg", "\n".join([*lines, ""]))
    keys = {issuer: json.loads((layout.pki / pki.KEYS).read_text())}
    _remember_keys(own / "cache" / "scitokens" / "scitokens_cpp.sqllite", keys)


def _remember_keys(cache: Path, keys: dict[str, object]) -> None:
    """Fill SciTokens' cache of issuers' keys: it would fetch them from sites that are not there."""
    until = int(time.time()) + FOREVER
    with closing(sqlite3.connect(cache)) as database, database:
        database.execute(
            "CREATE TABLE IF NOT EXISTS keycache "
            "(issuer text UNIQUE PRIMARY KEY NOT NULL, keys text NOT NULL)"
        )
        for issuer, jwks in keys.items():
            value = json.dumps({"jwks": jwks, "next_update": until, "expires": until})
            database.execute("INSERT OR REPLACE INTO keycache VALUES (?, ?)", (issuer, value))
