import { Clipboard, Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { Section } from '../components/section';
import { CommandIDs } from '../tokens';
import type { IActs } from './body';
import { DetailsBody } from './body';
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

  private get _acts(): IActs {
    const execute = (id: string) => void this.commands.execute(id);
    return {
      makeAvailable: () => execute(CommandIDs.makeAvailable),
      attach: this.commands.hasCommand(CommandIDs.attach)
        ? () => execute(CommandIDs.attach)
        : null,
      copy: text => {
        Clipboard.copyToSystem(text);
        Notification.info(this.trans.__('Copied: %1', text), {
          autoClose: 2000
        });
      }
    };
  }
}
