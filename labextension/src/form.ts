import { Model } from './model';

/**
 * A form that is sent; it says whether it can be, and whether it was.
 */
export abstract class Form extends Model {
  /**
   * Whether what was entered can be sent.
   */
  abstract get isValid(): boolean;

  /**
   * Whether it is being sent.
   */
  get isBusy(): boolean {
    return this._isBusy;
  }

  /**
   * Whether it was sent and accepted.
   */
  get isDone(): boolean {
    return this._isDone;
  }

  /**
   * Send it once; a refusal is shown by the form itself.
   */
  async submit(): Promise<void> {
    if (this._isBusy || this._isDone || !this.isValid) {
      return;
    }
    this._isBusy = true;
    this.changed();
    try {
      this._isDone = await this.send();
    } finally {
      this._isBusy = false;
      this.changed();
    }
  }

  /**
   * Send it; the answer is whether it was accepted.
   */
  protected abstract send(): Promise<boolean>;

  private _isBusy = false;
  private _isDone = false;
}
