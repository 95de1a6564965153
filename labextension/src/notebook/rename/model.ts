import { Form } from '../../form';
import type { VariableRecord } from '../../schema';
import type { Attachments } from '../attachments';
import { cellsUsing } from '../cellsOf';
import type { NameFault } from '../names';
import { checkName } from '../names';

/**
 * Giving a variable another name.
 */
export class RenameModel extends Form {
  constructor(
    private readonly attachments: Attachments,
    readonly record: VariableRecord
  ) {
    super();
    this._name = record.variableName;
    this.cells = cellsUsing(attachments.panel, record.variableName);
    attachments.stateChanged.connect(this.changed, this);
  }

  /**
   * The numbers of the cells that use the old name.
   */
  readonly cells: readonly number[];

  get name(): string {
    return this._name;
  }
  set name(value: string) {
    this._name = value.trim();
    this.edited();
  }

  get fault(): NameFault | null {
    const { variableName: old } = this.record;
    const others = this.attachments.names.filter(name => name !== old);
    return checkName(this._name, others);
  }

  get isValid(): boolean {
    return this.fault === null && this._name !== this.record.variableName;
  }

  protected send(): Promise<void> {
    return this.attachments.rename(this.record.variableName, this._name);
  }

  private _name: string;
}
