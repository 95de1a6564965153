import type { ISessionContext } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';

import type { LakeModel } from '../lake/model';
import type { IKnown, Statuses } from '../lake/statuses';
import { Model } from '../model';
import type { Preferences } from '../preferences';
import { ProblemError, problemOf } from '../problems';
import type { Problem, VariableRecord } from '../schema';
import type { IVariable } from './kernel';
import { tell } from './kernel';
import { Looks } from './looks';
import type { ISummary } from './summary';
import { standing, summarize } from './summary';

/**
 * The key of the notebook's metadata; the incumbent's, so that its notebooks open here.
 */
export const METADATA = 'rucio_attachments';

/**
 * Where a variable stands in the kernel.
 */
export interface IVariableState {
  phase: 'unknown' | 'setting' | 'set' | 'problem';
  text: string;
  problem: Problem | null;
}

/**
 * What keeps a kernel from holding any variable.
 */
const OBSTACLES = ['KernelWithoutLibrary', 'OtherLanguage'];

const UNKNOWN: IVariableState = { phase: 'unknown', text: '', problem: null };

/**
 * The DIDs that one notebook holds under names: recorded in its metadata, set in its kernel.
 */
export class Attachments extends Model {
  constructor(
    readonly panel: NotebookPanel,
    private readonly lake: LakeModel,
    private readonly preferences: Preferences
  ) {
    super();
    this._looks = new Looks(lake.statuses);
    const { sessionContext } = panel;
    lake.statuses.changed.connect(this._onStatus, this);
    lake.stateChanged.connect(this._onLake, this);
    panel.context.model.metadataChanged.connect(this._onMetadata, this);
    sessionContext.statusChanged.connect(this._onKernelStatus, this);
    sessionContext.kernelChanged.connect(this._onKernel, this);
    panel.title.changed.connect(this.changed, this);
    panel.disposed.connect(this.dispose, this);
    void panel.context.ready.then(() => {
      if (!this.isDisposed) {
        this._kept = JSON.stringify(this.records);
        this._look();
        void this.renew();
      }
    });
  }

  get records(): readonly VariableRecord[] {
    return this._raw.filter(isRecord);
  }

  get names(): string[] {
    return this.records.map(({ variableName }) => variableName);
  }

  state(name: string): IVariableState {
    return this._states.get(name) ?? UNKNOWN;
  }

  /**
   * The instance that a record means here.
   */
  instance(record: VariableRecord): string | null {
    return this.lake.meantInstance(record.instance);
  }

  known(record: VariableRecord): IKnown {
    return this.lake.statuses.get(this.instance(record) ?? '', record.did);
  }

  /**
   * What is known of the DIDs, each once whatever the number of its names.
   */
  get all(): IKnown[] {
    const all = this.records.map(record => this.known(record));
    return [
      ...new Map(
        all.map(each => [`${each.instance}@${each.did}`, each])
      ).values()
    ];
  }

  /**
   * What would have to be made available.
   */
  get missing(): IKnown[] {
    return this.all.filter(known => standing(known) === 'missing');
  }

  get summary(): ISummary {
    return summarize(this.all);
  }

  /**
   * Whether it is not said of every DID where it is.
   */
  get isAsking(): boolean {
    return (
      this.lake.phase === 'asking' ||
      this.all.some(({ isAsking, status }) => isAsking && !status)
    );
  }

  /**
   * Why nothing is known of the lake.
   */
  get obstacle(): Problem | null {
    return this.lake.problem;
  }

  /**
   * Record a variable and set it in the kernel; the record stays whatever the kernel says.
   */
  async add(record: VariableRecord): Promise<void> {
    this._record(records => [
      ...records.filter(isNot(record.variableName)),
      record
    ]);
    await this._set([record], false);
  }

