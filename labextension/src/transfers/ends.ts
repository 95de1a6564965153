import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { Change, Job } from '../schema';

/**
 * Whether a job will change by itself.
 */
export function isRunning(job: Job): boolean {
  return ['queued', 'running', 'waiting'].includes(job.state);
}

/**
 * What ends while one looks on is worth a word, unlike what had ended before; and one word for each attempt.
 */
export class Ends {
  /**
   * A signal emitted once with each job that has ended well or badly.
   */
  get ended(): ISignal<this, Job> {
    return this._ended;
  }

  /**
   * How many run, as far as one has heard.
   */
  get underway(): number {
    return this._awaited.size;
  }

  /**
   * A hint that it runs or did a moment ago; what was cancelled is not waited for.
   */
  hint(id: string, state: Change['state']): void {
    if (state === 'cancelled') {
      this._awaited.delete(id);
    } else {
      this._awaited.add(id);
    }
  }

  see(job: Job): void {
    if (isRunning(job)) {
      this._awaited.add(job.id);
      return;
    }
    const end = `${job.id}/${job.attempt}`;
    if (this._awaited.delete(job.id) && !this._told.has(end)) {
      this._told.add(end);
      if (job.state !== 'cancelled') {
        this._ended.emit(job);
      }
    }
  }

  private readonly _awaited = new Set<string>();
  private readonly _told = new Set<string>();
  private readonly _ended = new Signal<this, Job>(this);
}
