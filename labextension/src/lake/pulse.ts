import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';

import type { Changes } from './events';
import type { Statuses } from './statuses';

const SECOND = 1000;
const QUICK = 5 * SECOND;
const FIRST = 15 * SECOND;
const SLOW = 60 * SECOND;

/**
 * Looks after what will change by itself: rarely while the server tells it, for that keeps its watch alive; often where it does not.
 */
export class Pulse implements IDisposable {
  constructor(
    private readonly statuses: Statuses,
    private readonly changes: Changes
  ) {
    changes.changed.connect(this._setPace, this);
    this._poll = new Poll({
      auto: false,
      name: 'jupyter-dlaas:pending',
      factory: () => this._beat(),
      frequency: { interval: FIRST, backoff: true, max: 300 * SECOND },
      standby: 'when-hidden'
    });
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  start(): void {
    void this._poll.start();
  }

  stop(): void {
    void this._poll.stop();
  }

  dispose(): void {
    this._poll.dispose();
  }

  private async _beat(): Promise<void> {
    const before = this.statuses.pending();
    const began = Date.now();
    const after = await Promise.all(
      before.map(({ instance, did }) => this.statuses.ask(instance, did, true))
    );
    const news = after.some(
      (known, index) =>
        JSON.stringify(known.status) !== JSON.stringify(before[index].status)
    );
    this._deaf = news && this.changes.lastHeard < began - 10 * SECOND;
    this._setPace();
    const failed = after.find(known => known.problem !== null);
    if (failed) {
      throw new Error(failed.problem?.message);
    }
  }

  private _setPace(): void {
    const heard = Date.now() - this.changes.lastHeard < 300 * SECOND;
    const interval = this._deaf ? QUICK : heard ? SLOW : FIRST;
    if (!this.isDisposed && this._poll.frequency.interval !== interval) {
      this._poll.frequency = { ...this._poll.frequency, interval };
    }
  }

  private readonly _poll: Poll;
  private _deaf = false;
}
