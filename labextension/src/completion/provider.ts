import type {
  CompletionHandler,
  ICompletionContext,
  ICompletionProvider
} from '@jupyterlab/completer';

import type { LakeModel } from '../lake/model';
import { isLoggedIn } from '../login';
import { complete } from '../restapi';
import { beginning, namedInstance } from './text';

const MOST = 50;
// The completions of the kernel wait for ours, and never long.
const PATIENCE = 700;
// So long an answer serves again; then there may be a login, or more DIDs.
const FRESH = 10_000;

/**
 * Completes DIDs inside strings of code; outside them, or where the lake is slow, it keeps out of the way.
 */
export class DIDCompletion implements ICompletionProvider {
  constructor(private readonly lake: LakeModel) {}

  readonly identifier = 'jupyter-dlaas:completion';
  readonly rank = 1100;
  readonly renderer = null;

  async isApplicable(context: ICompletionContext): Promise<boolean> {
    const { editor } = context;
    if (!editor || /markdown|ipythongfm/.test(editor.model.mimeType)) {
      return false;
    }
    const { column, line } = editor.getCursorPosition();
    return beginning((editor.getLine(line) ?? '').slice(0, column)) !== null;
  }

  async fetch(
    request: CompletionHandler.IRequest
  ): Promise<CompletionHandler.ICompletionItemsReply> {
    const { offset: end, text } = request;
    // The offset counts characters, of which some have two places in a string.
    const before = [...text].slice(0, end).join('');
    const begun = beginning(before.slice(before.lastIndexOf('\n') + 1));
    if (begun === null) {
      return { start: end, end, items: [] };
    }
    const found = await Promise.race([
      this._ask(begun),
      new Promise<string[]>(resolve => setTimeout(resolve, PATIENCE, []))
    ]);
    return {
      start: end - [...begun].length,
      end,
      items: found.map(label => ({ label, type: 'DID' }))
    };
  }

  /**
   * Ask once; what came too late is there at the next key.
   */
  private _ask(begun: string): Promise<string[]> {
    const now = Date.now();
    if (this._asked?.begun !== begun || now - this._asked.at > FRESH) {
      this._asked = { at: now, begun, found: this._complete(begun) };
    }
    return this._asked.found;
  }

  private async _complete(begun: string): Promise<string[]> {
    const { lake } = this;
    if (lake.phase === 'asking') {
      await lake.refresh();
    }
    const name = lake.meantInstance(namedInstance(begun));
    const instance = lake.instances.find(each => each.name === name);
    if (!instance || !isLoggedIn(instance.login)) {
      return [];
    }
    // Without an answer the kernel's completions are all there is.
    return complete(lake.settings, instance.name, begun, MOST).catch(() => []);
  }

  private _asked: {
    at: number;
    begun: string;
    found: Promise<string[]>;
  } | null = null;
}
