import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button, IconButton } from '../components/button';
import { formatTime, formatUTC } from '../format';
import type { IActs } from './body';
import { valueText } from './metadataModel';
import type { DetailsModel } from './model';

interface IProps {
  model: DetailsModel;
  acts: Pick<IActs, 'copy' | 'copyPaths' | 'edit'>;
  trans: TranslationBundle;
}

type Fact = [string, React.ReactNode, boolean?];

/**
 * What the catalogue says of it, and what others call it by.
 */
export function Facts(props: IProps): JSX.Element | null {
  const { acts, model, trans } = props;
  const { item, known, metadata } = model;
  if (!metadata || !item) {
    return null;
  }
  const custom = Object.entries(metadata.custom).map(([key, value]): Fact => [
    key,
    plainText(value)
  ]);
  const facts: Fact[] = [
    [trans.__('Owner'), metadata.account],
    [
      trans.__('Created'),
      metadata.created_at && (
        <time title={formatUTC(metadata.created_at)}>
          {formatTime(metadata.created_at)}
        </time>
      )
    ],
    [
      trans.__('Contents'),
      metadata.open === null
        ? null
        : metadata.open
          ? trans.__('may grow')
          : trans.__('complete')
    ],
    ['adler32', metadata.adler32, true],
    ['md5', metadata.md5, true],
    [trans.__('Reference'), model.reference, true],
    [trans.__('Path'), known?.status?.path, true],
    ...custom
  ];
  return (
    <details className="jp-Dlaas-facts" open>
      <summary>{trans.__('Metadata')}</summary>
      <dl>
        {facts
          .filter(([, value]) => value)
          .map(([key, value, isCopied], index) => (
            <React.Fragment key={index}>
              <dt>{key}</dt>
              <dd>
                {value}
                {isCopied && (
                  <IconButton
                    label={trans.__('Copy %1', key)}
                    icon="copy"
                    onClick={() => acts.copy(value as string)}
                  />
                )}
              </dd>
            </React.Fragment>
          ))}
      </dl>
      {item.type !== 'file' && known?.status?.access === 'mount' && (
        <Button
          label={trans.__('Copy paths')}
          onClick={() => acts.copyPaths()}
        />
      )}{' '}
      {metadata.editable !== false && (
        <Button label={trans.__('Edit…')} onClick={() => acts.edit(metadata)} />
      )}
    </details>
  );
}

function plainText(value: unknown): string {
  return typeof value === 'string' ? value : valueText(value);
}
