import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { formatBytes, formatCount } from '../format';
import type { Status } from '../schema';
import { Icon } from './icon';

/**
 * The state of a DID in words.
 */
export function stateText(
  state: Status['state'],
  trans: TranslationBundle
): string {
  switch (state) {
    case 'available':
      return trans.__('Available');
    case 'partial':
      return trans.__('Partly available');
    case 'replicating':
      return trans.__('On its way');
    case 'stuck':
      return trans.__('Stuck');
    case 'suspended':
      return trans.__('Suspended');
    case 'waiting_approval':
      return trans.__('Waits for approval');
    case 'absent':
      return trans.__('Not here yet');
    case 'empty':
      return trans.__('Empty');
  }
}

/**
 * The state as a drawing, for rows that have no room for words.
 */
export function StateMark(props: {
  status: Status;
  trans: TranslationBundle;
}): JSX.Element {
  const text = stateText(props.status.state, props.trans);
  return (
    <span
      className={`jp-Dlaas-mark jp-mod-${props.status.state}`}
      role="img"
      aria-label={text}
      title={text}
    >
      <Icon name={props.status.state} />
    </span>
  );
}

/**
 * The state as a drawing and words; while it is asked for, it says so.
 */
export function StateBadge(props: {
  status: Status | null;
  asking: boolean;
  trans: TranslationBundle;
}): JSX.Element {
  const { asking, status, trans } = props;
  if (!status) {
    return (
      <span
        className="jp-Dlaas-badge jp-mod-asking"
        data-state={asking ? 'asking' : 'unknown'}
      >
        {asking && <span className="jp-Dlaas-dots" aria-hidden="true" />}
        <span>{asking ? trans.__('Asking…') : trans.__('Unknown')}</span>
      </span>
    );
  }
  return (
    <span
      className={`jp-Dlaas-badge jp-mod-${status.state}`}
      data-state={status.state}
    >
      <Icon name={status.state} />
      <span>{stateText(status.state, trans)}</span>
    </span>
  );
}

/**
 * How much of it is there, as a bar and in figures.
 */
export function Progress(props: {
  label: string;
  value: number;
  of: number | null;
  text: string;
  tone?: 'stuck';
}): JSX.Element {
  const share = props.of ? Math.min(props.value / props.of, 1) : 0;
  return (
    <div className="jp-Dlaas-progress">
      <div
        className={`jp-Dlaas-progress-bar jp-mod-${props.tone ?? 'running'}`}
        role="progressbar"
        aria-label={props.label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.floor(share * 100)}
        aria-valuetext={props.text}
      >
        <span style={{ transform: `scaleX(${share})` }} />
      </div>
      <span className="jp-Dlaas-progress-text">{props.text}</span>
    </div>
  );
}

/**
 * "2 of 4 files · 11 of 23 MB", as far as it is known.
 */
export function progressText(status: Status, trans: TranslationBundle): string {
  const parts: string[] = [];
  if (status.files !== null && status.type !== 'file') {
    parts.push(
      trans._n(
        '%2 of %3 file',
        '%2 of %3 files',
        status.files,
        formatCount(status.available_files),
        formatCount(status.files)
      )
    );
  }
  if (status.bytes !== null) {
    parts.push(
      trans.__(
        '%1 of %2',
        formatBytes(status.available_bytes),
        formatBytes(status.bytes)
      )
    );
  }
  return parts.join(' · ');
}
