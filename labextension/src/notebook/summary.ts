import type { TranslationBundle } from '@jupyterlab/translation';

import { formatCount } from '../format';
import { expiresSoon } from '../lake/expiry';
import type { IKnown } from '../lake/statuses';

/**
 * How the data of a notebook stands, in numbers of DIDs; `soon` are some of those that are here.
 */
export interface ISummary {
  items: number;
  here: number;
  coming: number;
  stuck: number;
  missing: number;
  lost: number;
  unknown: number;
  soon: number;
}

type Standing = Exclude<keyof ISummary, 'items' | 'soon'>;

/**
 * Where one DID stands.
 */
export function standing({ problem, status }: IKnown): Standing {
  switch (status?.state) {
    case 'available':
    case 'empty':
      return 'here';
    case 'replicating':
    case 'waiting_approval':
      return 'coming';
    case 'stuck':
    case 'suspended':
      return 'stuck';
    case 'absent':
    case 'partial':
      return 'missing';
    default:
      return problem && /NotFound$/.test(problem.error) ? 'lost' : 'unknown';
  }
}

export function summarize(all: readonly IKnown[]): ISummary {
  const found: ISummary = {
    items: all.length,
    here: 0,
    coming: 0,
    stuck: 0,
    missing: 0,
    lost: 0,
    unknown: 0,
    soon: 0
  };
  for (const known of all) {
    found[standing(known)] += 1;
    found.soon += expiresSoon(known.status) ? 1 : 0;
  }
  return found;
}

export function itemsText(count: number, trans: TranslationBundle): string {
  return trans._n('%2 data item', '%2 data items', count, formatCount(count));
}

/**
 * "5 data items: 3 here, 2 need staging".
 */
export function summaryText(
  summary: ISummary,
  isAsking: boolean,
  trans: TranslationBundle
): string {
  const { items, here, soon } = summary;
  const all = itemsText(items, trans);
  if (isAsking) {
    return trans.__('%1: looking where…', all);
  }
  const said: [number, string][] = [
    [here, here === items ? trans.__('all here') : trans.__('%1 here', here)],
    [
      summary.missing,
      trans._n('%1 needs staging', '%1 need staging', summary.missing)
    ],
    [summary.coming, trans.__('%1 on the way', summary.coming)],
    [summary.stuck, trans.__('%1 stuck', summary.stuck)],
    [summary.lost, trans.__('%1 not found', summary.lost)],
    [summary.unknown, trans.__('%1 unknown', summary.unknown)],
    [soon, trans._n('%1 expires soon', '%1 expire soon', soon)]
  ];
  const parts = said.filter(([count]) => count).map(([, text]) => text);
  return `${all}: ${parts.join(', ')}`;
}
