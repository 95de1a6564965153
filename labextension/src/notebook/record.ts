import type { NotebookPanel } from '@jupyterlab/notebook';

import type { VariableRecord } from '../schema';

/**
 * The key of the notebook's metadata; the incumbent's, so that its notebooks open here.
 */
const METADATA = 'rucio_attachments';

/**
 * The variables as the metadata of a notebook has them.
 */
export class NotebookRecord {
  constructor(private readonly context: NotebookPanel['context']) {}

  get all(): VariableRecord[] {
    return this._raw.filter(isRecord);
  }

  /**
   * Look at it: whether somebody else wrote it since this last looked or wrote.
   */
  notice(): boolean {
    const kept = this._kept;
    this._kept = JSON.stringify(this.all);
    return this._kept !== kept;
  }

  /**
   * Write the record; what is none of ours stays in it.
   */
  write(change: (records: VariableRecord[]) => VariableRecord[]): void {
    const { model } = this.context;
    const others = this._raw.filter(each => !isRecord(each));
    const records = change(this.all);
    this._kept = JSON.stringify(records);
    if (records.length || others.length) {
      model.setMetadata(METADATA, [...records, ...others]);
    } else {
      model.deleteMetadata(METADATA);
    }
  }

  private get _raw(): unknown[] {
    const kept: unknown = this.context.model.getMetadata(METADATA);
    return Array.isArray(kept) ? kept : [];
  }

  private _kept = '';
}

/**
 * All variables but one.
 */
export function isNot(name: string): (record: VariableRecord) => boolean {
  return ({ variableName }) => variableName !== name;
}

function isRecord(value: unknown): value is VariableRecord {
  const record = value as Partial<VariableRecord> | null;
  return (
    typeof record?.variableName === 'string' && typeof record.did === 'string'
  );
}
