import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { EmbargoBadge } from '../account/embargo';
import { Button, IconButton, LinkButton } from '../components/button';
import { Icon } from '../components/icon';
import { ProblemView } from '../components/problem';
import { Progress, StateBadge, progressText } from '../components/state';
import { Actions } from '../components/text';
import { Until } from '../components/when';
import { splitDID } from '../did';
import { typeText } from '../explore/row';
import { formatBytes, formatCount, formatRemaining } from '../format';
import type { IKnown } from '../lake/statuses';
import { mayPass } from '../problems';
import type { Metadata, Rule, Status } from '../schema';
import { CopiesList, Parents } from './copies';
import { Facts } from './facts';
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
  copyPaths(): void;
  edit(metadata: Metadata): void;
  move(rule: Rule): void;
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
  const problem = known.problem ?? model.problem;
  const parts: [unknown, JSX.Element][] = [
    [model.rules, <Rules key="rules" {...props} />],
    [model.copies, <CopiesList key="copies" {...props} />],
    [model.parents, <Parents key="parents" {...props} />],
    [model.metadata, <Facts key="facts" {...props} />]
  ];
  // Each waits for those above it, so that nothing moves when an answer comes.
  const waiting = problem ? -1 : parts.findIndex(([answer]) => !answer);
  return (
    <>
      <Head {...props} />
      <Availability known={known} arrives={model.arrives} trans={trans} />
      <Acts {...props} />
      {problem && (
        <ProblemView problem={problem} trans={trans}>
          {mayPass(problem) && (
            <Button
              label={trans.__('Try again')}
              onClick={() => void model.refresh()}
            />
          )}
        </ProblemView>
      )}
      {(waiting < 0 ? parts : parts.slice(0, waiting)).map(([, part]) => part)}
      {waiting >= 0 && <StateBadge status={null} asking trans={trans} />}
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
      <EmbargoBadge instance={model.instance} did={did} trans={trans} />
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

/**
 * How much of a DID is here, until when, and when the rest will have come.
 */
export function Availability(props: {
  known: IKnown;
  arrives: Date | null;
  trans: TranslationBundle;
}): JSX.Element {
  const { arrives, known, trans } = props;
  const { status } = known;
  const left = arrives && formatRemaining(arrives.toISOString(), trans);
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
          text={[progressText(status, trans), left].filter(Boolean).join(' · ')}
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
    <Actions>
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
      {webURL(model) && (
        <LinkButton label={trans.__('Rucio’s page')} href={webURL(model)!} />
      )}
    </Actions>
  );
}

/**
 * The page that Rucio itself has of it, where there is one.
 */
function webURL({ instance, item }: DetailsModel): string | null {
  const base = instance?.webui_url;
  if (!base || !/^https?:/i.test(base)) {
    return null;
  }
  const query = new URLSearchParams({ ...splitDID(item!.did) });
  return `${base.replace(/\/+$/, '')}/did?${query}`;
}
