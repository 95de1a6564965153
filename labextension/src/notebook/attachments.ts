import type { ISessionContext } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';

import type { LakeModel } from '../lake/model';
import type { IKnown, Statuses } from '../lake/statuses';
import { Model } from '../model';
import type { Preferences } from '../preferences';
import type { Problem, VariableRecord } from '../schema';
import type { IVariableState } from './inKernel';
import { InKernel } from './inKernel';
import { Looks } from './looks';
import { NotebookRecord, isNot } from './record';
import type { ISummary } from './summary';
import { standing, summarize } from './summary';

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
    const { sessionContext } = panel;
    this._record = new NotebookRecord(panel.context);
    this._inKernel = new InKernel(sessionContext, lake, () => this.changed());
    this._looks = new Looks(lake.statuses);
    lake.statuses.changed.connect(this._onStatus, this);
    lake.stateChanged.connect(this._lookAgain, this);
    panel.context.model.metadataChanged.connect(this._onMetadata, this);
    sessionContext.statusChanged.connect(this._onKernelStatus, this);
    sessionContext.kernelChanged.connect(this._onKernel, this);
    panel.title.changed.connect(this.changed, this);
    panel.disposed.connect(this.dispose, this);
    void panel.context.ready.then(() => {
      if (!this.isDisposed) {
        this._record.notice();
        this._look();
        void this.renew();
      }
    });
  }

  get records(): readonly VariableRecord[] {
    return this._record.all;
  }

  get names(): string[] {
    return this.records.map(({ variableName }) => variableName);
  }

  state(name: string): IVariableState {
    return this._inKernel.state(name);
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
    this._write(records => [
      ...records.filter(isNot(record.variableName)),
      record
    ]);
    await this._inKernel.set([record], false);
  }

  /**
   * Give a variable another name, in the record and in the kernel: in both, or where the kernel refuses in neither.
   */
  async rename(name: string, to: string): Promise<void> {
    const record = this.records.find(each => each.variableName === name);
    if (!record || name === to) {
      return;
    }
    await this._inKernel.rename(record, to, () =>
      this._write(records =>
        records.map(each =>
          each.variableName === name ? { ...each, variableName: to } : each
        )
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
    this._write(before => {
      const others = before.filter(isNot(name));
      return [...others.slice(0, to), records[from], ...others.slice(to)];
    });
  }

  /**
   * Forget a variable, and take it out of the kernel.
   */
  async remove(name: string): Promise<void> {
    this._write(records => records.filter(isNot(name)));
    await this._inKernel.detach(name);
  }

  /**
   * Set a variable again because a person asks for it.
   */
  set(name: string): Promise<void> {
    return this._inKernel.set(
      this.records.filter(({ variableName }) => variableName === name),
      false
    );
  }

  /**
   * Set all variables again because a person asks for it.
   */
  setAll(): Promise<void> {
    return this._inKernel.set([...this.records], false);
  }

  /**
   * Set all variables again, but leave alone what the user has made of their names.
   */
  async renew(): Promise<void> {
    await this._renew([...this.records]);
  }

  get kernel(): Kernel.IKernelConnection | null {
    return this._inKernel.kernel;
  }

  dispose(): void {
    this._looks.dispose();
    super.dispose();
  }

  private async _renew(records: VariableRecord[]): Promise<void> {
    if (records.length && this.kernel && this.preferences.renewVariables) {
      await this._inKernel.set(records, true);
    }
  }

  private _write(
    change: (records: VariableRecord[]) => VariableRecord[]
  ): void {
    this._record.write(change);
    this._onRecord();
  }

  private _onRecord(): void {
    this._inKernel.keep(this.names);
    this._lookAgain();
  }

  /**
   * Somebody else wrote the record: another client of the notebook, or a person by hand.
   */
  private _onMetadata(): void {
    if (!this.panel.context.isReady || !this._record.notice()) {
      return;
    }
    this._onRecord();
    void this._renew(
      this.records.filter(each => !this._inKernel.isKnown(each.variableName))
    );
  }

  private _lookAgain(): void {
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
    this._inKernel.keep([]);
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
      this._inKernel.keep([]);
      this._isFresh = true;
      this.changed();
    }
    if (status === 'idle' && this._isFresh) {
      this._isFresh = false;
      void this.renew();
    }
  }

  private readonly _record: NotebookRecord;
  private readonly _inKernel: InKernel;
  private readonly _looks: Looks;
  private _seen = new Map<string, string>();
  private _isFresh = false;
}
