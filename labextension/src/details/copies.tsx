import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IconButton } from '../components/button';
import { Icon } from '../components/icon';
import { Name } from '../components/name';
import { Quiet } from '../components/text';
import { formatCount } from '../format';
import type { Copies } from '../schema';
import type { IActs } from './body';
import type { DetailsModel } from './model';

interface IProps {
  model: DetailsModel;
  acts: Pick<IActs, 'copy'>;
  trans: TranslationBundle;
}

/**
 * Where the copies are, and how each would be read from here.
 */
export function CopiesList(props: IProps): JSX.Element | null {
  const { copies } = props.model;
  const { trans } = props;
  if (!copies) {
    return null;
  }
  return (
    <details className="jp-Dlaas-rules" open>
      <summary>{trans.__('Copies (%1)', copies.length)}</summary>
      {copies.length === 0 && (
        <Quiet>{trans.__('There is no copy of it.')}</Quiet>
      )}
      <ul>
        {copies.map(each => (
          <CopiesLine key={each.rse} copies={each} {...props} />
        ))}
      </ul>
    </details>
  );
}

function CopiesLine(props: IProps & { copies: Copies }): JSX.Element {
  const { acts, copies, trans } = props;
  const { available_files: here, files, pfn, protocols, qos, rse } = copies;
  const mark = !here ? 'absent' : here === files ? 'available' : 'partial';
  const more = [
    copies.site,
    qos,
    copies.tape && trans.__('on tape: hours to read'),
    protocols.join(', ')
  ];
  return (
    <li className="jp-Dlaas-rule" data-rse={rse}>
      <span className={`jp-Dlaas-mark jp-mod-${mark}`}>
        <Icon name={mark} />
      </span>
      <span className="jp-Dlaas-rule-where" title={rse}>
        {rse}
      </span>
      <span className="jp-Dlaas-rule-state">
        {pfn ? (
          <IconButton
            label={trans.__('Copy the address of the copy on %1', rse)}
            icon="copy"
            onClick={() => acts.copy(pfn)}
          />
        ) : (
          trans._n(
            '%2 of %3 file',
            '%2 of %3 files',
            files ?? here,
            formatCount(here),
            files === null ? '?' : formatCount(files)
          )
        )}
      </span>
      <span className="jp-Dlaas-rule-more">
        {more.filter(Boolean).join(' · ')}
      </span>
      <span className="jp-Dlaas-rule-more">{accessText(copies, trans)}</span>
    </li>
  );
}

function accessText(copies: Copies, trans: TranslationBundle): string {
  switch (copies.access) {
    case 'mount':
      return trans.__('From here: as a file');
    case 'cache':
      return trans.__('From here: from the cache');
    case 'https':
    case 'root':
      return trans.__('From here: over %1', copies.access);
    case 'none':
      return trans.__('Not from here. %1', copies.reason);
  }
}

/**
 * What holds it; a click leads there.
 */
export function Parents({ model, trans }: IProps): JSX.Element | null {
  const { parents } = model;
  if (!parents?.length) {
    return null;
  }
  return (
    <details className="jp-Dlaas-rules" open>
      <summary>{trans.__('Contained in (%1)', parents.length)}</summary>
      <ul className="jp-Dlaas-parents">
        {parents.map(parent => (
          <li key={parent.did} data-did={parent.did}>
            <button
              type="button"
              className="jp-Dlaas-link jp-Dlaas-what-did"
              title={parent.did}
              onClick={() => model.select(parent)}
            >
              <Icon
                name={parent.type}
                className={`jp-Dlaas-row-type jp-mod-${parent.type}`}
              />
              <Name text={parent.did} />
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
