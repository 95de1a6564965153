import { showErrorMessage } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { IItem } from '../did';
import { toPattern } from '../did';
import type { LakeModel } from '../lake/model';
import { explain } from '../problems';

/**
 * The DID that a command is about: the one that is named, else the selected one.
 */
export async function itemOf(
  args: ReadonlyPartialJSONObject,
  lake: LakeModel,
  trans: TranslationBundle
): Promise<IItem | null> {
  if (typeof args.did !== 'string') {
    return lake.selected;
  }
  await lake.refresh();
  const { instance: named, pattern: did } = toPattern(args.did);
  const instance =
    (args.instance as string | undefined) ?? named ?? lake.instance?.name;
  if (!instance) {
    return null;
  }
  const { problem, status } = await lake.statuses.ask(instance, did);
  if (!status) {
    if (problem) {
      const words = explain(problem, trans);
      await showErrorMessage(words.title, `${words.message} ${words.remedy}`);
    }
    return null;
  }
  return { instance, did, type: status.type };
}

/**
 * How a command's DID is described to whoever wants to call it.
 */
export function itemProperties(trans: TranslationBundle) {
  return {
    did: {
      type: 'string',
      description: trans.__(
        'A DID or reference; without it the selected DID is meant'
      )
    },
    instance: {
      type: 'string',
      description: trans.__('The name of the instance that knows the DID')
    }
  };
}
