import { Debouncer } from '@lumino/polling';

import type { IItem } from '../did';
import { LifetimeForm } from '../form';
import type { LakeModel } from '../lake/model';
import type { IKnown } from '../lake/statuses';
import { problemOf } from '../problems';
import { addRule, checkRule } from '../restapi';
import type {
  Granted,
  InstanceInfo,
  Problem,
  RulePreview,
  RuleRequest
} from '../schema';
import type { IPlaces } from './places';
import { listPlaces, placeOf } from './places';

const FORTNIGHT = 14 * 86400;
const PAUSE = 400;

/**
 * What few people want to say; `place` is `qos:LABEL`, `rse:NAME`, or nothing for where notebooks read.
 */
export interface IMore {
  place: string;
  /**
   * What stands in the field for the number of copies.
   */
  copies: string;
  activity: string;
}

/**
 * Asking for a DID to be kept where the notebook can read it.
 */
export class AvailableModel extends LifetimeForm {
  constructor(
    private readonly lake: LakeModel,
    readonly item: IItem,
    lifetime?: number | null
  ) {
    const { default_lifetime: usual } =
      lake.instances.find(({ name }) => name === item.instance) ?? {};
    super('preset', lifetime ?? usual ?? FORTNIGHT);
    this.usual = this.lifetime.preset;
    this._look = lake.statuses.look(item.instance, item.did);
    lake.statuses.changed.connect(this.changed, this);
    void this._check();
  }

  /**
   * The lifetime that is proposed (seconds).
   */
  readonly usual: number;

  get instance(): InstanceInfo | null {
    return (
      this.lake.instances.find(({ name }) => name === this.item.instance) ??
      null
    );
  }

  get known(): IKnown {
    return this.lake.statuses.get(this.item.instance, this.item.did);
  }

  /**
   * When the rest will have come, as far as one can tell.
   */
  get arrives(): Date | null {
    return this.lake.pace.end(this.item.instance, this.item.did);
  }

  /**
   * What it would mean, as of the last check; null before the first.
   */
  get preview(): RulePreview | null {
    return this._preview;
  }

  /**
   * Whether what was entered last is still being checked.
   */
  get isChecking(): boolean {
    return this._isChecking;
  }

  /**
   * What stands in the way: a refusal, or what the check found.
   */
  get obstacle(): Problem | null {
    return this.problem ?? this._preview?.problem ?? this._unchecked;
  }

  get places(): IPlaces | null {
    return this._places;
  }

  /**
   * Where else, how many copies, what for.
   */
  get more(): IMore {
    return this._more;
  }
  set more(value: IMore) {
    this._more = value;
    this.edited();
  }

  get isValid(): boolean {
    return super.isValid && this.hasCopies;
  }

  /**
   * Whether the number of copies is one.
   */
  get hasCopies(): boolean {
    return /^[1-9]\d?$/.test(this._more.copies.trim());
  }

  /**
   * Ask once where it could be put.
   */
  async askPlaces(): Promise<void> {
    if (this._asksPlaces) {
      return;
    }
    this._asksPlaces = true;
    try {
      this._places = await listPlaces(this.lake, this.item.instance);
      this.changed();
    } catch (error) {
      this._asksPlaces = false;
      this.lacks(error);
    }
  }

  get granted(): Granted | null {
    return this._granted;
  }

  /**
   * Whether a rule that was there has been prolonged.
   */
  get wasExtended(): boolean {
    return this._wasExtended;
  }

  /**
   * Whether the refusal was a rule of one's own that could be prolonged instead.
   */
  get canExtend(): boolean {
    return this.obstacle?.error === 'DuplicateRule';
  }

  /**
   * Prolong the rule that is there already.
   */
  async extend(): Promise<void> {
    this._extend = true;
    await this.submit();
    this._extend = false;
  }

  dispose(): void {
    this._look.dispose();
    this._debouncer.dispose();
    this._checking?.abort();
    super.dispose();
  }

  protected edited(): void {
    this._isChecking = true;
    super.edited();
    // What is on its way answers another question.
    this._checking?.abort();
    void this._debouncer.invoke().catch(() => undefined);
  }

  protected async send(): Promise<void> {
    const { did, instance } = this.item;
    const request = {
      ...this._request,
      ...(this._extend && { extend: true })
    };
    this._granted = await this.lake.guard(
      addRule(this.lake.settings, instance, request)
    );
    this._wasExtended = this._extend;
    void this.lake.statuses.ask(instance, did);
  }

  private get _request(): RuleRequest {
    const { activity, copies, place } = this._more;
    return {
      did: this.item.did,
      ...this.term,
      ...placeOf(place),
      ...(Number(copies) > 1 && { copies: Number(copies) }),
      ...(activity && { activity })
    };
  }

  private async _check(): Promise<void> {
    this._isChecking = this.isValid && !this.isDone;
    if (this.isDisposed || !this._isChecking) {
      this.changed();
      return;
    }
    const { settings } = this.lake;
    const checking = (this._checking = new AbortController());
    const { signal } = checking;
    let problem: Problem | null = null;
    try {
      const answer = await this.lake.guard(
        checkRule(settings, this.item.instance, this._request, signal)
      );
      if (!signal.aborted) {
        this._preview = answer;
      }
    } catch (error) {
      problem = problemOf(error);
    }
    if (!signal.aborted) {
      this._unchecked = problem;
      this._isChecking = false;
      this.changed();
    }
  }

  private _granted: Granted | null = null;
  private _preview: RulePreview | null = null;
  private _unchecked: Problem | null = null;
  private _isChecking = true;
  private _checking: AbortController | null = null;
  private _places: IPlaces | null = null;
  private _asksPlaces = false;
  private _more: IMore = { place: '', copies: '1', activity: '' };
  private readonly _debouncer = new Debouncer(() => this._check(), PAUSE);
  private _extend = false;
  private _wasExtended = false;
  private readonly _look: { dispose(): void };
}
