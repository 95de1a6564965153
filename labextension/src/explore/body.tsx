import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button, IconButton } from '../components/button';
import { ProblemView } from '../components/problem';
import { formatCount } from '../format';
import { mayPass } from '../problems';
import type { ISearch } from '../restapi';
import { Beginning } from './beginning';
import { SearchBox } from './box';
import { Chips } from './chips';
import { TreeList } from './list';
import { Missing, NothingFound } from './missing';
import type { ExploreModel } from './model';

interface IProps {
  model: ExploreModel;
  trans: TranslationBundle;
}

/**
 * The search and what it found.
 */
export function ExploreBody({ model, trans }: IProps): JSX.Element {
  return (
    <>
      <SearchForm model={model} trans={trans} />
      <Found model={model} trans={trans} />
    </>
  );
}

function SearchForm({ model, trans }: IProps): JSX.Element {
  // A filter that is being written: its place, behind the last for a new one.
  const [edited, setEdited] = React.useState<number | null>(null);
  const isSaved = model.searches.isSaved(model.written);
  return (
    <form
      className="jp-Dlaas-search"
      role="search"
      aria-label={trans.__('Data lake')}
      onSubmit={event => {
        event.preventDefault();
        void model.search();
      }}
    >
      <SearchBox model={model} trans={trans} />
      <div className="jp-Dlaas-search-line">
        <TypeFilter model={model} trans={trans} />
        <IconButton
          label={trans.__('Filter by metadata')}
          icon="filter"
          onClick={() =>
            setEdited(edited === null ? model.filters.length : null)
          }
        />
        {model.text.trim() && (
          <span className={isSaved ? 'jp-mod-saved' : undefined}>
            <IconButton
              label={
                isSaved
                  ? trans.__('Forget this saved search')
                  : trans.__('Save this search')
              }
              icon="star"
              onClick={() => void model.searches.save(model.written, !isSaved)}
            />
          </span>
        )}
        <span
          className="jp-Dlaas-search-count"
          role="status"
          aria-busy={model.phase === 'asking'}
        >
          {countText(model, trans)}
        </span>
      </div>
      <Chips model={model} trans={trans} edited={edited} onEdit={setEdited} />
      {/* Enter sends a form only where there is a button to send it. */}
      <input type="submit" hidden />
    </form>
  );
}

function TypeFilter({ model, trans }: IProps): JSX.Element {
  return (
    <select
      className="jp-Dlaas-select jp-mod-quiet"
      aria-label={trans.__('Type of DID')}
      value={model.type}
      onChange={event => {
        model.type = event.target.value as ISearch['type'];
      }}
    >
      <option value="all">{trans.__('All types')}</option>
      <option value="collection">{trans.__('Collections')}</option>
      <option value="container">{trans.__('Containers')}</option>
      <option value="dataset">{trans.__('Datasets')}</option>
      <option value="file">{trans.__('Files')}</option>
    </select>
  );
}

function countText(model: ExploreModel, trans: TranslationBundle): string {
  const { asked, found, isTruncated, lookedUp, phase } = model;
  if (phase === 'asking') {
    return asked > 1
      ? trans.__('%1% …', Math.floor((100 * lookedUp) / asked))
      : trans.__('Searching…');
  }
  if (phase !== 'done') {
    return '';
  }
  return isTruncated
    ? trans.__('%1+ found', formatCount(found))
    : trans._n('%2 found', '%2 found', found, formatCount(found));
}

/**
 * What a search came to: each outcome has its own words.
 */
function Found({ model, trans }: IProps): JSX.Element {
  const { found, isBeginning, phase, problem } = model;
  if (phase === 'problem' && problem) {
    return (
      <ProblemView problem={problem} trans={trans}>
        {mayPass(problem) && (
          <Button
            label={trans.__('Try again')}
            onClick={() => void model.search()}
          />
        )}
      </ProblemView>
    );
  }
  if (phase === 'done' && !found) {
    return <NothingFound model={model} trans={trans} />;
  }
  return (
    <div
      className={`jp-Dlaas-found ${phase === 'asking' ? 'jp-mod-asking' : ''}`}
    >
      {isBeginning ? (
        <Beginning model={model} trans={trans} />
      ) : (
        <TreeList
          model={model}
          trans={trans}
          label={trans.__('Found in the data lake')}
        />
      )}
      <Missing model={model} trans={trans} />
    </div>
  );
}
