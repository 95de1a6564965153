import { LifetimeForm } from '../../form';
import type { LakeModel } from '../../lake/model';
import type { IKnown } from '../../lake/statuses';
import { ProblemError, problemOf } from '../../problems';
import { addRule } from '../../restapi';
import type { Granted, Problem } from '../../schema';

const FORTNIGHT = 14 * 86400;

/**
 * What became of asking for one DID.
 */
export interface IOutcome {
  granted: Granted | null;
  problem: Problem | null;
}

/**
 * Having all that a notebook misses kept where it can read it: one question for all, an answer for each.
 */
export class StageModel extends LifetimeForm {
  constructor(
    private readonly lake: LakeModel,
    readonly items: readonly IKnown[],
    lifetime?: number | null
  ) {
    const usual = lake.instances
      .filter(({ name }) => items.some(({ instance }) => instance === name))
      .map(each => each.default_lifetime ?? FORTNIGHT);
    // What every instance grants is the shortest of their usual ones.
    super(
      'preset',
      lifetime ?? (usual.length ? Math.min(...usual) : FORTNIGHT)
    );
    this.usual = this.lifetime.preset;
  }

  /**
   * The lifetime that is proposed (seconds).
   */
  readonly usual: number;

  /**
   * How many bytes there are still to come; null where that is not known of all.
   */
  get bytes(): number | null {
    const sizes = this.items.map(({ status }) =>
      status?.bytes === null || !status
        ? null
        : status.bytes - status.available_bytes
    );
    return sizes.includes(null)
      ? null
      : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  }

  get isValid(): boolean {
    return this.items.length > 0 && super.isValid;
  }

  outcome(item: IKnown): IOutcome | null {
    return this._outcomes.get(item) ?? null;
  }

  protected async send(): Promise<void> {
    await Promise.all(this.items.map(item => this._ask(item)));
    const refused = this.items
      .map(item => this._outcomes.get(item)?.problem)
      .find(Boolean);
    if (refused && this.isDisposed) {
      // The dialog was closed: nobody sees what became of each.
      throw new ProblemError(refused);
    }
  }

  /**
   * Ask for one; a refusal is its own, and keeps no other.
   */
  private async _ask(item: IKnown): Promise<void> {
    const { did, instance } = item;
    const outcome: IOutcome = { granted: null, problem: null };
    try {
      const request = { did, ...this.term };
      outcome.granted = await this.lake.guard(
        addRule(this.lake.settings, instance, request)
      );
    } catch (error) {
      outcome.problem = problemOf(error);
    }
    this._outcomes.set(item, outcome);
    void this.lake.statuses.ask(instance, did);
    this.changed();
  }

  private _outcomes = new Map<IKnown, IOutcome>();
}
