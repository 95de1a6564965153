import type { Job } from '../schema';
import type { Ends } from './ends';
import { isRunning } from './ends';

/**
 * What is known of the jobs: answers come in any order, and no older one takes the place of a newer one.
 */
export class Jobs {
  constructor(
    private readonly ends: Ends,
    private readonly moved: (job: Job) => void
  ) {}

  /**
   * Newest first; null while they were not asked for.
   */
  get all(): readonly Job[] | null {
    return this._all;
  }

  /**
   * Begin a question for all jobs; what is returned tells whether there is no later one.
   */
  ask(): () => boolean {
    const newer = (this._newer = new Map<string, Job>());
    return () => newer === this._newer;
  }

  /**
   * Take the answer for all jobs; what was heard of single ones meanwhile is newer.
   */
  replace(jobs: Job[]): void {
    const newer = this._newer;
    jobs.forEach(job => this.ends.see(job));
    this._all?.forEach(old => {
      const job = jobs.find(({ id }) => id === old.id);
      if (job && job.state !== old.state) {
        this.moved(job);
      }
    });
    this._all = sorted(jobs);
    newer.forEach(job => this._put(job));
  }

  /**
   * Take the answer for one job.
   */
  take(job: Job): void {
    this._newer.set(job.id, job);
    this._put(job);
  }

  private _put(job: Job): void {
    const jobs = this._all ?? [];
    const known = jobs.find(({ id }) => id === job.id);
    this.ends.see(job);
    if (!known) {
      this._all = sorted([job, ...jobs]);
    } else if (
      job.attempt > known.attempt ||
      (job.attempt === known.attempt && (isRunning(known) || !isRunning(job)))
    ) {
      // Else it is an older answer: what has ended runs again only in a new attempt.
      this._all = jobs.map(each => (each === known ? job : each));
      if (job.state !== known.state) {
        this.moved(job);
      }
    }
  }

  private _all: readonly Job[] | null = null;

  /**
   * What was heard of single jobs since the list was asked for.
   */
  private _newer = new Map<string, Job>();
}

function sorted(jobs: Job[]): Job[] {
  const time = (job: Job) => job.created_at ?? '';
  return [...jobs].sort((a, b) => time(b).localeCompare(time(a)));
}
