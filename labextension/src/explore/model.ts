import type { IItem } from '../did';
import { hasWildcard, reference } from '../did';
import type { LakeModel } from '../lake/model';
import { needsLogin } from '../problems';
import * as api from '../restapi';
import type { Problem, Status } from '../schema';
import { toWhere } from './filters';
import type { Listing } from './listing';
import { PAGE, Scopes } from './listing';
import { Question } from './question';
import type { IMissing } from './search';
import { Search } from './search';
import type { IStored } from './searches';
import { Sight } from './sight';
import type { IEntryRow, INoteRow, IPlace, Row } from './tree';
import { Tree } from './tree';
import { toPatterns } from './typed';

/**
 * How many rows are looked through for a name that begins as somebody types, and how many are opened at once.
 */
const FAR = 50_000;
const MANY = 50;

/**
 * Searching the lake, and opening what was found.
 */
export class ExploreModel extends Question {
  constructor(lake: LakeModel) {
    super(lake);
    this._instance = lake.instance?.name ?? null;
    const seen = () => (this.isActive ? this._instance : null);
    this.sight = new Sight(lake, seen, () => this.changed());
    lake.stateChanged.connect(this._onLake, this);
    lake.entered.connect(this._onEntered, this);
    lake.statuses.changed.connect(this.changed, this);
  }

  readonly sight: Sight;

  /**
   * What was searched for last; the text may have changed since.
   */
  get pattern(): string {
    return this._search?.wanted.all.map(each => each.pattern).join(' ') ?? '';
  }

  get phase(): 'idle' | 'asking' | 'done' | 'problem' {
    return this._search?.phase ?? 'idle';
  }

  get isAsked(): boolean {
    return this._search !== null;
  }

  get problem(): Problem | null {
    return this._search?.problem ?? null;
  }

  /**
   * What of a list of names was not found.
   */
  get missing(): readonly IMissing[] {
    return this._search?.missing ?? [];
  }

  /**
   * How many names were looked up.
   */
  get asked(): number {
    return this._search?.wanted.all.length ?? 0;
  }

  get isFiltered(): boolean {
    return Boolean(this._search?.wanted.where);
  }

  /**
   * Whether nothing has been found yet, so that there is a beginning to show.
   */
  get isBeginning(): boolean {
    return this._shown === null;
  }

  /**
   * How many rows there are to show.
   */
  get count(): number {
    return this._tree.count;
  }

  get found(): number {
    return this._tree.found;
  }

  /**
   * Whether the last search was for one name, so that nothing found means: no such DID.
   */
  get isExact(): boolean {
    return !hasWildcard(this.pattern) && this.asked === 1 && !this.isFiltered;
  }

  /**
   * The row on which the keyboard works.
   */
  get activeIndex(): number {
    return this._active ? this._tree.indexOf(this._active) : -1;
  }
  set activeIndex(index: number) {
    this._active = this.row(index);
    this.changed();
  }

  row(index: number): Row | null {
    return this._tree.row(index);
  }

  parentIndex(row: Row): number {
    return this._tree.parentIndex(row);
  }

  /**
   * What is known of a row's availability, without asking.
   */
  status(row: IEntryRow): Status | null {
    return this._instance
      ? this.lake.statuses.get(this._instance, row.entry.did).status
      : null;
  }

  isSelected(row: IEntryRow): boolean {
    const { selected } = this.lake;
    // A DID may stand in several places: the one that was clicked is meant.
    return (
      selected?.did === row.entry.did &&
      (this._selected?.entry.did !== selected.did ||
        (this._selected.group === row.group &&
          this._selected.position === row.position))
    );
  }

