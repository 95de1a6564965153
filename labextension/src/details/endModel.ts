import { Form } from '../form';
import type { LakeModel } from '../lake/model';
import type { ILifetime } from '../lifetime';
import { localDate, meaning } from '../lifetime';
import { problemOf } from '../problems';
import { updateRule } from '../restapi';
import type { Problem, Rule } from '../schema';

/**
 * Another end for a rule that is there.
 */
export class EndModel extends Form {
  constructor(
    private readonly lake: LakeModel,
    private readonly instance: string,
    readonly rule: Rule
  ) {
    super();
    const end = rule.expires_at ? new Date(rule.expires_at) : new Date();
    this._lifetime = {
      kind: 'date',
      preset: 0,
      days: '',
      date: localDate(end)
    };
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

  get isValid(): boolean {
    return meaning(this._lifetime).wrong === null;
  }

  protected async send(): Promise<boolean> {
    const { lifetime, until } = meaning(this._lifetime);
    this._problem = null;
    try {
      await this.lake.guard(
        updateRule(
          this.lake.settings,
          this.instance,
          this.rule.id,
          until ? { until } : { lifetime }
        )
      );
    } catch (error) {
      this._problem = problemOf(error);
      return false;
    }
    return true;
  }

  private _lifetime: ILifetime;
  private _problem: Problem | null = null;
}
