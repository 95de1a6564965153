import type { LakeModel } from '../lake/model';
import { MOST_ROWS } from '../restapi';
import type { Status } from '../schema';
import type { IEntryRow, INoteRow, IPlace, Row } from './group';
import { PAGE } from './listing';
import { Results } from './results';
import { Sight } from './sight';

/**
 * How many rows are looked through for a name that begins as somebody types, and how many are opened at once.
 */
const FAR = 50_000;
const MANY = 50;

/**
 * Searching the lake, and working with the rows of what was found.
 */
export class ExploreModel extends Results {
  constructor(lake: LakeModel) {
    super(lake);
    const seen = () => (this.isActive ? this.instanceName : null);
    this.sight = new Sight(lake, seen, () => this.changed());
    lake.statuses.changed.connect(this.changed, this);
  }

  readonly sight: Sight;

  /**
   * The row on which the keyboard works.
   */
  get activeIndex(): number {
    return this._active ? this.indexOf(this._active) : -1;
  }
  set activeIndex(index: number) {
    this._active = this.row(index);
    this.changed();
  }

  /**
   * Where the keyboard works, as somebody came there.
   */
  get active(): IPlace | null {
    return this._active;
  }

  row(index: number): Row | null {
    return this.tree.row(index);
  }

  /**
   * The index of what stands at a place; -1 where that is not shown.
   */
  indexOf(place: IPlace): number {
    return this.tree.indexOf(place);
  }

  parentIndex(row: Row): number {
    return this.tree.parentIndex(row);
  }

  /**
   * What is known of a row's availability, without asking.
   */
  status(row: IEntryRow): Status | null {
    return this.instanceName
      ? this.lake.statuses.get(this.instanceName, row.entry.did).status
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

  select(row: IEntryRow): void {
    this._active = row;
    this._selected = row;
    const { did, type } = row.entry;
    if (this.instanceName && type !== 'scope') {
      this.lake.selected = { instance: this.instanceName, did, type };
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
      await this.listing?.open(row);
    }
  }

  /**
   * Open a row and those beside it that follow.
   */
  async openAll({ group, position }: IPlace): Promise<void> {
    const end = Math.min(group.size, position + MANY);
    const { listing } = this;
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
        await this.listing?.more(group);
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
    this.sight.dispose();
    super.dispose();
  }

  protected onActive(active: boolean): void {
    this.sight.refresh();
    if (active) {
      this.begin();
    }
  }

  protected begun(row: Row | null): void {
    this._active = row;
    this._selected = null;
  }

  protected selectOnly(): void {
    const first = this.row(0);
    if (first?.kind === 'entry') {
      this.select(first);
    }
  }

  /**
   * Whether all of a scope may be listed.
   */
  private get _listsScopes(): boolean {
    return this.lake.instance?.wildcard_enabled ?? false;
  }

  private async _searchMore(note: INoteRow['note']): Promise<void> {
    if (!this.isAsked) {
      this.dropScopes();
      this.begin();
    } else if (note !== 'more') {
      await this.search();
    } else if (this.found >= MOST_ROWS) {
      this.requestFocus();
    } else {
      const limit = Math.min(Math.max(this.found, PAGE) * 10, MOST_ROWS);
      const keep = { count: this.found, index: this.activeIndex };
      await this.search(limit, keep);
    }
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

  private _active: IPlace | null = null;
  private _selected: IEntryRow | null = null;
}
