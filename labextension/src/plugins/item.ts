import type { JupyterFrontEnd } from '@jupyterlab/application';
import { showErrorMessage } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type {
  ReadonlyJSONObject,
  ReadonlyPartialJSONObject
} from '@lumino/coreutils';

import type { IItem } from '../did';
import { toPattern } from '../did';
import type { LakeModel } from '../lake/model';
import { explain } from '../problems';
import { didIn } from '../selection';

/**
 * The DID that is selected as text when a menu opens, or on which it was opened; the menu takes the selection away.
 */
let text: string | null = null;

/**
 * What a menu was opened on.
 */
let hit: JupyterFrontEnd['contextMenuHitTest'] = () => undefined;

/**
 * Have the menus tell on which text they are opened.
 */
export function followMenus(app: JupyterFrontEnd): void {
  hit = test => app.contextMenuHitTest(test);
}

/**
 * Whether a command of a menu for selected text is about a DID.
 */
export function isShown(args: ReadonlyPartialJSONObject): boolean {
  if (args.selection) {
    const clicked = hit(() => true)?.textContent ?? '';
    const words = clicked.split(/[\s"'`()[\],]+/);
    text = [String(window.getSelection()), clicked, ...words]
      .map(didIn)
      .reduce((found, did) => found ?? did);
  }
  return !args.selection || text !== null;
}

/**
 * Whether there is a DID that a command can be about.
 */
export function hasItem(
  args: ReadonlyPartialJSONObject,
  lake: LakeModel
): boolean {
  return (
    args.did !== undefined ||
    (args.selection ? text !== null : lake.selected !== null)
  );
}

/**
 * The DID that a command is about: the one that is named, else the selected one.
 */
export async function itemOf(
  args: ReadonlyPartialJSONObject,
  lake: LakeModel,
  trans: TranslationBundle
): Promise<IItem | null> {
  const given = args.selection ? text : args.did;
  if (typeof given !== 'string') {
    return lake.selected;
  }
  await lake.refresh();
  const { instance: named, pattern: did } = toPattern(given);
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
 * The arguments of a command, described to whoever wants to call it.
 */
export function takes(properties: { [name: string]: ReadonlyJSONObject } = {}) {
  return { args: { type: 'object', properties } };
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
    },
    selection: {
      type: 'boolean',
      description: trans.__('Whether the DID is the text that is selected')
    }
  };
}