  /**
   * Search for what stands in the box; a search that is still running is given up.
   */
  async search(limit = this.limit, keep = TOP): Promise<void> {
    this.completion.close();
    const all = toPatterns(this.text);
    const named = all.find(each => each.instance)?.instance;
    if (named) {
      this.lake.choose(named);
    }
    const { instance } = this.lake;
    if (!all.some(each => each.pattern) || !instance) {
      this.clear();
      return;
    }
    this._search?.stop();
    this._instance = instance.name;
    const where = toWhere(this.filters);
    const wanted = { all, type: this.type, limit, where };
    // An instance that is not here is asked all the same: the server says so best.
    const asked = all.length === 1 && named ? named : instance.name;
    const search = new Search(this.lake, asked, wanted, () =>
      this._show(search, keep)
    );
    this._search = search;
    this.changed();
    await this._run(search, this.written);
  }

  /**
   * Back to the beginning.
   */
  clear(): void {
    this._search?.stop();
    this._search = null;
    this._active = null;
    this._begin();
    this.changed();
  }

  select(row: IEntryRow): void {
    this._active = row;
    this._selected = row;
    const { did, type } = row.entry;
    if (this._instance && type !== 'scope') {
      this.lake.selected = { instance: this._instance, did, type };
    } else {
      this.changed();
    }
  }

  /**
   * What Enter or a click on a row does.
   */
  act(row: Row): void {
    if (row.kind === 'note') {
      void this.more(row, true);
      return;
    }
    this.select(row);
    if (row.entry.type === 'scope') {
      void this.toggle(row);
    }
  }

  /**
   * Say which rows are in sight: of those more is asked.
   */
  see(rows: readonly Row[]): void {
    const dids: string[] = [];
    for (const row of rows) {
      if (row.kind === 'note') {
        const { of } = row.group;
        if (row.note === 'more' && of && of.type !== 'scope') {
          void this.more(row);
        }
      } else if (row.entry.type !== 'scope') {
        dids.push(row.entry.did);
      }
    }
    this.sight.show(dids);
  }

  /**
   * Show one DID as if it had been searched for.
   */
  async show(item: Pick<IItem, 'did' | 'instance'>): Promise<void> {
    this.lake.choose(item.instance);
    const isThere = this.lake.instance?.name === item.instance;
    this.put(
      isThere ? item.did : reference(item.did, item.instance),
      'all',
      []
    );
    await this.search();
  }

  async toggle(row: IEntryRow): Promise<void> {
    const { entry, fold, group, position } = row;
    if (fold === 'leaf') {
      return;
    }
    if (fold !== 'closed') {
      group.branch(position)?.close();
      this._heal(row);
    } else if (entry.type === 'scope' && !this._listsScopes) {
      this.write(entry.did);
      this.requestFocus();
    } else {
      await this._listing?.open(row);
    }
  }

  /**
   * Open a row and those beside it that follow.
   */
  async openAll({ group, position }: IPlace): Promise<void> {
    const end = Math.min(group.size, position + MANY);
    const listing = this._listing;
    for (let at = position; at < end && !listing?.isStopped; at += 1) {
      if (group.entries.at(at).type !== 'file' && !group.branch(at)?.isOpen) {
        await listing?.open({ group, position: at });
      }
    }
  }

  /**
   * Ask for what a note stands for: the next page or all the rest, or the same again.
   */
  async more({ group, note }: INoteRow, isAll = false): Promise<void> {
    const { of } = group;
    if (!of) {
      await this._searchMore(note);
    } else if (of.type === 'scope' && note === 'more') {
      this.text = `${of.did}*`;
      this.requestFocus();
    } else if (note !== 'empty') {
      group.isAll ||= isAll && note !== 'problem';
      if (note === 'asking') {
        this.changed();
      } else {
        await this._listing?.more(group);
      }
    }
  }

  /**
   * The next row whose name begins so.
   */
  find(prefix: string, from: number): number {
    const end = Math.min(this.count, FAR);
    for (let step = 0; step < end; step += 1) {
      const index = (from + step) % this.count;
      const row = this.row(index);
      if (row?.kind === 'entry') {
        const { did, type } = row.entry;
        const name = type === 'scope' ? did : did.slice(did.indexOf(':') + 1);
        if (name.toLowerCase().startsWith(prefix)) {
          return index;
        }
      }
    }
    return -1;
  }

  dispose(): void {
    this._search?.stop();
    this._scopes?.stop();
    this.sight.dispose();
    super.dispose();
  }

