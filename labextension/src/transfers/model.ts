import { Poll } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';

import type { IItem } from '../did';
import type { LakeModel } from '../lake/model';
import type { UseModel } from '../lake/use';
import { Model } from '../model';
import { problemOf } from '../problems';
import * as api from '../restapi';
import type {
  Change,
  InstanceInfo,
  Job,
  JobFile,
  JobNote,
  Problem
} from '../schema';
import { Ends, isRunning } from './ends';
import { Fold } from './fold';
import { Hinted } from './hinted';
import { Jobs } from './jobs';
import { candidates, originOf } from './origin';

const SECOND = 1000;

/**
 * The transfers that the server runs, and how far they are.
 */
export class TransfersModel extends Model {
  constructor(private readonly lake: LakeModel) {
    super();
    const failed = (error: unknown) => {
      this._problem = problemOf(error);
    };
    this.logs = new Fold(id => api.getJobLog(lake.settings, id), failed);
    this.files = new Fold(id => api.getJobFiles(lake.settings, id), failed);
    lake.jobHinted.connect(this._onHint, this);
    lake.use.stateChanged.connect(this.changed, this);
    this.ended.connect(() => {
      if (this.isActive) {
        void lake.use.refresh();
      }
    });
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
   * What happened to each job.
   */
  readonly logs: Fold<JobNote>;

  /**
   * What became of the files of each job, those that failed first.
   */
  readonly files: Fold<JobFile>;

  /**
   * A signal emitted once with each job that has ended well or badly while this page was open, whoever had begun it.
   */
  get ended(): ISignal<unknown, Job> {
    return this._ends.ended;
  }

  /**
   * Newest first; null while they were not asked for.
   */
  get jobs(): readonly Job[] | null {
    return this._jobs.all;
  }

  get running(): number {
    return (this.jobs ?? []).filter(isRunning).length;
  }

  /**
   * How many run, also where nobody looks and only hints tell.
   */
  get underway(): number {
    return this._ends.underway;
  }

  /**
   * The jobs that were begun on this page and have been running since.
   */
  get followed(): readonly Job[] {
    return (this.jobs ?? []).filter(({ id }) => this._followed.has(id));
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
    const isLatest = this._jobs.ask();
    let problem: Problem | null = null;
    let jobs: Job[] = [];
    try {
      jobs = await api.listJobs(this.lake.settings, isQuiet);
    } catch (error) {
      problem = problemOf(error);
    }
    if (!isLatest()) {
      // There is a later question.
      return;
    }
    this._problem = problem;
    if (!problem) {
      this._jobs.replace(jobs);
      const ids = new Set(jobs.map(({ id }) => id));
      this.logs.keep(ids);
      this.files.keep(ids);
    }
    this.changed();
  }

  /**
   * Show a job that has just been made.
   */
  add(job: Job): void {
    this._followed.add(job.id);
    this._take(job);
  }

  /**
   * Where a file of the file browser came from, or went to: its DID, as far as the transfers know it.
   */
  originOf(path: string): Promise<IItem | null> {
    return originOf(this.jobs ?? [], path, id =>
      api.getJobFiles(this.lake.settings, id)
    );
  }

  candidates(path: string): Job[] {
    return candidates(this.jobs ?? [], path);
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
    if (this._retrying.has(job.id)) {
      return;
    }
    this._retrying.add(job.id);
    this._problem = null;
    this.changed();
    try {
      this._take(await api.retryJob(this.lake.settings, job.id));
    } catch (error) {
      this._problem = problemOf(error);
    }
    this._retrying.delete(job.id);
    this.changed();
  }

  isRetrying(job: Job): boolean {
    return this._retrying.has(job.id);
  }

  /**
   * The instance whose login a job waits for, if it is another one than the chosen one; that one shows its way in.
   */
  awaitedInstance(job: Job): InstanceInfo | null {
    const { instance } = this.lake;
    return job.state === 'waiting' && job.instance !== instance?.name
      ? this.instanceOf(job)
      : null;
  }

  instanceOf(job: Job): InstanceInfo | null {
    const { instances } = this.lake;
    return instances.find(({ name }) => name === job.instance) ?? null;
  }

  /**
   * The quota and the disk.
   */
  get use(): UseModel {
    return this.lake.use;
  }

  /**
   * Show the way into the instance of a job.
   */
  logIn(job: Job): void {
    this.lake.choose(job.instance);
  }

  toggleLog(job: Job): Promise<void> {
    return this._show(this.logs.toggle(job.id));
  }

  toggleFiles(job: Job): Promise<void> {
    return this._show(this.files.toggle(job.id));
  }

  dispose(): void {
    this._poll.dispose();
    super.dispose();
  }

  protected onActive(active: boolean): void {
    if (active) {
      void this.refresh();
      void this.lake.use.refresh();
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
      this._ends.hint(change.job, change.state);
    }
    const isOver = change?.state === 'done' || change?.state === 'failed';
    const isFollowed = this._followed.has(change?.job ?? '');
    if (!this.isActive && !this.lake.isActive && !isOver && !isFollowed) {
      this.changed();
      return;
    }
    void (change?.job ? this._hinted.see(change.job) : this.refresh(true));
  }

  private async _show(done: Promise<void>): Promise<void> {
    this.changed();
    await done;
    this.changed();
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
    }
    this._jobs.take(job);
    this.changed();
  }

  /**
   * It is in another state: what is folded out below it may be old.
   */
  private _refold({ id }: Job): void {
    const all = [this.logs.refresh(id), this.files.refresh(id)];
    void Promise.all(all).then(() => this.changed());
  }

  private readonly _poll: Poll;
  private _problem: Problem | null = null;
  private _heard = 0;
  private _followed = new Set<string>();
  private _cancelling = new Set<string>();
  private _retrying = new Set<string>();
  private readonly _ends = new Ends();
  private readonly _hinted = new Hinted(
    id => api.getJob(this.lake.settings, id, true),
    job => this._take(job)
  );
  private readonly _jobs = new Jobs(this._ends, job => this._refold(job));
}
