import type { IItem } from '../did';
import type { LakeModel } from '../lake/model';
import { Model } from '../model';
import { problemOf } from '../problems';
import * as api from '../restapi';
import type { BasketInfo, BasketRow, Problem } from '../schema';

/**
 * What can be done with an item: it is of a lake, it has an address, or it can be looked at.
 */
export type Kind = 'lake' | 'url' | 'page';

export const KINDS: readonly Kind[] = ['lake', 'url', 'page'];

export function kindOf(row: BasketRow): Kind {
  return row.did ? 'lake' : row.url ? 'url' : 'page';
}

/**
 * What was put into the shopping baskets of ESAP, and what was imported.
 */
export class BasketModel extends Model {
  constructor(readonly lake: LakeModel) {
    super();
    // Which lakes know an item is found where somebody is logged in.
    lake.entered.connect(() => {
      if (this._info) {
        void this.load();
      }
    });
    lake.stateChanged.connect(this.changed, this);
  }

  /**
   * What is in the baskets; null while they were not asked for.
   */
  get info(): BasketInfo | null {
    return this._info;
  }

  get problem(): Problem | null {
    return this._problem;
  }

  get isBusy(): boolean {
    return this._isBusy;
  }

  get rows(): readonly BasketRow[] {
    return this._info?.items ?? [];
  }

  /**
   * The items that the person has chosen.
   */
  get chosen(): readonly BasketRow[] {
    return this.rows.filter(({ id }) => this._chosen.has(id));
  }

  /**
   * Those of the chosen items that are of a known lake.
   */
  get chosenDIDs(): readonly IItem[] {
    return this.chosen.flatMap(({ did, instance, type }) =>
      did && instance ? [{ did, instance, type: type ?? 'dataset' }] : []
    );
  }

  isChosen({ id }: BasketRow): boolean {
    return this._chosen.has(id);
  }

  choose(rows: readonly BasketRow[], isChosen: boolean): void {
    for (const { id } of rows) {
      if (isChosen) {
        this._chosen.add(id);
      } else {
        this._chosen.delete(id);
      }
    }
    this.changed();
  }

  /**
   * Why an item could not be downloaded.
   */
  failure({ id }: BasketRow): Problem | null {
    return this._failures.get(id) ?? null;
  }

  load(): Promise<void> {
    return this._do(() => api.getBasket(this.lake.settings));
  }

  /**
   * Ask ESAP anew, one of them where it is named, by a token where one was typed; an empty one takes that back.
   */
  read(host: string | null = null, token: string | null = null): Promise<void> {
    return this._do(() => api.readBasket(this.lake.settings, { host, token }));
  }

  use(row: BasketRow, instance: string | null): Promise<void> {
    const request = { ids: [row.id], instance };
    return this._do(() => api.useInstance(this.lake.settings, request));
  }

  remove(rows: readonly BasketRow[]): Promise<void> {
    const ids = rows.map(({ id }) => id);
    return this._do(() => api.removeFromBasket(this.lake.settings, { ids }));
  }

  /**
   * Add what is in a text; a refusal is thrown.
   */
  async add(request: { text: string }): Promise<void> {
    this._take(await api.importBasket(this.lake.settings, request));
  }

  /**
   * Add what is in a file of the file browser.
   */
  addFile(path: string): Promise<void> {
    return this._do(() => api.importBasket(this.lake.settings, { path }));
  }

  /**
   * Those of the chosen items that are somewhere.
   */
  get chosenData(): readonly BasketRow[] {
    return this.chosen.filter(row => kindOf(row) !== 'page');
  }

  /**
   * Begin to download what is chosen; the answer is how many transfers there are now.
   */
  async download(folder: string, overwrite: boolean): Promise<number> {
    const ids = this.chosenData.map(({ id }) => id);
    const found = await api.downloadBasket(this.lake.settings, {
      ids,
      folder,
      overwrite
    });
    this._failures = new Map(
      found.flatMap(({ id, problem }) => (problem ? [[id, problem]] : []))
    );
    this.choose(
      this.chosenData.filter(row => !this.failure(row)),
      false
    );
    return found.length - this._failures.size;
  }

  protected onActive(active: boolean): void {
    if (active && !this._info) {
      void this.load();
    }
  }

  private async _do(ask: () => Promise<BasketInfo>): Promise<void> {
    if (this._isBusy) {
      return;
    }
    this._isBusy = true;
    this._problem = null;
    this.changed();
    try {
      this._take(await ask());
    } catch (error) {
      this._problem = problemOf(error);
    }
    this._isBusy = false;
    this.changed();
  }

  private _take(info: BasketInfo): void {
    this._info = info;
    const ids = new Set(info.items.map(({ id }) => id));
    this._chosen = new Set([...this._chosen].filter(id => ids.has(id)));
    this.changed();
  }

  private _info: BasketInfo | null = null;
  private _problem: Problem | null = null;
  private _isBusy = false;
  private _chosen = new Set<string>();
  private _failures = new Map<string, Problem>();
}
