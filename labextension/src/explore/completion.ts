import type { LakeModel } from '../lake/model';
import * as api from '../restapi';
import { lastWord } from './typed';

const WAIT = 150;
const MOST = 12;

/**
 * Scopes and DIDs that begin as the word that is typed: asked for when the typing rests, dropped when it goes on.
 */
export class Completion {
  constructor(
    private readonly lake: LakeModel,
    private readonly changed: () => void
  ) {}

  /**
   * What is proposed; nothing while the proposals are closed.
   */
  get options(): readonly string[] {
    return this._options;
  }

  /**
   * The proposal that Enter takes; -1 where Enter searches for what is typed.
   */
  get index(): number {
    return this._index;
  }

  /**
   * Move among the proposals, past their ends back to what is typed.
   */
  move(step: 1 | -1): void {
    const count = this._options.length + 1;
    this._index = ((this._index + 1 + step + count) % count) - 1;
    this.changed();
  }

  /**
   * The text with its last word replaced by a proposal.
   */
  complete(text: string, option: string): string {
    return lastWord(text).before + option;
  }

  ask(text: string): void {
    this.close();
    const { word } = lastWord(text);
    const { instance } = this.lake;
    if (!word || word.includes('*') || !instance) {
      return;
    }
    const aborter = (this._aborter = new AbortController());
    this._timer = setTimeout(() => {
      void this._ask(instance.name, word, aborter.signal);
    }, WAIT);
  }

  close(): void {
    clearTimeout(this._timer);
    this._aborter?.abort();
    this._index = -1;
    if (this._options.length) {
      this._options = [];
      this.changed();
    }
  }

  private async _ask(
    instance: string,
    word: string,
    signal: AbortSignal
  ): Promise<void> {
    try {
      const { settings } = this.lake;
      const found = await api.complete(settings, instance, word, MOST, signal);
      // What is typed wholly needs no proposal.
      if (!signal.aborted && found.some(option => option !== word)) {
        this._options = found;
        this.changed();
      }
    } catch {
      // Without proposals one can type on.
    }
  }

  private _options: readonly string[] = [];
  private _index = -1;
  private _aborter: AbortController | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}
