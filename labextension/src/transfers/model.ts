import { Poll } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { LakeModel } from '../lake/model';
import { Model } from '../model';
import { problemOf } from '../problems';
import * as api from '../restapi';
import type { Change, Job, JobFile, JobNote, Problem } from '../schema';

const SECOND = 1000;

/**
 * Whether a job will change by itself.
 */
export function isRunning(job: Job): boolean {
  return ['queued', 'running', 'waiting'].includes(job.state);
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
      standby: () => (lake.isActive ? 'when-hidden' : true)
    });
    void this._poll.start();
  }

  /**
   * A signal emitted once with each job that has ended well or badly while this page was open, whoever had begun it.
   */
  get ended(): ISignal<this, Job> {
    return this._ended;
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
    const newer = (this._newer = new Map<string, Job>());
    let problem: Problem | null = null;
    let jobs: Job[] = [];
    try {
      jobs = await api.listJobs(this.lake.settings, isQuiet);
    } catch (error) {
      problem = problemOf(error);
    }
    if (newer !== this._newer) {
      // There is a later question.
      return;
    }
    this._problem = problem;
    if (!problem) {
      jobs.forEach(job => this._tellEnd(job));
      this._jobs = sorted(jobs);
      newer.forEach(job => this._put(job));
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

  /**
   * Begin again what failed or was cancelled.
   */
  async retry(job: Job): Promise<void> {
    this._problem = null;
    try {
      this._take(await api.retryJob(this.lake.settings, job.id));
      this._logs.delete(job.id);
    } catch (error) {
      this._problem = problemOf(error);
    }
    this.changed();
  }

  /**
   * What happened to a job; null while it was not asked for.
   */
  log(job: Job): readonly JobNote[] | null {
    return this._logs.get(job.id) ?? null;
  }

  async toggleLog(job: Job): Promise<void> {
    if (!this._logs.delete(job.id)) {
      try {
        this._logs.set(job.id, await api.getJobLog(this.lake.settings, job.id));
      } catch (error) {
        this._problem = problemOf(error);
      }
    }
    this.changed();
  }

  /**
   * What became of the files of a job; null while it was not asked for.
   */
  files(job: Job): readonly JobFile[] | null {
    return this._files.get(job.id) ?? null;
  }

  async toggleFiles(job: Job): Promise<void> {
    if (!this._files.delete(job.id)) {
      try {
        this._files.set(
          job.id,
          await api.getJobFiles(this.lake.settings, job.id)
        );
      } catch (error) {
        this._problem = problemOf(error);
      }
    }
    this.changed();
  }

  dispose(): void {
    this._poll.dispose();
    super.dispose();
  }

  protected onActive(active: boolean): void {
    if (active) {
      void this.refresh();
    }
  }

  /**
   * A hint: ask for that job, but not again before the answer to the last question is there.
   *
   * At another section of the panel, too: how many are running is shown beside the label of this one.
   */
  private _onHint(_: LakeModel, change: Change | null): void {
    this._heard = Date.now();
    if (change?.job) {
      this._awaited.add(change.job);
    }
    const isOver = change?.state === 'done' || change?.state === 'failed';
    if (!this.isActive && !this.lake.isActive && !isOver) {
      return;
    }
    if (!change?.job) {
      void this.refresh(true);
      return;
    }
    void this._ask(change.job);
  }

  /**
   * What ends while one looks on is worth a notification, unlike what had ended before.
   */
  private _tellEnd(job: Job): void {
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

  private async _ask(id: string): Promise<void> {
    if (this._asking.has(id)) {
      this._again.add(id);
      return;
    }
    this._asking.add(id);
    try {
      this._take(await api.getJob(this.lake.settings, id, true));
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
    if (!isRunning(job)) {
      this._cancelling.delete(job.id);
      this._files.delete(job.id);
    }
    this._newer.set(job.id, job);
    this._put(job);
    this.changed();
  }

  private _put(job: Job): void {
    const jobs = this._jobs ?? [];
    const known = jobs.find(({ id }) => id === job.id);
    this._tellEnd(job);
    if (!known) {
      this._jobs = sorted([job, ...jobs]);
    } else if (
      job.attempt > known.attempt ||
      (job.attempt === known.attempt && (isRunning(known) || !isRunning(job)))
    ) {
      // Else it is an older answer: what has ended runs again only in a new attempt.
      this._jobs = jobs.map(each => (each === known ? job : each));
    }
  }

  private readonly _poll: Poll;
  private _jobs: Job[] | null = null;
  private _problem: Problem | null = null;
  private _heard = 0;
  /**
   * What was heard of single jobs since the list was asked for.
   */
  private _newer = new Map<string, Job>();
  private _asking = new Set<string>();
  private _again = new Set<string>();
  private _cancelling = new Set<string>();
  private _logs = new Map<string, JobNote[]>();
  private _files = new Map<string, JobFile[]>();
  private _awaited = new Set<string>();
  private _told = new Set<string>();
  private _ended = new Signal<this, Job>(this);
}

function sorted(jobs: Job[]): Job[] {
  const time = (job: Job) => job.created_at ?? '';
  return [...jobs].sort((a, b) => time(b).localeCompare(time(a)));
}
