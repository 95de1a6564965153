import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { splitDID } from '../did';
import { glossary } from '../glossary/words';
import type { InstanceInfo } from '../schema';

/**
 * A mark at data that is not public yet; nothing at other data.
 */
export function EmbargoBadge(props: {
  instance: InstanceInfo | null;
  did: string;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { did, instance, trans } = props;
  return isEmbargoed(instance, did) ? (
    <span className="jp-Dlaas-embargo" title={glossary(trans).embargo[1]}>
      {trans.__('embargoed')}
    </span>
  ) : null;
}

/**
 * Whether the scope of a DID is one of those that are kept from others; in their patterns * and ? stand for anything.
 */
export function isEmbargoed(
  instance: InstanceInfo | null,
  did: string
): boolean {
  const { scope } = splitDID(did);
  return !!instance?.embargoed_scopes.some(pattern =>
    new RegExp(
      `^${pattern
        .replace(/[^\w*?]/g, '\\$&')
        .replace(/\*/g, '.*')
        .replace(/\?/g, '.')}$`
    ).test(scope)
  );
}
