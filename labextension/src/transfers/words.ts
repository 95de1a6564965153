import type { TranslationBundle } from '@jupyterlab/translation';

import { splitDID } from '../did';
import { formatBytes, formatCount } from '../format';
import type { Job, JobFile } from '../schema';
import type { TransfersModel } from './model';

const MINUTE = 60;
const HOUR = 3600;

/**
 * What a job is called: the name of its DID, or of the files that have none in common.
 */
export function jobTitle(job: Job): string {
  return job.did ? splitDID(job.did).name : job.source;
}

/**
 * How far a job is, how fast, and how long it will take: "12 of 40 MB · 5 MB/s · 6 s left".
 */
export function paceText(job: Job, trans: TranslationBundle): string {
  const done = formatBytes(job.done_bytes);
  // Of an address the size is known when its first bytes come, if ever.
  const parts = [
    job.bytes ? trans.__('%1 of %2', done, formatBytes(job.bytes)) : done
  ];
  if (job.state === 'running' && job.speed) {
    parts.push(trans.__('%1/s', formatBytes(job.speed)));
    const left = (job.bytes - job.done_bytes) / job.speed;
    if (left > 0) {
      parts.push(trans.__('%1 left', spanText(left, trans)));
    }
  }
  return parts.join(' · ');
}

/**
 * A time to wait, no more exact than anybody can know it.
 */
export function spanText(seconds: number, trans: TranslationBundle): string {
  if (seconds < MINUTE) {
    return trans.__('%1 s', Math.max(1, Math.round(seconds)));
  }
  if (seconds < HOUR) {
    return trans.__('%1 min', Math.round(seconds / MINUTE));
  }
  const hours = Math.floor(seconds / HOUR);
  return trans.__(
    '%1 h %2 min',
    formatCount(hours),
    Math.round((seconds - hours * HOUR) / MINUTE)
  );
}

/**
 * How many of several files are done: "3 of 12 files · 1 failed".
 */
export function filesText(job: Job, trans: TranslationBundle): string {
  if (job.files <= 1) {
    return '';
  }
  const done = trans.__(
    '%1 of %2 files',
    formatCount(job.done_files),
    formatCount(job.files)
  );
  return job.failed_files
    ? `${done} · ${trans.__('%1 failed', formatCount(job.failed_files))}`
    : done;
}

/**
 * Where a download goes.
 */
export function placeText(job: Job, trans: TranslationBundle): string {
  return job.folder === null
    ? trans.__('into the cache')
    : trans.__('to %1', job.folder || '/');
}

export function outcomeText(
  outcome: JobFile['outcome'],
  trans: TranslationBundle
): string {
  switch (outcome) {
    case 'uploaded':
      return trans.__('uploaded');
    case 'renamed':
      return trans.__('uploaded under this other name');
    case 'fetched':
      return trans.__('downloaded');
    case 'skipped':
      return trans.__('was there already');
    case 'failed':
      return trans.__('failed');
  }
}

export function stateText(
  job: Job,
  model: TransfersModel,
  trans: TranslationBundle
): string {
  if (model.isCancelling(job)) {
    return trans.__('Cancelling…');
  }
  switch (job.state) {
    case 'queued':
      return trans.__('Waits for its turn');
    case 'running':
      return job.kind === 'publish'
        ? trans.__('Publishing')
        : job.kind === 'upload'
          ? trans.__('Uploading')
          : trans.__('Downloading');
    case 'waiting':
      return trans.__('Goes on after a login');
    case 'done':
      return job.kind === 'publish'
        ? trans.__('Published')
        : job.kind === 'upload'
          ? trans.__('Uploaded')
          : trans.__('Downloaded');
    case 'failed':
      return trans.__('Failed');
    case 'cancelled':
      return trans.__('Cancelled');
  }
}
