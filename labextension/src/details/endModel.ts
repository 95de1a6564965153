import { LifetimeForm } from '../form';
import type { LakeModel } from '../lake/model';
import { updateRule } from '../restapi';
import type { Rule } from '../schema';

const FORTNIGHT = 14 * 86400;

/**
 * Another end for a rule that is there.
 */
export class EndModel extends LifetimeForm {
  constructor(
    private readonly lake: LakeModel,
    private readonly instance: string,
    readonly rule: Rule
  ) {
    super(rule.expires_at ? 'date' : 'preset', FORTNIGHT, rule.expires_at);
  }

  protected async send(): Promise<void> {
    const { settings } = this.lake;
    await this.lake.guard(
      updateRule(settings, this.instance, this.rule.id, this.term)
    );
  }
}
