"""Is there anything for the daemons to do? Cheap questions to the catalogue, so that an idle lake
is idle.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from rucio.db.sqla import models
from rucio.db.sqla.constants import RuleState
from rucio.db.sqla.session import read_session, transactional_session
from sqlalchemy import delete, exists, or_, select

PRUNE_KEEPS = 1000
BUSY_RULES = (RuleState.REPLICATING, RuleState.STUCK, RuleState.INJECT)


def _questions(now: datetime) -> list[Any]:
    rule, did, replica = models.ReplicationRule, models.DataIdentifier, models.RSEFileAssociation
    return [
        exists().where(models.UpdatedDID.id.is_not(None)),
        exists().where(models.Request.id.is_not(None)),
        exists().where(models.UpdatedCollectionReplica.id.is_not(None)),
        exists().where(models.UpdatedRSECounter.id.is_not(None)),
        exists().where(models.UpdatedAccountCounter.account.is_not(None)),
        exists().where(or_(rule.state.in_(BUSY_RULES), rule.expires_at < now)),
        exists().where(did.expired_at < now),
        exists().where(did.is_new.is_(True)),
        exists().where(replica.tombstone < now),
    ]


@read_session
def work_waits(*, session: Any) -> bool:
    """Whether a daemon would find something to do now."""
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    return any(session.execute(select(question)).scalar() for question in _questions(now))


@transactional_session
def prune_messages(*, session: Any) -> None:
    """Delete the messages that no hermes fetches, but for the newest."""
    newest = session.execute(
        select(models.Message.id).order_by(models.Message.created_at.desc()).limit(PRUNE_KEEPS)
    ).scalars()
    session.execute(delete(models.Message).where(models.Message.id.not_in(list(newest))))
