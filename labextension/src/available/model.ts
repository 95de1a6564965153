import type { IItem } from '../did';
import { Form } from '../form';
import type { LakeModel } from '../lake/model';
import type { IKnown } from '../lake/statuses';
import type { ILifetime } from '../lifetime';
import { localDate, meaning } from '../lifetime';
import { problemOf } from '../problems';
import { addRule } from '../restapi';
import type { Granted, InstanceInfo, Problem } from '../schema';

const FORTNIGHT = 14 * 86400;

/**
 * Asking for a DID to be kept where the notebook can read it.
 */
export class AvailableModel extends Form {
  constructor(
    private readonly lake: LakeModel,
    readonly item: IItem,
    lifetime?: number | null
  ) {
    super();
    const usual = lifetime ?? this.instance?.default_lifetime ?? FORTNIGHT;
    this._lifetime = {
      kind: 'preset',
      preset: usual,
      days: '',
      date: localDate(new Date(Date.now() + usual * 1000))
    };
    this.usual = usual;
    this._look = lake.statuses.look(item.instance, item.did);
    lake.statuses.changed.connect(this.changed, this);
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

  get lifetime(): ILifetime {
    return this._lifetime;
  }
  set lifetime(value: ILifetime) {
    this._lifetime = value;
    this._problem = null;
    this.changed();
  }

  get problem(): Problem | null {
    return this._problem;
  }

  get granted(): Granted | null {
    return this._granted;
  }

  get isValid(): boolean {
    return meaning(this._lifetime).wrong === null;
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
    return this._problem?.error === 'DuplicateRule';
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
    super.dispose();
  }

  protected async send(): Promise<boolean> {
    const { did, instance } = this.item;
    const { lifetime, until } = meaning(this._lifetime);
    const request = {
      did,
      ...(until ? { until } : { lifetime }),
      ...(this._extend ? { extend: true } : {})
    };
    this._problem = null;
    try {
      const { settings } = this.lake;
      this._granted = await this.lake.guard(
        addRule(settings, instance, request)
      );
    } catch (error) {
      this._problem = problemOf(error);
      return false;
    }
    this._wasExtended = this._extend;
    void this.lake.statuses.ask(instance, did);
    return true;
  }

  private _lifetime: ILifetime;
  private _problem: Problem | null = null;
  private _granted: Granted | null = null;
  private _extend = false;
  private _wasExtended = false;
  private readonly _look: { dispose(): void };
}
