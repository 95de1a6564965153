import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button } from '../components/button';
import { SelectField } from '../components/field';
import { Icon } from '../components/icon';
import { Item } from '../components/item';
import { Input } from '../components/input';
import { LifetimeField } from '../components/lifetime';
import { ProblemView } from '../components/problem';
import { StateBadge, progressText } from '../components/state';
import { Quiet } from '../components/text';
import { Until } from '../components/when';
import { formatBytes, formatCount, formatRemaining } from '../format';
import type { Granted } from '../schema';
import type { AvailableModel, IMore } from './model';
import { Preview } from './preview';
import { PlaceField } from './where';

interface IProps {
  model: AvailableModel;
  trans: TranslationBundle;
}

/**
 * What is asked for, and afterwards what was granted.
 */
export function AvailableBody({ model, trans }: IProps): JSX.Element {
  const { granted, obstacle: problem } = model;
  return (
    <>
      <What model={model} trans={trans} />
      {granted ? (
        <Grant model={model} granted={granted} trans={trans} />
      ) : (
        <>
          <LifetimeField
            legend={trans.__('Keep it for')}
            value={model.lifetime}
            usual={model.usual}
            onChange={value => {
              model.lifetime = value;
            }}
            trans={trans}
          />
          <More model={model} trans={trans} />
          <Preview model={model} trans={trans} />
        </>
      )}
      {!granted && problem && (
        <ProblemView problem={problem} trans={trans}>
          {model.canExtend && (
            <Button
              label={trans.__('Extend the rule that is there')}
              disabled={model.isBusy}
              onClick={() => void model.extend()}
            />
          )}
        </ProblemView>
      )}
    </>
  );
}

/**
 * What few people want to say: where else, how many copies, what for.
 */
function More({ model, trans }: IProps): JSX.Element {
  const { instance, more } = model;
  const activities = instance?.activities ?? [];
  const set = (change: Partial<IMore>) => {
    model.more = { ...model.more, ...change };
  };
  return (
    <details className="jp-Dlaas-more" onToggle={() => void model.askPlaces()}>
      <summary>{trans.__('Where, and how many copies')}</summary>
      <PlaceField
        label={trans.__('Where')}
        places={model.places}
        value={more.place}
        empty={instance?.destination_rse ?? trans.__('Choose a place')}
        onChange={place => set({ place })}
        trans={trans}
      />
      <label className="jp-Dlaas-field jp-mod-inline">
        <span>{trans.__('Copies')}</span>
        <Input
          type="number"
          min={1}
          value={more.copies}
          aria-invalid={!model.hasCopies}
          onChange={copies => set({ copies })}
        />
      </label>
      {activities.length > 0 && (
        <SelectField
          label={trans.__('Activity')}
          value={more.activity}
          options={['', ...activities]}
          onChange={activity => set({ activity })}
        />
      )}
    </details>
  );
}

function What({ model, trans }: IProps): JSX.Element {
  const { item, known } = model;
  const { status } = known;
  return (
    <div className="jp-Dlaas-what">
      <Item text={item.did} type={item.type} />
      <dl>
        <dt>{trans.__('Size')}</dt>
        <dd>{sizeText(model, trans)}</dd>
        <dt>{trans.__('Now')}</dt>
        <dd>
          <StateBadge status={status} asking={known.isAsking} trans={trans} />
          {status?.expires_at && !model.granted && (
            <>
              {' '}
              <Until time={status.expires_at} trans={trans} />
            </>
          )}
        </dd>
      </dl>
    </div>
  );
}

function sizeText(model: AvailableModel, trans: TranslationBundle): string {
  const { isAsking, status } = model.known;
  if (!status) {
    return isAsking ? trans.__('Asking…') : trans.__('Unknown');
  }
  const parts: string[] = [];
  if (status.files !== null) {
    const files = formatCount(status.files);
    parts.push(trans._n('%2 file', '%2 files', status.files, files));
  }
  if (status.bytes !== null) {
    parts.push(formatBytes(status.bytes));
  }
  return parts.join(' · ') || trans.__('Unknown');
}

/**
 * What Rucio promised, and how far it is.
 */
function Grant(props: IProps & { granted: Granted }): JSX.Element {
  const { granted, model, trans } = props;
  const { rule } = granted;
  const { status } = model.known;
  return (
    <div className="jp-Dlaas-granted" role="status">
      <Icon name="available" />
      <div>
        <strong>
          {grantText(model, granted, trans)}{' '}
          {rule.expires_at ? (
            <Until time={rule.expires_at} trans={trans} />
          ) : (
            trans.__('without end')
          )}
        </strong>
        <p>
          {trans.__(
            'By rule %1 on %2.',
            rule.id.slice(0, 8),
            rule.rse_expression
          )}
        </p>
        {!granted.new && !model.wasExtended && granted.note && (
          <p>{granted.note}</p>
        )}
        {status && (
          <p>
            {trans.__('Here now: %1.', progressText(status, trans))}{' '}
            {model.arrives &&
              formatRemaining(model.arrives.toISOString(), trans)}
          </p>
        )}
        <Quiet>
          {trans.__(
            'You may close this: the data comes by itself, and the panel shows how far it is.'
          )}
        </Quiet>
      </div>
    </div>
  );
}

function grantText(
  model: AvailableModel,
  granted: Granted,
  trans: TranslationBundle
): string {
  if (model.wasExtended) {
    return trans.__('Extended');
  }
  return granted.new ? trans.__('Granted') : trans.__('You have it already');
}
