import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { formatLifetime, formatUTC } from '../format';
import type { ILifetime, IMeaning } from '../lifetime';
import { localDate, meaning, presets } from '../lifetime';
import { Input } from './input';

/**
 * How long data is to be kept: a usual time, a number of days, or a date.
 */
export function LifetimeField(props: {
  legend: string;
  value: ILifetime;
  usual: number | null;
  withEndless?: boolean;
  onChange: (value: ILifetime) => void;
  trans: TranslationBundle;
}): JSX.Element {
  const { onChange, trans, value } = props;
  const group = React.useId();
  const choice = (
    checked: boolean,
    label: string,
    change: Partial<ILifetime>
  ) => (
    <label className="jp-Dlaas-chip" key={label}>
      <input
        type="radio"
        name={group}
        checked={checked}
        onChange={() => onChange({ ...value, ...change })}
      />
      <span>{label}</span>
    </label>
  );
  const found = meaning(value);
  return (
    <fieldset className="jp-Dlaas-lifetime">
      <legend>{props.legend}</legend>
      <div className="jp-Dlaas-chips">
        {props.withEndless &&
          choice(value.kind === 'endless', trans.__('Without end'), {
            kind: 'endless'
          })}
        {presets(props.usual).map(preset =>
          choice(
            value.kind === 'preset' && value.preset === preset,
            formatLifetime(preset, trans),
            { kind: 'preset', preset }
          )
        )}
        {choice(value.kind === 'days', trans.__('Other…'), { kind: 'days' })}
        {choice(value.kind === 'date', trans.__('Until a date…'), {
          kind: 'date'
        })}
      </div>
      {value.kind === 'days' && (
        <label className="jp-Dlaas-field jp-mod-inline">
          <Input
            inputMode="decimal"
            size={6}
            autoFocus
            value={value.days}
            onChange={days => onChange({ ...value, days })}
          />
          <span>{trans.__('days')}</span>
        </label>
      )}
      {value.kind === 'date' && (
        <label className="jp-Dlaas-field jp-mod-inline">
          <span>{trans.__('Until the end of')}</span>
          <Input
            type="date"
            autoFocus
            min={localDate(new Date())}
            value={value.date}
            onChange={date => onChange({ ...value, date })}
          />
        </label>
      )}
      <p
        className={`jp-Dlaas-lifetime-end ${found.wrong ? 'jp-mod-wrong' : ''}`}
        role="status"
      >
        {endText(found, trans)}
      </p>
    </fieldset>
  );
}

function endText(found: IMeaning, trans: TranslationBundle): string {
  switch (found.wrong) {
    case 'missing':
      return trans.__('Say how long.');
    case 'number':
      return trans.__('That is not a number of days.');
    case 'zero':
      return trans.__('A lifetime is longer than zero.');
    case 'long':
      return trans.__('That is longer than a hundred years.');
    case 'past':
      return trans.__('That date is past.');
    case null:
      break;
  }
  if (!found.end) {
    return trans.__('It stays until somebody deletes its rule.');
  }
  const local = found.end.toLocaleString(undefined, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit'
  });
  return trans.__('Until %1 (%2)', local, formatUTC(found.end.toISOString()));
}
