import type { TranslationBundle } from '@jupyterlab/translation';

import { ask } from '../../components/ask';
import { RenameBody } from './body';
import type { RenameModel } from './model';

/**
 * Ask for another name of a variable.
 */
export function askRename(
  model: RenameModel,
  trans: TranslationBundle
): Promise<boolean> {
  const title = trans.__('Rename the variable');
  return ask(RenameBody, model, trans, title, trans.__('Rename'), 'input');
}
