import type { TranslationBundle } from '@jupyterlab/translation';

import { ask } from '../../components/ask';
import { StageBody } from './body';
import type { StageModel } from './model';

/**
 * Ask how long all of it is to be kept here, and show what was granted.
 */
export function askStage(
  model: StageModel,
  trans: TranslationBundle
): Promise<boolean> {
  const title = trans.__('Make all available');
  return ask(StageBody, model, trans, title, title, 'input:checked', true);
}
