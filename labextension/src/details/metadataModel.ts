import { Form } from '../form';
import type { LakeModel } from '../lake/model';
import { setMetadata } from '../restapi';
import type { Metadata } from '../schema';

/**
 * A key and its value as a person enters it; `was` is the text that it had, null for a new one.
 */
export interface IEntered {
  key: string;
  text: string;
  was: string | null;
}

/**
 * What is wrong with a key or its value.
 */
export type MetadataFault = 'key' | 'twice' | 'value';

/**
 * A value as text; texts that would be read as something else stand in quotes.
 */
export function valueText(value: unknown): string {
  return typeof value === 'string' && readValue(value) === value
    ? value
    : JSON.stringify(value);
}

/**
 * What was entered: JSON where it is such, else the text itself; undefined for what is broken.
 */
export function readValue(text: string): unknown {
  const trimmed = text.trim();
  let value: unknown;
  try {
    value = JSON.parse(trimmed);
  } catch {
    return trimmed === '' || /^[{["]/.test(trimmed) ? undefined : trimmed;
  }
  if (value === null) {
    return undefined;
  }
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    // Longer than JavaScript's numbers: as a text nothing of it is lost.
    return Number.isInteger(value) ? trimmed : finite(value);
  }
  return value;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

/**
 * The metadata of a DID, to be changed; only what was changed is sent.
 */
export class MetadataModel extends Form {
  constructor(
    private readonly lake: LakeModel,
    private readonly instance: string,
    readonly metadata: Metadata
  ) {
    super();
    this._entries = Object.entries(metadata.custom).map(([key, value]) => {
      const text = valueText(value);
      return { key, text, was: text };
    });
    this.add();
  }

  get entries(): readonly IEntered[] {
    return this._entries;
  }

  /**
   * Offer a line for a new key.
   */
  add(): void {
    this._entries = [...this._entries, { key: '', text: '', was: null }];
    this.changed();
  }

  set(index: number, change: Partial<IEntered>): void {
    this._entries = this._entries.map((entry, at) =>
      at === index ? { ...entry, ...change } : entry
    );
    this.edited();
  }

  remove(index: number): void {
    this._entries = this._entries.filter((_, at) => at !== index);
    this.edited();
  }

  /**
   * What is wrong with a line; nothing with one that is still empty.
   */
  fault({ key, text, was }: IEntered): MetadataFault | null {
    const name = key.trim();
    if (isBlank({ key, text, was })) {
      return null;
    }
    if (!name || name.includes('.')) {
      return 'key';
    }
    if (this._entries.filter(each => each.key.trim() === name).length > 1) {
      return 'twice';
    }
    return text !== was && readValue(text) === undefined ? 'value' : null;
  }

  get isValid(): boolean {
    return (
      this._entries.every(entry => !this.fault(entry)) &&
      Object.keys(this.changes).length > 0
    );
  }

  /**
   * What would be sent; null takes a key away.
   */
  get changes(): { [key: string]: unknown } {
    const kept = this._entries.filter(entry => !isBlank(entry));
    const keys = new Set(kept.map(({ key }) => key.trim()));
    const gone = Object.keys(this.metadata.custom)
      .filter(key => !keys.has(key))
      .map((key): [string, unknown] => [key, null]);
    const set = kept
      .filter(({ text, was }) => text !== was)
      .map(({ key, text }): [string, unknown] => [key.trim(), readValue(text)]);
    return Object.fromEntries([...gone, ...set]);
  }

  protected async send(): Promise<void> {
    const { did } = this.metadata;
    await this.lake.guard(
      setMetadata(this.lake.settings, this.instance, {
        did,
        values: this.changes
      })
    );
  }

  private _entries: IEntered[];
}

function isBlank({ key, text, was }: IEntered): boolean {
  return was === null && !key.trim() && !text.trim();
}
