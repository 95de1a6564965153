import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button, IconButton } from '../components/button';
import { Icon } from '../components/icon';
import { ProblemView } from '../components/problem';
import { Progress, StateBadge, progressText } from '../components/state';
import { Until } from '../components/when';
import { splitDID } from '../did';
import { typeText } from '../explore/row';
import { formatBytes, formatCount, formatTime, formatUTC } from '../format';
import { mayPass } from '../problems';
import type { Metadata, Rule, Status } from '../schema';
import type { DetailsModel } from './model';
import { Rules } from './rules';

/**
 * What can be done with the selected DID, by whoever offers it.
 */
export interface IActs {
  makeAvailable(): void;
  attach: (() => void) | null;
  download: (() => void) | null;
  copy(text: string): void;
  prolong(rule: Rule): void;
  release(rule: Rule): void;
}

interface IProps {
  model: DetailsModel;
  acts: IActs;
  trans: TranslationBundle;
}

/**
 * The card of the selected DID.
 */
export function DetailsBody(props: IProps): JSX.Element | null {
  const { model, trans } = props;
  const { item, known } = model;
  if (!item || !known) {
    return null;
  }
  const { problem } = known;
  return (
    <>
      <Head {...props} />
      <Availability {...props} />
      <Acts {...props} />
      {(problem ?? model.problem) && (
        <ProblemView problem={(problem ?? model.problem)!} trans={trans}>
          {mayPass((problem ?? model.problem)!) && (
            <Button
              label={trans.__('Try again')}
              onClick={() => void model.refresh()}
            />
          )}
        </ProblemView>
      )}
      <Rules model={model} acts={props.acts} trans={trans} />
      <Facts metadata={model.metadata} trans={trans} />
    </>
  );
}

function Head({ acts, model, trans }: IProps): JSX.Element {
  const { did, type } = model.item!;
  const { scope, name } = splitDID(did);
  const size = sizeText(model, trans);
  return (
    <div className="jp-Dlaas-card-head">
      <Icon name={type} className={`jp-Dlaas-row-type jp-mod-${type}`} />
      <h3 title={did}>{name}</h3>
      <IconButton
        label={trans.__('Copy DID')}
        icon="copy"
        onClick={() => acts.copy(did)}
      />
      <IconButton
        label={trans.__('Close')}
        icon="close"
        onClick={() => model.close()}
      />
      <p>{[scope, typeText(type, trans), size].filter(Boolean).join(' · ')}</p>
    </div>
  );
}

function sizeText(model: DetailsModel, trans: TranslationBundle): string {
  const { metadata } = model;
  const status = model.known?.status;
  const files = status?.files ?? metadata?.files ?? null;
  const bytes = status?.bytes ?? metadata?.bytes ?? null;
  const parts: string[] = [];
  if (files !== null && model.item?.type !== 'file') {
    parts.push(trans._n('%2 file', '%2 files', files, formatCount(files)));
  }
  if (bytes !== null) {
    parts.push(formatBytes(bytes));
  }
  return parts.join(' · ');
}

function Availability({ model, trans }: IProps): JSX.Element {
  const known = model.known!;
  const { status } = known;
  return (
    <div className="jp-Dlaas-card-state" role="status" aria-live="polite">
      <div className="jp-Dlaas-card-line">
        <StateBadge status={status} asking={known.isAsking} trans={trans} />
        {status?.expires_at && (
          <span className="jp-Dlaas-card-until">
            <Until time={status.expires_at} trans={trans} />
          </span>
        )}
      </div>
      {status && isUnderWay(status) && (
        <Progress
          label={trans.__('How much of it is here')}
          value={status.bytes ? status.available_bytes : status.available_files}
          of={status.bytes || status.files}
          text={progressText(status, trans)}
          tone={status.state === 'stuck' ? 'stuck' : undefined}
        />
      )}
      {status?.reason && (
        <p className="jp-Dlaas-card-reason">{status.reason}</p>
      )}
    </div>
  );
}

function isUnderWay(status: Status): boolean {
  return ['partial', 'replicating', 'stuck', 'suspended'].includes(
    status.state
  );
}

function Acts({ acts, model, trans }: IProps): JSX.Element {
  const state = model.known?.status?.state;
  const isHere = state === 'available';
  return (
    <div className="jp-Dlaas-actions">
      <Button
        label={trans.__('Make available…')}
        primary={!isHere}
        disabled={state === 'empty'}
        onClick={() => acts.makeAvailable()}
      />
      {acts.attach && (
        <Button
          label={trans.__('Attach…')}
          primary={isHere}
          onClick={() => acts.attach?.()}
        />
      )}
      {acts.download && (
        <Button
          label={trans.__('Download…')}
          disabled={state === 'empty'}
          onClick={() => acts.download?.()}
        />
      )}
    </div>
  );
}

/**
 * What the catalogue says of it.
 */
function Facts(props: {
  metadata: Metadata | null;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { metadata, trans } = props;
  if (!metadata) {
    return null;
  }
  const known: [string, React.ReactNode][] = [
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
    ['adler32', metadata.adler32],
    ['md5', metadata.md5]
  ];
  const custom = Object.entries(metadata.custom).map(
    ([key, value]): [string, React.ReactNode] => [key, valueText(value)]
  );
  return (
    <details className="jp-Dlaas-facts" open>
      <summary>{trans.__('Metadata')}</summary>
      <dl>
        {[...known, ...custom]
          .filter(([, value]) => value !== null && value !== '')
          .map(([key, value]) => (
            <React.Fragment key={key}>
              <dt>{key}</dt>
              <dd>{value}</dd>
            </React.Fragment>
          ))}
      </dl>
    </details>
  );
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
