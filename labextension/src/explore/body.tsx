import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button, IconButton } from '../components/button';
import { Icon } from '../components/icon';
import { Input } from '../components/input';
import { ProblemView } from '../components/problem';
import { formatCount } from '../format';
import { mayPass } from '../problems';
import type { ISearch } from '../restapi';
import { TreeList } from './list';
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
  const box = React.useRef<HTMLInputElement>(null);
  React.useEffect(() => {
    if (model.focusRequests) {
      box.current?.focus();
      box.current?.select();
    }
  }, [model.focusRequests]);
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
      <div className="jp-Dlaas-search-box">
        <Icon name="search" />
        <Input
          ref={box}
          type="search"
          aria-label={trans.__('Search the data lake')}
          placeholder={trans.__('scope:name*')}
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="none"
          value={model.text}
          onChange={text => {
            model.text = text;
          }}
        />
        {model.text && (
          <IconButton
            label={trans.__('Clear the search')}
            icon="close"
            onClick={() => {
              model.text = '';
              model.clear();
              box.current?.focus();
            }}
          />
        )}
      </div>
      <div className="jp-Dlaas-search-line">
        <TypeFilter model={model} trans={trans} />
        <span className="jp-Dlaas-search-count" role="status">
          {countText(model, trans)}
        </span>
      </div>
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
  const count = formatCount(model.found);
  if (model.phase === 'asking') {
    return trans.__('Searching…');
  }
  return model.phase === 'done'
    ? trans._n('%2 found', '%2 found', model.found, count)
    : '';
}

/**
 * What a search came to: each outcome has its own words.
 */
function Found({ model, trans }: IProps): JSX.Element {
  const { phase, problem, rows } = model;
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
  if (rows.length) {
    return (
      <div
        className={`jp-Dlaas-found ${phase === 'asking' ? 'jp-mod-asking' : ''}`}
      >
        <TreeList model={model} trans={trans} />
      </div>
    );
  }
  if (phase === 'done') {
    return <NothingFound model={model} trans={trans} />;
  }
  return phase === 'idle' ? (
    <Beginning model={model} trans={trans} />
  ) : (
    <div className="jp-Dlaas-found jp-mod-asking" />
  );
}

function NothingFound({ model, trans }: IProps): JSX.Element {
  const { isExact, pattern, type } = model;
  return (
    <div className="jp-Dlaas-empty">
      <strong>
        {isExact ? trans.__('There is no such DID') : trans.__('No match')}
      </strong>
      <p className="jp-Dlaas-empty-what">{pattern}</p>
      <p>
        {isExact
          ? trans.__('Check scope and name, or search with * for a part of it.')
          : trans.__('The scope exists, but nothing in it has such a name.')}
      </p>
      {type !== 'all' && (
        <Button
          label={trans.__('Search all types')}
          onClick={() => {
            model.type = 'all';
          }}
        />
      )}
      {type === 'all' && isExact && (
        <Button
          label={trans.__('Search for names that begin so')}
          onClick={() => {
            model.text = `${pattern}*`;
            void model.search();
          }}
        />
      )}
    </div>
  );
}

function Beginning({ trans }: IProps): JSX.Element {
  const examples = [
    ['scope:*word*', trans.__('names in a scope that contain a word')],
    ['scope:name', trans.__('one DID, typed or pasted')],
    ['rucio://…', trans.__('a reference from a colleague')]
  ];
  return (
    <div className="jp-Dlaas-empty">
      <strong>{trans.__('Find data in the lake')}</strong>
      <dl className="jp-Dlaas-hints">
        {examples.map(([text, meaning]) => (
          <React.Fragment key={text}>
            <dt>
              <code>{text}</code>
            </dt>
            <dd>{meaning}</dd>
          </React.Fragment>
        ))}
      </dl>
    </div>
  );
}