  protected onActive(active: boolean): void {
    this.sight.refresh();
    if (active) {
      this._begin();
    }
  }

  private get _tree(): Tree {
    return this._shown?.tree ?? this._scopes?.tree ?? NOTHING;
  }

  private get _listing(): Listing | null {
    return this._shown ?? this._scopes;
  }

  /**
   * Whether all of a scope may be listed.
   */
  private get _listsScopes(): boolean {
    return this.lake.instance?.wildcard_enabled ?? false;
  }

  /**
   * List the scopes, unless they are listed or there is something else to see.
   */
  private _begin(): void {
    if (this._search) {
      return;
    }
    this._shown = null;
    const { instance, isUsable } = this.lake;
    if (this._scopes && this._scopes.instance !== instance?.name) {
      this._dropScopes();
    }
    if (this.isActive && instance && isUsable && !this._scopes) {
      this._scopes = new Scopes(this.lake, instance.name, () => this.changed());
      void this._scopes.run();
    }
  }

  private _dropScopes(): void {
    this._scopes?.stop();
    this._scopes = null;
  }

  private async _searchMore(note: INoteRow['note']): Promise<void> {
    if (!this._search) {
      this._dropScopes();
      this._begin();
    } else if (note !== 'more') {
      await this.search();
    } else if (this.found >= api.MOST_ROWS) {
      this.requestFocus();
    } else {
      const limit = Math.min(Math.max(this.found, PAGE) * 10, api.MOST_ROWS);
      const keep = { count: this.found, index: this.activeIndex };
      await this.search(limit, keep);
    }
  }

  private async _run(search: Search, written: IStored): Promise<void> {
    const problem = await search.run();
    if (search.isStopped) {
      return;
    }
    if (!problem && this._wasDown) {
      // The lake answers again: whatever else could not be had may be there now.
      void this.lake.statuses.refresh();
    }
    this._wasDown = problem !== null && problem.blame !== 'you';
    if (this.found) {
      void this.searches.remember(written);
    }
    this._selectOnly();
  }

  private _show(search: Search, keep: typeof TOP): void {
    if (search.isStopped) {
      return;
    }
    // What was found before stays in sight until there is something to show instead of it.
    const { phase, tree } = search;
    if (
      this._shown !== search &&
      (tree.found > keep.count || phase !== 'asking')
    ) {
      this._shown = search;
      this._active = tree.row(keep.index) ?? tree.row(0);
      this._selected = null;
    }
    this.changed();
  }

  /**
   * What was active in something that is closed now gives way to what was closed.
   */
  private _heal(closed: IEntryRow): void {
    if (this.activeIndex < 0) {
      this._active = closed;
    }
    this.changed();
  }

  /**
   * A search for one name that found it is a wish to see it.
   */
  private _selectOnly(): void {
    const first = this.row(0);
    if (this.isExact && this.count === 1 && first?.kind === 'entry') {
      this.select(first);
    }
  }

  /**
   * What could not be found for want of a login.
   */
  private _onEntered(_: LakeModel, name: string): void {
    if (name !== this._instance) {
      return;
    }
    if (this.problem && needsLogin(this.problem)) {
      void this.search();
    }
    // Another account may see other scopes.
    this._dropScopes();
    this._begin();
  }

  private _onLake(): void {
    const name = this.lake.instance?.name ?? null;
    if (name !== this._instance) {
      this._instance = name;
      this.put(this.text, this.type, []);
      this.clear();
      return;
    }
    this._begin();
    this.changed();
  }

  private _search: Search | null = null;
  private _shown: Search | null = null;
  private _scopes: Scopes | null = null;
  private _active: IPlace | null = null;
  private _selected: IEntryRow | null = null;
  private _instance: string | null;
  private _wasDown = false;
}

/**
 * Where a longer search for the same goes on: the rows that are shown, and the one on which the keyboard works.
 */
const TOP = { count: 0, index: 0 };

const NOTHING = new Tree();
NOTHING.root.setNote(null);
