/**
 * What can be folded out below a job, asked for when it is.
 */
export class Fold<T> {
  constructor(
    private readonly ask: (id: string) => Promise<T[]>,
    private readonly told: (error: unknown) => void
  ) {}

  /**
   * Its rows; null where they are folded, or not known yet.
   */
  rows(id: string): readonly T[] | null {
    return this._rows.get(id) ?? null;
  }

  isOpen(id: string): boolean {
    return this._rows.has(id);
  }

  async toggle(id: string): Promise<void> {
    if (!this._rows.delete(id)) {
      this._rows.set(id, null);
      await this.refresh(id);
    }
  }

  /**
   * Ask again for what is folded out.
   */
  async refresh(id: string): Promise<void> {
    if (!this._rows.has(id)) {
      return;
    }
    try {
      const rows = await this.ask(id);
      if (this._rows.has(id)) {
        this._rows.set(id, rows);
      }
    } catch (error) {
      if (!this._rows.get(id)) {
        this._rows.delete(id);
      }
      this.told(error);
    }
  }

  /**
   * Forget the jobs that are no more.
   */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this._rows.keys()) {
      if (!ids.has(id)) {
        this._rows.delete(id);
      }
    }
  }

  private _rows = new Map<string, T[] | null>();
}
