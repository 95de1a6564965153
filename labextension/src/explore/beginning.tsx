import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Icon } from '../components/icon';
import { filterText } from './filters';
import { TreeList } from './list';
import type { ExploreModel } from './model';
import type { IStored } from './searches';

interface IProps {
  model: ExploreModel;
  trans: TranslationBundle;
}

/**
 * Before anything is searched for: what can be typed, what was searched for before, and the scopes to look into.
 */
export function Beginning({ model, trans }: IProps): JSX.Element {
  const { recent, saved } = model.searches;
  const here = ({ instance }: IStored) =>
    instance === model.lake.instance?.name;
  const older = recent.filter(
    each => here(each) && !model.searches.isSaved(each)
  );
  const examples = [
    ['scope:*word*', trans.__('names in a scope that contain a word')],
    ['scope:name', trans.__('one DID, or a list of them, typed or pasted')],
    ['rucio://…', trans.__('a reference from a colleague')]
  ];
  return (
    <div className="jp-Dlaas-beginning">
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
      <Stored
        label={trans.__('Saved searches')}
        icon="star"
        all={saved.filter(here)}
        model={model}
      />
      <Stored
        label={trans.__('Recent searches')}
        icon="search"
        all={older}
        model={model}
      />
      {model.count > 0 && (
        <>
          <h3>{trans.__('Scopes')}</h3>
          <TreeList model={model} trans={trans} label={trans.__('Scopes')} />
        </>
      )}
    </div>
  );
}

function Stored(props: {
  label: string;
  icon: 'search' | 'star';
  all: readonly IStored[];
  model: ExploreModel;
}): JSX.Element | null {
  const { all, icon, label, model } = props;
  const text = (each: IStored) =>
    [each.text, ...each.filters.map(filterText)].join(' · ');
  return all.length ? (
    <>
      <h3>{label}</h3>
      <ul
        aria-label={label}
        className={icon === 'star' ? 'jp-mod-saved' : undefined}
      >
        {all.map(each => (
          <li key={JSON.stringify(each)}>
            <button
              type="button"
              className="jp-Dlaas-stored"
              title={text(each)}
              onClick={() => void model.repeat(each)}
            >
              <Icon name={icon} />
              <span>{text(each)}</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  ) : null;
}
