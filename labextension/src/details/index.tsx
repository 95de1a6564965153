import {
  Clipboard,
  Dialog,
  Notification,
  showDialog
} from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { Section } from '../components/section';
import type { Rule } from '../schema';
import { CommandIDs } from '../tokens';
import type { IActs } from './body';
import { DetailsBody } from './body';
import { askEnd } from './end';
import { askMetadata } from './metadata';
import { askMove } from './move';
import type { DetailsModel } from './model';

/**
 * The card of the selected DID.
 */
export class DetailsSection extends Section<DetailsModel> {
  constructor(
    model: DetailsModel,
    trans: TranslationBundle,
    private readonly commands: CommandRegistry
  ) {
    super(model, trans);
    this.addClass('jp-Dlaas-DetailsSection');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Selected DID'));
  }

  protected render(): JSX.Element {
    return (
      <DetailsBody model={this.model} acts={this._acts} trans={this.trans} />
    );
  }

  private _copy(text: string, told: string): void {
    const { trans } = this;
    const copy = () => {
      Clipboard.copyToSystem(text);
      Notification.info(trans.__('Copied: %1', told), { autoClose: 2000 });
    };
    // What was long in coming a browser copies after another click only.
    if (navigator.userActivation?.isActive === false) {
      const actions = [{ label: trans.__('Copy'), callback: copy }];
      Notification.info(told, { autoClose: 30_000, actions });
    } else {
      copy();
    }
  }

  /**
   * Once a dialog is closed, look what became of it.
   */
  private async _after(dialog: Promise<unknown>): Promise<void> {
    await dialog;
    await this.model.refresh();
  }

  private async _release(rule: Rule): Promise<void> {
    const { trans } = this;
    const answer = await showDialog({
      title: trans.__('Release this rule?'),
      body: trans.__(
        'After an hour Rucio may delete the copy of %1 on %2, unless another rule keeps it. The data stays in the catalogue and wherever else it is.',
        rule.did,
        rule.rse_expression
      ),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.warnButton({ label: trans.__('Release') })
      ]
    });
    if (answer.button.accept) {
      await this.model.releaseRule(rule);
    }
  }

  private get _acts(): IActs {
    const { model, trans } = this;
    const execute = (id: string) => void this.commands.execute(id);
    return {
      makeAvailable: () => execute(CommandIDs.makeAvailable),
      attach: this.commands.hasCommand(CommandIDs.attach)
        ? () => execute(CommandIDs.attach)
        : null,
      download: this.commands.hasCommand(CommandIDs.download)
        ? () => execute(CommandIDs.download)
        : null,
      copy: text => this._copy(text, text),
      copyPaths: () =>
        void model.listPaths().then(paths => {
          if (paths.length) {
            const told = trans._n('%1 path', '%1 paths', paths.length);
            this._copy(paths.join('\n'), told);
          }
        }),
      edit: metadata =>
        void this._after(askMetadata(model.describing(metadata), trans)),
      move: rule => void this._after(askMove(model.moving(rule), trans)),
      prolong: rule => void this._after(askEnd(model.prolonging(rule), trans)),
      release: rule => void this._release(rule)
    };
  }
}
