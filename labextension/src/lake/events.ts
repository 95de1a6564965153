import type { Event } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { Change } from '../schema';

/**
 * Jupyter's name for the hints of the server extension: `$id` in jupyter_dlaas/schema/changed.yaml.
 */
export const CHANGED_SCHEMA = 'https://jupyter-dlaas.example/changed/v1';

/**
 * The hints that the server pushes: numbered, so that a lost one is noticed; never the truth, so that a forged one does no harm.
 */
export class Changes implements IDisposable {
  constructor(stream: ISignal<unknown, Event.Emission> | null) {
    stream?.connect(this._onEvent, this);
  }

  /**
   * A signal emitted for each hint.
   */
  get changed(): ISignal<this, Change> {
    return this._changed;
  }

  /**
   * A signal emitted when hints were lost, the server is another one, or answers again: ask again for what is shown.
   */
  get lost(): ISignal<this, void> {
    return this._lost;
  }

  /**
   * When the last hint came (milliseconds, 0 for never).
   */
  get lastHeard(): number {
    return this._lastHeard;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  /**
   * Learn from an answer which run of the server it was and how far its hints were; more than we have heard are lost.
   *
   * With `isBack` there was no answer before this one.
   */
  heard(server: string, seq?: number, isBack = false): void {
    const isOther = this._server !== null && this._server !== server;
    const isBehind =
      !isOther && this._seq !== null && seq !== undefined && seq > this._seq;
    this._server = server;
    if (isOther || isBehind || this._seq === null || this._isDoubtful) {
      this._seq = seq ?? null;
    }
    this._isDoubtful = false;
    if (isOther || isBehind || isBack) {
      this._lost.emit();
    }
  }

  private _onEvent(_: unknown, event: Event.Emission): void {
    if (event.schema_id !== CHANGED_SCHEMA) {
      return;
    }
    const change = event as unknown as Change;
    if (typeof change.server !== 'string' || typeof change.seq !== 'number') {
      return;
    }
    this._lastHeard = Date.now();
    const sameServer = this._server === null || this._server === change.server;
    if (sameServer && this._seq !== null && change.seq <= this._seq) {
      // What an answer has covered already.
      return;
    }
    const follows = this._seq === null || change.seq === this._seq + 1;
    // Who can speak to Jupyter can send a hint: after a gap the next answer has the right number.
    this._isDoubtful ||= !follows;
    this._server = change.server;
    this._seq = change.seq;
    if (sameServer && follows) {
      this._changed.emit(change);
    } else {
      this._lost.emit();
    }
  }

  private _changed = new Signal<this, Change>(this);
  private _lost = new Signal<this, void>(this);
  private _server: string | null = null;
  private _seq: number | null = null;
  private _isDoubtful = false;
  private _lastHeard = 0;
  private _isDisposed = false;
}
