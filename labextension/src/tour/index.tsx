import type { TranslationBundle } from '@jupyterlab/translation';
import { VDomRenderer } from '@jupyterlab/ui-components';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { Button } from '../components/button';
import { Actions } from '../components/text';
import type { TourModel } from './model';

const GAP = 8;

/**
 * A step of the tour, beside what it is about.
 */
export class Tour extends VDomRenderer<TourModel> {
  constructor(
    model: TourModel,
    private readonly open: (section: string) => void,
    private readonly trans: TranslationBundle
  ) {
    super(model);
    this.addClass('jp-Dlaas-Tour');
    this.addClass('jp-Dlaas-section');
    this.node.setAttribute('role', 'dialog');
    this.node.setAttribute('aria-label', trans.__('Tour of the data lake'));
    this.node.addEventListener('keydown', event => this._onKey(event));
    model.stateChanged.connect(this._show, this);
  }

  /**
   * Show it; the keyboard comes back to where it was when it ends.
   */
  begin(): void {
    this._before = document.activeElement as HTMLElement | null;
    Widget.attach(this, document.body);
    this._show();
  }

  dispose(): void {
    if (!this.isDisposed) {
      super.dispose();
      this._before?.focus();
    }
  }

  protected render(): JSX.Element {
    const { model, trans } = this;
    const { count, index, isLast, step } = model;
    return (
      <>
        <strong>{step.title}</strong>
        <p role="status">{step.text}</p>
        <Actions>
          <span className="jp-Dlaas-quiet">
            {trans.__('%1 of %2', index + 1, count)}
          </span>
          {index > 0 && (
            <Button label={trans.__('Back')} onClick={() => model.go(-1)} />
          )}
          {!isLast && (
            <Button label={trans.__('Close')} onClick={() => model.end()} />
          )}
          <Button
            primary
            label={isLast ? trans.__('Done') : trans.__('Next')}
            onClick={() => model.go(1)}
          />
        </Actions>
      </>
    );
  }

  private _show(): void {
    this.open(this.model.step.section);
    this.update();
    // After it was drawn, and the section was laid out.
    requestAnimationFrame(() => requestAnimationFrame(this._place));
  }

  /**
   * Beside what the step is about where there is room, else below it.
   */
  private readonly _place = (): void => {
    if (this.isDisposed) {
      return;
    }
    const target = this.model.step.targets
      .map(selector => document.querySelector(selector))
      .find(node => node && node.getClientRects().length > 0);
    const { bottom, left, top } = (
      target ?? document.body
    ).getBoundingClientRect();
    const right =
      target?.closest('.jp-Dlaas-Panel')?.getBoundingClientRect().right ?? 0;
    const { offsetHeight: height, offsetWidth: width, style } = this.node;
    const isBeside = right + GAP + width < window.innerWidth;
    const x = isBeside ? right + GAP : left;
    const y = isBeside ? top : bottom + GAP;
    style.left = `${Math.max(GAP, Math.min(x, window.innerWidth - width - GAP))}px`;
    style.top = `${Math.max(GAP, Math.min(y, window.innerHeight - height - GAP))}px`;
    this.node
      .querySelector<HTMLElement>('.jp-mod-primary')
      ?.focus({ preventScroll: true });
  };

  private _onKey(event: KeyboardEvent): void {
    if (event.key === 'Escape') {
      event.stopPropagation();
      this.model.end();
    }
  }

  private _before: HTMLElement | null = null;
}
