import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { NotebookActions } from '@jupyterlab/notebook';

import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IItem } from '../did';
import { reference } from '../did';
import type { LakeModel } from '../lake/model';
import { Model } from '../model';
import type { Preferences } from '../preferences';
import type { Problem, VariableRecord } from '../schema';
import { Attachments } from './attachments';
import { checkName, suggestName } from './names';

/**
 * What installs the library into the environment of a notebook's kernel.
 */
export const MEND = '%pip install jupyter-dlaas-kernel';

/**
 * What the current notebook holds of the lake.
 */
export class NotebookModel extends Model {
  constructor(
    readonly lake: LakeModel,
    private readonly tracker: INotebookTracker,
    private readonly preferences: Preferences
  ) {
    super();
    tracker.forEach(panel => this._add(panel));
    tracker.widgetAdded.connect(this._onAdded, this);
    tracker.currentChanged.connect(this.changed, this);
    lake.stateChanged.connect(this.changed, this);
  }

  /**
   * A signal emitted when a notebook that holds data has been opened, once for its path and its DIDs.
   */
  get opened(): ISignal<this, Attachments> {
    return this._opened;
  }

  get panel(): NotebookPanel | null {
    return this.tracker.currentWidget;
  }

  get attachments(): Attachments | null {
    const { panel } = this;
    return panel ? (this._attachments.get(panel) ?? null) : null;
  }

  /**
   * What keeps all variables from being set, said once.
   */
  get obstacle(): Problem | null {
    const { attachments } = this;
    const states = attachments?.names.map(name => attachments.state(name));
    const found = states?.find(({ problem }) =>
      ['KernelWithoutLibrary', 'OtherLanguage'].includes(problem?.error ?? '')
    );
    return found?.problem ?? null;
  }

  /**
   * Whether a variable can be attached to anything.
   */
  get canAttach(): boolean {
    return this.attachments !== null;
  }

  /**
   * The language of the current notebook's kernel, as kernels call it.
   */
  get language(): string {
    const { metadata } = this.panel?.content.model?.sharedModel ?? {};
    // A new notebook has an empty one, until its kernel has come.
    return (
      (metadata?.language_info as { name?: string } | undefined)?.name ||
      'python'
    );
  }

  /**
   * The DIDs that the current notebook uses.
   */
  get used(): { did: string; instance: string }[] {
    return this.attachments?.all ?? [];
  }

  attach(item: IItem, variableName: string): Promise<void> {
    const record: VariableRecord = {
      variableName,
      did: item.did,
      type: item.type === 'file' ? 'file' : 'collection',
      instance: this.lake.recordedInstance(item.instance)
    };
    return this.attachments?.add(record) ?? Promise.resolve();
  }

  /**
   * Attach without asking, under the name or a free one like it; the answer is whether a notebook was there.
   */
  attachAs(item: IItem, name?: string): boolean {
    const { attachments } = this;
    const used = attachments?.names ?? [];
    const free =
      name && checkName(name, used) === null
        ? name
        : suggestName(name ? `:${name}` : item.did, used);
    void this.attach(item, free);
    return attachments !== null;
  }

  /**
   * Insert a cell that makes the variable without a panel, so that the notebook runs anywhere.
   */
  insertCode(record: VariableRecord): void {
    const text = JSON.stringify(reference(record.did, record.instance));
    this.insertCell(
      `import dlaas\n\n${record.variableName} = dlaas.did(${text})`
    );
  }

  /**
   * Insert a cell that makes a folder of links to all data of the notebook, to work in.
   */
  insertFolder(): void {
    const records = this.attachments?.records ?? [];
    const dids = records
      .map(
        ({ did, instance }) =>
          `        ${JSON.stringify(reference(did, instance))},\n`
      )
      .join('');
    this.insertCell(
      `import dlaas\n\nfolder = dlaas.workspace(\n    "data",\n    [\n${dids}    ],\n)`
    );
  }

  /**
   * Insert the cell that installs the library into the kernel's environment.
   */
  insertMend(): void {
    this.insertCell(MEND);
  }

  insertCell(source: string): void {
    const notebook = this.panel?.content;
    if (!notebook) {
      return;
    }
    const { activeCell } = notebook;
    const isFree =
      activeCell?.model.type === 'code' &&
      activeCell.model.sharedModel.getSource().trim() === '';
    if (!isFree) {
      NotebookActions.insertBelow(notebook);
    }
    notebook.activeCell?.model.sharedModel.setSource(source);
    // The next key is for the cell, not for the button that was clicked.
    notebook.activate();
  }

  dispose(): void {
    this._attachments.forEach(attachments => attachments.dispose());
    this._attachments.clear();
    super.dispose();
  }

  private _onAdded(_: INotebookTracker, panel: NotebookPanel): void {
    this._add(panel);
  }

  private _add(panel: NotebookPanel): void {
    const attachments = new Attachments(panel, this.lake, this.preferences);
    this._attachments.set(panel, attachments);
    attachments.stateChanged.connect(this.changed, this);
    panel.disposed.connect(this._onDisposed, this);
    this.changed();
    void panel.context.ready.then(() => this._onReady(attachments));
  }

  private _onReady(attachments: Attachments): void {
    const { panel, records } = attachments;
    const key = JSON.stringify([
      panel.context.path,
      records.map(({ did }) => did)
    ]);
    if (attachments.isDisposed || !records.length || this._told.has(key)) {
      return;
    }
    this._told.add(key);
    if (this.lake.phase === 'asking') {
      void this.lake.refresh();
    }
    this._opened.emit(attachments);
  }

  private _onDisposed(panel: NotebookPanel): void {
    this._attachments.delete(panel);
    this.changed();
  }

  private _opened = new Signal<this, Attachments>(this);
  private _told = new Set<string>();
  private _attachments = new Map<NotebookPanel, Attachments>();
}
