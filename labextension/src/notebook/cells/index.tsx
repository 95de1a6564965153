import type { TranslationBundle } from '@jupyterlab/translation';

import { ask } from '../../components/ask';
import { CellsBody } from './body';
import type { CellsModel } from './model';

/**
 * Ask which of the cells is to be inserted.
 */
export function askCells(
  model: CellsModel,
  trans: TranslationBundle
): Promise<boolean> {
  const title = trans.__('Insert a ready-made cell');
  return ask(CellsBody, model, trans, title, trans.__('Insert'));
}
