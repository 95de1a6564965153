"""What a terminal needs so that the genuine `rucio` works with this login: files and their names.

Secrets go into files that only this user can read; what is printed are paths and settings.
"""

from __future__ import annotations

import hashlib
import os
import shlex
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from dlaas import terminal_files
from dlaas.credentials.handed import HandoverCredential
from dlaas.private import write

if TYPE_CHECKING:
    from dlaas.config import Instance
    from dlaas.credentials import Token
    from dlaas.lake import Lake

# The login and the server: rucio.cfg says them. All else dlaas in that terminal reads again.
_IN_CFG = frozenset(
    {
        "rucio_base_url",
        "rucio_auth_url",
        "rucio_ca_cert",
        "auth_type",
        "account",
        "username",
        "password_file",
        "client_cert",
        "client_key",
        "oidc_auth",
        "oidc_env_name",
        "oidc_file_name",
    }
)


@dataclass(frozen=True)
class Environment:
    """Variables to set and to unset; `expires_at` where the login cannot renew itself."""

    instance: str
    account: str
    variables: dict[str, str]
    unset: list[str] = field(default_factory=list)
    expires_at: datetime | None = None

    def for_shell(self) -> str:
        """Write it for `eval "$(dlaas env)"`."""
        lines = [f"export {name}={shlex.quote(value)}" for name, value in self.variables.items()]
        lines += [f"unset {name}" for name in self.unset]
        if self.expires_at:
            lines.append(f"# This login ends {self.expires_at:%Y-%m-%d %H:%M} UTC: run it again.")
        return "\n".join(lines)


def environment(lake: Lake) -> Environment:
    """Write the files of a lake's login and answer what names them; logs in to see that it works.

    Raises `LoginRequired`, `CannotAuthenticate`, `Unreachable`.
    """
    instance = lake.instance
    token = lake.credential()
    account = lake.account
    folder = _folder(instance, account)
    if instance.handover:
        config, told, unset = _handed(lake, account, token, folder)
    else:
        values = {
            "rucio_host": instance.rucio_base_url,
            "auth_host": instance.auth_url,
            "account": account,
            **terminal_files.named(instance),
        }
        login, told, unset = _login(instance, account, token, folder)
        config = folder / terminal_files.CONFIG
        write(config, terminal_files.config_text({**values, **login}))
    variables = {
        "RUCIO_CONFIG": str(config),
        "RUCIO_ACCOUNT": account,
        **{
            _variable(key): _text(value)
            for key, value in instance.public().items()
            if key not in _IN_CFG
        },
        **told,
    }
    kept = {name: value for name, value in variables.items() if value}
    # What was set before must not mix with this.
    ours = (_variable(each.name) for each in fields(instance))
    stale = [name for name in ours if name in os.environ and name not in kept]
    renews = instance.handover is None and instance.auth_type != "oidc"
    expiry = None if renews or token.expires_at is None else token.expires_at
    ends = datetime.fromtimestamp(expiry, timezone.utc) if expiry else None
    return Environment(instance.name, account, kept, [*stale, *unset], ends)


def _handed(
    lake: Lake, account: str, token: Token, folder: Path
) -> tuple[Path, dict[str, str], list[str]]:
    """Write what the server above hands over; its configuration, variables, what is in the way."""
    credential = lake.credential
    exchanged = credential.storage_token() if isinstance(credential, HandoverCredential) else None
    proxy = credential.proxy if isinstance(credential, HandoverCredential) else None
    value = exchanged.value if exchanged else None
    found = terminal_files.write(folder, lake.instance, account, token.value, value, proxy)
    told = _proxy(lake.instance)
    if proxy is not None:
        told["X509_USER_PROXY"] = str(found / terminal_files.PROXY)
    if not (found / terminal_files.TOKEN).exists():
        return found / terminal_files.CONFIG, told, []
    told["BEARER_TOKEN_FILE"] = str(found / terminal_files.TOKEN)
    unset = ["BEARER_TOKEN"] if os.environ.get("BEARER_TOKEN") else []
    return found / terminal_files.CONFIG, told, unset


def _login(
    instance: Instance, account: str, token: Token, folder: Path
) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """Answer how `rucio` logs in: lines of its configuration, variables, and what is in the way."""
    password = instance.read_password()
    kept = str(folder / "token")
    if not instance.token:
        if instance.auth_type in ("x509", "x509_proxy"):
            return _certificate(instance, kept), _proxy(instance), []
        if instance.username and password and instance.auth_type == "userpass":
            # It logs in again by itself; its own tokens lie in a folder that no other instance has.
            Path(kept).unlink(missing_ok=True)
            login = {"auth_type": "userpass", "username": instance.username, "password": password}
            return {**login, "auth_token_file_path": kept}, _proxy(instance), []
    if instance.oidc_auth == "file" and instance.oidc_file_name:
        # Whoever keeps it fresh goes on doing so.
        kept = os.path.abspath(instance.oidc_file_name)
    else:
        write(Path(kept), token.value)
    if not token.is_jwt:
        # rucio takes the token from its file; without a password it can only say that it is over.
        login = {"auth_type": "userpass", "username": account, "password": ""}
        return {**login, "auth_token_file_path": kept}, _proxy(instance), []
    told = {"BEARER_TOKEN_FILE": kept, **_proxy(instance)}
    told |= {"RUCIO_OIDC_AUTH": "file", "RUCIO_OIDC_FILE_NAME": kept}
    unset = ["BEARER_TOKEN"] if os.environ.get("BEARER_TOKEN") else []
    return {"auth_type": "oidc", "auth_token_file_path": kept}, told, unset


def _certificate(instance: Instance, kept: str) -> dict[str, str]:
    Path(kept).unlink(missing_ok=True)
    login = {"auth_type": instance.auth_type, "auth_token_file_path": kept}
    if instance.auth_type == "x509_proxy" and instance.client_cert:
        login["client_x509_proxy"] = os.path.abspath(instance.client_cert)
    return login


def _proxy(instance: Instance) -> dict[str, str]:
    """Name the proxy for storages: one file that is certificate and key."""
    told = os.environ.get("X509_USER_PROXY")
    if told:
        return {"X509_USER_PROXY": told}
    cert, key = instance.client_cert, instance.client_key
    if cert and (key is None or key == cert):
        return {"X509_USER_PROXY": os.path.abspath(cert)}
    return {}


def _variable(key: str) -> str:
    return f"RUCIO_{key.removeprefix('rucio_').upper()}"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, tuple):
        return ",".join(value)
    return "" if value in (None, "", 0) else str(value)


def _folder(instance: Instance, account: str) -> Path:
    """Name a folder that only this user can read, one for each instance and account."""
    from dlaas import handover

    runtime = os.environ.get("XDG_RUNTIME_DIR")
    base = Path(runtime) if runtime and os.access(runtime, os.W_OK) else handover.directory().parent
    # An instance may have any name, and rucio no percent sign in a path.
    name = hashlib.sha256(f"{instance.name}\n{account}".encode()).hexdigest()[:16]
    folder = base / "dlaas-terminal" / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for one in (folder.parent, folder):
        one.chmod(0o700)
    return folder
