import type { IItem } from '../did';
import { hasWildcard, reference, toPattern } from '../did';
import type { LakeModel } from '../lake/model';
import { Model } from '../model';
import { needsLogin } from '../problems';
import * as api from '../restapi';
import type { Problem, Status } from '../schema';
import { PAGE, Search } from './search';
import type { IBranch, IEntryRow, INoteRow, Row } from './tree';
import { Tree } from './tree';

/**
 * Where a longer search for the same goes on: the rows that are shown, and the one on which the keyboard works.
 */
interface IPlace {
  count: number;
  index: number;
}

/**
 * Searching the lake, and opening what was found.
 */
export class ExploreModel extends Model {
  constructor(readonly lake: LakeModel) {
    super();
    this._instance = lake.instance?.name ?? null;
    lake.stateChanged.connect(this._onLake, this);
    lake.entered.connect(this._onEntered, this);
    lake.statuses.changed.connect(this.changed, this);
  }

  /**
   * How many rows a search asks for at first.
   */
  limit = 500;

  get text(): string {
    return this._text;
  }
  set text(value: string) {
    this._text = value;
    this.changed();
  }

  get type(): api.ISearch['type'] {
    return this._type;
  }
  set type(value: api.ISearch['type']) {
    this._type = value;
    this.changed();
    if (this._search) {
      void this.search();
    }
  }

  /**
   * What was searched for last; the text may have changed since.
   */
  get pattern(): string {
    return this._search?.wanted.pattern ?? '';
  }

  get phase(): 'idle' | 'asking' | 'done' | 'problem' {
    return this._search?.phase ?? 'idle';
  }

  get problem(): Problem | null {
    return this._search?.problem ?? null;
  }

  get rows(): readonly Row[] {
    return this._tree.rows;
  }

  get found(): number {
    return this._tree.found;
  }

  /**
   * Whether the last search was for one name, so that nothing found means: no such DID.
   */
  get isExact(): boolean {
    return !hasWildcard(this.pattern);
  }

  /**
   * The row on which the keyboard works.
   */
  get activeIndex(): number {
    return this._active ? this._tree.indexOf(this._active) : -1;
  }
  set activeIndex(index: number) {
    this._active = this.rows[index] ?? null;
    this.changed();
  }

  /**
   * Counts what asks for the search box.
   */
  get focusRequests(): number {
    return this._focusRequests;
  }

  requestFocus(): void {
    this._focusRequests += 1;
    this.changed();
  }

  parentIndex(index: number): number {
    return this._tree.parentIndex(index);
  }

  /**
   * What is known of a row's availability, without asking.
   */
  status(row: IEntryRow): Status | null {
    const { instance } = this.lake;
    return instance
      ? this.lake.statuses.get(instance.name, row.entry.did).status
      : null;
  }

  isSelected(row: IEntryRow): boolean {
    const { selected } = this.lake;
    // A DID may stand in several places: the one that was clicked is meant.
    const isElsewhere =
      this._selected?.entry.did === selected?.did && this._selected !== row;
    return selected?.did === row.entry.did && !isElsewhere;
  }

  /**
   * Search for what stands in the box; a search that is still running is given up.
   */
  async search(
    limit = this.limit,
    place: IPlace = { count: 0, index: 0 }
  ): Promise<void> {
    const typed = toPattern(this._text);
    if (typed.instance) {
      this.lake.choose(typed.instance);
    }
    const { instance } = this.lake;
    if (!typed.pattern || !instance) {
      this.clear();
      return;
    }
    this._search?.stop();
    this._instance = instance.name;
    const wanted = { pattern: typed.pattern, type: this._type, limit };
    const search = new Search(this.lake, wanted, () =>
      this._show(search, place)
    );
    this._search = search;
    this.changed();
    // An instance that is not here is asked all the same: the server says so best.
    await this._run(search, typed.instance ?? instance.name);
  }

