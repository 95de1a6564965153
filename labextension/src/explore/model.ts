import type { IItem } from '../did';
import { hasWildcard, reference, toPattern } from '../did';
import type { LakeModel } from '../lake/model';
import { Model } from '../model';
import { needsLogin, problemOf } from '../problems';
import * as api from '../restapi';
import type { Problem, Status } from '../schema';
import type { IBranch, IEntryRow, INoteRow, Row } from './tree';
import { Tree } from './tree';

const PAGE = 1000;

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
    if (this._phase !== 'idle') {
      void this.search();
    }
  }

  /**
   * What was searched for last; the text may have changed since.
   */
  get pattern(): string {
    return this._pattern;
  }

  get phase(): 'idle' | 'asking' | 'done' | 'problem' {
    return this._phase;
  }

  get problem(): Problem | null {
    return this._problem;
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
    return !hasWildcard(this._pattern);
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
  async search(limit = this.limit, place?: IPlace): Promise<void> {
    const typed = toPattern(this._text);
    if (typed.instance) {
      this.lake.choose(typed.instance);
    }
    const { instance } = this.lake;
    if (!typed.pattern || !instance) {
      this.clear();
      return;
    }
    this._stop();
    this._instance = instance.name;
    this._pattern = typed.pattern;
    this._phase = 'asking';
    this._problem = null;
    const search = { pattern: typed.pattern, type: this._type, limit };
    const { signal } = this._aborter;
    this.changed();
    // An instance that is not here is asked all the same: the server says so best.
    await this._run(typed.instance ?? instance.name, search, signal, place);
  }

  /**
   * Back to the beginning.
   */
  clear(): void {
    this._stop();
    this._tree = new Tree();
    this._active = null;
    this._phase = 'idle';
    this._problem = null;
    this._pattern = '';
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
    this._aborter.abort();
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

  private async _run(
    instance: string,
    search: api.ISearch,
    signal: AbortSignal,
    place: IPlace = { count: 0, index: 0 }
  ): Promise<void> {
    // What was found before stays in sight until there is something to show instead of it.
    const tree = new Tree();
    const show = () => {
      const isReady = tree.found > place.count || this._phase !== 'asking';
      if (this._tree !== tree && isReady) {
        this._tree = tree;
        this._active = tree.rows[place.index] ?? tree.rows[0] ?? null;
        this._selected = null;
      }
      this.changed();
    };
    const { settings } = this.lake;
    const wasDown = this._wasDown;
    try {
      const rows = api.searchDIDs(settings, instance, search, signal);
      const isTruncated = await drain(rows, signal, entries => {
        tree.append(entries);
        show();
      });
      tree.finish(isTruncated);
      this._phase = 'done';
      this._wasDown = false;
      if (wasDown) {
        // The lake answers again: whatever else could not be had may be there now.
        void this.lake.statuses.refresh();
      }
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      const problem = problemOf(error);
      this._wasDown = problem.blame !== 'you';
      if (tree.found) {
        tree.fail(problem);
        this._phase = 'done';
      } else {
        this._problem = problem;
        this._phase = 'problem';
      }
      this._lookAtLogin(error);
    }
    show();
    this._selectOnly();
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
    const instance = this._instance!;
    const { signal } = this._aborter;
    const contents = { did, limit: PAGE, offset: branch.offset };
    try {
      const rows = api.listContents(
        this.lake.settings,
        instance,
        contents,
        signal
      );
      const isTruncated = await drain(rows, signal, entries => {
        branch.append(entries);
        this.changed();
      });
      branch.finish(isTruncated);
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      branch.fail(problemOf(error));
      this._lookAtLogin(error);
    }
    this.changed();
  }

  private _lookAtLogin(error: unknown): void {
    void this.lake.guard(Promise.reject(error)).catch(() => undefined);
  }

  /**
   * What could not be found for want of a login.
   */
  private _onEntered(_: LakeModel, name: string): void {
    if (name === this._instance && this._problem && needsLogin(this._problem)) {
      void this.search();
    }
  }

  private _stop(): void {
    this._aborter.abort();
    this._aborter = new AbortController();
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

  private _tree = new Tree();
  private _aborter = new AbortController();
  private _active: Row | null = null;
  private _selected: IEntryRow | null = null;
  private _instance: string | null;
  private _text = '';
  private _type: api.ISearch['type'] = 'all';
  private _pattern = '';
  private _phase: 'idle' | 'asking' | 'done' | 'problem' = 'idle';
  private _problem: Problem | null = null;
  private _focusRequests = 0;
  private _wasDown = false;
}

/**
 * Take rows as they come; it answers whether there were more.
 */
async function drain(
  rows: api.Rows,
  signal: AbortSignal,
  take: (entries: Parameters<Tree['append']>[0]) => void
): Promise<boolean> {
  for (;;) {
    const { done, value } = await rows.next();
    signal.throwIfAborted();
    if (done) {
      return value;
    }
    take(value);
  }
}
