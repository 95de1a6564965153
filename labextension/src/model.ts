import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

/**
 * What every model of the panel is: it says when it changed, and it rests while nobody looks.
 */
export class Model implements IDisposable {
  /**
   * A signal emitted when anything that a view shows has changed.
   */
  get stateChanged(): ISignal<this, void> {
    return this._stateChanged;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /**
   * Whether somebody looks at it; a model does no work while nobody does.
   */
  get isActive(): boolean {
    return this._isActive;
  }
  set isActive(value: boolean) {
    if (value !== this._isActive) {
      this._isActive = value;
      this.onActive(value);
    }
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this.isActive = false;
    this._isDisposed = true;
    Signal.clearData(this);
  }

  /**
   * Called when somebody begins or ceases to look.
   */
  protected onActive(_active: boolean): void {
    // Nothing to begin or to cease.
  }

  /**
   * Tell the views.
   */
  protected changed(): void {
    if (!this._isDisposed) {
      this._stateChanged.emit();
    }
  }

  private _stateChanged = new Signal<this, void>(this);
  private _isActive = false;
  private _isDisposed = false;
}