  /**
   * Back to the beginning.
   */
  clear(): void {
    this._search?.stop();
    this._search = null;
    this._tree = new Tree();
    this._active = null;
    this.changed();
  }

  select(row: IEntryRow): void {
    const { instance } = this.lake;
    this._active = row;
    this._selected = row;
    if (instance) {
      const { did, type } = row.entry;
      this.lake.selected = { instance: instance.name, did, type };
    }
  }

  /**
   * Show one DID as if it had been searched for.
   */
  async show(item: Pick<IItem, 'did' | 'instance'>): Promise<void> {
    this.lake.choose(item.instance);
    const isThere = this.lake.instance?.name === item.instance;
    this._text = isThere ? item.did : reference(item.did, item.instance);
    this._type = 'all';
    await this.search();
  }

  async toggle(row: IEntryRow): Promise<void> {
    if (row.fold === 'leaf') {
      return;
    }
    if (row.fold !== 'closed') {
      this._tree.close(row);
      this.changed();
      return;
    }
    const branch = this._tree.open(row);
    this.changed();
    if (branch) {
      await this._fill(row.entry.did, branch);
    }
  }

  /**
   * Ask for what a note stands for: the rest, or the same again.
   */
  async more(note: INoteRow): Promise<void> {
    const { parent } = note.group;
    if (!parent) {
      await this._searchMore(note);
      return;
    }
    const branch = this._tree.more(note);
    this.changed();
    if (branch) {
      await this._fill(parent.entry.did, branch);
    }
  }

  dispose(): void {
    this._search?.stop();
    super.dispose();
  }

  private async _searchMore({ note }: INoteRow): Promise<void> {
    if (note !== 'more') {
      await this.search();
    } else if (this.found >= api.MOST_ROWS) {
      this.requestFocus();
    } else {
      const limit = Math.min(Math.max(this.found, PAGE) * 10, api.MOST_ROWS);
      const place = { count: this.found, index: this.activeIndex };
      await this.search(limit, place);
    }
  }

  private async _run(search: Search, instance: string): Promise<void> {
    const problem = await search.run(instance);
    if (search.isStopped) {
      return;
    }
    if (!problem && this._wasDown) {
      // The lake answers again: whatever else could not be had may be there now.
      void this.lake.statuses.refresh();
    }
    this._wasDown = problem !== null && problem.blame !== 'you';
    this._selectOnly();
  }

  private _show(search: Search, { count, index }: IPlace): void {
    // What was found before stays in sight until there is something to show instead of it.
    const { phase, tree } = search;
    if (this._tree !== tree && (tree.found > count || phase !== 'asking')) {
      this._tree = tree;
      this._active = tree.rows[index] ?? tree.rows[0] ?? null;
      this._selected = null;
    }
    this.changed();
  }

  /**
   * A search for one name that found it is a wish to see it.
   */
  private _selectOnly(): void {
    const [first] = this.rows;
    if (this.isExact && this.rows.length === 1 && first.kind === 'entry') {
      this.select(first);
    }
  }

  private async _fill(did: string, branch: IBranch): Promise<void> {
    await this._search?.fill(this._instance!, did, branch);
  }

  /**
   * What could not be found for want of a login.
   */
  private _onEntered(_: LakeModel, name: string): void {
    if (name === this._instance && this.problem && needsLogin(this.problem)) {
      void this.search();
    }
  }

  private _onLake(): void {
    const name = this.lake.instance?.name ?? null;
    if (name !== this._instance) {
      this._instance = name;
      this.clear();
      return;
    }
    this.changed();
  }

  private _search: Search | null = null;
  private _tree = new Tree();
  private _active: Row | null = null;
  private _selected: IEntryRow | null = null;
  private _instance: string | null;
  private _text = '';
  private _type: api.ISearch['type'] = 'all';
  private _focusRequests = 0;
  private _wasDown = false;
}
