import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button } from '../components/button';
import { formatCount } from '../format';
import { explain } from '../problems';
import type { ExploreModel } from './model';

/**
 * How many of those not found are named.
 */
const MOST = 200;

interface IProps {
  model: ExploreModel;
  trans: TranslationBundle;
}

/**
 * A search that found nothing, and what to do then.
 */
export function NothingFound({ model, trans }: IProps): JSX.Element {
  const { asked, isExact, isFiltered, pattern, type } = model;
  const isList = asked > 1;
  const isAnyType = type === 'all';
  return (
    <div className="jp-Dlaas-empty jp-Dlaas-nothing">
      <strong>
        {isList
          ? trans.__('None of them was found')
          : isExact && isAnyType
            ? trans.__('There is no such DID')
            : trans.__('No match')}
      </strong>
      {!isList && <p className="jp-Dlaas-empty-what">{pattern}</p>}
      <p>
        {isFiltered
          ? trans.__('Nothing of that name has such metadata.')
          : !isAnyType
            ? trans.__('Nothing of this type has such a name.')
            : isList || isExact
              ? trans.__(
                  'Check scope and name, or search with * for a part of it.'
                )
              : trans.__(
                  'The scope exists, but nothing in it has such a name.'
                )}
      </p>
      {isFiltered && (
        <Button
          label={trans.__('Search without filters')}
          onClick={() => {
            model.filters = [];
          }}
        />
      )}
      {!isAnyType && (
        <Button
          label={trans.__('Search all types')}
          onClick={() => {
            model.type = 'all';
          }}
        />
      )}
      {isAnyType && isExact && (
        <Button
          label={trans.__('Search for names that begin so')}
          onClick={() => {
            model.text = `${pattern}*`;
            void model.search();
          }}
        />
      )}
      <Missing model={model} trans={trans} />
    </div>
  );
}

/**
 * What of a list was not found, each with its reason.
 */
export function Missing({ model, trans }: IProps): JSX.Element | null {
  const { asked, missing } = model;
  if (!missing.length) {
    return null;
  }
  return (
    <details className="jp-Dlaas-missing" open={missing.length < 4}>
      <summary>
        {trans._n(
          '%2 of %3 was not found',
          '%2 of %3 were not found',
          missing.length,
          formatCount(missing.length),
          formatCount(asked)
        )}
      </summary>
      <ul tabIndex={0} aria-label={trans.__('Not found')}>
        {missing.slice(0, MOST).map(({ problem, text }) => (
          <li key={text}>
            <code>{text}</code> ·{' '}
            {problem
              ? explain(problem, trans).title
              : trans.__('It is in another data lake')}
          </li>
        ))}
        {missing.length > MOST && (
          <li>{trans.__('and %1 more', formatCount(missing.length - MOST))}</li>
        )}
      </ul>
    </details>
  );
}
