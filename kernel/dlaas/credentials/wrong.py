"""Why a token that is one was refused: said by name, as far as the token itself tells."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dlaas.credentials.tokens import Token, jwt_claims
from dlaas.errors import CannotAuthenticate
from dlaas.lifetime import said

if TYPE_CHECKING:
    from dlaas.config import Instance

# Providers and Rucio forgive this many seconds between their clocks and ours.
SKEW = 120.0
SET_CLOCK = "Have the clock of this machine set by NTP, then log in again."


def require_clock(token: Token) -> None:
    """Refuse a token that was issued just now, as its issuer says, and not as our clock says."""
    issued = (jwt_claims(token.value) or {}).get("iat")
    if not isinstance(issued, (int, float)):
        return
    ahead = time.time() - issued
    if abs(ahead) > SKEW:
        side = "ahead of" if ahead > 0 else "behind"
        raise CannotAuthenticate(
            f"This machine's clock is {said(abs(ahead))} {side} the identity provider's: the login"
            " could not be renewed in time.",
            remedy=SET_CLOCK,
            details={"why": "clock_skew"},
        )


def not_yours(instance: Instance, wanted: str, found: str) -> CannotAuthenticate:
    """Make the error for a login that is another account's than the one that was named."""
    return CannotAuthenticate(
        f"This login to {instance.title} is that of the account {found!r}, not of {wanted!r}.",
        remedy=f"Log in through Rucio and name {wanted!r} there, or go on as {found!r}.",
        details={"why": "other_account"},
    )


def why_refused(instance: Instance, token: Token, error: CannotAuthenticate) -> CannotAuthenticate:
    """Say why Rucio may have refused a provider's token; Rucio itself does not tell."""
    claims = jwt_claims(token.value) or {}
    why, text, remedy = _reason(instance, claims)
    return CannotAuthenticate(text, remedy=remedy, details={**error.details, "why": why})


def _reason(instance: Instance, claims: dict[str, Any]) -> tuple[str, str, str]:
    now, title = time.time(), instance.title
    issuer, audience = str(claims.get("iss", "")), _words(claims.get("aud"))
    end, begin = _number(claims.get("exp")), _number(claims.get("iat"))
    if end is not None and end < now:
        text = f"The token for {title} expired {said(now - end)} ago."
        return "expired", text, "Log in again, or have the token renewed where it comes from."
    if begin is not None and begin > now + SKEW:
        text = f"The token for {title} was issued {said(begin - now)} from now."
        return "clock_skew", f"{text} This machine's clock is behind.", SET_CLOCK
    configured = instance.oidc_provider_url
    if configured and issuer.rstrip("/") != configured:
        text = f"The token comes from {issuer}, and {title} is configured for {configured}."
        return "issuer_mismatch", text, "Take a token of that provider, or correct the settings."
    wanted = instance.oidc_audience.split()
    if audience and wanted and not set(audience) & set(wanted):
        text = f"The token is meant for {', '.join(audience)}, not for {title}."
        return "audience_mismatch", text, f"Ask for a token with the audience {wanted[0]}."
    granted = _words(claims.get("scope"))
    # Rucio wants to see these where its administrators did not say otherwise.
    missing = {"openid", "profile"} & set(instance.oidc_scope.split()) - set(granted)
    if granted and missing:
        text = f"The token for {title} lacks the scope {' and '.join(sorted(missing))}."
        return "scope_missing", text, "Ask for a token with that scope."
    who = next((str(claims[key]) for key in ("preferred_username", "sub") if claims.get(key)), "")
    return (
        "unknown_identity",
        f"{title} does not accept the token of {who or 'nobody'} from {issuer or 'no provider'}:"
        " either it knows no account of this identity, or not this provider, or cannot reach it.",
        "Ask the lake's administrators to register this identity with your account.",
    )


def _words(value: Any) -> list[str]:
    if isinstance(value, str):
        return value.split()
    return [str(one) for one in value] if isinstance(value, list) else []


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
