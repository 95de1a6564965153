import type { IItem } from '../did';
import { LifetimeForm } from '../form';
import type { LakeModel } from '../lake/model';
import type { IKnown } from '../lake/statuses';
import { addRule } from '../restapi';
import type { Granted, InstanceInfo } from '../schema';

const FORTNIGHT = 14 * 86400;

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
    return this.problem?.error === 'DuplicateRule';
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

  protected async send(): Promise<void> {
    const { did, instance } = this.item;
    const request = {
      did,
      ...this.term,
      ...(this._extend ? { extend: true } : {})
    };
    this._granted = await this.lake.guard(
      addRule(this.lake.settings, instance, request)
    );
    this._wasExtended = this._extend;
    void this.lake.statuses.ask(instance, did);
  }

  private _granted: Granted | null = null;
  private _extend = false;
  private _wasExtended = false;
  private readonly _look: { dispose(): void };
}
