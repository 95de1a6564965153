import type { LakeModel } from '../lake/model';
import { Model } from '../model';
import { problemOf } from '../problems';
import * as api from '../restapi';
import type { OpenItem, Problem } from '../schema';

/**
 * The public open data of the chosen instance, for which nobody has to be logged in.
 */
export class OpenDataModel extends Model {
  constructor(readonly lake: LakeModel) {
    super();
    lake.stateChanged.connect(this._onLake, this);
  }

  /**
   * Whether it is looked at, in the place of all else below the head.
   */
  get isOpen(): boolean {
    return this._isOpen;
  }
  set isOpen(value: boolean) {
    this._isOpen = value;
    this._onLake();
    this.changed();
  }

  get text(): string {
    return this._text;
  }
  set text(value: string) {
    this._text = value;
    this.changed();
  }

  /**
   * What was found; null while it is asked for.
   */
  get items(): readonly OpenItem[] | null {
    return this._items;
  }

  get problem(): Problem | null {
    return this._problem;
  }

  /**
   * The item that is folded out, as far as it is known.
   */
  get item(): OpenItem | null {
    return this._item;
  }

  async search(): Promise<void> {
    this._aborter.abort();
    const { signal } = (this._aborter = new AbortController());
    const name = this.lake.instance?.name;
    this._instance = name ?? null;
    this._items = this._item = this._problem = null;
    this.changed();
    if (!name) {
      return;
    }
    const { settings } = this.lake;
    try {
      const found = await api.listOpenData(
        settings,
        name,
        this._text.trim(),
        signal
      );
      signal.throwIfAborted();
      this._items = found;
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      this._items = [];
      this._problem = problemOf(error);
    }
    this.changed();
  }

  /**
   * Fold an item out or in; its files are asked for.
   */
  async toggle(item: OpenItem): Promise<void> {
    this._problem = null;
    this._item = this._item?.did === item.did ? null : item;
    this.changed();
    if (!this._item) {
      return;
    }
    try {
      const { settings } = this.lake;
      const whole = await api.getOpenItem(settings, this._instance!, item.did);
      if (this._item === item) {
        this._item = whole;
      }
    } catch (error) {
      if (this._item === item) {
        this._problem = problemOf(error);
      }
    }
    this.changed();
  }

  /**
   * Begin to download an item; its transfer is told by hints.
   */
  async download(did: string, folder: string, overwrite: boolean) {
    const request = { did, folder, overwrite };
    return api.downloadOpen(this.lake.settings, this._instance!, request);
  }

  private _onLake(): void {
    const name = this.lake.instance?.name ?? null;
    if (this._isOpen && name !== this._instance) {
      void this.search();
    } else {
      this.changed();
    }
  }

  private _isOpen = false;
  private _instance: string | null = null;
  private _text = '';
  private _items: readonly OpenItem[] | null = null;
  private _item: OpenItem | null = null;
  private _problem: Problem | null = null;
  private _aborter = new AbortController();
}
