import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { problemOf } from '../problems';
import type { Problem, Status } from '../schema';

/**
 * What is known of a DID's availability.
 */
export interface IKnown {
  instance: string;
  did: string;
  status: Status | null;
  problem: Problem | null;
  isAsking: boolean;
}

/**
 * A state that will change by itself.
 */
export function isPending(status: Status | null): boolean {
  return (
    status !== null &&
    ['replicating', 'stuck', 'waiting_approval', 'suspended'].includes(
      status.state
    )
  );
}

/**
 * The statuses that the panel has asked for, each asked once however many look at it.
 */
export class Statuses implements IDisposable {
  constructor(
    private readonly fetch: (
      instance: string,
      did: string,
      isQuiet: boolean
    ) => Promise<Status>
  ) {}

  /**
   * A signal emitted when what is known of a DID changed.
   */
  get changed(): ISignal<this, IKnown> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this._known.clear();
    this._held.clear();
    Signal.clearData(this);
  }

  /**
   * What is known, without asking.
   */
  get(instance: string, did: string): IKnown {
    return (
      this._known.get(key(instance, did)) ?? {
        instance,
        did,
        status: null,
        problem: null,
        isAsking: false
      }
    );
  }

  /**
   * Ask the server; who asks meanwhile gets the same answer. It never rejects: a problem is part of what is known.
   */
  ask(
    instance: string,
    did: string,
    isQuiet = false,
    spreads = true
  ): Promise<IKnown> {
    const id = key(instance, did);
    const asked = this._asked.get(id);
    if (asked) {
      return asked;
    }
    const before = this.get(instance, did).status?.state;
    const answer = this._ask(instance, did, isQuiet);
    this._asked.set(id, answer);
    if (spreads && before) {
      void answer.then(({ status }) => {
        if (status?.state !== before) {
          this._spread(instance, did);
        }
      });
    }
    return answer;
  }

  /**
   * Look at a DID: it is asked for at once, unless what is known will do, and at every hint, until the look is disposed.
   */
  look(instance: string, did: string, willDo = false): IDisposable {
    const id = key(instance, did);
    this._held.set(id, (this._held.get(id) ?? 0) + 1);
    if (!willDo) {
      void this.ask(instance, did);
    }
    return new DisposableDelegate(() => {
      const count = (this._held.get(id) ?? 1) - 1;
      if (count > 0) {
        this._held.set(id, count);
      } else {
        this._held.delete(id);
      }
    });
  }

  /**
   * A hint that a DID changed: ask where somebody looks, forget where nobody does.
   */
  hint(instance: string, did: string): void {
    const id = key(instance, did);
    if (this._asked.has(id)) {
      // The answer on its way may be older than the hint.
      this._again.add(id);
    } else if (this._held.has(id)) {
      void this.ask(instance, did, true);
    } else {
      this._known.delete(id);
    }
  }

  /**
   * Ask again for all that somebody looks at.
   */
  async refresh(isQuiet = false): Promise<void> {
    await Promise.all(
      this._looked().map(({ instance, did }) =>
        this.ask(instance, did, isQuiet)
      )
    );
  }

  /**
   * Hints were lost: forget what nobody looks at.
   */
  forget(): void {
    [...this._known.keys()]
      .filter(id => !this._held.has(id))
      .forEach(id => this._known.delete(id));
  }

  /**
   * What somebody looks at and what will change by itself.
   */
  pending(): IKnown[] {
    return this._looked().filter(known => isPending(known.status));
  }

  // Nobody hints at the files of what became available, nor at what holds it.
  private _spread(instance: string, did: string): void {
    this.forget();
    this._looked()
      .filter(known => known.instance === instance && known.did !== did)
      .forEach(known => void this.ask(instance, known.did, true, false));
  }

  private _looked(): IKnown[] {
    return [...this._held.keys()]
      .map(id => this._known.get(id))
      .filter((known): known is IKnown => known !== undefined);
  }

  private async _ask(
    instance: string,
    did: string,
    isQuiet: boolean
  ): Promise<IKnown> {
    const id = key(instance, did);
    this._set(id, { ...this.get(instance, did), isAsking: true });
    let status: Status | null = null;
    let problem: Problem | null = null;
    try {
      status = await this.fetch(instance, did, isQuiet);
    } catch (error) {
      problem = problemOf(error);
      // What was known stays shown beside the problem.
      status = this.get(instance, did).status;
    }
    this._asked.delete(id);
    const known = { instance, did, status, problem, isAsking: false };
    this._set(id, known);
    if (this._again.delete(id)) {
      void this.ask(instance, did, true);
    }
    return known;
  }

  private _set(id: string, known: IKnown): void {
    if (!this._isDisposed) {
      this._known.set(id, known);
      this._changed.emit(known);
    }
  }

  private _changed = new Signal<this, IKnown>(this);
  private _known = new Map<string, IKnown>();
  private _held = new Map<string, number>();
  private _asked = new Map<string, Promise<IKnown>>();
  private _again = new Set<string>();
  private _isDisposed = false;
}

function key(instance: string, did: string): string {
  return `${instance}@${did}`;
}
