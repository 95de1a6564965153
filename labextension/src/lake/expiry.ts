import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IItem } from '../did';
import { formatRemaining } from '../format';
import type { Status } from '../schema';
import type { LakeModel } from './model';

const TWO_DAYS = 2 * 86400_000;

/**
 * Whether what is here will soon be kept no longer: two days before, of short rules the last quarter of their time.
 */
export function expiresSoon(
  status: Status | null,
  now: number = Date.now()
): boolean {
  if (!status?.expires_at || status.state === 'absent') {
    return false;
  }
  const end = Date.parse(status.expires_at);
  const begun = status.rules
    .filter(rule => rule.expires_at === status.expires_at && rule.created_at)
    .map(rule => Date.parse(rule.created_at!));
  const life = begun.length ? end - Math.min(...begun) : Infinity;
  return end > now && end - now < Math.min(TWO_DAYS, life / 4);
}

/**
 * Tell once of each DID in use that it will soon be kept no longer.
 */
export function tellExpiring(
  lake: LakeModel,
  used: () => readonly Pick<IItem, 'did' | 'instance'>[],
  extend: (item: { did: string; instance: string }) => void,
  trans: TranslationBundle
): void {
  const told = new Map<string, { end: string; id: string }>();
  lake.statuses.changed.connect((_, { did, instance, status }) => {
    const key = `${instance}@${did}`;
    const before = told.get(key);
    const end = status?.expires_at;
    if (before && before.end !== end) {
      // It was prolonged, or is gone: either way the warning is over.
      Notification.dismiss(before.id);
      told.delete(key);
    }
    if (
      !end ||
      told.has(key) ||
      !expiresSoon(status) ||
      !used().some(item => item.did === did && item.instance === instance)
    ) {
      return;
    }
    const text = trans.__(
      'This notebook uses %1, which will not be kept here much longer: %2.',
      did,
      formatRemaining(end, trans)
    );
    const id = Notification.warning(text, {
      autoClose: false,
      actions: [
        {
          label: trans.__('Extend…'),
          callback: () => extend({ did, instance })
        }
      ]
    });
    told.set(key, { end, id });
  });
}
