import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Section } from '../components/section';
import type { IDataLakePanel } from '../tokens';
import { TransfersBody } from './body';
import type { TransfersModel } from './model';

/**
 * What is on its way into the lake.
 */
export class TransfersSection extends Section<TransfersModel> {
  constructor(
    model: TransfersModel,
    trans: TranslationBundle,
    private readonly panel: IDataLakePanel
  ) {
    super(model, trans);
    this.title.label = trans.__('Transfers');
    this.addClass('jp-Dlaas-TransfersSection');
    model.stateChanged.connect(this._onChanged, this);
  }

  protected render(): JSX.Element {
    return (
      <TransfersBody model={this.model} panel={this.panel} trans={this.trans} />
    );
  }

  private _onChanged(): void {
    const { running } = this.model;
    const badge = running ? String(running) : '';
    if (this.title.dataset.badge !== badge) {
      this.title.dataset = { badge };
    }
  }
}
