import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button, IconButton } from '../components/button';
import { Input } from '../components/input';
import { Actions } from '../components/text';
import type { IFilter } from './filters';
import { OPERATORS, filterText } from './filters';
import type { ExploreModel } from './model';

interface IProps {
  model: ExploreModel;
  trans: TranslationBundle;
}

/**
 * The filters by metadata as chips; one of them, or a new one, can be open to be written.
 */
export function Chips(
  props: IProps & {
    edited: number | null;
    onEdit: (index: number | null) => void;
  }
): JSX.Element | null {
  const { edited, model, onEdit, trans } = props;
  const { filters } = model;
  const put = (index: number, ...filter: IFilter[]) => {
    model.filters = [
      ...filters.slice(0, index),
      ...filter,
      ...filters.slice(index + 1)
    ];
    onEdit(null);
  };
  return (
    <>
      {filters.length > 0 && (
        <ul
          className="jp-Dlaas-filters"
          aria-label={trans.__('Filters by metadata')}
        >
          {filters.map((filter, index) => (
            <li key={index} className="jp-Dlaas-filter">
              <button
                type="button"
                className="jp-Dlaas-filter-text"
                title={trans.__('Change this filter')}
                aria-expanded={edited === index}
                onClick={() => onEdit(edited === index ? null : index)}
              >
                {filterText(filter)}
              </button>
              <IconButton
                label={trans.__('Remove the filter %1', filterText(filter))}
                icon="close"
                onClick={() => put(index)}
              />
            </li>
          ))}
        </ul>
      )}
      {edited !== null && (
        <FilterForm
          key={edited}
          model={model}
          trans={trans}
          filter={filters[edited]}
          onDone={filter => (filter ? put(edited, filter) : onEdit(null))}
        />
      )}
    </>
  );
}

function FilterForm(
  props: IProps & {
    filter: IFilter | undefined;
    onDone: (filter: IFilter | null) => void;
  }
): JSX.Element {
  const { filter, model, onDone, trans } = props;
  const [written, setWritten] = React.useState<IFilter>(
    filter ?? { key: '', operator: '=', value: '' }
  );
  const set = (change: Partial<IFilter>) =>
    setWritten(old => ({ ...old, ...change }));
  const isWhole = Boolean(written.key.trim() && written.value.trim());
  const id = React.useId();
  React.useEffect(() => void model.askKeys(), []);
  return (
    <div
      className="jp-Dlaas-filter-form"
      role="group"
      aria-label={trans.__('Filter by metadata')}
      onKeyDown={event => {
        if (
          event.key === 'Enter' &&
          !(event.target instanceof HTMLButtonElement)
        ) {
          // Not the search's form: that would search without this filter.
          event.preventDefault();
          if (isWhole) {
            onDone(written);
          }
        } else if (event.key === 'Escape') {
          event.stopPropagation();
          onDone(null);
        }
      }}
    >
      <Input
        aria-label={trans.__('Metadata key')}
        placeholder={trans.__('key')}
        list={id}
        autoFocus
        spellCheck={false}
        autoCapitalize="none"
        value={written.key}
        onChange={key => set({ key })}
      />
      <datalist id={id}>
        {model.keys.map(key => (
          <option key={key} value={key} />
        ))}
      </datalist>
      <select
        className="jp-Dlaas-select"
        aria-label={trans.__('Comparison')}
        value={written.operator}
        onChange={event => set({ operator: event.target.value })}
      >
        {OPERATORS.map(operator => (
          <option key={operator}>{operator}</option>
        ))}
      </select>
      <Input
        aria-label={trans.__('Value')}
        placeholder={
          written.operator === 'like' ? trans.__('part*') : trans.__('value')
        }
        spellCheck={false}
        autoCapitalize="none"
        value={written.value}
        onChange={value => set({ value })}
      />
      <Actions>
        <Button
          label={filter ? trans.__('Change') : trans.__('Add')}
          primary
          disabled={!isWhole}
          onClick={() => onDone(written)}
        />
        <Button label={trans.__('Cancel')} onClick={() => onDone(null)} />
      </Actions>
    </div>
  );
}
