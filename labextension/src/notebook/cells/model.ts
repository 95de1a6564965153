import { Form } from '../../form';
import type { LakeModel } from '../../lake/model';
import { listSnippets } from '../../restapi';
import type { Snippet, VariableRecord } from '../../schema';

/**
 * Choosing among the cells that are ready for one variable.
 */
export class CellsModel extends Form {
  constructor(
    private readonly lake: LakeModel,
    readonly record: VariableRecord,
    private readonly language: string,
    private readonly insert: (code: string) => void
  ) {
    super();
    this.loaded = this._load();
  }

  /**
   * Resolves when the cells were asked for.
   */
  readonly loaded: Promise<void>;

  /**
   * The cells; null while they are asked for.
   */
  get cells(): readonly Snippet[] | null {
    return this._cells;
  }

  get index(): number {
    return this._index;
  }
  set index(value: number) {
    this._index = value;
    this.changed();
  }

  get chosen(): Snippet | null {
    return this._cells?.[this._index] ?? null;
  }

  get isValid(): boolean {
    return this.chosen !== null;
  }

  protected async send(): Promise<void> {
    this.insert(this.chosen!.code);
  }

  private async _load(): Promise<void> {
    const { did, instance, variableName: name } = this.record;
    const meant = this.lake.meantInstance(instance) ?? '';
    try {
      this._cells = await this.lake.guard(
        listSnippets(this.lake.settings, meant, {
          did,
          name,
          language: this.language
        })
      );
      this.changed();
    } catch (error) {
      this.lacks(error);
    }
  }

  private _cells: Snippet[] | null = null;
  private _index = 0;
}
