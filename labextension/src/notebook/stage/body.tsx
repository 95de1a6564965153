import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Icon } from '../../components/icon';
import { Item } from '../../components/item';
import { LifetimeField } from '../../components/lifetime';
import { Wrong } from '../../components/text';
import { Until } from '../../components/when';
import { formatBytes } from '../../format';
import { explain } from '../../problems';
import { itemsText } from '../summary';
import type { IOutcome, StageModel } from './model';

interface IProps {
  model: StageModel;
  trans: TranslationBundle;
}

/**
 * What is to be made available and for how long, and afterwards what was granted of it.
 */
export function StageBody({ model, trans }: IProps): JSX.Element {
  const { bytes, items } = model;
  const count = itemsText(items.length, trans);
  return (
    <>
      <p>
        {bytes === null
          ? count
          : trans.__('%1, %2 to come', count, formatBytes(bytes))}
      </p>
      <ul
        className="jp-Dlaas-what jp-Dlaas-stage"
        aria-label={trans.__('Data items')}
      >
        {items.map(item => (
          <li key={`${item.instance}@${item.did}`} data-did={item.did}>
            <Item
              text={item.did}
              type={item.status?.type ?? 'dataset'}
              size={
                typeof item.status?.bytes === 'number'
                  ? formatBytes(item.status.bytes)
                  : undefined
              }
            />
            <Outcome outcome={model.outcome(item)} trans={trans} />
          </li>
        ))}
      </ul>
      {!model.isDone && (
        <LifetimeField
          legend={trans.__('Keep all of it for')}
          value={model.lifetime}
          usual={model.usual}
          onChange={value => {
            model.lifetime = value;
          }}
          trans={trans}
        />
      )}
    </>
  );
}

function Outcome(props: {
  outcome: IOutcome | null;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { outcome, trans } = props;
  if (!outcome) {
    return null;
  }
  const { granted, problem } = outcome;
  const words = problem && explain(problem, trans);
  if (words && problem.error !== 'DuplicateRule') {
    const { message, remedy, title } = words;
    return <Wrong role="alert">{`${title}. ${message} ${remedy}`}</Wrong>;
  }
  const promise = granted?.rule ?? problem!.details;
  const end = promise.expires_at as string | null;
  return (
    <>
      <p className="jp-Dlaas-badge jp-mod-available" role="status">
        <Icon name="available" />
        <span>
          {granted?.new ? trans.__('Granted') : trans.__('You have it already')}{' '}
          {end ? <Until time={end} trans={trans} /> : trans.__('without end')}
        </span>
      </p>
      {words && <p>{words.remedy}</p>}
    </>
  );
}
