import type { TranslationBundle } from '@jupyterlab/translation';

import { ask } from '../components/ask';
import { AttachBody } from './body';
import type { AttachModel } from './model';

/**
 * Ask for the name of a variable and attach it; the answer is whether it was.
 */
export function askAttach(
  model: AttachModel,
  trans: TranslationBundle
): Promise<boolean> {
  const title = trans.__('Attach to the notebook');
  return ask(AttachBody, model, trans, title, trans.__('Attach'), 'input');
}
