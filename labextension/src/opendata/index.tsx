import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Section } from '../components/section';
import { OpenDataBody } from './body';
import type { OpenDataModel } from './model';

/**
 * Open data, which is shown before any login.
 */
export class OpenDataSection extends Section<OpenDataModel> {
  constructor(
    model: OpenDataModel,
    trans: TranslationBundle,
    private readonly attach: (did: string, type: 'dataset' | 'file') => void,
    private readonly download: (did: string) => void,
    private readonly basket: () => void
  ) {
    super(model, trans);
    this.addClass('jp-Dlaas-OpenDataSection');
  }

  protected render(): JSX.Element {
    const { attach, basket, download, model, trans } = this;
    return <OpenDataBody {...{ attach, basket, download, model, trans }} />;
  }
}
