import type { TranslationBundle } from '@jupyterlab/translation';

import { ask } from '../components/ask';
import { AvailableBody } from './body';
import type { AvailableModel } from './model';

/**
 * Ask how long a DID is to be kept here, and show what was granted.
 */
export function askAvailable(
  model: AvailableModel,
  trans: TranslationBundle
): Promise<boolean> {
  const title = trans.__('Make available');
  return ask(AvailableBody, model, trans, title, title, 'input:checked', true);
}
