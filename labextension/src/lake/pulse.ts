import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { Changes } from './events';
import type { Statuses } from './statuses';

const SECOND = 1000;
const QUICK = 5 * SECOND;
const FIRST = 15 * SECOND;
const SLOW = 60 * SECOND;
const AWAY = 2 * SLOW;

/**
 * What a browser tells when a connection may have been cut.
 */
const EVENTS = ['online', 'visibilitychange'];

/**
 * Looks after what will change by itself: rarely while the server tells it, for that keeps its watch alive; often where it does not.
 *
 * After the connection may have been cut it asks one question instead, until there is an answer: JupyterLab connects anew and tells nobody.
 */
export class Pulse implements IDisposable {
  /**
   * `ask` asks the one question, and throws where there is no answer; `failed` is JupyterLab's own trouble to reach its server.
   */
  constructor(
    private readonly statuses: Statuses,
    private readonly changes: Changes,
    private readonly ask: () => Promise<void>,
    failed?: ISignal<unknown, unknown> | null
  ) {
    changes.changed.connect(this._setPace, this);
    failed?.connect(this.fail, this);
    EVENTS.forEach(type => window.addEventListener(type, this));
    this._poll = new Poll({
      auto: false,
      name: 'jupyter-dlaas:pending',
      factory: () => this._beat(),
      frequency: { interval: FIRST, backoff: true, max: SLOW },
      standby: 'when-hidden'
    });
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  start(): void {
    this._beaten = Date.now();
    void this._poll.start();
  }

  stop(): void {
    void this._poll.stop();
  }

  dispose(): void {
    EVENTS.forEach(type => window.removeEventListener(type, this));
    Signal.clearData(this);
    this._poll.dispose();
  }

  /**
   * The network is back, or the page is in sight again.
   */
  handleEvent({ type }: Event): void {
    if (type === 'online' || this._wasAway) {
      this._doubt();
    }
  }

  /**
   * The server did not answer.
   */
  fail(): void {
    if (this._doubts < 2) {
      this._doubt();
    }
  }

  /**
   * Ask in a moment, for such events come in flocks; while nobody looks, as soon as somebody does.
   */
  private _doubt(): void {
    this._doubts = 2;
    this._setPace();
    void this._poll.schedule({
      cancel: ({ interval }) => interval === Poll.NEVER,
      interval: SECOND
    });
  }

  private async _beat(): Promise<void> {
    const began = Date.now();
    if (this._wasAway) {
      this._doubts = 2;
    }
    this._beaten = began;
    if (this._doubts > 0) {
      return this._askOne();
    }
    const before = this.statuses.pending();
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

  /**
   * After an answer it asks once more a minute later: by then JupyterLab hears the server again, and what came in between is not lost.
   */
  private async _askOne(): Promise<void> {
    await this.ask();
    this._doubts -= 1;
    this._setPace();
  }

  /**
   * Whether it has not beaten for long: the page was out of sight, or the computer asleep.
   */
  private get _wasAway(): boolean {
    return Date.now() - this._beaten > AWAY;
  }

  private _setPace(): void {
    const heard = Date.now() - this.changes.lastHeard < 5 * SLOW;
    const isSlow = heard || this._doubts > 0;
    const isQuick = this._doubts > 1 || this._deaf;
    const interval = isQuick ? QUICK : isSlow ? SLOW : FIRST;
    this._poll.frequency = { ...this._poll.frequency, interval };
  }

  private readonly _poll: Poll;
  private _deaf = false;
  // How often it is still to ask whether hints were lost.
  private _doubts = 0;
  private _beaten = 0;
}
