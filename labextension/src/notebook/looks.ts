import type { IDisposable } from '@lumino/disposable';

import type { Statuses } from '../lake/statuses';

/**
 * The DIDs that somebody looks at, each once, so that it is noticed when they arrive.
 */
export class Looks implements IDisposable {
  constructor(private readonly statuses: Statuses) {}

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /**
   * Look at these DIDs from now on, and at no others.
   */
  set(wanted: readonly { instance: string; did: string }[]): void {
    if (this._isDisposed) {
      return;
    }
    const keys = new Set<string>();
    for (const { did, instance } of wanted) {
      const key = `${instance}@${did}`;
      keys.add(key);
      if (!this._looks.has(key)) {
        this._looks.set(key, this.statuses.look(instance, did));
      }
    }
    for (const [key, look] of this._looks) {
      if (!keys.has(key)) {
        look.dispose();
        this._looks.delete(key);
      }
    }
  }

  dispose(): void {
    this.set([]);
    this._isDisposed = true;
  }

  private _looks = new Map<string, IDisposable>();
  private _isDisposed = false;
}
