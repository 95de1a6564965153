import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Section } from '../components/section';
import { ExploreBody } from './body';
import type { ExploreModel } from './model';

/**
 * The search and the tree of what it found.
 */
export class ExploreSection extends Section<ExploreModel> {
  constructor(model: ExploreModel, trans: TranslationBundle) {
    super(model, trans);
    this.addClass('jp-Dlaas-ExploreSection');
  }

  protected render(): JSX.Element {
    return <ExploreBody model={this.model} trans={this.trans} />;
  }
}