  /**
   * Give a variable another name, in the record and in the kernel: in both, or where the kernel refuses in neither.
   */
  async rename(name: string, to: string): Promise<void> {
    const { kernel } = this;
    const record = this.records.find(each => each.variableName === name);
    if (!record || name === to) {
      return;
    }
    let state = UNKNOWN;
    try {
      if (kernel) {
        const handover = await this._handover();
        const variable = { ...record, variableName: to };
        const message = { action: 'rename', handover, name, variable } as const;
        state = stateOf(await tell(kernel, message), to);
      }
    } catch (error) {
      const problem = problemOf(error);
      const isGone = kernel !== this.kernel || problem.error === 'KernelGone';
      if (!isGone && !OBSTACLES.includes(problem.error)) {
        throw error;
      }
      // A kernel that holds no variables does not keep a name from being changed.
      state = isGone ? UNKNOWN : { phase: 'problem', text: '', problem };
    }
    this._states.delete(name);
    this._states.set(to, state);
    this._record(records =>
      records.map(each =>
        each.variableName === name ? { ...each, variableName: to } : each
      )
    );
  }

  /**
   * Put a variable at another place of the list.
   */
  move(name: string, to: number): void {
    const { records } = this;
    const from = records.findIndex(each => each.variableName === name);
    if (from < 0 || from === to || to < 0 || to >= records.length) {
      return;
    }
    this._record(before => {
      const others = before.filter(isNot(name));
      return [...others.slice(0, to), records[from], ...others.slice(to)];
    });
  }

  /**
   * Forget a variable, and take it out of the kernel.
   */
  async remove(name: string): Promise<void> {
    this._states.delete(name);
    this._record(records => records.filter(isNot(name)));
    const { kernel } = this;
    if (kernel) {
      await tell(kernel, { action: 'detach', names: [name] }).catch(
        // The record is gone, which is what was asked for; the kernel forgets with its next start.
        () => undefined
      );
    }
  }

  /**
   * Set a variable again because a person asks for it.
   */
  set(name: string): Promise<void> {
    return this._set(
      this.records.filter(({ variableName }) => variableName === name),
      false
    );
  }

  /**
   * Set all variables again because a person asks for it.
   */
  setAll(): Promise<void> {
    return this._set([...this.records], false);
  }

  /**
   * Set all variables again, but leave alone what the user has made of their names.
   */
  async renew(): Promise<void> {
    await this._renew([...this.records]);
  }

  get kernel(): Kernel.IKernelConnection | null {
    return this.panel.sessionContext.session?.kernel ?? null;
  }

  dispose(): void {
    this._looks.dispose();
    super.dispose();
  }

  private async _renew(records: VariableRecord[]): Promise<void> {
    if (records.length && this.kernel && this.preferences.renewVariables) {
      await this._set(records, true);
    }
  }

  private async _set(records: VariableRecord[], renew: boolean): Promise<void> {
    const { kernel } = this;
    const mark = (state: (record: VariableRecord) => IVariableState) => {
      records.forEach(each => this._states.set(each.variableName, state(each)));
      this.changed();
    };
    if (!kernel) {
      mark(() => UNKNOWN);
      return;
    }
    mark(() => ({ ...UNKNOWN, phase: 'setting' }));
    try {
      const variables = await this._tell(kernel, records, renew);
      mark(({ variableName }) => stateOf(variables, variableName));
    } catch (error) {
      if (kernel !== this.kernel) {
        // Another kernel has come meanwhile, and it is told by itself.
        return;
      }
      if (records.length > 1 && mayBeOnesFault(problemOf(error))) {
        for (const record of records) {
          await this._set([record], renew);
        }
        return;
      }
      mark(() => ({ phase: 'problem', text: '', problem: problemOf(error) }));
    }
  }

  private async _tell(
    kernel: Kernel.IKernelConnection,
    variables: VariableRecord[],
    renew: boolean
  ) {
    return tell(kernel, {
      action: 'attach',
      handover: await this._handover(),
      variables,
      ...(renew ? { renew } : {})
    });
  }

  /**
   * Where kernels find tokens; throws where Jupyter does not know the lake.
   */
  private async _handover(): Promise<string | null> {
    if (!this.lake.handover) {
      await this.lake.refresh();
    }
    const { handover, problem } = this.lake;
    if (!handover && problem) {
      throw new ProblemError(problem);
    }
    return handover;
  }

