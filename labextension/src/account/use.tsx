import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button } from '../components/button';
import { Icon } from '../components/icon';
import { ProblemView } from '../components/problem';
import { Progress } from '../components/state';
import { Actions } from '../components/text';
import { formatBytes, formatCount } from '../format';
import { Help } from '../glossary/help';
import type { UseModel } from '../lake/use';
import { isNearlyFull, isTight } from '../lake/use';
import type { CacheUse, Usage } from '../schema';

interface IProps {
  use: UseModel;
  trans: TranslationBundle;
}

/**
 * What one uses of the lake and of this server's disk, in full.
 */
export function UseView(props: IProps & { clean: () => void }): JSX.Element {
  const { clean, trans, use } = props;
  return (
    <>
      <div className="jp-Dlaas-helped">
        <strong>{trans.__('Quota')}</strong>
        <Help term="quota" trans={trans} />
      </div>
      {use.problem ? (
        <ProblemView problem={use.problem} isOld trans={trans} />
      ) : (
        <ul
          className="jp-Dlaas-uses"
          aria-label={trans.__('Quota')}
          // It scrolls, also by the keyboard.
          tabIndex={0}
        >
          {!use.usage && <li>{trans.__('Asking…')}</li>}
          {use.usage?.length === 0 && (
            <li>{trans.__('Nothing is used yet')}</li>
          )}
          {(use.usage ?? []).map(usage => (
            <li key={usage.rse + usage.locality}>
              <QuotaLine usage={usage} trans={trans} />
            </li>
          ))}
        </ul>
      )}
      <strong>{trans.__('Cache on this server')}</strong>
      {!use.caches && <span className="jp-Dlaas-steady" />}
      {use.caches?.map(cache => (
        <span
          key={cache.folder}
          className="jp-Dlaas-steady"
          title={cache.folder}
        >
          {trans._n(
            '%2 in %3 file',
            '%2 in %3 files',
            cache.files,
            formatBytes(cache.bytes),
            formatCount(cache.files)
          )}
          {cache.private && ` · ${trans.__('for you alone')}`}
          {cache.free_bytes !== null && ` · ${diskText(cache, trans)}`}
        </span>
      ))}
      <Actions>
        <Button label={trans.__('Clean the cache…')} onClick={clean} />
      </Actions>
    </>
  );
}

/**
 * A full one is told by its colour and its words.
 */
function QuotaLine(props: {
  usage: Usage;
  trans: TranslationBundle;
}): JSX.Element {
  const { trans, usage } = props;
  const { bytes, limit, rse } = usage;
  if (limit === null) {
    return (
      <>
        {rse}
        <br />
        <span>{trans.__('%1, without limit', formatBytes(bytes))}</span>
      </>
    );
  }
  return (
    <>
      {rse}
      <Progress
        label={trans.__('Quota on %1', rse)}
        value={bytes}
        of={limit}
        text={[
          trans.__('%1 of %2', formatBytes(bytes), formatBytes(limit)),
          isTight(usage) && trans.__('nearly full')
        ]
          .filter(Boolean)
          .join(' · ')}
        tone={isTight(usage) ? 'stuck' : undefined}
      />
    </>
  );
}

/**
 * What there is room for, in a line: the disk, and the quota where data goes.
 */
export function RoomLine({ trans, use }: IProps): JSX.Element {
  const disk = use.caches?.find(({ free_bytes }) => free_bytes !== null);
  const parts = [
    disk && diskText(disk, trans),
    ...use.own.map(({ bytes, limit, rse }) =>
      trans.__(
        '%1 left on %2',
        formatBytes(Math.max((limit ?? 0) - bytes, 0)),
        rse
      )
    )
  ].filter(Boolean);
  const isLow = (disk && isNearlyFull(disk)) || use.own.some(isTight);
  return (
    <p className="jp-Dlaas-room jp-Dlaas-quiet">
      {isLow && <Icon name="stuck" />}
      <span>{parts.join(' · ')}</span>
    </p>
  );
}

function diskText(cache: CacheUse, trans: TranslationBundle): string {
  return isNearlyFull(cache)
    ? trans.__('Disk: only %1 free', formatBytes(cache.free_bytes ?? 0))
    : trans.__('Disk: %1 free', formatBytes(cache.free_bytes ?? 0));
}
