import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Section } from '../components/section';
import type { INotebookActs } from './body';
import { NotebookBody } from './body';
import type { NotebookModel } from './model';

/**
 * The data of the current notebook.
 */
export class NotebookSection extends Section<NotebookModel> {
  constructor(
    model: NotebookModel,
    trans: TranslationBundle,
    private readonly acts: INotebookActs
  ) {
    super(model, trans);
    this.title.label = trans.__('Notebook');
    this.addClass('jp-Dlaas-NotebookSection');
    model.stateChanged.connect(this._onChanged, this);
  }

  protected render(): JSX.Element {
    return (
      <NotebookBody model={this.model} acts={this.acts} trans={this.trans} />
    );
  }

  private _onChanged(): void {
    const count = this.model.attachments?.records.length ?? 0;
    const badge = count ? String(count) : '';
    if (this.title.dataset.badge !== badge) {
      this.title.dataset = { badge };
    }
  }
}
