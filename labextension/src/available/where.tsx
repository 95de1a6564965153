import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { QoS } from '../schema';
import type { IPlaces } from './places';

/**
 * A choice of where data is put: a quality of service, or an RSE by its name.
 */
export function PlaceField(props: {
  label: string;
  places: IPlaces | null;
  value: string;
  empty: string;
  onChange: (value: string) => void;
  trans: TranslationBundle;
}): JSX.Element {
  const { places, trans, value } = props;
  const chosen = places?.qos.find(({ label }) => value === `qos:${label}`);
  const id = React.useId();
  const says = `${id}says`;
  return (
    <div className="jp-Dlaas-field">
      <label htmlFor={id}>{props.label}</label>
      <select
        id={id}
        className="jp-Dlaas-select"
        value={value}
        aria-describedby={says}
        onChange={event => props.onChange(event.target.value)}
      >
        <option value="">{props.empty}</option>
        {places && places.qos.length > 0 && (
          <optgroup label={trans.__('Quality of service')}>
            {places.qos.map(({ label }) => (
              <option key={label} value={`qos:${label}`}>
                {label}
              </option>
            ))}
          </optgroup>
        )}
        {places && (
          <optgroup label={trans.__('Storage (RSE)')}>
            {places.rses.map(({ name, site }) => (
              <option key={name} value={`rse:${name}`}>
                {site ? `${name} (${site})` : name}
              </option>
            ))}
          </optgroup>
        )}
      </select>
      <span id={says} className="jp-Dlaas-quiet">
        {chosen && qosText(chosen, trans)}
      </span>
    </div>
  );
}

/**
 * What a quality of service means, and which storages have it.
 */
export function qosText(qos: QoS, trans: TranslationBundle): string {
  const meanings: { [label: string]: string } = {
    FAST: trans.__('Near the notebooks, for data in use:'),
    SAFE: trans.__('For what cannot be made again:'),
    'CHEAP-ANALYSIS': trans.__('For analysis, what is lost is fetched again:'),
    OPPORTUNISTIC: trans.__('Spare room, others may take it back:'),
    EXTERNAL: trans.__('Outside of the lake:'),
    TAPE: trans.__('To read it again may take hours:')
  };
  return `${meanings[qos.label] ?? ''} ${qos.rses.join(', ')}`.trim();
}
