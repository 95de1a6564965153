import { Poll } from '@lumino/polling';

import type { LakeModel } from '../lake/model';
import { Model } from '../model';
import { problemOf } from '../problems';
import * as api from '../restapi';
import type { Change, Job, Problem } from '../schema';

const SECOND = 1000;

/**
 * Whether a job will change by itself.
 */
export function isRunning(job: Job): boolean {
  return job.state === 'queued' || job.state === 'running';
}

/**
 * The transfers that the server runs, and how far they are.
 */
export class TransfersModel extends Model {
  constructor(private readonly lake: LakeModel) {
    super();
    lake.jobHinted.connect(this._onHint, this);
    this._poll = new Poll({
      auto: false,
      name: 'jupyter-dlaas:jobs',
      factory: () => this._beat(),
      frequency: { interval: 5 * SECOND, backoff: true, max: 60 * SECOND },
      standby: 'when-hidden'
    });
  }

  /**
   * Newest first; null while they were not asked for.
   */
  get jobs(): readonly Job[] | null {
    return this._jobs;
  }

  get running(): number {
    return (this._jobs ?? []).filter(isRunning).length;
  }

  get problem(): Problem | null {
    return this._problem;
  }

  isCancelling(job: Job): boolean {
    return this._cancelling.has(job.id) && isRunning(job);
  }

  /**
   * Ask for all jobs.
   */
  async refresh(isQuiet = false): Promise<void> {
    try {
      this._jobs = sorted(await api.listJobs(this.lake.settings, isQuiet));
      this._problem = null;
    } catch (error) {
      this._problem = problemOf(error);
    }
    this.changed();
  }

  /**
   * Show a job that has just been made.
   */
  add(job: Job): void {
    this._take(job);
  }

  async cancel(job: Job): Promise<void> {
    this._cancelling.add(job.id);
    this.changed();
    try {
      this._take(await api.cancelJob(this.lake.settings, job.id));
    } catch (error) {
      this._problem = problemOf(error);
      this._cancelling.delete(job.id);
      this.changed();
    }
  }

  dispose(): void {
    this._poll.dispose();
    super.dispose();
  }

  protected onActive(active: boolean): void {
    if (active) {
      void this.refresh();
      void this._poll.start();
    } else {
      void this._poll.stop();
    }
  }

  /**
   * A hint: ask for that job, but not again before the answer to the last question is there.
   */
  private _onHint(_: LakeModel, change: Change | null): void {
    this._heard = Date.now();
    if (!this.isActive) {
      return;
    }
    if (!change?.job) {
      void this.refresh();
      return;
    }
    void this._ask(change.job);
  }

  private async _ask(id: string): Promise<void> {
    if (this._asking.has(id)) {
      this._again.add(id);
      return;
    }
    this._asking.add(id);
    try {
      this._take(await api.getJob(this.lake.settings, id));
    } catch {
      // The next hint or the next look tells.
    }
    this._asking.delete(id);
    if (this._again.delete(id)) {
      void this._ask(id);
    }
  }

  /**
   * Where hints come, they suffice.
   */
  private async _beat(): Promise<void> {
    if (this.running && Date.now() - this._heard > 4 * SECOND) {
      await this.refresh(true);
    }
  }

  private _take(job: Job): void {
    const others = (this._jobs ?? []).filter(({ id }) => id !== job.id);
    this._jobs = sorted([...others, job]);
    this.changed();
  }

  private readonly _poll: Poll;
  private _jobs: Job[] | null = null;
  private _problem: Problem | null = null;
  private _heard = 0;
  private _asking = new Set<string>();
  private _again = new Set<string>();
  private _cancelling = new Set<string>();
}

function sorted(jobs: Job[]): Job[] {
  const time = (job: Job) => job.created_at ?? '';
  return [...jobs].sort((a, b) => time(b).localeCompare(time(a)));
}
