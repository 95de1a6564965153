import type { IDisposable } from '@lumino/disposable';

import type { LakeModel } from '../lake/model';
import * as api from '../restapi';

const REST = 300;
const AT_ONCE = 3;

/**
 * Looks at the availability and the dates of those rows that rest in sight, a few at once; rows that pass by are not asked for.
 */
export class Sight implements IDisposable {
  constructor(
    private readonly lake: LakeModel,
    private readonly instance: () => string | null,
    private readonly changed: () => void
  ) {}

  /**
   * When a DID was made, where that is known.
   */
  date(did: string): string | undefined {
    return this._dates.get(did);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this.show([]);
    clearTimeout(this._timer);
    this.refresh();
  }

  /**
   * Say which DIDs are in sight.
   */
  show(dids: readonly string[]): void {
    const key = dids.join('\n');
    if (key === this._key) {
      return;
    }
    this._key = key;
    this._dids = dids;
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this.refresh(), REST);
  }

  /**
   * Ask for what is in sight now, and no more for the rest.
   */
  refresh(): void {
    const name = this.instance();
    if (name !== this._name) {
      this._name = name;
      this._dates.clear();
      this._drop(new Set());
    }
    const wanted = new Set(this._dids);
    this._drop(wanted);
    this._queue = [...wanted].filter(did => !this._looks.has(did));
    void this._askDates(this._queue.filter(did => !this._dates.has(did)));
    for (let free = AT_ONCE - this._running; free > 0; free -= 1) {
      void this._work();
    }
  }

  private _drop(wanted: ReadonlySet<string>): void {
    for (const [did, look] of this._looks) {
      if (!wanted.has(did)) {
        look.dispose();
        this._looks.delete(did);
      }
    }
  }

  private async _askDates(dids: string[]): Promise<void> {
    const name = this._name;
    if (!name || !dids.length) {
      return;
    }
    try {
      const { settings } = this.lake;
      const found = await api.listDates(settings, name, dids.slice(0, 100));
      if (name === this._name && !this._isDisposed) {
        Object.entries(found).forEach(([did, date]) =>
          this._dates.set(did, date)
        );
        this.changed();
      }
    } catch {
      // The card says it as well.
    }
  }

  private async _work(): Promise<void> {
    this._running += 1;
    for (
      let did = this._queue.shift();
      did !== undefined && this._name;
      did = this._queue.shift()
    ) {
      const { statuses } = this.lake;
      const isKnown = statuses.get(this._name, did).status !== null;
      this._looks.set(did, statuses.look(this._name, did, isKnown));
      if (!isKnown) {
        await statuses.ask(this._name, did);
      }
    }
    this._running -= 1;
  }

  private _dids: readonly string[] = [];
  private _key = '';
  private _name: string | null = null;
  private _looks = new Map<string, IDisposable>();
  private readonly _dates = new Map<string, string>();
  private _queue: string[] = [];
  private _running = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _isDisposed = false;
}
