import type { IItem } from '../did';
import { Form } from '../form';
import type { IKnown } from '../lake/statuses';
import type { NotebookModel } from '../notebook/model';
import type { NameFault } from '../notebook/names';
import { checkName, suggestName } from '../notebook/names';

/**
 * Giving a DID a name in the current notebook.
 */
export class AttachModel extends Form {
  constructor(
    private readonly notebook: NotebookModel,
    readonly item: IItem,
    name?: string
  ) {
    super();
    this._name = name || suggestName(item.did, this._used);
    notebook.stateChanged.connect(this.changed, this);
    this._look = notebook.lake.statuses.look(item.instance, item.did);
    notebook.lake.statuses.changed.connect(this.changed, this);
  }

  get name(): string {
    return this._name;
  }
  set name(value: string) {
    this._name = value.trim();
    this.changed();
  }

  get fault(): NameFault | null {
    return checkName(this._name, this._used);
  }

  /**
   * The title of the notebook, or null where none is open.
   */
  get title(): string | null {
    return this.notebook.panel?.title.label ?? null;
  }

  get known(): IKnown {
    const { did, instance } = this.item;
    return this.notebook.lake.statuses.get(instance, did);
  }

  get isValid(): boolean {
    return this.notebook.canAttach && this.fault === null;
  }

  dispose(): void {
    this._look.dispose();
    super.dispose();
  }

  protected async send(): Promise<void> {
    // The record is there at once; how the kernel takes it is shown beside the variable.
    void this.notebook.attach(this.item, this._name);
  }

  private get _used(): string[] {
    return this.notebook.attachments?.names ?? [];
  }

  private _name: string;
  private readonly _look: { dispose(): void };
}
