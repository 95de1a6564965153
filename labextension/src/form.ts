import type { ILifetime } from './lifetime';
import { localDate, meaning } from './lifetime';
import { Model } from './model';
import { problemOf } from './problems';
import type { Problem } from './schema';

/**
 * A form that is sent; it says whether it can be, whether it was, and why not.
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
   * Why it was refused; null as soon as something else is entered.
   */
  get problem(): Problem | null {
    return this._problem;
  }

  /**
   * Send it once; a refusal is shown by the form itself. It resolves when it was sent, also for who asks meanwhile.
   */
  submit(): Promise<void> {
    if (!this._isBusy && !this._isDone && this.isValid) {
      this._sent = this._submit();
    }
    return this._sent;
  }

  /**
   * Send it; what is thrown is the problem.
   */
  protected abstract send(): Promise<void>;

  /**
   * Something else was entered.
   */
  protected edited(): void {
    this._problem = null;
    this.changed();
  }

  /**
   * Something that the form needs could not be had.
   */
  protected lacks(error: unknown): void {
    this._problem = problemOf(error);
    this.changed();
  }

  private async _submit(): Promise<void> {
    this._isBusy = true;
    this._problem = null;
    this.changed();
    try {
      await this.send();
      this._isDone = true;
    } catch (error) {
      this._problem = problemOf(error);
    } finally {
      this._isBusy = false;
      this.changed();
    }
  }

  private _isBusy = false;
  private _isDone = false;
  private _problem: Problem | null = null;
  private _sent = Promise.resolve();
}

/**
 * A form that asks how long data is to be kept.
 */
export abstract class LifetimeForm extends Form {
  /**
   * It proposes the kind with so many seconds from now, or with the end that is given.
   */
  constructor(kind: ILifetime['kind'], seconds: number, end?: string | null) {
    super();
    const date = new Date(end ?? Date.now() + seconds * 1000);
    this._lifetime = {
      kind,
      preset: seconds,
      days: '',
      date: localDate(date)
    };
  }

  get lifetime(): ILifetime {
    return this._lifetime;
  }
  set lifetime(value: ILifetime) {
    this._lifetime = value;
    this.edited();
  }

  get isValid(): boolean {
    return meaning(this._lifetime).wrong === null;
  }

  /**
   * What was chosen, as requests say it; nothing for ever.
   */
  protected get term(): { lifetime?: number; until?: string } {
    const { lifetime, until } = meaning(this._lifetime);
    return {
      ...(lifetime ? { lifetime } : {}),
      ...(until ? { until } : {})
    };
  }

  private _lifetime: ILifetime;
}
