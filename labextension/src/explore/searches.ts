import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';

import type { ISearch } from '../restapi';
import type { IFilter } from './filters';

const ID = 'jupyter-dlaas:searches';
const MOST = 8;

/**
 * A search that can be made again.
 */
export interface IStored {
  instance: string;
  text: string;
  type: ISearch['type'];
  filters: readonly IFilter[];
}

/**
 * Where a person's small state is kept.
 */
export interface IState {
  fetch(id: string): Promise<unknown>;
  save(id: string, value: ReadonlyPartialJSONValue): Promise<unknown>;
}

interface IKept {
  recent: IStored[];
  saved: IStored[];
}

/**
 * The searches that a person made last, and those that were saved.
 */
export class Searches {
  constructor(private readonly changed: () => void) {}

  get recent(): readonly IStored[] {
    return this._kept.recent;
  }

  get saved(): readonly IStored[] {
    return this._kept.saved;
  }

  /**
   * Keep them in a state that outlives the page; what it holds is taken up.
   */
  async follow(state: IState): Promise<void> {
    this._state = state;
    await this._edit(null);
  }

  isSaved(search: IStored): boolean {
    return this.saved.some(each => isSame(each, search));
  }

  /**
   * Remember a search that found something.
   */
  remember(search: IStored): Promise<void> {
    return this._edit(({ recent, saved }) => ({
      saved,
      recent: [search, ...without(recent, search)].slice(0, MOST)
    }));
  }

  /**
   * Save a search, or remove it from those that are.
   */
  save(search: IStored, isSaved: boolean): Promise<void> {
    return this._edit(({ recent, saved }) => ({
      recent,
      saved: isSaved
        ? [...without(saved, search), search]
        : without(saved, search)
    }));
  }

  /**
   * Change what is kept, and not what another page kept meanwhile.
   */
  private async _edit(change: ((kept: IKept) => IKept) | null): Promise<void> {
    this._kept = change?.(this._kept) ?? this._kept;
    this.changed();
    try {
      const found = (await this._state?.fetch(ID)) as IKept | undefined;
      if (Array.isArray(found?.recent) && Array.isArray(found?.saved)) {
        this._kept = change?.(found!) ?? found!;
      }
      if (change) {
        await this._state?.save(ID, this._kept as unknown as JSONValue);
      }
    } catch (error) {
      console.warn('The searches could not be kept.', error);
    }
    this.changed();
  }

  private _state: IState | null = null;
  private _kept: IKept = { recent: [], saved: [] };
}

type JSONValue = ReadonlyPartialJSONValue;

function without(all: readonly IStored[], search: IStored): IStored[] {
  return all.filter(each => !isSame(each, search));
}

function isSame(a: IStored, b: IStored): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
