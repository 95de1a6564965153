import type { IItem } from '../did';
import { hasWildcard, reference } from '../did';
import type { LakeModel } from '../lake/model';
import { needsLogin } from '../problems';
import type { Problem } from '../schema';
import { toWhere } from './filters';
import type { Row } from './group';
import type { Listing } from './listing';
import { Scopes } from './listing';
import { Question } from './question';
import type { IMissing } from './search';
import { Search } from './search';
import type { IStored } from './searches';
import { Tree } from './tree';
import { toPatterns } from './typed';

/**
 * A longer text, as a list that was pasted, is no search to be made again some day.
 */
const LONG = 500;

/**
 * What the lake answered to a question: how far it is, what was found, what was not; before the first the scopes.
 */
export abstract class Results extends Question {
  constructor(lake: LakeModel) {
    super(lake);
    this._instance = lake.instance?.name ?? null;
    lake.stateChanged.connect(this._onLake, this);
    lake.entered.connect(this._onEntered, this);
    lake.changes.lost.connect(this._onLost, this);
  }

  /**
   * What was searched for last; the text may have changed since.
   */
  get pattern(): string {
    return this._search?.pattern ?? '';
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
   * How many names are looked up.
   */
  get asked(): number {
    return this._search?.wanted.all.length ?? 0;
  }

  /**
   * How many of them have been.
   */
  get lookedUp(): number {
    return this._search?.lookedUp ?? 0;
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
    return this.tree.count;
  }

  get found(): number {
    return this.tree.found;
  }

  /**
   * Whether there are more than were asked for.
   */
  get isTruncated(): boolean {
    return this.tree.root.note === 'more';
  }

  /**
   * Whether the last search was for one name, so that nothing found means: no such DID.
   */
  get isExact(): boolean {
    return !hasWildcard(this.pattern) && this.asked === 1 && !this.isFiltered;
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
    this.begun(null);
    this.begin();
    this.changed();
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

  dispose(): void {
    this._search?.stop();
    this._shown?.stop();
    this._scopes?.stop();
    super.dispose();
  }

  /**
   * Other rows are shown: of them the keyboard works on this one.
   */
  protected abstract begun(row: Row | null): void;

  /**
   * A search for one name that found it is a wish to see it.
   */
  protected abstract selectOnly(): void;

  protected get tree(): Tree {
    return this.listing?.tree ?? NOTHING;
  }

  protected get listing(): Listing | null {
    return this._shown ?? this._scopes;
  }

  protected get instanceName(): string | null {
    return this._instance;
  }

  /**
   * List the scopes, unless they are listed or there is something else to see.
   */
  protected begin(): void {
    if (this._search) {
      return;
    }
    this._shown?.stop();
    this._shown = null;
    const { instance, isUsable } = this.lake;
    if (this._scopes && this._scopes.instance !== instance?.name) {
      this.dropScopes();
    }
    if (this.isActive && instance && isUsable && !this._scopes) {
      this._scopes = new Scopes(this.lake, instance.name, () => this.changed());
      void this._scopes.run();
    }
  }

  protected dropScopes(): void {
    this._scopes?.stop();
    this._scopes = null;
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
    if (this.found && written.text.length < LONG) {
      void this.searches.remember(written);
    }
    if (this.isExact && this.count === 1) {
      this.selectOnly();
    }
  }

  private _show(search: Search, keep: typeof TOP): void {
    if (search.isStopped) {
      return;
    }
    // What was found before stays in sight until there is something to show instead of it.
    const { phase, tree } = search;
    const before = this._shown;
    if (before !== search && (tree.found > keep.count || phase !== 'asking')) {
      // Since it was given up, some of its rows may have been opened.
      before?.stop();
      if (before && keep.count) {
        tree.root.adopt(before.tree.root);
      }
      this._shown = search;
      this.begun(tree.row(keep.index) ?? tree.row(0));
    }
    this.changed();
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
    this.dropScopes();
    this.begin();
  }

  /**
   * Jupyter answers again, or much was not heard: what failed for want of an answer is asked for again.
   */
  private _onLost(): void {
    if (this.problem?.blame === 'network') {
      void this.search();
    } else if (this._scopes?.tree.root.problem) {
      this.dropScopes();
      this.begin();
    }
  }

  private _onLake(): void {
    const name = this.lake.instance?.name ?? null;
    if (name !== this._instance) {
      this._instance = name;
      this.put(this.text, this.type, []);
      this.clear();
      return;
    }
    this.begin();
    this.changed();
  }

  private _search: Search | null = null;
  private _shown: Search | null = null;
  private _scopes: Scopes | null = null;
  private _instance: string | null;
  private _wasDown = false;
}

/**
 * Where a longer search for the same goes on: the rows that are shown, and the one on which the keyboard works.
 */
const TOP = { count: 0, index: 0 };

const NOTHING = new Tree();
NOTHING.root.setNote(null);
