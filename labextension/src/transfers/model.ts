import { PathExt } from '@jupyterlab/coreutils';
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
    return this._jobs;
  }

  get running(): number {
    return (this._jobs ?? []).filter(isRunning).length;
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
    return (this._jobs ?? []).filter(({ id }) => this._followed.has(id));
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
      jobs.forEach(job => this._ends.see(job));
      this._jobs?.forEach(old => {
        const job = jobs.find(({ id }) => id === old.id);
        if (job && job.state !== old.state) {
          this._refold(job);
        }
      });
      this._jobs = sorted(jobs);
      const ids = new Set(jobs.map(({ id }) => id));
      this.logs.keep(ids);
      this.files.keep(ids);
      newer.forEach(job => this._put(job));
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
  async originOf(path: string): Promise<IItem | null> {
    for (const job of this.candidates(path)) {
      const { instance, result, source } = job;
      if (result && source === path) {
        return { instance, did: result.did, type: 'file' };
      }
      const files = await api.getJobFiles(this.lake.settings, job.id);
      const file = files.find(
        each =>
          each.outcome !== 'failed' &&
          (each.path === path || each.path.endsWith(`/${path}`))
      );
      if (file) {
        return { instance, did: file.did, type: 'file' };
      }
    }
    return null;
  }

  /**
   * The transfers that may know a file of the file browser.
   */
  candidates(path: string): Job[] {
    const name = PathExt.basename(path);
    return (this._jobs ?? []).filter(({ did, folder, kind, source }) => {
      const isIn = (place: string) => path.startsWith(`${place}/`);
      if (kind !== 'download') {
        return source === path || isIn(source);
      }
      return folder ? isIn(folder) : folder === '' && did?.endsWith(name);
    });
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

  async toggleLog(job: Job): Promise<void> {
    const done = this.logs.toggle(job.id);
    this.changed();
    await done;
    this.changed();
  }

  async toggleFiles(job: Job): Promise<void> {
    const done = this.files.toggle(job.id);
    this.changed();
    await done;
    this.changed();
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
      if (change.state === 'cancelled') {
        this._ends.forget(change.job);
      } else {
        this._ends.await(change.job);
      }
    }
    const isOver = change?.state === 'done' || change?.state === 'failed';
    const isFollowed = this._followed.has(change?.job ?? '');
    if (!this.isActive && !this.lake.isActive && !isOver && !isFollowed) {
      this.changed();
      return;
    }
    if (!change?.job) {
      void this.refresh(true);
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
    }
    this._newer.set(job.id, job);
    this._put(job);
    this.changed();
  }

  private _put(job: Job): void {
    const jobs = this._jobs ?? [];
    const known = jobs.find(({ id }) => id === job.id);
    this._ends.see(job);
    if (!known) {
      this._jobs = sorted([job, ...jobs]);
    } else if (
      job.attempt > known.attempt ||
      (job.attempt === known.attempt && (isRunning(known) || !isRunning(job)))
    ) {
      // Else it is an older answer: what has ended runs again only in a new attempt.
      this._jobs = jobs.map(each => (each === known ? job : each));
      if (job.state !== known.state) {
        this._refold(job);
      }
    }
  }

  /**
   * It is in another state: what is folded out below it may be old.
   */
  private _refold({ id }: Job): void {
    const all = [this.logs.refresh(id), this.files.refresh(id)];
    void Promise.all(all).then(() => this.changed());
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
  private _followed = new Set<string>();
  private _cancelling = new Set<string>();
  private _retrying = new Set<string>();
  private readonly _ends = new Ends();
}

function sorted(jobs: Job[]): Job[] {
  const time = (job: Job) => job.created_at ?? '';
  return [...jobs].sort((a, b) => time(b).localeCompare(time(a)));
}
