import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Section } from '../components/section';
import type { IBasketActs } from './body';
import { BasketBody } from './body';
import type { BasketModel } from './model';

/**
 * What was put into the shopping baskets of ESAP.
 */
export class BasketSection extends Section<BasketModel> {
  constructor(
    model: BasketModel,
    trans: TranslationBundle,
    private readonly acts: IBasketActs
  ) {
    super(model, trans);
    this.title.label = trans.__('Basket');
    this.addClass('jp-Dlaas-BasketSection');
  }

  protected render(): JSX.Element {
    return (
      <BasketBody model={this.model} acts={this.acts} trans={this.trans} />
    );
  }
}
