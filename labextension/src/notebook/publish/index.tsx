import type { TranslationBundle } from '@jupyterlab/translation';

import { ask } from '../../components/ask';
import { PublishBody } from './body';
import type { PublishModel } from './model';

/**
 * Ask where a notebook is to be published; the answer is whether its job was made.
 */
export function askPublish(
  model: PublishModel,
  trans: TranslationBundle
): Promise<boolean> {
  const title = trans.__('Publish the notebook');
  return ask(PublishBody, model, trans, title, trans.__('Publish'), 'select');
}