  private get _raw(): unknown[] {
    const kept: unknown = this.panel.context.model.getMetadata(METADATA);
    return Array.isArray(kept) ? kept : [];
  }

  /**
   * Write the record; what is none of ours stays in it.
   */
  private _record(
    change: (records: VariableRecord[]) => VariableRecord[]
  ): void {
    const { model } = this.panel.context;
    const others = this._raw.filter(each => !isRecord(each));
    const records = change([...this.records]);
    this._kept = JSON.stringify(records);
    if (records.length || others.length) {
      model.setMetadata(METADATA, [...records, ...others]);
    } else {
      model.deleteMetadata(METADATA);
    }
    this._look();
    this.changed();
  }

  /**
   * Somebody else wrote the record: another client of the notebook, or a person by hand.
   */
  private _onMetadata(): void {
    const kept = JSON.stringify(this.records);
    if (!this.panel.context.isReady || kept === this._kept) {
      return;
    }
    this._kept = kept;
    const { names } = this;
    [...this._states.keys()]
      .filter(name => !names.includes(name))
      .forEach(name => this._states.delete(name));
    this._look();
    this.changed();
    void this._renew(
      this.records.filter(each => !this._states.has(each.variableName))
    );
  }

  private _onLake(): void {
    this._look();
    this.changed();
  }

  /**
   * Look at the DIDs that the notebook holds, so that it is noticed when they arrive.
   */
  private _look(): void {
    if (this.isDisposed || this.lake.phase !== 'ready') {
      return;
    }
    this._looks.set(
      this.records.flatMap(record => {
        const instance = this.instance(record);
        return instance ? [{ instance, did: record.did }] : [];
      })
    );
  }

  /**
   * A variable is set again when its data has come, for then it has a path, and when it has gone.
   */
  private _onStatus(_: Statuses, known: IKnown): void {
    const key = `${known.instance}@${known.did}`;
    const mine = this.records.filter(
      record => `${this.instance(record)}@${record.did}` === key
    );
    if (!mine.length) {
      return;
    }
    this.changed();
    if (known.isAsking || !known.status) {
      return;
    }
    const before = this._seen.get(key);
    const now = known.status.state;
    this._seen.set(key, now);
    if (before && before !== now && [before, now].includes('available')) {
      void this._renew(mine);
    }
  }

  private _onKernel(): void {
    this._states.clear();
    this.changed();
    // A kernel that was there before hears of it at once; a new one when it is idle.
    this._isFresh = true;
    this._onKernelStatus(
      this.panel.sessionContext,
      this.panel.sessionContext.session?.kernel?.status ?? 'unknown'
    );
  }

  private _onKernelStatus(_: ISessionContext, status: Kernel.Status): void {
    if (['restarting', 'autorestarting', 'dead'].includes(status)) {
      this._states.clear();
      this._isFresh = true;
      this.changed();
    }
    if (status === 'idle' && this._isFresh) {
      this._isFresh = false;
      void this.renew();
    }
  }

  private _states = new Map<string, IVariableState>();
  private readonly _looks: Looks;
  private _seen = new Map<string, string>();
  private _kept = '';
  private _isFresh = false;
}

/**
 * Whether a kernel that refused several variables may take the others: it takes all or none.
 */
function mayBeOnesFault({ blame, error }: Problem): boolean {
  return blame === 'you' && !OBSTACLES.includes(error);
}

function stateOf(variables: IVariable[], name: string): IVariableState {
  const found = variables.find(({ variableName }) => variableName === name);
  return {
    phase: found ? 'set' : 'unknown',
    text: found?.text ?? '',
    problem: null
  };
}

function isNot(name: string): (record: VariableRecord) => boolean {
  return ({ variableName }) => variableName !== name;
}

function isRecord(value: unknown): value is VariableRecord {
  const record = value as Partial<VariableRecord> | null;
  return (
    typeof record?.variableName === 'string' && typeof record.did === 'string'
  );
}
