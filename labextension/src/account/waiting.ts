import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';

import type { LakeModel } from '../lake/model';

const EVERY = 2000;

/**
 * Asks after the logins that are pending; their end is pushed where events flow, but a login must not hang where they do not.
 */
export class Waiting implements IDisposable {
  constructor(private readonly lake: LakeModel) {
    this._poll = new Poll({
      auto: false,
      name: 'jupyter-dlaas:login',
      factory: () => this._ask(),
      frequency: { interval: EVERY, backoff: true, max: 5 * EVERY },
      // The login window may well cover this page.
      standby: 'never'
    });
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  /**
   * Ask from now on, until nothing is pending.
   */
  begin(): void {
    if (!this._isOn && this._names().length) {
      this._isOn = true;
      // The first look is not at once: nobody logs in within a second.
      void this._poll.schedule({ interval: EVERY, phase: 'resolved' });
    }
  }

  dispose(): void {
    this._poll.dispose();
  }

  private async _ask(): Promise<void> {
    const names = this._names();
    if (!names.length) {
      this._isOn = false;
      void this._poll.stop();
      return;
    }
    await Promise.all(names.map(name => this.lake.checkLogin(name)));
  }

  private _names(): string[] {
    return this.lake.instances
      .filter(({ login }) => login.pending !== null)
      .map(({ name }) => name);
  }

  private readonly _poll: Poll;
  private _isOn = false;
}
